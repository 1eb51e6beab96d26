"""Plain HTTP to AWS: presigned URLs and the like, sent by a library that knows nothing of AWS.

The patches of HTTP libraries ask `is_mocked` of every request, and lead those of which it is true
to `answer`.
"""

from __future__ import annotations

import socket
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiomoto import _dispatch, _moto_app, _routing, _servers
from aiomoto._activation import Stamp, state
from aiomoto._http import Connections
from aiomoto._http_messages import Request, Response
from aiomoto._memo import remember

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSPreparedRequest

_judged: ContextVar[str | None] = ContextVar("aiomoto_judged", default=None)
# Endpoints of their own that mocked clients have, with the mock in which that was so.
_endpoints: dict[str, Stamp] = {}


@contextmanager
def judged(url: str) -> Iterator[None]:
    """Have a request leave: it comes from a client of botocore, whose own guard let it.

    Not where that is redirected to: aiohttp follows by itself.
    """
    token = _judged.set(_netloc(url))
    try:
        yield
    finally:
        _judged.reset(token)


def note_endpoint(url: str) -> None:
    """Remember that a mocked client has this endpoint, for URLs that it signs.

    Not where a moto server listens: once that has stopped, nobody is to answer there.
    """
    host = remember((_own_host, url), lambda: _own_host(url))
    if host is None or state.server is not None or _endpoints.get(host) is state.stamp:
        return
    if _servers.is_server(url):
        _endpoints.pop(host, None)
    else:
        _endpoints[host] = state.stamp


def _own_host(url: str) -> str | None:
    parts = urlsplit(url)
    return None if _routing.is_aws(parts.hostname or "") else _netloc(url)


def _netloc(url: str) -> str:
    parts = urlsplit(url)
    port = "" if parts.port in {None, 80, 443} else f":{parts.port}"
    return f"{parts.hostname}{port}"


def is_mocked(method: str, url: str) -> bool:
    """Return whether a plain HTTP request is for the mock to answer.

    Raises:
        RealHTTPRequestBlockedError: it is for AWS, and moto cannot answer it, or not now.
    """
    if not state.watch or not _dispatch.is_on() or _judged.get() == _netloc(url):
        return False
    host = urlsplit(url).hostname or ""
    aws = _routing.is_aws(host) or host in _dispatch._METADATA_HOSTS
    if not aws and _endpoint_of(_netloc(url)) is None:
        return False
    request = _prepared(method, url, {}, b"")
    _dispatch.begin(request)
    if _dispatch.lets_out(request, None):
        return False
    if aws and not host.endswith(".amazonaws.com") and _routing.service_of(url) is None:
        raise _dispatch._blocked(request, "moto does not know this URL")
    return True


def answer(request: Request, scheme: str = "https") -> Response:
    """Have moto answer a request of which `is_mocked` is true.

    Parameters:
        request: the request; its Host header says where it was to go.
        scheme: ``http`` or ``https``.
    """
    host = request.headers["host"]
    netloc = _netloc(f"//{host}")
    endpoint = _endpoint_of(netloc)
    if endpoint is not None:
        # Under a name with a dot moto would look for the bucket in the host.
        headers = {**request.headers, "host": f"{netloc.removesuffix(endpoint)}localhost"}
        return _moto_app.answer_while_mocking(request._replace(headers=headers))
    url = f"{scheme}://{host}{request.target}"
    if _routing.service_of(url) == "s3":
        return _moto_app.answer_while_mocking(request, _moto_app.ask_s3)
    prepared = _prepared(request.method, url, request.headers, request.body)
    response = _dispatch.ask(prepared, None, request.body)
    return Response(response.status_code, response.headers.items(), response.content)


def _prepared(method: str, url: str, headers: dict[str, str], body: bytes) -> AWSPreparedRequest:
    from botocore.awsrequest import AWSPreparedRequest, HeadersDict

    return AWSPreparedRequest(method, url, HeadersDict(headers), body, stream_output=False)


class Wire(socket.socket):
    """A socket at whose other end moto answers, in place of a connection to AWS."""


def connect() -> Wire:
    """Return a new connection to the mock, to speak plain HTTP on."""
    ours, theirs = socket.socketpair()
    _connections.serve(ours)
    return Wire(fileno=theirs.detach())


class _Closing:
    """A slot that closes the connections to the mock when it ends."""

    def get(self) -> None:
        """There is nothing to keep."""

    def set(self, _: None) -> None:
        """Close what is idle."""
        _connections.close()


_connections = Connections(answer)
state.wear(_Closing(), None)


def _endpoint_of(netloc: str) -> str | None:
    """Return the endpoint, of the mocks active now, that a host is or stands in front of."""
    return next(
        (
            endpoint
            for endpoint, stamp in [*_endpoints.items()]
            if stamp is state.stamp and f".{netloc}".endswith(f".{endpoint}")
        ),
        None,
    )
