"""moto's response in the form that aiobotocore's HTTP backends, aiohttp and httpx, give."""

from __future__ import annotations

import asyncio
import sys
from functools import cache, cached_property
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any

import aiohttp
from aiobotocore.awsrequest import AioAWSResponse
from aiohttp.base_protocol import BaseProtocol
from aiohttp.helpers import TimerNoop
from aiohttp.streams import StreamReader
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse


def build(response: AWSResponse, request: AWSPreparedRequest, http_session: Any) -> AioAWSResponse:
    """Return moto's sync response as an async one of the backend of this HTTP session."""
    body = response.raw.getvalue()
    if is_httpx(http_session):
        return _httpx_response()(response, request, body, _httpx_raw)
    return Response(response, request, body, ClientResponse)


class Content(bytes):
    """A body that may be awaited, as aiobotocore does, or used as it is.

    Patches that users wrote by hand, to feed moto's sync responses to aiobotocore, read
    ``content`` from within a coroutine of their own without awaiting it.
    """

    def __await__(self) -> Generator[None, None, bytes]:
        """Return the plain bytes at once."""
        yield from ()
        return bytes(self)


class Text(str):
    """The same for ``text``."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, str]:
        """Return the plain string at once."""
        yield from ()
        return str(self)


class Response(AioAWSResponse):  # type: ignore[misc]  # aiobotocore is not typed
    """aiobotocore's response, with a body that is there already."""

    def __init__(
        self,
        response: AWSResponse,
        request: AWSPreparedRequest,
        body: bytes,
        make_raw: Callable[[AWSResponse, AWSPreparedRequest, bytes], Any],
    ) -> None:
        super().__init__(response.url, response.status_code, response.headers, None)
        del self.raw  # made when it is asked for: only streams need it
        self._content = body
        self._make_raw = lambda: make_raw(response, request, body)

    @cached_property
    def raw(self) -> Any:
        """The response of the HTTP backend."""
        return self._make_raw()  # type: ignore[no-untyped-call]  # a lambda

    @property
    def content(self) -> Content:
        """The whole body."""
        return Content(self._content)

    @property
    def text(self) -> Text:
        """The whole body as text, decoded as botocore does it."""
        from botocore.utils import get_encoding_from_headers

        return Text(self._content.decode(get_encoding_from_headers(self.headers) or "utf-8"))


class ClientResponse(aiohttp.ClientResponse):
    """aiohttp's own response class around a body that has arrived as a whole.

    Not made by aiohttp's constructor, which wants a connection and changes between versions.
    """

    def __init__(self, response: AWSResponse, request: AWSPreparedRequest, body: bytes) -> None:
        loop = asyncio.get_running_loop()
        url = URL(response.url, encoded=True)
        headers = [(str(key), str(value)) for key, value in response.headers.items()]
        self.method = request.method
        self.status = response.status_code
        self.reason = _reason(response.status_code)
        self.version = aiohttp.HttpVersion11
        self.cookies = SimpleCookie()
        # A limit that is never reached: there is no transport to pause.
        self.content = StreamReader(BaseProtocol(loop), len(body) + 2**16, loop=loop)
        self.content.feed_data(body)
        self.content.feed_eof()
        self._url = self._real_url = url
        self._headers = CIMultiDictProxy(CIMultiDict(headers))
        self._raw_headers = tuple((key.encode(), value.encode()) for key, value in headers)
        self._request_info = aiohttp.RequestInfo(url, request.method, self._headers, url)
        self._body = None
        self._cache: dict[str, Any] = {}
        self._history = ()
        self._loop = loop
        self._resolve_charset = lambda *_: "utf-8"
        self._session = None
        self._timer = TimerNoop()
        self._traces = []


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def is_httpx(http_session: Any) -> bool:
    """Return whether an HTTP session is of aiobotocore's httpx backend."""
    module = sys.modules.get("aiobotocore.httpxsession")
    return module is not None and isinstance(http_session, module.HttpxSession)


@cache
def _httpx_response() -> type[AioAWSResponse]:
    from aiobotocore.awsrequest import HttpxAWSResponse

    return type("HttpxResponse", (Response, HttpxAWSResponse), {})


def _httpx_raw(response: AWSResponse, request: AWSPreparedRequest, body: bytes) -> Any:
    httpx = sys.modules["aiobotocore.httpxsession"].httpx  # httpx or httpx2
    headers = [(str(key), str(value)) for key, value in response.headers.items()]
    return httpx.Response(
        response.status_code,
        headers=headers,
        stream=_httpx_stream()(body),
        request=httpx.Request(request.method, request.url),
    )


@cache
def _httpx_stream() -> type[Any]:
    httpx = sys.modules["aiobotocore.httpxsession"].httpx

    class Stream(httpx.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, body: bytes) -> None:
            self.body = body

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield self.body

    return Stream
