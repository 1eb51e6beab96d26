"""What a command line will run, as far as that can be known before it runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from typing import NamedTuple

_IS_PYTHON = re.compile(r"(python|pythonw|pypy)[\d.]*[td]*(\.exe)?", re.IGNORECASE)
# Options of Python, a letter each; the last may take the rest of the word or the next one.
_OPTIONS = re.compile(r"-(?P<letters>[^cmWX-]*)(?P<last>[cmWX]?)(?P<argument>.*)", re.DOTALL)
# pip and uv write this where a path is too long for a kernel's "#!" line, or has blanks.
_LONG_SHEBANG = re.compile(r"#!/bin/sh\n'''exec' (?P<line>.*) \"\$0\" \"\$@\"")


class Python(NamedTuple):
    """A Python that a command starts, and those of its options that say what it reads at start."""

    interpreter: str
    flags: tuple[str, ...]


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


def python(command: list[str]) -> Python | None:
    """Return the Python that a command line is for, None where it is not plainly one."""
    line = command if _is_python(command[0]) else [*_shebang(command[0]), *command]
    if os.path.basename(line[0]) == "env":
        line = [shutil.which(line[1]) or line[1], *line[2:]] if line[1:] else line
    return Python(line[0], tuple(_flags(line[1:]))) if _is_python(line[0]) else None


def _is_python(path: str) -> bool:
    return bool(_IS_PYTHON.fullmatch(os.path.basename(path)))


def is_this_interpreter(interpreter: str) -> bool:
    """Return whether a path leads to this interpreter, in this venv.

    A venv's interpreter links to that of another: what counts is the folder it stands in.
    """
    here, there = (os.path.abspath(path) for path in (sys.executable, interpreter))
    return os.path.dirname(here) == os.path.dirname(there) and os.path.samefile(here, there)


def starts_hook(python: Python, environ: dict[str, str]) -> bool:
    """Return whether a Python starts aiomoto's hook in an environment, by asking it.

    Raises:
        OSError: it cannot be executed.
    """
    code = "import sys; sys.exit('aiomoto._startup' not in sys.modules)"
    command = [python.interpreter, *python.flags, "-c", code]
    done = subprocess.run(command, env=environ, capture_output=True, check=False)
    return done.returncode == 0


def _shebang(path: str) -> list[str]:
    """Return the words of a script's ``#!`` line, none where there is no such line."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            head = file.read(4096)
    except OSError:
        return []
    long = _LONG_SHEBANG.match(head)
    if long:
        with suppress(ValueError):  # quotes that do not match: something else begins like this
            return shlex.split(long["line"])
    return head[2:].partition("\n")[0].split() if head.startswith("#!") else []


def _flags(words: list[str]) -> list[str]:
    """Return those of Python's options that decide about ``.pth`` files and PYTHONPATH."""
    flags = []
    rest = iter(words)
    for word in rest:
        options = _OPTIONS.fullmatch(word)
        if word.startswith("--check-hash-based-pycs"):
            next(rest, None)
        if options is None or word == "-":
            break  # the script
        flags += [f"-{letter}" for letter in options["letters"] if letter in "EIsS"]
        if options["last"] in {"c", "m"}:
            break
        if options["last"] and not options["argument"]:
            next(rest, None)
    return flags
