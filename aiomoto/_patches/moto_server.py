"""The patch of moto's own server: in a mocked process it tells others where it listens."""

from __future__ import annotations

import atexit
from typing import TYPE_CHECKING, Any

from aiomoto import _registry, _servers
from aiomoto._activation import state

if TYPE_CHECKING:
    from collections.abc import Callable


def call(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`DomainDispatcherApplication.__call__`: the first request enters it into the registry.

    Suites start a server as a child, and ask it over HTTP until it answers. From then on their
    clients' requests for its address go there.
    """
    if state.ambient is not None:
        _announce(*args, **kwargs)
    return wrapped(*args, **kwargs)


def _announce(environ: dict[str, Any], _: Any) -> None:
    if not str(environ.get("SERVER_SOFTWARE")).startswith("Werkzeug"):
        return  # ours, which is in it
    host, port = environ["SERVER_NAME"], int(environ["SERVER_PORT"])
    address = f"{environ['wsgi.url_scheme']}://127.0.0.1:{port}"
    if not _servers.is_server(address):
        atexit.register(_registry.remove, _registry.add(address, host, port))
