"""The patches of aiohttp: AWS is behind a wire to the mock."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aiomoto import _plain_http

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def connect(
    wrapped: Callable[..., Awaitable[Any]], connector: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`BaseConnector.connect`: to the mock instead of to AWS."""
    aiohttp: Any = sys.modules["aiohttp.connector"]
    request = args[0] if args else kwargs["req"]
    # Other connectors lead somewhere of the user's: a Unix socket, say.
    if isinstance(connector, aiohttp.TCPConnector) and _plain_http.is_mocked(
        request.method, str(request.url)
    ):
        return _connect(aiohttp, connector, request)
    return wrapped(*args, **kwargs)


async def _connect(aiohttp: Any, connector: Any, request: Any) -> Any:
    loop = connector._loop
    _, protocol = await loop.create_connection(connector._factory, sock=_plain_http.connect())
    protocol.force_close()  # not to be kept for requests after the mock
    return aiohttp.Connection(connector, request.connection_key, protocol, loop)
