"""Which addresses are mocks themselves: requests go there, moto answers behind them."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from aiomoto._gateway import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104  # what a server may be bound to
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1", *_ANY})


def is_server(url: str) -> bool:
    """Return whether a live moto server is known to listen at the address of a URL."""
    parts = urlsplit(url)
    return parts.port is not None and any(_leads_to(parts, *address) for address in _addresses())


def _addresses() -> Iterator[tuple[str, int]]:
    """Yield host and port of each server; those of other processes are to come by a registry."""
    if gateway.address is not None:
        own = urlsplit(gateway.address)
        yield str(own.hostname), own.port or 0
    module = sys.modules.get("moto.moto_server.threaded_moto_server")
    if module is not None:
        for thread in threading.enumerate():
            server: Any = getattr(getattr(thread, "_target", None), "__self__", None)
            if isinstance(server, module.ThreadedMotoServer) and server._server is not None:
                yield server.get_host_and_port()


def _leads_to(parts: SplitResult, host: str, port: int) -> bool:
    hosts = _LOCAL if host in _LOCAL else {host}
    return parts.port == port and parts.hostname in hosts
