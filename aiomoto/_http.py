"""A small HTTP/1.1 server on one listening socket, for the gateway and for server mode.

One daemon thread a connection, keep-alive, whole bodies in and out. Who answers is given.
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
import time
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


class Connections:
    """Answers the HTTP requests that come by connections, each in a thread of its own.

    Parameters:
        answer: called in the connection's thread with each `Request`, returns its `Response`.
    """

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()

    def serve(self, connection: socket.socket) -> None:
        """Serve a connected stream socket."""
        self._open.add(connection)
        thread = threading.Thread(
            target=self._serve, args=(connection,), name="aiomoto connection", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # there are too many, or the interpreter is about to end
            self._serve(connection, once=True)

    def close(self) -> None:
        """Close idle connections; a request in work is answered, then its connection closed."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)

    def _serve(self, connection: socket.socket, *, once: bool = False) -> None:
        with connection, connection.makefile("rb", _BUFFER) as reader:
            try:
                if connection.family in {socket.AF_INET, socket.AF_INET6}:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while self._exchange(connection, reader, once=once):
                    pass
            except (OSError, ValueError):
                pass  # the client has gone, or was too slow; ValueError: closed by `abandon`
            finally:
                self._open.discard(connection)

    def _exchange(self, connection: socket.socket, reader: Any, *, once: bool) -> bool:
        """Answer one request; return whether there may be another on this connection."""
        connection.settimeout(PATIENCE if once else None)
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
        keep = keep and not once
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


class Server(Connections):
    """Answers the HTTP requests that come to a listening socket.

    Parameters:
        listener: a bound and listening TCP socket, which is the server's from now on.
        answer: called in the connection's thread with each `Request`, returns its `Response`.
    """

    def __init__(self, listener: socket.socket, answer: Callable[[Request], Response]) -> None:
        super().__init__(answer)
        listener.settimeout(None)  # whatever the default timeout is
        self.listener = listener
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

    def is_alive(self) -> bool:
        """Return whether connections are accepted."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Accept no more, close idle connections; a request in work is answered, then closed."""
        with suppress(OSError):  # macOS wakes accept() by closing alone
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self._thread is not None:
            self._thread.join()
        self.close()

    def abandon(self) -> None:
        """In a forked child: close its copies of the sockets, which are the parent's."""
        for copy in (self.listener, *self._open):
            copy.close()

    def serve_accepted(self, descriptor: int) -> None:
        """Serve an accepted connection, given by its file descriptor."""
        # The listener's own class: `socket.socket` may have been banned since, by pytest-socket.
        self.serve(type(self.listener)(fileno=descriptor))

    def _accept_all(self) -> None:
        try:
            while True:
                try:
                    accepted, _ = self.listener._accept()  # type: ignore[attr-defined]
                    self.serve_accepted(accepted)
                except ConnectionError:  # the client has gone already
                    continue
                except OSError as error:
                    if error.errno not in {errno.EMFILE, errno.ENFILE}:
                        return
                    time.sleep(0.05)  # until one of the open files is closed
        finally:
            self.listener.close()  # or clients would wait for an answer that nobody gives


def _linger(connection: socket.socket) -> None:
    """Take what the client still sends, a little: closing at once would lose it our answer."""
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(0.5)
    for _ in range(64):
        if not connection.recv(_BUFFER):
            return
