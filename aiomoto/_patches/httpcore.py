"""The patches of httpcore, which carries httpx: moto answers requests for AWS."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiomoto import _plain_http
from aiomoto._http_messages import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def handle_request(wrapped: Callable[..., Any], pool: Any, args: Any, kwargs: Any) -> Any:
    """`ConnectionPool.handle_request`: moto answers requests for AWS."""
    request = args[0] if args else kwargs["request"]
    if not _is_mocked(request):
        return wrapped(request)
    return _answer(pool, request, b"".join(request.stream))


def handle_async_request(
    wrapped: Callable[..., Awaitable[Any]], pool: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`AsyncConnectionPool.handle_async_request`: moto answers requests for AWS."""
    request = args[0] if args else kwargs["request"]
    return _answer_async(pool, request) if _is_mocked(request) else wrapped(request)


async def _answer_async(pool: Any, request: Any) -> Any:
    return _answer(pool, request, b"".join([chunk async for chunk in request.stream]))


def _is_mocked(request: Any) -> bool:
    return _plain_http.is_mocked(request.method.decode("ascii"), _url(request))


def _url(request: Any) -> str:
    url = request.url
    if url.target.startswith(
        (b"http://", b"https://")
    ):  # the whole URL, as proxies take it: aiobotocore's
        return url.target.decode("ascii")  # type: ignore[no-any-return]
    port = "" if url.port is None else f":{url.port}"
    host = url.host.decode("ascii")
    return f"{url.scheme.decode()}://{host}{port}{url.target.decode('ascii')}"


def _answer(pool: Any, request: Any, body: bytes) -> Any:
    headers: dict[str, str] = {"host": urlsplit(_url(request)).netloc}
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers and name != "host" else value
    headers.pop("transfer-encoding", None)
    headers["content-length"] = str(len(body))
    _, _, path = _url(request).partition("://")[2].partition("/")
    target = f"/{path}"
    asked = Request(request.method.decode("ascii"), target, headers, body)
    answer = _plain_http.answer(asked, request.url.scheme.decode())
    core: Any = sys.modules[type(pool).__module__.partition(".")[0]]  # httpcore or httpcore2
    return core.Response(
        answer.status,
        headers=[
            (name.encode("latin-1"), str(value).encode("utf-8")) for name, value in answer.headers
        ],
        content=b"" if asked.method == "HEAD" else answer.body,
        extensions={"http_version": b"HTTP/1.1"},
    )
