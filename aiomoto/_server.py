"""The moto server of this process, and those that it joins: starting, stopping, asking them."""

from __future__ import annotations

import atexit
import os
import socket
import time
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiomoto import _backends, _http, _registry
from aiomoto._activation import state
from aiomoto._endpoints import LOCALHOST
from aiomoto._http_messages import text
from aiomoto.errors import (
    ServerModeDependencyError,
    ServerModeEndpointError,
    ServerModeHealthcheckError,
    ServerModePortError,
)

if TYPE_CHECKING:
    from aiomoto._http_messages import Request, Response

_ATTEMPTS, _PAUSE = 20, 0.1  # for a server that is just being started; seconds
_PATIENCE = 5.0  # seconds; for one that has taken the connection
_DASHBOARD = "/moto-api/"
_USER_AGENT = "aiomoto"  # by which our servers know that nobody wants to see the dashboard


class Server:
    """A moto server: of this process, or one that it has joined.

    Attributes:
        endpoint: its URL, such as ``http://127.0.0.1:40123``.
        registry_path: its file in the registry, None where it has none.
        http: what answers in this process, None for a server that runs elsewhere.
    """

    def __init__(
        self, endpoint: str, registry_path: str | None, http: _http.Server | None = None
    ) -> None:
        """Keep what is known of a server; `start` and `join` make them."""
        self.endpoint = endpoint
        self.registry_path = registry_path
        self.http = http

    @property
    def host(self) -> str:
        """The host of the endpoint."""
        return urlsplit(self.endpoint).hostname or ""

    @property
    def port(self) -> int:
        """The port of the endpoint."""
        parts = urlsplit(self.endpoint)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def check_alive(self) -> None:
        """Make sure that it still answers, as far as this process can know without asking.

        Raises:
            ServerModeHealthcheckError: it is of this process, and has died.
        """
        if self.http is not None and not self.http.is_alive():
            raise ServerModeHealthcheckError(
                f"The server at {self.endpoint} has died. Leave the mocks that use it, and enter "
                "anew."
            )

    def stop(self) -> None:
        """Stop it if it is of this process; take its file out of the registry."""
        if self.http is not None:
            self.http.stop()
            _last.port, state.closed = self.port, urlsplit(self.endpoint).netloc
            if self.registry_path is not None:
                _registry.remove(self.registry_path)
            _running.discard(self)

    def reset(self) -> None:
        """Drop all of its data.

        Raises:
            ServerModeHealthcheckError: it does not answer.
        """
        if self.http is None:
            _ask(self.endpoint, "POST", f"{_DASHBOARD}reset")
            return
        state.enter_moto()
        try:
            _backends.drop()
        finally:
            state.leave_moto()

    def abandon(self) -> None:
        """In a forked child: it is the parent's, and goes on there."""
        if self.http is not None:
            self.http.abandon()
            self.http = None


_running: set[Server] = set()  # of this process


class _last:  # noqa: N801  # one value
    """The port of the server that ran before: clients made then find the next one there."""

    port = 0


def start(port: int | None = None) -> Server:
    """Start a moto server in this process, on its backends, in threads.

    Parameters:
        port: where to listen on 127.0.0.1; by default where this process did before, or on a
            port that is free.

    Raises:
        ServerModeDependencyError: the packages that moto's server needs are not installed.
        ServerModePortError: the port cannot be used.
        ServerModeConfigurationError: the registry cannot be written.
    """
    _require_packages()
    from aiomoto._moto_app import App

    answer = App()

    def in_turn(request: Request) -> Response:
        """Answer while nobody switches mocks: a request that comes too late changes nothing."""
        if request.target == _DASHBOARD and request.headers.get("user-agent") == _USER_AGENT:
            return text(200, "a moto server, by aiomoto")
        state.enter_moto()
        try:
            if server not in _running:
                return text(503, "the mock that this server belonged to has ended")
            return answer(request)
        finally:
            state.leave_moto()

    listener = _listen(_last.port if port is None else port, insist=port is not None)
    try:
        number: int = listener.getsockname()[1]
        endpoint = f"http://{LOCALHOST}:{number}"
        path = _registry.add(endpoint, LOCALHOST, number)
    except BaseException:
        listener.close()
        raise
    server = Server(endpoint, path, _http.Server(listener, in_turn))
    _running.add(server)
    state.closed = None
    server.http.start()  # type: ignore[union-attr]  # two lines above
    return server


def join(endpoint: str) -> Server:
    """Return a server that runs already, here or elsewhere.

    Raises:
        ServerModeHealthcheckError: no moto server answers there.
    """
    check(endpoint)
    return Server(endpoint, _registry.find(endpoint))


def check(endpoint: str) -> None:
    """Make sure that a moto server answers.

    Raises:
        ServerModeEndpointError: the host has no address.
        ServerModeHealthcheckError: nothing answers within seconds, or no moto server.
    """
    page = _ask(endpoint, "GET", _DASHBOARD)
    if b"moto" not in page.lower():
        raise ServerModeHealthcheckError(
            f"What answers at {endpoint} is no moto server. Is the port the right one?"
        )


def _ask(endpoint: str, method: str, path: str) -> bytes:
    """Return the body of a server's answer, past all HTTP proxies."""
    parts = urlsplit(endpoint)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    why: object = None
    for attempt in range(_ATTEMPTS):  # no clock: a test may have stopped it
        if attempt:
            time.sleep(_PAUSE)
        connection = kind(parts.hostname or "", parts.port, timeout=_PATIENCE)
        try:
            headers = {"Content-Length": "0", "User-Agent": _USER_AGENT}
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            body = response.read()
        except ConnectionRefusedError as error:
            why = error
            continue
        except socket.gaierror as error:
            raise ServerModeEndpointError(
                f"The host of the server endpoint {endpoint} has no address: {error}."
            ) from error
        except (OSError, HTTPException) as error:
            why = error
        else:
            if response.status == 200:  # noqa: PLR2004
                return body
            why = f"{method} {path} was answered by {response.status}"
        finally:
            connection.close()
        break
    raise ServerModeHealthcheckError(
        f"No moto server answers at {endpoint}: {why}. Start one (python -m aiomoto server), or "
        "leave out server_port and server_endpoint to have one started."
    )


def _listen(port: int, *, insist: bool) -> socket.socket:
    try:
        return socket.create_server((LOCALHOST, port), backlog=128)
    except (OSError, OverflowError) as error:
        if not insist and port:
            return _listen(0, insist=True)
        raise ServerModePortError(
            f"The server cannot listen on {LOCALHOST}:{port}: {error}. Choose another port, or "
            "none to get a free one."
        ) from error


@cache
def _require_packages() -> None:
    missing = [name for name in ("flask", "flask_cors", "werkzeug") if find_spec(name) is None]
    if missing:
        raise ServerModeDependencyError(
            f"Server mode needs {', '.join(missing)}: pip install 'aiomoto[server]'"
        )


def _abandon_all() -> None:
    """In a forked child, where the threads of the servers do not run."""
    for server in _running:
        server.abandon()
    _running.clear()
    _last.port = 0


def _take_out_all() -> None:
    """At exit: to stop them would fail the calls of threads that still run."""
    for server in _running:
        if server.registry_path is not None:
            _registry.remove(server.registry_path)


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_abandon_all)
atexit.register(_take_out_all)
