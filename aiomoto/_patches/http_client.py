"""The patches of http.client, and of urllib3's connections: AWS is behind a wire to the mock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto import _plain_http

if TYPE_CHECKING:
    from collections.abc import Callable


def connect(wrapped: Callable[..., None], connection: Any, args: Any, kwargs: Any) -> None:
    """`HTTPConnection.connect`, `HTTPSConnection.connect`: to the mock instead of to AWS."""
    if _plain_http.is_mocked("CONNECT", _url(connection)):
        _connect(connection)
    else:
        wrapped(*args, **kwargs)


def putrequest(wrapped: Callable[..., None], connection: Any, args: Any, kwargs: Any) -> None:
    """`HTTPConnection.putrequest`: a connection may have been made when this was not so."""
    _check(connection, *args, **kwargs)
    wrapped(*args, **kwargs)


def _check(connection: Any, method: str, url: str, *_: Any, **__: Any) -> None:
    absolute = url.startswith(("http://", "https://"))  # by a proxy
    mocked = _plain_http.is_mocked(method, url if absolute else _url(connection))
    if connection.sock is not None and mocked != isinstance(connection.sock, _plain_http.Wire):
        connection.sock.close()  # not the connection: urllib3 would forget the request
        connection.sock = None
    if connection.sock is None and mocked:
        _connect(connection)


def _connect(connection: Any) -> None:
    connection.sock = _plain_http.connect()
    # urllib3 would warn: it has verified no certificate.
    connection.is_verified = True


def _url(connection: Any) -> str:
    tunnel = connection._tunnel_host
    host, port = (tunnel, connection._tunnel_port) if tunnel else (connection.host, connection.port)
    scheme = "https" if connection.default_port == _HTTPS else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port or connection.default_port}"


_HTTPS = 443
