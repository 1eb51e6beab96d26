"""The gateway: the mock of this process over loopback HTTP, for what no Python patch reaches.

Native readers and child processes find it by the environment. One socket is bound for the life
of the process, with a thread that waits at it; the server's modules are imported at the first
connection. Light on purpose: with ``AIOMOTO_AUTO`` it is loaded at interpreter start.
"""

from __future__ import annotations

import _socket  # `socket` takes ten times as long to import
import os
import sys
import threading  # noqa: F401  # it takes the thread that imports it for the main one
from _thread import start_new_thread

from aiomoto._activation import state
from aiomoto._environ import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from aiomoto._http import Server

    Environ: TypeAlias = dict[str, str | None]

# Whose address a child has inherited: one that mocks by itself must not take it for the user's.
MARK = "AIOMOTO_GATEWAY_ADDRESS"
_URL = "AWS_ENDPOINT_URL"
_SERVICE_URL = "AWS_ENDPOINT_URL_"
_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_NO_PROXY = ("no_proxy", "NO_PROXY")
_FIXED: Environ = {
    # object_store refuses plain http without it.
    "AWS_ALLOW_HTTP": "true",
    # arrow asks for a region there.
    "AWS_EC2_METADATA_DISABLED": "true",
    # object_store's own name for the endpoint, which wins.
    "AWS_ENDPOINT": None,
    # Children would go to the real AWS.
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": None,
    # SDKs refuse these together with an endpoint.
    "AWS_USE_DUALSTACK_ENDPOINT": None,
    "AWS_USE_FIPS_ENDPOINT": None,
    # polars and obstore would leave the bucket out.
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": None,
}
_OUTSIDE = "no mock is active. Enter mock_aws() first"


class Listening:
    """A bound socket, the thread that waits at it, and the server once somebody has come."""

    def __init__(self) -> None:
        # A socket ban such as pytest-socket's stands in the place of this class.
        make = getattr(sys.modules.get("socket"), "socket", _socket.socket)
        self.listener: Any = make(_socket.AF_INET, _socket.SOCK_STREAM)
        self.listener.settimeout(None)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.address = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.server: Server | None = None
        self._waiting = False

    def start(self) -> None:
        """Wait for connections, if nobody does."""
        if not self._waiting:
            self._waiting = True
            # No Thread: nobody is to see it as left over by a test.
            start_new_thread(self._wait, ())

    def _wait(self) -> None:  # pragma: no cover  # nobody traces a raw thread
        while True:
            try:
                connection, _ = self.listener._accept()
            except ConnectionError:  # the client has gone already
                continue
            except OSError:
                return  # closed
            try:
                self.server = self.server or self._make_server()
            except Exception:  # noqa: BLE001  # no sockets are to be had any more
                _socket.close(connection)
            else:
                self.server.serve_accepted(connection)

    def _make_server(self) -> Server:  # pragma: no cover  # in that thread
        from socket import socket as plain

        from aiomoto import _moto_app
        from aiomoto._http import Server

        if not hasattr(self.listener, "makefile"):
            self.listener = plain(fileno=self.listener.detach())
        return Server(self.listener, _moto_app.answer_while_mocking)

    def abandon(self) -> None:
        """In a forked child: close its copies of the parent's sockets."""
        self.listener.close()
        if self.server is not None:
            self.server.abandon()


def _is_main_interpreter() -> bool:
    try:
        module: Any = __import__(_INTERPRETERS)
    except ImportError:  # there is but one
        return True
    return bool(module.get_current() == module.get_main())


_INTERPRETERS = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"


class Gateway:
    """The slot that exports the gateway for as long as a mock is active.

    Attributes:
        off: why nothing is exported now; None while the gateway is on.
        listening: the socket, once a mock has needed it.
    """

    def __init__(self) -> None:
        self.off: str | None = _OUTSIDE
        self.listening: Listening | None = None

    @property
    def address(self) -> str | None:
        """The URL of the gateway, on or off, once a mock has needed it."""
        return None if self.listening is None else self.listening.address

    def get(self) -> tuple[Environ, str | None]:
        """Return the variables that `set` would change, and why the gateway is off."""
        environ = {name: os.environ.get(name) for name in self._exports()}
        if not self._found():
            # Nobody has set our address: an undo that came late.
            environ = {k: None if v == self.address else v for k, v in environ.items()}
        return environ, self.off

    def set(self, value: tuple[Environ, str | None] | str | None) -> None:
        """Turn the gateway on by None, off by a reason, or put back what `get` has found."""
        if isinstance(value, tuple):
            environ, self.off = value
            put(environ)
        elif value is not None or self.off is not None or state.layers:
            self._turn(value or self._unavailable())
        # Else the ambient mock has moto now; the gateway it had from interpreter start.

    def users(self, name: str, value: str | None) -> str | None:
        """Return what a variable holds of the user's, where it may hold ours.

        Parameters:
            name: the name of the variable.
            value: what the environment holds now.
        """
        if self.off is not None:
            return value
        # Not `_exports`, which goes through the environment: a new client asks 150 times.
        if name == _URL or (name.startswith(_SERVICE_URL) and value is not None):
            return self._users(name, value, {name: self.address})
        return self._users(name, value, _FIXED)

    def after_fork(self) -> None:
        """In a forked child: leave the parent's gateway alone, and have one of its own."""
        if self.listening is None:
            return
        parents = self.address
        self.listening.abandon()
        self.listening = None
        if self.off is None:
            off = self._unavailable()
            for environ in self._found():
                environ.update({k: self.address for k, v in environ.items() if v == parents})
            self._turn(off)

    def _turn(self, off: str | None) -> None:
        before, self.off = self.off, off
        if off is not None and before not in {None, _OUTSIDE}:
            return  # off already, by a mock around this one, which may have exported its own
        exports = self._exports()
        users = {k: self._users(k, os.environ.get(k), exports) for k in exports}
        put(exports if off is None else users)
        if off is None and self.listening is not None:
            self.listening.start()  # last: with a thread changing the environment takes longer

    def _users(self, name: str, value: str | None, exports: Environ) -> str | None:
        if name not in exports:
            return value
        now: Environ = {name: value, MARK: os.environ.get(MARK)}
        for environ in (now, *self._found()):
            value = environ.get(name)
            if value is not None and value == environ.get(MARK):
                value = None  # a gateway: ours, or that of a parent process
            elif value != exports[name]:
                break
        return value

    def _unavailable(self) -> str | None:
        """Bind the socket; return why there shall be none, or can be none."""
        switch = os.environ.get("AIOMOTO_GATEWAY", "")
        if switch.strip().lower() in {"0", "false", "no", "off"}:
            return f"AIOMOTO_GATEWAY={switch} turns it off. Unset AIOMOTO_GATEWAY"
        # Others end the process if they leave a thread.
        if self.listening is None and not _is_main_interpreter():
            return "subinterpreters have none. Use a process in place of the subinterpreter"
        try:
            self.listening = self.listening or Listening()
        except Exception as error:  # noqa: BLE001  # pytest-socket's is a RuntimeError
            return f"no socket can be had here ({error!r}). Allow sockets on 127.0.0.1"
        return None

    def _exports(self) -> Environ:
        """Return the variables as they are while the gateway is on; None for those without."""
        address = self.address
        urls = {name: address for name in os.environ if name.startswith(_SERVICE_URL)}
        exports: Environ = {MARK: address, _URL: address, **urls, **_FIXED}
        return {**exports, **around_proxies("127.0.0.1", os.environ)}

    def _found(self) -> list[Environ]:
        """Return what the mocks have found in the environment, the newest first."""
        layers = [layer for layer in (state.ambient, *state.layers) if layer is not None]
        return [layer.found[self][0] for layer in reversed(layers) if self in layer.found]


def around_proxies(host: str, environ: Mapping[str, str]) -> Environ:
    """Return the variables that keep requests for a host away from the user's HTTP proxies."""
    if not any(environ.get(name) for name in _PROXIES):
        return {}
    around = next(filter(None, map(environ.get, _NO_PROXY)), "")
    if host not in around:
        around = f"{around},{host}".lstrip(",")
    return dict.fromkeys(_NO_PROXY, around)


gateway = Gateway()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=gateway.after_fork)


def address() -> str:
    """Return the URL of the gateway, for a reader that has to be told.

    Raises:
        GatewayError: the gateway is off; the error says why, and what to do.
    """
    if gateway.off is None and gateway.address is not None:
        return gateway.address
    from aiomoto.errors import GatewayError

    raise GatewayError(
        "aiomoto's gateway, by which native readers and child processes reach the mock, is off: "
        f"{gateway.off}."
    )
