"""``python -m aiomoto run``: replace this process by a command in which AWS is mocked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from aiomoto import _command, _startup
from aiomoto._activation import say

_NOT_EXECUTABLE, _NOT_FOUND, _USAGE = 126, 127, 2

HELP = """\
usage: python -m aiomoto run [--quiet] [--] COMMAND [ARGUMENT...]

Runs a command with AWS mocked in its whole process, and in the Python processes it starts.

  python -m aiomoto run pytest -n auto
  python -m aiomoto run python script.py     (or just: run script.py)
  python -m aiomoto run -m package.module

--quiet  do not say on stderr that AWS is mocked

COMMAND is looked up beside this interpreter first, so no venv need be activated; "python" is this
interpreter. The exit code and the signals are the command's own. 126: it cannot be executed, or
would run a Python in which AWS is not mocked; 127: there is no such command; 2: wrong use.
"""


# What each option sets in the environment of the command.
_OPTIONS = {"--quiet": {"AIOMOTO_QUIET": "1"}}


class _CannotRunError(Exception):
    """The command cannot be run: an exit code, and the reason."""


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
        options, words = _parse(words)
        environ = {**os.environ, "AIOMOTO_AUTO": "1", **options}
        if not _startup.ran():
            _use_fallback(environ)
        return _run(words, environ)
    except _CannotRunError as error:
        code, why = error.args
        say(why)
        return int(code)


def _parse(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return what the options set in the environment, and the command behind them."""
    environ: dict[str, str] = {}
    rest = [*words]
    while rest and rest[0].startswith("--"):
        option = rest.pop(0)
        if option == "--":
            break
        if option not in _OPTIONS:
            raise _CannotRunError(
                _USAGE, f"run has no option {option!r}; see python -m aiomoto run --help"
            )
        environ |= _OPTIONS[option]
    if not rest:
        raise _CannotRunError(_USAGE, "run needs a command, such as: python -m aiomoto run pytest")
    return environ, rest


def _run(words: list[str], environ: dict[str, str]) -> int:
    command = _command.resolve(words)
    if command is None:
        raise _CannotRunError(_NOT_FOUND, f"command not found: {words[0]}")
    try:
        python = _command.python(command)
        if python is not None:
            _check(python, environ)
        elif os.access(command[0], os.X_OK) and not _startup.asks("AIOMOTO_QUIET", environ):
            say(
                f"{command[0]} may start any program: AWS is mocked in those Python processes "
                "that have aiomoto installed, and in no other"
            )
        return _execute(command, environ)
    except FileNotFoundError:
        raise _CannotRunError(_NOT_FOUND, f"command not found: {command[0]}") from None
    except OSError as error:  # no permission, a directory, no program at all
        why = f"cannot execute {command[0]}: {error.strerror}"
        raise _CannotRunError(_NOT_EXECUTABLE, why) from None


def _check(python: _command.Python, environ: dict[str, str]) -> None:
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
