"""The patches of s3fs: clients, listings and instances last no longer than the mock they are of.

s3fs keeps all three for the life of the process. While a mock is active fsspec's caches hold
instances of that mock only, and an instance that the user holds has a client of that mock.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import weakref
from typing import TYPE_CHECKING, Any, NamedTuple

from aiobotocore.httpsession import AIOHTTPSession
from fsspec.asyn import sync
from fsspec.spec import AbstractFileSystem
from s3fs.core import S3FileSystem

from aiomoto import _dispatch
from aiomoto._activation import Stamp, state
from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from aiohttp import ClientSession

_MADE = "aiomoto_made"  # on a client
_STAMP = "aiomoto_stamp"  # on a file that is open for writing
_OUTSIDE = "aiomoto_outside"  # on an instance: its client from before the mock


class Made(NamedTuple):
    """When a client was made in a mock, and on which event loop."""

    stamp: Stamp
    loop: asyncio.AbstractEventLoop


# Not WeakSets: equal arguments make instances equal.
_instances: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
_files: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


def set_session(
    wrapped: Callable[..., Awaitable[Any]], fs: Any, args: Any, kwargs: Any
) -> Awaitable[Any]:
    """`S3FileSystem.set_session`: a client of the mock that is active, or of none."""
    # Also while no mock was ever active: the first one must find what has been listed before.
    _instances[id(fs)] = fs
    if not state.watch:
        return wrapped(*args, **kwargs)
    return _set_session(wrapped, fs, *args, **kwargs)


async def _set_session(
    wrapped: Callable[..., Awaitable[Any]], fs: Any, *args: Any, **kwargs: Any
) -> Any:
    _dispatch.ready()
    while not _fits(fs._s3):
        _put_away(fs)
    client = await wrapped(*args, **kwargs)
    stamp = _now()
    if stamp is not None and _made(client) is None:
        loop = asyncio.get_running_loop()
        setattr(client, _MADE, Made(stamp, loop))
        _replace_finalizer(fs, loop)
    return client


def _now() -> Stamp | None:
    return state.stamp if is_on() else None


def _fits(client: Any) -> bool:
    """Return whether a client is of the present activation and its connections still work."""
    if client is None:
        return True
    made, now = _made(client), _now()
    if made is None or now is None:
        return made is None and now is None
    return made.stamp is now and not (made.loop.is_closed() and any(_sessions(client)))


def _put_away(fs: Any) -> None:
    """Take a client that does not fit from an instance: until after the mock, or for good."""
    made = _made(fs._s3)
    last, fs._s3 = fs._s3, None
    if made is None or not (made.stamp.ended or made.stamp is _now()):
        setattr(fs, _OUTSIDE, (last, fs._s3creator))
    else:
        _close(last, fs._s3creator, made.loop)
        if made.stamp.ended and hasattr(fs, _OUTSIDE):
            fs._s3, fs._s3creator = vars(fs).pop(_OUTSIDE)
    if hasattr(fs, "_set_session_lock"):
        fs._set_session_lock = asyncio.Lock()  # the old one may belong to another loop


def _made(thing: Any) -> Made | None:
    made: Made | None = vars(thing).get(_MADE)  # clients answer getattr in a way of their own
    return made


def _replace_finalizer(fs: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Close with the instance what it has opened, without s3fs's waits and warnings."""
    for ref in weakref.getweakrefs(fs):
        finalizer: Any = ref.__callback__
        peeked = isinstance(finalizer, weakref.finalize) and finalizer.peek()
        if peeked and fs._s3creator in peeked[2]:
            finalizer.detach()
    weakref.finalize(fs, _close, fs._s3, fs._s3creator, loop)


def connect(_: Callable[..., Any], fs: Any, args: Any, kwargs: Any) -> Any:
    """`S3FileSystem.connect`: it holds the original `set_session`; call the patched one."""
    return sync(fs.loop, S3FileSystem.set_session, fs, *args, **kwargs)


def file_init(wrapped: Callable[..., None], file: Any, args: Any, kwargs: Any) -> None:
    """`S3File.__init__`: what is written in a mock is not uploaded after it."""
    wrapped(*args, **kwargs)
    if is_on() and file.mode != "rb":
        setattr(file, _STAMP, state.stamp)
        _files[id(file)] = file


class Caches:
    """A slot that holds fsspec's cached instances of S3, and of what is built on it.

    Setting it also ends what the instances at hand know: their listings and, when the mock has
    ended, their clients.
    """

    def get(self) -> dict[type, dict[str, Any]]:
        """Return the cached instances by class and token."""
        return {
            cls: {token: fs for token, fs in list(cls._cache.items()) if _leads_to_s3(fs)}
            for cls in _classes(AbstractFileSystem)
        }

    def set(self, found: dict[type, dict[str, Any]] | None) -> None:
        """Put instances back, or make room for those of a mock."""
        with contextlib.ExitStack() as stack:  # all of it, even if something fails
            for cls, instances in (found or {}).items():
                stack.callback(cls._cache.update, instances)  # type: ignore[attr-defined]
            for cls, instances in self.get().items():
                for token in instances:
                    stack.callback(cls._cache.pop, token, None)  # type: ignore[attr-defined]
            for fs in list(_instances.values()):
                stack.callback(_forget, fs)
            for file in list(_files.values()):
                if getattr(file, _STAMP).ended:
                    file.closed = True


def _forget(fs: Any) -> None:
    """Forget the listings of an instance, and a client that is not of the present activation.

    An asynchronous instance without a client raises where a sync one connects: it keeps the one
    it has, closed, until `_set_session` replaces it, and code that closes it finds it there.
    """
    fs.invalidate_cache()
    if _fits(fs._s3):
        return
    made = _made(fs._s3)
    if made is not None and made.stamp.ended:
        fs._intrans, fs._transaction = False, None
    if not fs.asynchronous or hasattr(fs, _OUTSIDE):
        _put_away(fs)
    elif made is not None:
        _close(fs._s3, fs._s3creator, made.loop)


def _close(client: Any, creator: Any, loop: asyncio.AbstractEventLoop) -> None:
    """Close what a client has opened, which in an in-process mock is nothing, without waiting."""
    for one in (client, *getattr(creator, "_regions", {}).values()):
        for session in _sessions(one):
            if loop.is_running() and loop is not asyncio._get_running_loop():
                loop.call_soon_threadsafe(_abort, session)
            else:
                _abort(session)


def _sessions(client: Any) -> Iterator[ClientSession]:
    http_session = client._endpoint.http_session
    if isinstance(http_session, AIOHTTPSession):
        yield from (http_session._sessions or {}).values()


def _abort(session: ClientSession) -> None:
    connector: Any = session.connector
    session.detach()
    if connector is None:
        return
    if connector._loop.is_closed():  # which would have told the transports
        for protocol, _ in itertools.chain.from_iterable(connector._conns.values()):
            if hasattr(protocol.transport, "_call_connection_lost"):  # asyncio's own
                protocol.transport._call_connection_lost(None)
    connector._close()


def _leads_to_s3(fs: Any) -> bool:
    """Return whether a file system is s3fs's, or one around it such as fsspec's file caches."""
    while fs is not None and not isinstance(fs, S3FileSystem):
        fs = getattr(fs, "fs", None)
    return fs is not None


def _classes(cls: Any) -> Iterator[Any]:
    yield cls
    for child in cls.__subclasses__():
        yield from _classes(child)


state.wear(Caches(), None)
