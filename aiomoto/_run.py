"""``python -m aiomoto run``: replace this process by a command in which AWS is mocked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from aiomoto import _command, _startup
from aiomoto._activation import CREDENTIALS, say
from aiomoto._layers import ABSENT, Variable
from aiomoto.errors import AiomotoError

_FAILED, _USAGE, _NOT_EXECUTABLE, _NOT_FOUND = 1, 2, 126, 127

HELP = """\
usage: python -m aiomoto run [OPTION...] [--] COMMAND [ARGUMENT...]

Runs a command with AWS mocked in its whole process, and in the Python processes it starts.

  python -m aiomoto run pytest -n auto
  python -m aiomoto run python script.py     (or just: run script.py)
  python -m aiomoto run -m package.module
  python -m aiomoto run --server make integration-test

Each Python process has an AWS of its own, in its memory, unless one of these is given:
  --server              one moto server for the command and all that it starts; programs in other
                        languages reach it too, if they heed AWS_ENDPOINT_URL
  --server-per-process  a moto server in each Python process
  --attach URL          a moto server that runs already

With a server:
  --auto-endpoint MODE  which clients are led to it: force (all, the default), if_missing (those
                        without an endpoint of their own) or disabled (none)
  --env-file FILE       write the variables that others need to use the server, NAME=value

  --region REGION       the region of clients that name none
  --quiet               do not say on stderr that AWS is mocked

COMMAND is looked up beside this interpreter first, so no venv need be activated; "python" is this
interpreter. The exit code and the signals are the command's own. 126: it cannot be executed, or
would run a Python in which AWS is not mocked; 127: there is no such command; 2: wrong use;
1: the server cannot be started or reached.
"""

_SERVERS = ("--server", "--server-per-process", "--attach")
_FLAGS = frozenset({"--quiet", "--server", "--server-per-process"})
_WITH_VALUE = frozenset({"--attach", "--auto-endpoint", "--env-file", "--region"})


class _CannotRunError(Exception):
    """The command cannot be run: an exit code, and the reason."""


class _Request(NamedTuple):
    """What was asked for: the options with their values, and the command."""

    options: dict[str, str]
    command: list[str]

    @property
    def server(self) -> str | None:
        """Which of the options of server mode was given."""
        return next((option for option in _SERVERS if option in self.options), None)


def main(words: list[str]) -> int:
    """Set ``AIOMOTO_AUTO`` and exec the command.

    Parameters:
        words: options of ``run``, then the command with its own arguments.

    Returns:
        An exit code, only where the command could not be started.
    """
    if words[:1] in (["-h"], ["--help"]):
        sys.stdout.write(HELP)
        return 0
    try:
        return _run(_parse(words))
    except _CannotRunError as error:
        code, why = error.args
    except AiomotoError as error:
        code, why = _FAILED, str(error)
    say(why)
    return int(code)


def _parse(words: list[str]) -> _Request:
    """Return what was asked for, if it goes together."""
    options: dict[str, str] = {}
    rest = [*words]
    while rest and rest[0].startswith("--"):
        option, equals, value = rest.pop(0).partition("=")
        if option == "--":
            break
        if option in _WITH_VALUE and not equals:
            value = rest.pop(0) if rest else ""
        known = option in _WITH_VALUE or (option in _FLAGS and not equals)
        if not known:
            raise _misused(f"has no option {option + equals + value!r}")
        if option in _WITH_VALUE and not value:
            raise _misused(f"needs a value for {option}")
        options[option] = value
    if not rest:
        raise _CannotRunError(_USAGE, "run needs a command, such as: python -m aiomoto run pytest")
    _check(options)
    return _Request(options, rest)


def _check(options: dict[str, str]) -> None:
    servers = [option for option in _SERVERS if option in options]
    if len(servers) > 1:
        raise _misused(f"takes one of {' and '.join(servers)}")
    needy = [option for option in ("--auto-endpoint", "--env-file") if option in options]
    if needy and not servers:
        raise _misused(f"takes {needy[0]} with --server or --attach only")
    if "--env-file" in options and "--server-per-process" in options:
        raise _misused("cannot write --env-file for --server-per-process: use --server")


def _misused(why: str) -> _CannotRunError:
    return _CannotRunError(_USAGE, f"run {why}; see python -m aiomoto run --help")


def _run(request: _Request) -> int:
    command = _command.resolve(request.command)
    if command is None:
        raise _CannotRunError(_NOT_FOUND, f"command not found: {request.command[0]}")
    environ = {**os.environ, **_settings(request)}
    if not _startup.ran():
        _use_fallback(environ)
    try:
        python = _command.python(command)
        if python is not None:
            _refuse_unmocked(python, environ)
        elif os.access(command[0], os.X_OK):
            _prepare_unknown(command[0], environ, served=request.server is not None)
        if request.server in {"--server", "--attach"}:
            _lead(environ, request)
        return _execute(command, environ)
    except FileNotFoundError:
        raise _CannotRunError(_NOT_FOUND, f"command not found: {command[0]}") from None
    except OSError as error:  # no permission, a directory, no program at all
        why = f"cannot execute {command[0]}: {error.strerror}"
        raise _CannotRunError(_NOT_EXECUTABLE, why) from None


def _settings(request: _Request) -> dict[str, str]:
    """Return the variables that the options stand for."""
    options = request.options
    mode = {None: "1", "--server-per-process": "server-per-process"}.get(request.server, "server")
    settings = {"AIOMOTO_AUTO": mode}
    if "--quiet" in options:
        settings["AIOMOTO_QUIET"] = "1"
    if "--region" in options:
        settings["AWS_DEFAULT_REGION"] = settings["AWS_REGION"] = options["--region"]
    if "--auto-endpoint" in options:
        settings["AIOMOTO_AUTO_ENDPOINT"] = options["--auto-endpoint"]
    return settings


def _refuse_unmocked(python: _command.Python, environ: dict[str, str]) -> None:
    """Refuse a Python in which AWS would not be mocked."""
    interpreter, flags = python
    ours = _command.is_this_interpreter(interpreter)
    if (ours and not flags and _startup.ran()) or _command.starts_hook(python, environ):
        return
    if ours and flags:
        what_to_do = f"Leave {' '.join(flags)} out: it keeps aiomoto from starting"
    else:
        what_to_do = (
            f"Install it there ({interpreter} -m pip install aiomoto), or run the command with "
            f"this interpreter, {sys.executable}"
        )
    shown = " ".join([interpreter, *flags])
    raise _CannotRunError(
        _NOT_EXECUTABLE,
        f"{shown} would start without aiomoto, so AWS would not be mocked. {what_to_do}.",
    )


def _prepare_unknown(program: str, environ: dict[str, str], *, served: bool) -> None:
    """Hide the credentials from a program that may be any, and tell what is mocked in it."""
    if _startup.disabled():
        return
    for slot, value in CREDENTIALS.items():
        if isinstance(slot, Variable) and value is ABSENT:
            environ.pop(slot.name, None)
        elif isinstance(slot, Variable):
            environ[slot.name] = value
    if not _startup.asks("AIOMOTO_QUIET", environ):
        others = ", and for programs that heed AWS_ENDPOINT_URL" if served else ""
        say(
            f"{program} may start any program: AWS is mocked in those Python processes that have "
            f"aiomoto installed{others}, and in no other"
        )


def _lead(environ: dict[str, str], request: _Request) -> None:
    """Start or find the server, and put into the environment what leads there."""
    from aiomoto import _endpoints, _serve, _server, _server_mode  # only with a server

    options = _endpoints.check_options(
        server_mode=True,
        server_port=None,
        server_endpoint=request.options.get("--attach"),
        auto_endpoint=request.options.get("--auto-endpoint"),
        config=None,
    )
    mode = (options and options.mode) or _endpoints.AutoEndpointMode.FORCE
    endpoint = options and options.joins
    if endpoint is None:
        endpoint = _serve.start()
    else:
        _server.check(endpoint)
    region = environ.get("AWS_DEFAULT_REGION") or _endpoints.REGION
    variables = _server_mode.variables(_server.Server(endpoint, None), region, mode, environ)
    for name, value in variables.items():
        if isinstance(value, str):
            environ[name] = value
        else:
            environ.pop(name, None)
    if "--env-file" in request.options:
        lines = [f"{name}={value}\n" for name, value in variables.items() if isinstance(value, str)]
        Path(request.options["--env-file"]).write_text("".join(lines), encoding="utf-8")


def _execute(command: list[str], environ: dict[str, str]) -> int:  # noqa: RET503  # or never
    if os.name == "nt":  # exec detaches there: the shell would not wait
        with subprocess.Popen(command, env=environ) as process:
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:  # the console sent it to the child too
                    continue
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environ)


def _use_fallback(environ: dict[str, str]) -> None:
    """Where no ``.pth`` is read, have the child start the hook by a ``sitecustomize``."""
    package = Path(__file__).parent
    extra = [str(package / "_fallback"), str(package.parent)]
    environ["PYTHONPATH"] = os.pathsep.join([*extra, *filter(None, [environ.get("PYTHONPATH")])])
