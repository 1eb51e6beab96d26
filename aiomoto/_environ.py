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
        elif name in environ or type(environ) is not os._Environ or not _is_read():
            environ[name] = value
        else:
            entry = os.fsencode(name), os.fsencode(value)
            _array().append(*entry)
            vars(environ)["_data"].update([entry])  # past its putenv


def _is_read() -> bool:
    """Return whether there is, or was, a second thread, of Python or not."""
    return bool(_array.cache_info().currsize) or (
        sys.platform == "linux" and len(os.listdir("/proc/self/task")) > 1
    )


@cache
def _array() -> Array:
    return Array()


class Array:
    """The array of ``NAME=value`` strings that C calls ``environ``, with room for more.

    In memory of C's own that is never freed: somebody may read it when Python has ended.
    """

    def __init__(self) -> None:
        """Look up the pointer to the array; `append` makes one."""
        import ctypes  # not at interpreter start

        self._ctypes = ctypes
        self._c = ctypes.CDLL(None)
        self._c.malloc.argtypes = [ctypes.c_size_t]
        self._c.malloc.restype = self._c.strdup.restype = ctypes.c_void_p
        self._pointer = ctypes.c_void_p.in_dll(self._c, "environ")
        self._own: Any = ()
        self._address = 0
        self._count = 0
        self._strings: dict[bytes, int] = {}

    def append(self, name: bytes, value: bytes) -> None:
        """Add a variable."""
        os.unsetenv(name)  # C may have one of which Python does not know
        while self._count and self._own[self._count - 1] is None:
            self._count -= 1  # some have been removed
        if self._pointer.value != self._address or self._count + 2 > len(self._own):
            self._take_over()
        entry = name + b"=" + value
        if entry not in self._strings:
            self._strings[entry] = self._c.strdup(entry)
        self._own[self._count] = self._strings[entry]
        self._count += 1

    def _take_over(self) -> None:
        """Have C use an array of our own that has what is there now, and room."""
        ctypes, own = self._ctypes, self._own
        found = ctypes.cast(self._pointer, ctypes.POINTER(ctypes.c_void_p))
        now: list[int | None] = []
        while found[len(now)] is not None:
            now.append(found[len(now)])
        if len(own) < len(now) + 2:
            room = len(now) + _ROOM
            kind = ctypes.c_void_p * room
            self._address = self._c.malloc(ctypes.sizeof(kind))
            self._own = own = kind.from_address(self._address)
        own[:] = now + [None] * (len(own) - len(now))
        self._count = len(now)
        self._pointer.value = self._address
