"""Which addresses are mocks themselves: requests go there, moto answers behind them."""

from __future__ import annotations

import re
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from aiomoto._activation import state
from aiomoto._gateway import gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel

    from aiomoto._endpoints import Target

_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104  # what a server may be bound to
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1", *_ANY})


def is_loopback(url: str) -> bool:
    """Return whether a URL can only lead to this machine."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def why_not(url: str, target: Target) -> str | None:
    """Return why a request may not go to a URL in server mode, None where it may.

    Raises:
        ServerModeHealthcheckError: it is for the server of this process, which has died.
    """
    if url.startswith(f"{target.endpoint}/"):
        target.server.check_alive()
        return None
    if is_loopback(url):
        return None
    return (
        f"in server mode clients reach {target.endpoint} and this machine only. Make the client "
        "inside the mock and, unless auto_endpoint is 'force', without another endpoint_url; or "
        "name the URL in AIOMOTO_PASSTHROUGH"
    )


def straighten(params: dict[str, Any], operation: OperationModel | None) -> None:
    """Take off what stands before the server's host, in server mode: it has one address.

    Services put an account id or ``data-`` there. S3 would put the bucket, but not for us.
    """
    target = state.server
    if target is None or operation is None or operation.service_model.service_name == "s3":
        return
    parts = urlsplit(params["url"])
    own = urlsplit(target.endpoint).netloc
    if parts.netloc.endswith(own):
        params["url"] = parts._replace(netloc=own).geturl()


def is_server(url: str) -> bool:
    """Return whether a live moto server is known to listen at the address of a URL."""
    parts = urlsplit(url)
    return parts.port is not None and any(_leads_to(parts, *address) for address in _addresses())


def _addresses() -> Iterator[tuple[str, int]]:
    """Yield host and port of each server of this process, and of those in the registry."""
    if gateway.address is not None:
        own = urlsplit(gateway.address)
        yield str(own.hostname), own.port or 0
    module = sys.modules.get("moto.moto_server.threaded_moto_server")
    if module is not None:
        for thread in threading.enumerate():
            server: Any = getattr(getattr(thread, "_target", None), "__self__", None)
            if isinstance(server, module.ThreadedMotoServer) and server._server is not None:
                # moto before 5.0.4 does not tell it by a method.
                yield server._server.host, server._server.port
    from aiomoto import _registry  # only once there is a mock

    for port in _registry.live_ports():
        yield "127.0.0.1", port


def _leads_to(parts: SplitResult, host: str, port: int) -> bool:
    hosts = _LOCAL if host in _LOCAL else {host}
    return parts.port == port and parts.hostname in hosts
