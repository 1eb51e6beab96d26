"""``python -m aiomoto run``: replace this process by a command in which AWS is mocked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from aiomoto import _startup
from aiomoto._activation import say

_NOT_EXECUTABLE, _NOT_FOUND, _USAGE = 126, 127, 2


def main(words: list[str]) -> int:
    """Set ``AIOMOTO_AUTO`` and exec the command.

    Parameters:
        words: options of ``run``, then the command with its own arguments.

    Returns:
        An exit code, only where the command could not be started.
    """
    environ = {**os.environ, "AIOMOTO_AUTO": "1"}
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if option == "--":
            break
        if option == "--quiet":
            environ["AIOMOTO_QUIET"] = "1"
        else:
            say(f"run has no option {option!r}; see python -m aiomoto --help")
            return _USAGE
    if not words:
        say("run needs a command, such as: python -m aiomoto run pytest")
        return _USAGE
    command = resolve(words)
    if command is None:
        say(f"command not found: {words[0]}")
        return _NOT_FOUND
    if not _startup.ran():
        _use_fallback(environ)
    try:
        return _execute(command, environ)
    except FileNotFoundError:
        say(f"command not found: {command[0]}")
        return _NOT_FOUND
    except OSError as error:  # no permission, a directory, no program at all
        say(f"cannot execute {command[0]}: {error.strerror}")
        return _NOT_EXECUTABLE


def resolve(words: list[str]) -> list[str] | None:
    """Return the command line to execute, None where there is no such command.

    ``-m``, ``-c`` and ``*.py`` are for this interpreter, as are ``python`` and ``python3``. A
    bare name is looked up beside this interpreter first: its venv need not be activated.
    """
    name = words[0]
    if name.startswith("-") or name.endswith(".py"):
        return [sys.executable, *words]
    if name in {"python", "python3"}:
        return [sys.executable, *words[1:]]
    if os.path.dirname(name):
        return words
    beside = (os.path.dirname(sys.executable), sysconfig.get_path("scripts"))
    for path in (os.pathsep.join(beside), None):
        found = shutil.which(name, path=path)
        if found:
            return [found, *words[1:]]
    return None


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
