"""``python -m aiomoto server``: a moto server in the foreground, and one in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from aiomoto._activation import say
from aiomoto.errors import AiomotoError, ServerModeConfigurationError

if TYPE_CHECKING:
    from aiomoto._server import Server

_FAILED, _USAGE = 1, 2
_UNTIL_EOF = "--until-eof"

HELP = """\
usage: python -m aiomoto server [--port N] [--until-eof]

Runs a moto server on 127.0.0.1 until Ctrl-C or SIGTERM, and prints its URL. Processes with
AIOMOTO_AUTO=server and AIOMOTO_SERVER_ENDPOINT=URL use it, as does
mock_aws(server_mode=True, server_endpoint=URL).

--port N     where it listens; by default on a port that is free
--until-eof  stop when the standard input ends, too
"""


def main(words: list[str]) -> int:
    """Serve until told to stop.

    Parameters:
        words: ``--port N``, ``--until-eof``.

    Returns:
        0 after Ctrl-C or SIGTERM, 1 if the server cannot be started, 2 for a wrong use.
    """
    if words in (["-h"], ["--help"]):
        sys.stdout.write(HELP)
        return 0
    rest = [part for word in words if word != _UNTIL_EOF for part in word.split("=", 1)]
    if rest and (rest[0] != "--port" or len(rest) != 2):  # noqa: PLR2004  # the option, its value
        say(f"server does not take {' '.join(words)!r}; see python -m aiomoto server --help")
        return _USAGE
    try:
        _serve(*rest[1:], until_eof=_UNTIL_EOF in words)
    except AiomotoError as error:
        say(str(error))
        return _FAILED
    return 0


def _serve(port: str = "", *, until_eof: bool) -> None:
    from aiomoto import _endpoints, _server, mock_aws

    number = int(port) if port.isdigit() else port
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = _server.start(_endpoints.check_port(number) if port else None)
    try:
        _warm_up(server)
        # What moto itself may send while it answers is to stay here, too.
        with mock_aws(server_mode=True, server_endpoint=server.endpoint):
            print(server.endpoint, flush=True)  # noqa: T201  # for programs that start this one
            if not until_eof:
                say(f"this is a moto server, {server.endpoint}. Ctrl-C stops it")
            while not until_eof or os.read(0, 4096):
                if not until_eof:
                    time.sleep(3600)
    except KeyboardInterrupt:
        pass  # Ctrl-C, or SIGTERM: the way to stop it
    finally:
        server.stop()


def _warm_up(server: Server) -> None:
    """Have the first answer, which imports moto, before anybody waits for it."""
    with closing(HTTPConnection(server.host, server.port)) as connection:
        connection.request("GET", "/moto-api/")
        connection.getresponse().read()


def start() -> str:
    """Start a server in the background; return its URL.

    It lives as long as this process, whatever program that executes: as long as a pipe is open.

    Raises:
        ServerModeConfigurationError: it does not start; why is told on stderr.
    """
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)  # os takes it by position
    out_reader, out_writer = os.pipe()
    _spawn([sys.executable, "-m", "aiomoto", "server", _UNTIL_EOF], reader, out_writer)
    os.close(reader)
    os.close(out_writer)
    with open(out_reader, encoding="utf-8") as out:
        endpoint = out.readline().strip()
    if not endpoint:
        raise ServerModeConfigurationError(
            "The server did not start; the reason stands above. Try python -m aiomoto server"
        )
    return endpoint


def _spawn(command: list[str], stdin: int, stdout: int) -> None:
    """Start a process that is no child of ours: programs may wait for all of their children.

    In a session of its own: Ctrl-C is for the command only.
    """
    environ = {**os.environ, "AIOMOTO_AUTO": "0"}
    if hasattr(os, "fork"):
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
    subprocess.Popen(command, stdin=stdin, stdout=stdout, env=environ, start_new_session=True)
    if hasattr(os, "fork"):
        os._exit(0)
