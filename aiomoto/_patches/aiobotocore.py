"""The patches of aiobotocore: the async door and its guard, the twins of botocore's.

Nothing here may need asyncio unless the client's own backend does: httpx clients run on trio.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.httpchecksum import AwsChunkedWrapper

from aiomoto import _dispatch, _plain_http, _servers, _turns, _waiting
from aiomoto._activation import FAKE_KEY, FAKE_SECRET, state
from aiomoto._dispatch import is_on
from aiomoto._patches import _responses
from aiomoto._patches.botocore import (
    hides_credentials,
    is_real,
    is_stand_ins,
    lend_credentials,
    stamp_api_params,
    stands_in,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiobotocore.awsrequest import AioAWSResponse
    from botocore.awsrequest import AWSPreparedRequest


def send(
    wrapped: Callable[..., Awaitable[Any]], endpoint: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`AioEndpoint._send`: moto answers while a mock is active."""
    if not state.watch:
        return wrapped(*args, **kwargs)
    return _send(wrapped, endpoint, *args, **kwargs)


async def _send(
    wrapped: Callable[..., Awaitable[Any]], endpoint: Any, request: AWSPreparedRequest
) -> Any:
    if not is_on():
        _dispatch.refuse_leftovers(request)
        return await wrapped(request)
    origin = _dispatch.begin(request)
    http_session = endpoint.http_session
    if (
        stands_in(http_session, request, http_send)
        or _dispatch.lets_out(request, origin)
        or _is_closed(http_session)
    ):
        return await wrapped(request)
    return await _ask(request, origin, http_session)


async def _ask(
    request: AWSPreparedRequest, origin: _dispatch.Origin | None, http_session: Any
) -> AioAWSResponse:
    body = await _body(request.body)
    _dispatch.begin(request)  # the mock may have ended while the body was read
    response = await _dispatch.ask_async(request, origin, body, _library(http_session))
    return _responses.build(response, request, http_session)


def _is_closed(http_session: Any) -> bool:
    """Return whether a session refuses all requests by itself: aiohttp's, of aiobotocore 3."""
    return getattr(http_session, "_sessions", http_session) is None


_asyncio, _anyio = _waiting.Asyncio(), _waiting.Anyio()


def _library(http_session: Any) -> _waiting.Asyncio:
    return _anyio if _responses.is_httpx(http_session) else _asyncio


async def _body(body: Any) -> bytes | str | None:
    """Return a request's body as a whole, in a form that moto takes."""
    # First, as aiohttp does: not every `read` beside it works. aiobotocore has one that does.
    chunked = isinstance(body, AwsChunkedWrapper) and "read" in vars(type(body))
    if hasattr(body, "__aiter__") and not chunked:
        body = [chunk async for chunk in body]
    elif hasattr(body, "read"):
        body = body.read()
        if inspect.isawaitable(body):
            body = await body
    return whole(body)


def emit_api_params(
    wrapped: Callable[..., Awaitable[Any]], client: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`AioBaseClient._emit_api_params`: the call begins, when it is its turn."""
    if not state.watch:
        return wrapped(*args, **kwargs)
    call = partial(wrapped, *args, **kwargs)
    _plain_http.note_endpoint(client.meta.endpoint_url)
    stamp_api_params(*args, **kwargs)
    return _turns.in_turn(_library(client._endpoint.http_session), call) if is_on() else call()


def create_request(
    wrapped: Callable[..., Awaitable[Any]], endpoint: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`AioEndpoint.create_request`: tell the request where it comes from."""
    if not state.watch:
        return wrapped(*args, **kwargs)
    return _create_request(wrapped, endpoint, *args, **kwargs)


async def _create_request(
    wrapped: Callable[..., Awaitable[Any]], endpoint: Any, params: Any, operation_model: Any = None
) -> Any:
    context = params.get("context") or {}
    _dispatch.stamp(context)  # before it is signed
    _servers.straighten(params, operation_model)
    request = await wrapped(params, operation_model)
    return _dispatch.attach_origin(request, context, operation_model, endpoint.host)


def http_send(
    wrapped: Callable[..., Awaitable[Any]], session: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`AIOHTTPSession.send`, `HttpxSession.send`: no real HTTP while a mock is active."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _http_send(wrapped, session, *args, **kwargs)


async def _http_send(
    wrapped: Callable[..., Awaitable[Any]], session: Any, request: AWSPreparedRequest
) -> Any:
    if is_stand_ins(request) and not is_real(wrapped):
        return await wrapped(request)
    if is_stand_ins(request) and not _is_closed(session):
        return await _ask(request, _dispatch.begin(request), session)
    response = None if _is_closed(session) else _dispatch.guard(request)
    if response is not None:
        return _responses.build(response, request, session)
    with _plain_http.judged(request.url):
        return await wrapped(request)


def get_credentials(
    wrapped: Callable[..., Awaitable[Any]], session: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`AioSession.get_credentials`: the mock's, unless the session was given its own."""
    if not is_on():
        return wrapped(*args, **kwargs)
    from aiobotocore.credentials import AioCredentialResolver

    if not hides_credentials(session, AioCredentialResolver):
        return wrapped(*args, **kwargs)
    return _mock_credentials()


async def _mock_credentials() -> Any:
    from aiobotocore.credentials import AioCredentials, AioEnvProvider

    return await AioEnvProvider().load() or AioCredentials(FAKE_KEY, FAKE_SECRET, method="env")


def get_auth_instance(
    wrapped: Callable[..., Awaitable[Any]], _: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`AioRequestSigner.get_auth_instance`: lend the mock's credentials to a client without any."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _lend_credentials(wrapped(*args, **kwargs))


async def _lend_credentials(auth: Awaitable[Any]) -> Any:
    return lend_credentials(await auth)
