"""Changes of ``os.environ`` that the threads of native libraries survive.

A C library (glibc before 2.41, musl) that adds a variable moves the array of all of them, under
the eyes of threads that read it: those of polars look a variable up many times a second. Where
mocks come and go the process would crash, sooner or later. So a variable that is new is put at the
end of an array with room, which is never freed.
"""

from __future__ import annotations

import os
import sys
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_ROOM = 256  # variables


def put(changes: Mapping[str, str | None]) -> None:
    """Set variables, or remove those for which there is None.

    Parameters:
        changes: values by name.
    """
    environ = os.environ  # or what the user has put there
    for name, value in changes.items():
        if value is None:
            environ.pop(name, None)  # in its place, which readers survive
        elif name in environ or type(environ) is not os._Environ or not _has_threads():
            environ[name] = value
        else:
            entry = os.fsencode(name), os.fsencode(value)
            _array().append(*entry)
            vars(environ)["_data"].update([entry])  # past its putenv


def _has_threads() -> bool:
    """Return whether there is a second thread, of Python or not."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) > 1


@cache
def _array() -> Array:
    return Array()


class Array:
    """The array of ``NAME=value`` strings that C calls ``environ``, with room for more."""

    def __init__(self) -> None:
        """Look up the pointer to the array; `append` makes one."""
        import ctypes  # not at interpreter start

        self._ctypes = ctypes
        self._pointer = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "environ")
        self._made: list[Any] = []  # for good: somebody may be reading an old one
        self._strings: dict[bytes, Any] = {}

    def append(self, name: bytes, value: bytes) -> None:
        """Add a variable."""
        os.unsetenv(name)  # C may have one of which Python does not know
        entries, count = self._entries()
        entry = name + b"=" + value
        string = self._strings.setdefault(entry, self._ctypes.create_string_buffer(entry))
        entries[count] = self._ctypes.addressof(string)

    def _entries(self) -> tuple[Any, int]:
        """Return an array of our own that is in use and has room, and how many are in it."""
        if self._made and self._pointer.value == self._ctypes.addressof(self._made[-1]):
            count = self._made[-1][:].index(None)
            if count + 1 < len(self._made[-1]):
                return self._made[-1], count
        found = self._ctypes.cast(self._pointer, self._ctypes.POINTER(self._ctypes.c_void_p))
        now: list[int | None] = []
        while found[len(now)] is not None:
            now.append(found[len(now)])
        if not self._made or len(self._made[-1]) < len(now) + 2:
            self._made.append((self._ctypes.c_void_p * (len(now) + _ROOM))())
        array = self._made[-1]
        array[:] = now + [None] * (len(array) - len(now))
        self._pointer.value = self._ctypes.addressof(array)
        return array, len(now)
