"""Files that tell other processes of this machine where moto servers listen.

One JSON file a server, ``aiomoto-server-<uuid>.json``. A file that is broken, or not ours, is
left alone.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
import time
import uuid
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from aiomoto._endpoints import LOCALHOST, is_same
from aiomoto.errors import ServerModeConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "AIOMOTO_SERVER_REGISTRY_DIR"
MAX_AGE = 24 * 3600  # seconds
_NAME = re.compile(r"aiomoto-server-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json")
_MAX_SIZE = 65536  # bytes
_TICK = 100_000_000  # nanoseconds
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # for a pipe
_EVERYWHERE = frozenset({LOCALHOST, "localhost", "0.0.0.0", "::", "::1"})  # noqa: S104  # read only


class Entry(NamedTuple):
    """One server, as its file has it."""

    path: str
    endpoint: str
    host: str
    port: int
    pid: int


def directory() -> str:
    """Return the directory that AIOMOTO_SERVER_REGISTRY_DIR names, else this user's own."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return os.path.abspath(
        os.environ.get(VARIABLE) or os.path.join(tempfile.gettempdir(), f"aiomoto-{user}")
    )


def add(endpoint: str, host: str, port: int) -> str:
    """Write the file of a server of this process, after clearing up behind others.

    Returns:
        The file's path, for `remove`.

    Raises:
        ServerModeConfigurationError: there is no directory in which it can be written.
    """
    folder = directory()
    name = f"aiomoto-server-{uuid.uuid4()}.json"
    path, part = os.path.join(folder, name), os.path.join(folder, f".{name}.part")
    content = {"endpoint": endpoint, "host": host, "port": port, "pid": os.getpid()}
    try:
        _prepare(folder)
        clean(folder)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS, 0o600)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(content, file)
            os.replace(part, path)
        except BaseException:
            os.unlink(part)
            raise
    except OSError as error:
        raise ServerModeConfigurationError(
            f"The registry of servers cannot be written in {folder}: {error}. Name a directory "
            f"that can be written, for this user alone, in {VARIABLE}."
        ) from error
    return path


def remove(path: str) -> None:
    """Remove a server's file; one that cannot be removed is cleared up by the next start."""
    with suppress(OSError):
        os.unlink(path)


def clean(folder: str) -> None:
    """Remove the files of servers whose process is gone, or that are older than a day."""
    oldest = time.time() - MAX_AGE
    for entry, written in _entries(folder):
        if written < oldest or not _is_running(entry.pid):
            remove(entry.path)


def find(endpoint: str) -> str | None:
    """Return the path of the file of a server, None where it has none."""
    for entry, _ in _entries(directory()):
        if is_same(entry.endpoint, endpoint):
            return entry.path
    return None


def live_ports() -> frozenset[int]:
    """Return the ports on which moto servers of this machine are known to listen.

    Cheap enough for every request to a loopback address: files are read again only when the
    directory has changed.
    """
    folder = directory()
    try:
        changed = os.stat(folder).st_mtime_ns
    except OSError:
        return frozenset()
    # The clock of file systems ticks slowly: right after a change there may be another.
    settled = time.time_ns() - changed > _TICK
    entries = _read_all(folder, changed) if settled else _read_all.__wrapped__(folder, changed)
    return frozenset(
        entry.port for entry in entries if entry.host in _EVERYWHERE and _is_running(entry.pid)
    )


@lru_cache(maxsize=1)
def _read_all(folder: str, changed: int) -> tuple[Entry, ...]:  # noqa: ARG001  # a key
    return tuple(entry for entry, _ in _entries(folder))


def _prepare(folder: str) -> None:
    """Make the directory; one that others could have prepared for us is not used.

    Raises:
        OSError: it cannot be made, is a link, or, where it is not named, somebody else's.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError("it is a link" if stat.S_ISLNK(found.st_mode) else "a file")
    if VARIABLE not in os.environ and hasattr(os, "getuid"):
        if found.st_uid != os.getuid():
            raise PermissionError("it belongs to another user")
        os.chmod(folder, 0o700)


def _entries(folder: str) -> Iterator[tuple[Entry, float]]:
    """Yield the entries of a directory, each with the time in which it was written."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in filter(_NAME.fullmatch, names):
        path = os.path.join(folder, name)
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):  # broken, or gone
            yield _read(path)


def _read(path: str) -> tuple[Entry, float]:
    with open(os.open(path, os.O_RDONLY | _NO_LINKS | _NO_WAIT), encoding="utf-8") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != _me():
            raise PermissionError(path)
        content = json.loads(file.read(_MAX_SIZE))
    entry = Entry(path, *(content[name] for name in Entry._fields[1:]))
    kinds = (entry.endpoint, str), (entry.host, str), (entry.port, int), (entry.pid, int)
    if not all(type(value) is kind for value, kind in kinds) or entry.pid <= 0:
        raise ValueError(path)
    urlsplit(entry.endpoint).port  # noqa: B018  # raises where there is none
    return entry, found.st_mtime


def _me() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _is_running(pid: int) -> bool:
    if os.name == "nt":
        return True  # os.kill would stop it: there files go by age alone
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass  # somebody else's
    return True
