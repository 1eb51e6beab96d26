"""A small HTTP/1.1 server on one listening socket, for the gateway and for server mode.

One daemon thread a connection, keep-alive, whole bodies in and out. Who answers is given.
"""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiomoto._http_messages import (
    MalformedError,
    Request,
    Response,
    read_request,
    response_head,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("aiomoto.http")

# A client may take this long, in seconds, between two pieces of one request.
PATIENCE = 30.0

_BUFFER = 65536  # bytes


class Server:
    """Answers HTTP requests that come to a listening socket.

    Parameters:
        listener: a bound and listening TCP socket, which is the server's from now on.
        answer: called in the connection's thread with each `Request`, returns its `Response`.
    """

    def __init__(self, listener: socket.socket, answer: Callable[[Request], Response]) -> None:
        listener.settimeout(None)  # whatever the default timeout is
        self.listener = listener
        self.answer = answer
        self._connections: set[socket.socket] = set()
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port of the listening socket."""
        port: int = self.listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Accept connections from now on, in a thread."""
        self._thread = threading.Thread(target=self._accept_all, name="aiomoto server", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, close idle connections; a request in work is answered, then closed."""
        with suppress(OSError):  # macOS wakes accept() by closing alone
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self._thread is not None:
            self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)

    def abandon(self) -> None:
        """In a forked child: close its copies of the sockets, which are the parent's."""
        for copy in (self.listener, *self._connections):
            copy.close()

    def serve(self, accepted: int) -> None:
        """Serve an accepted connection, given by its file descriptor, in a thread of its own."""
        # The listener's own class: `socket.socket` may have been banned since, by pytest-socket.
        connection = type(self.listener)(fileno=accepted)
        self._connections.add(connection)
        serve = threading.Thread(
            target=self._serve, args=(connection,), name="aiomoto connection", daemon=True
        )
        serve.start()

    def _accept_all(self) -> None:
        while True:
            try:
                accepted, _ = self.listener._accept()  # type: ignore[attr-defined]
                self.serve(accepted)
            except ConnectionError:  # the client has gone already
                continue
            except OSError:
                return

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb", _BUFFER) as reader:
            try:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self._exchange(connection, reader):
                    pass
            except (OSError, ValueError):
                pass  # the client has gone, or was too slow; ValueError: closed by `abandon`
            finally:
                self._connections.discard(connection)

    def _exchange(self, connection: socket.socket, reader: Any) -> bool:
        """Answer one request; return whether there may be another on this connection."""
        connection.settimeout(None)
        if not reader.peek(1):
            return False
        connection.settimeout(PATIENCE)
        try:
            request, keep = read_request(connection, reader)
        except MalformedError as error:
            connection.sendall(response_head("", text(error.status, str(error)), keep=False)[0])
            _linger(connection)
            return False
        connection.settimeout(None)
        head, body = response_head(request.method, self._answer(request), keep=keep)
        connection.sendall(head)
        if body:
            connection.sendall(body)
        return keep

    def _answer(self, request: Request) -> Response:
        try:
            return self.answer(request)
        except NotImplementedError as error:
            return text(501, f"moto does not implement this: {error}")  # which no SDK retries
        except Exception as error:  # a client gets an answer, whatever moto does
            logger.debug("%s %s failed", request.method, request.target, exc_info=True)
            return text(500, f"{type(error).__name__}: {error}")


def _linger(connection: socket.socket) -> None:
    """Take what the client still sends, a little: closing at once would lose it our answer."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(0.5)
    for _ in range(64):
        if not connection.recv(_BUFFER):
            return
