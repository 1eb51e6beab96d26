"""Requests for which moto would wait: asked without waiting, then again when it is worth it.

moto blocks its thread in a long poll, and on an event loop that stops every other task: a
consumer and a producer would never meet. So the functions of moto that wait are wrapped (role
``door`` in the patch table). Asked by an async client they do not wait but say for how long they
would have, and the coroutine waits with its own async library.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

# Between two looks at what is waited for: short for people, long for processors.
_PAUSE = 0.01

# These run the user's own code, in docker, for as long as it takes.
IN_THREAD = frozenset({("lambda", "Invoke"), ("lambda", "InvokeAsync")})


class Wait(NamedTuple):
    """What moto would have waited for.

    Attributes:
        seconds: at most how long.
        ready: whether asking again could give something; None where that can only be known by
            asking, which is then done whenever moto has answered another request.
    """

    seconds: float
    ready: Callable[[], bool] | None


class Asking:
    """A request that is inside moto now, in this thread, and must not wait there.

    Attributes:
        wait: set by a function of moto that would have waited.
        again: the request was asked before: moto must not count it a second time.
    """

    def __init__(self, *, again: bool) -> None:
        self.again = again
        self.wait: Wait | None = None


_local = threading.local()


@contextmanager
def asking(*, again: bool = False) -> Iterator[Asking]:
    """Have moto not wait inside this block, which must not give way to other tasks."""
    outer, _local.asking = current(), Asking(again=again)
    try:
        yield _local.asking
    finally:
        _local.asking = outer


def current() -> Asking | None:
    """Return the request that must not wait, None where this thread's may."""
    found: Asking | None = getattr(_local, "asking", None)
    return found


class Asyncio:
    """asyncio, for clients of the aiohttp backend."""

    def now(self) -> float:
        """Return the clock by which `sleep` sleeps."""
        import asyncio

        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for a time."""
        import asyncio

        await asyncio.sleep(seconds)

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Run a function in a worker thread."""
        import asyncio

        return await asyncio.to_thread(function)


class Anyio(Asyncio):
    """asyncio or trio by anyio, which httpx brings along."""

    def now(self) -> float:
        import anyio

        return anyio.current_time()

    async def sleep(self, seconds: float) -> None:
        import anyio

        await anyio.sleep(seconds)

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        import anyio.to_thread

        return await anyio.to_thread.run_sync(function, abandon_on_cancel=True)


def real_time() -> float:
    """Return a monotonic clock that test libraries do not freeze, in seconds."""
    if hasattr(time, "clock_gettime"):
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


async def poll(
    wait: Wait,
    library: Asyncio,
    check: Callable[[], object],
    ask: Callable[[], tuple[T, Wait | None]],
) -> T | None:
    """Ask again whenever that could give something, until something came or time is over.

    Parameters:
        wait: what is waited for; its seconds count from now.
        library: the caller's async library.
        check: raises when waiting is of no use any more.
        ask: asks moto, and returns its answer with what it would have waited for.

    Returns:
        The answer, None when there was none in time.
    """
    deadline = real_time() + wait.seconds
    answered = answers.number
    while real_time() < deadline:
        await _pause(library)
        check()
        if wait.ready() if wait.ready else answers.number != answered:
            answer, waits = ask()
            if waits is None:
                return answer
            answered = answers.number
    return None


class Answers:
    """How many requests moto has answered so far, in all threads; only its change matters."""

    number = 0


answers = Answers()


async def _pause(library: Asyncio) -> None:
    """Let other tasks run for about a hundredth of a second of real time.

    With a frozen clock no sleep would ever end: as long as the clock stands still, only giving
    way and naps of this thread are left.
    """
    started, clock = real_time(), library.now()
    while real_time() - started < _PAUSE:
        if library.now() != clock:
            await library.sleep(_PAUSE - (real_time() - started))
            return
        await library.sleep(0)
        time.sleep(_PAUSE / 100)  # noqa: ASYNC251  # or this would use up a processor
