"""The patches of botocore: the sync door, its guard, and the credentials that mocks hide."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aiomoto import _dispatch, _plain_http, _servers
from aiomoto._activation import FAKE_KEY, FAKE_SECRET, state
from aiomoto._dispatch import is_on
from aiomoto._patches import MOCKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse


def send(wrapped: Callable[..., Any], endpoint: Any, args: Any, kwargs: Any) -> Any:
    """`Endpoint._send`: moto answers while a mock is active."""
    if not state.watch:
        return wrapped(*args, **kwargs)
    return _send(wrapped, endpoint.http_session, *args, **kwargs)


def _send(wrapped: Callable[..., Any], http_session: Any, request: AWSPreparedRequest) -> Any:
    if not is_on():
        _dispatch.refuse_leftovers(request)
        return wrapped(request)
    origin = _dispatch.begin(request)
    if stands_in(http_session, request, http_send) or _dispatch.lets_out(request, origin):
        return wrapped(request)
    return _ask(request, origin)


def _ask(request: AWSPreparedRequest, origin: _dispatch.Origin | None) -> AWSResponse:
    body = request.body
    return _dispatch.ask(request, origin, whole(body.read() if hasattr(body, "read") else body))


_STOOD_IN = "aiomoto_stood_in"  # on a request that a stand-in of the user has got
_REAL = frozenset({"botocore.httpsession", "aiobotocore.httpsession", "aiobotocore.httpxsession"})
# Where classes of sessions come from that get by our guards, or reach nothing at all.
_SESSIONS = _REAL | MOCKS


def stands_in(http_session: Any, request: AWSPreparedRequest, ours: Any) -> bool:
    """Return whether the ``send`` of an HTTP session is the user's own, and is to answer.

    Only below all explicit mocks: a suite that knows of no mock has stand-ins of its own, while
    in an explicit one moto answers first, as it does by itself.

    Parameters:
        http_session: the session of the client's endpoint.
        request: the request, which is marked where a stand-in gets it.
        ours: our wrapper of the library's ``send``.
    """
    if state.layers or state.ambient is None:
        return False
    send = http_session.send
    if getattr(send, "_self_wrapper", None) is ours and is_real(send.__wrapped__):
        return False
    found = any(kind.__module__ in _SESSIONS for kind in type(http_session).__mro__)
    if found:
        setattr(request, _STOOD_IN, True)
    return found


def is_real(send: Any) -> bool:
    """Return whether a ``send`` is the library's own: ours may be around a stand-in, too."""
    return getattr(send, "__module__", None) in _REAL


def is_stand_ins(request: AWSPreparedRequest) -> bool:
    """Return whether a request is a stand-in's, which may pass it on for moto to answer."""
    if getattr(request, _STOOD_IN, None) is not True:
        return False
    return not _dispatch.lets_out(request, _dispatch.begin(request))


def whole(body: Any) -> bytes | str | None:
    """Return what was read of a request's body as a whole, in a form that moto takes."""
    if body is None or isinstance(body, (bytes, str)):
        return body
    try:
        return memoryview(body).tobytes()
    except TypeError:
        return b"".join(body)  # an iterable of bytes, which a real backend would send in chunks


def emit_api_params(wrapped: Callable[..., Any], client: Any, args: Any, kwargs: Any) -> Any:
    """`BaseClient._emit_api_params`: the first that a call does with its context."""
    if state.watch:
        _plain_http.note_endpoint(client.meta.endpoint_url)
        stamp_api_params(*args, **kwargs)
    return wrapped(*args, **kwargs)


def stamp_api_params(api_params: Any, operation_model: Any, context: Any) -> None:  # noqa: ARG001
    """Note to which activation a call belongs."""
    _dispatch.stamp(context)


def create_request(wrapped: Callable[..., Any], endpoint: Any, args: Any, kwargs: Any) -> Any:
    """`Endpoint.create_request`: tell the request where it comes from."""
    if not state.watch:
        return wrapped(*args, **kwargs)
    return _create_request(wrapped, endpoint, *args, **kwargs)


def _create_request(
    wrapped: Callable[..., Any], endpoint: Any, params: Any, operation_model: Any = None
) -> Any:
    context = params.get("context") or {}
    _dispatch.stamp(context)  # before it is signed
    _servers.straighten(params, operation_model)
    request = wrapped(params, operation_model)
    return _dispatch.attach_origin(request, context, operation_model, endpoint.host)


def http_send(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`URLLib3Session.send`: no real HTTP while a mock is active."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _http_send(wrapped, *args, **kwargs)


def _http_send(wrapped: Callable[..., Any], request: AWSPreparedRequest) -> Any:
    if is_stand_ins(request):
        return _ask(request, _dispatch.begin(request)) if is_real(wrapped) else wrapped(request)
    response: AWSResponse | None = _dispatch.guard(request)
    if response is not None:
        return response
    with _plain_http.judged(request.url):
        return wrapped(request)


def session_init(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> None:
    """`Session.__init__`: the first session starts the ambient mock."""
    if state.start_ambient is not None:
        state.start_ambient()
    wrapped(*args, **kwargs)


def get_credentials(wrapped: Callable[..., Any], session: Any, args: Any, kwargs: Any) -> Any:
    """`Session.get_credentials`: the mock's, unless the session was given its own.

    They are not kept on the session: after the mock it must find the real ones.
    """
    if not is_on():
        return wrapped(*args, **kwargs)
    from botocore.credentials import CredentialResolver, Credentials, EnvProvider

    if not hides_credentials(session, CredentialResolver):
        return wrapped(*args, **kwargs)
    return EnvProvider().load() or Credentials(FAKE_KEY, FAKE_SECRET, method="env")


def hides_credentials(session: Any, resolver: Any) -> bool:
    """Return whether, in a mock, a session must resolve to the mock's credentials.

    Not where it was given its own, or where the user replaced botocore's chain of providers.

    Parameters:
        session: a session of botocore or aiobotocore.
        resolver: the library's class of chains.
    """
    if not mocks_credentials():
        return False
    own = session._credentials
    if own is None and _has_own_chain(session):
        return _is_own(resolver)
    chain = session.get_component("credential_provider")
    return (
        isinstance(chain, resolver)
        and _is_own(chain)
        and (own is None or own.method in {provider.METHOD for provider in chain.providers})
    )


def _is_own(chain: Any) -> bool:
    """Return whether a chain resolves by botocore's own function, not by one of a test."""
    return getattr(chain.load_credentials, "__module__", None) in {
        "aiobotocore.credentials",
        "botocore.credentials",
    }


def _has_own_chain(session: Any) -> bool:
    """Return whether a session would make botocore's own chain: that takes a millisecond."""
    factory = session._components._deferred.get("credential_provider")
    return getattr(factory, "__module__", None) in {"botocore.session", "aiobotocore.session"}


def mocks_credentials() -> bool:
    """Return moto's setting ``core.mock_credentials``."""
    _dispatch.ready()
    config = sys.modules.get("moto.core.config")
    return config is None or config.mock_credentials()


def get_auth_instance(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`RequestSigner.get_auth_instance`: lend the mock's credentials to a client without any."""
    return lend_credentials(wrapped(*args, **kwargs))


def lend_credentials(auth: Any) -> Any:
    """Give a signer that has no credentials the mock's, as long as one is active."""
    if is_on() and getattr(auth, "credentials", auth) is None and mocks_credentials():
        from botocore.credentials import ReadOnlyCredentials

        auth.credentials = ReadOnlyCredentials(FAKE_KEY, FAKE_SECRET, None)
    return auth


def fetch_container_metadata(
    wrapped: Callable[..., Any], fetcher: Any, args: Any, kwargs: Any
) -> Any:
    """`ContainerMetadataFetcher._retrieve_credentials`: fails at once, not after three tries.

    Where the HTTP session is the user's stand-in, that answers.
    """
    if is_on() and is_real(getattr(getattr(fetcher._session, "send", None), "__wrapped__", None)):
        _refuse_container_metadata(*args, **kwargs)
    return wrapped(*args, **kwargs)


def _refuse_container_metadata(full_url: str, *_: Any, **__: Any) -> None:
    if not _servers.is_loopback(full_url):
        from botocore.exceptions import MetadataRetrievalError

        raise MetadataRetrievalError(error_msg=f"aiomoto lets nothing out to {full_url}")


def run_credential_process(
    wrapped: Callable[..., Any], provider: Any, args: Any, kwargs: Any
) -> Any:
    """`ProcessProvider._retrieve_credentials_using`: no program is run while a mock is active."""
    if not is_on() or type(provider._popen).__module__ in MOCKS:
        return wrapped(*args, **kwargs)
    from botocore.exceptions import CredentialRetrievalError

    raise CredentialRetrievalError(
        provider="custom-process",
        error_msg="aiomoto runs no credential_process while mocking; make the session or client "
        "inside the mock, where it gets the mock's credentials",
    )
