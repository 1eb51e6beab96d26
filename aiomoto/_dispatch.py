"""One AWS request in, one moto response out: the only code that calls moto's request handling.

A short pipeline: `begin` says whether the request may be answered at all, `lets_out` whether it
is to leave, `ask` has moto answer it. The patches of botocore and aiobotocore walk it.
"""

from __future__ import annotations

import copy
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from aiomoto import _routing, _servers, _waiting
from aiomoto._activation import FAKE_KEY, Stamp, state
from aiomoto.errors import RealHTTPRequestBlockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.model import OperationModel

_STAMP = "aiomoto_stamp"  # in the context of a request, which its retries share
_ORIGIN = "aiomoto_origin"  # on a prepared request
_LET_OUT = "aiomoto_let_out"  # on a prepared request that a passthrough lets out


class Origin(NamedTuple):
    """Where a request comes from: what its URL cannot tell."""

    operation: OperationModel | None
    region: str | None
    endpoint: str
    stamp: Stamp | None


def stamp(context: dict[str, Any]) -> None:
    """Note in the context of a call to which activation it belongs: the one in which it began.

    A retry is a new request with the same context: it belongs where the first try began.
    """
    ready()
    if state.on:
        context.setdefault(_STAMP, state.stamp)


def attach_origin(
    request: AWSPreparedRequest,
    context: dict[str, Any],
    operation: OperationModel | None,
    endpoint: str,
) -> AWSPreparedRequest:
    """Tell a prepared request where it comes from, and to which activation it belongs."""
    if _STAMP in context:
        origin = Origin(operation, context.get("client_region"), endpoint, context[_STAMP])
        setattr(request, _ORIGIN, origin)
    return request


def is_on() -> bool:
    """Return whether requests are mocked now, by our word or by moto's own."""
    return state.on or (state.stubber is not None and state.stubber.enabled)


def ready() -> None:
    """Start the ambient mock if it is wished for, and wait while another thread switches mocks."""
    if state.start_ambient is not None:
        state.start_ambient()
    if state.switching:
        with state.lock:
            pass


def begin(request: AWSPreparedRequest) -> Origin | None:
    """Return the origin of a request that may be answered now.

    Raises:
        RealHTTPRequestBlockedError: the request began in a mock that has ended, or the ambient
            mock refuses all requests.
        ServerModeRequiredError: the ambient mock found ``TEST_SERVER_MODE`` set.
        ProxyModeError: it found ``TEST_PROXY_MODE`` set.
    """
    origin: Origin | None = getattr(request, _ORIGIN, None)
    if origin is not None and origin.stamp is not None and origin.stamp.ended:
        raise _blocked(
            request,
            "it began in a mock that has ended meanwhile; have tasks and threads finish their "
            "calls before the mock ends",
        )
    ready()
    if not state.layers:
        if isinstance(state.refusal, str):
            raise _blocked(request, state.refusal)
        if state.refusal is not None:
            raise copy.copy(state.refusal)  # each with a traceback of its own
        if state.start_ambient is not None:
            raise _blocked(
                request, "moto is still being imported; call AWS after the imports, not in one"
            )
    return origin


def refuse_leftovers(request: AWSPreparedRequest) -> None:
    """With no mock active: refuse what belongs to one that was.

    Raises:
        RealHTTPRequestBlockedError: the request began in a mock that has ended, or is signed
            with a mock's fake credentials and would leave this machine.
    """
    begin(request)
    if urlsplit(request.url).netloc == state.closed:
        raise _blocked(request, "the server of a mock that has ended does not listen any more")
    if not _servers.is_loopback(request.url) and _holds_mocked_key(request):
        raise _blocked(
            request,
            "its client was made in a mock that has ended and holds the mock's fake credentials; "
            "make a new client",
        )


def _holds_mocked_key(request: AWSPreparedRequest) -> bool:
    """Return whether a request is signed by a mock's key, in whatever place that is told."""
    header = request.headers.get("Authorization")
    places = (header,) if header else (request.url, request.body)  # presigned, or SigV2
    return any(
        key in (place.decode("latin-1") if isinstance(place, bytes) else place)
        for place in places
        if isinstance(place, (bytes, str))
        for key in (FAKE_KEY, *_issued)
    )


# The keys that moto has handed out: to roles that are assumed, to users, to instances.
_issued: set[str] = set()
_ISSUERS = frozenset({"cognito-identity", "iam", "sso", "sts"})


def _note_issued(origin: Origin | None, response: AWSResponse) -> None:
    if origin and origin.operation and origin.operation.service_model.service_name in _ISSUERS:
        _issued.update(re.findall(r"\bA[KS]IA[A-Z0-9]{12,}\b", response.text))


def lets_out(request: AWSPreparedRequest, origin: Origin | None) -> bool:
    """Return whether a request leaves: by a passthrough, or for a moto server.

    Raises:
        RealHTTPRequestBlockedError: in server mode, it would go elsewhere.
        ServerModeHealthcheckError: the server of this process has died.
    """
    out = _passes_through(request, origin)
    if state.server is None:
        out = out or _servers.is_server(request.url)
    elif not out:
        why = _servers.why_not(request.url, state.server)
        if why is not None:
            raise _blocked(request, why)
        out = True
    if out:
        setattr(request, _LET_OUT, True)
    return out


def _passes_through(request: AWSPreparedRequest, origin: Origin | None) -> bool:
    """Return whether moto's passthrough, or AIOMOTO_PASSTHROUGH, lets this request out."""
    from moto.core.config import default_user_config, passthrough_service, passthrough_url

    passthrough = default_user_config.get("core", {}).get("passthrough", {})
    if not (state.passthrough or passthrough.get("urls") or passthrough.get("services")):
        return False
    url = request.url.partition("?")[0]
    out = passthrough_url(url) or any(re.match(pattern, url) for pattern in state.passthrough)
    if not out and passthrough.get("services"):
        service = _routing.service_of(_route(request, origin))
        out = service is not None and passthrough_service(service)
    return out


def ask(
    request: AWSPreparedRequest, origin: Origin | None, body: bytes | str | None
) -> AWSResponse:
    """Have moto answer a request, once, and return its response.

    The request keeps its own body, unread: a retry rewinds and sends it again.

    Raises:
        RealHTTPRequestBlockedError: moto does not know the URL.
    """
    asked = copy.copy(request)
    asked.body = body
    asked.url = _route(request, origin)
    with _inside_moto(asked):
        begin(request)  # mocks may have been switched while this thread waited to get in
        response: AWSResponse | None = state.stubber(event_name="before-send", request=asked)
    if response is None:
        raise _blocked(request, f"moto does not know this URL; {_TO_LET_OUT}")
    response.url = request.url
    _note_issued(origin, response)
    _waiting.answers.number += 1
    return response


@contextmanager
def _inside_moto(request: AWSPreparedRequest) -> Iterator[None]:
    """Have moto's stubber answer this request in this thread, and nobody switch mocks meanwhile."""
    outer, state.local.asked = getattr(state.local, "asked", None), request
    state.enter_moto()
    try:
        yield
    finally:
        state.leave_moto()
        state.local.asked = outer


def is_asked(request: AWSPreparedRequest) -> bool:
    """Return whether moto's stubber is called by `ask`, and not as an event handler."""
    return getattr(state.local, "asked", None) is request


def ask_without_waiting(
    request: AWSPreparedRequest, origin: Origin | None, body: bytes | str | None, *, again: bool
) -> tuple[AWSResponse, _waiting.Wait | None]:
    """Have moto answer at once; return its answer with what it would have waited for."""
    with _waiting.asking(again=again) as asked:
        response = ask(request, origin, body)
    return response, asked.wait


async def ask_async(
    request: AWSPreparedRequest,
    origin: Origin | None,
    body: bytes | str | None,
    library: _waiting.Asyncio,
) -> AWSResponse:
    """Have moto answer a request, letting other tasks run where moto would wait.

    A request that is cancelled, or whose mock ends, while it waits has taken nothing from moto.

    Raises:
        RealHTTPRequestBlockedError: moto does not know the URL, or the mock has ended.
    """
    if origin and origin.operation and _operation(origin.operation) in _waiting.IN_THREAD:
        response: AWSResponse = await library.in_thread(lambda: ask(request, origin, body))
        return response
    response, wait = ask_without_waiting(request, origin, body, again=False)
    if wait is None:
        return response
    later = await _waiting.poll(
        wait,
        library,
        lambda: begin(request),
        lambda: ask_without_waiting(request, origin, body, again=True),
    )
    return response if later is None else later


def _operation(operation: OperationModel) -> tuple[str, str]:
    return operation.service_model.service_name, operation.name


def guard(request: AWSPreparedRequest) -> AWSResponse | None:
    """Judge a request that is about to leave by a real HTTP session.

    Returns moto's answer for an instance metadata request, None for one that may leave.

    Raises:
        RealHTTPRequestBlockedError: it may not.
        ConnectTimeoutError: it asks for metadata that moto does not have.
    """
    if getattr(request, _LET_OUT, False) or _servers.is_loopback(request.url):
        return None
    begin(request)
    host = urlsplit(request.url).hostname
    if host in _METADATA_HOSTS:
        from botocore.exceptions import ConnectTimeoutError

        try:
            return ask(request, None, request.body)
        except (NotImplementedError, RealHTTPRequestBlockedError):
            raise ConnectTimeoutError(endpoint_url=request.url) from None
    raise _blocked(request, f"it did not come by a client that moto can answer; {_TO_LET_OUT}")


_METADATA_HOSTS = frozenset(
    {"169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23"}
)


def _route(request: AWSPreparedRequest, origin: Origin | None) -> str:
    if origin is None or origin.operation is None:
        return str(request.url)
    service = origin.operation.service_model
    return _routing.route(
        request.url,
        origin.endpoint,
        service.service_name,
        service.endpoint_prefix,
        origin.region,
    )


_TO_LET_OUT = (
    'to let it out, name it in mock_aws(config={"core": {"passthrough": {"urls": [...]}}}) or in '
    "AIOMOTO_PASSTHROUGH"
)


def _blocked(request: AWSPreparedRequest, why: str) -> RealHTTPRequestBlockedError:
    url = request.url.partition("?")[0]  # the query of a presigned URL holds credentials
    return RealHTTPRequestBlockedError(
        f"aiomoto refused a real AWS request, {request.method} {url}: {why}"
    )
