"""Turns: requests that moto answers at once give way to the event loop's other tasks.

moto answers within the coroutine that asks, so hundreds of gathered requests, or a loop of them,
would keep everything else from running. Requests may go on for one turn. Then those that come
wait in line, and in each round of the loop one of them goes on.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from aiomoto._waiting import Anyio, Asyncio, real_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SECONDS = 0.005  # a turn: by so much a timer may be late, and by the request that goes on


class Turn:
    """The turns of one event loop.

    Attributes:
        ends: when the present one does, on the real clock.
        line: a lock: those who come after that get it in the order in which they came.
    """

    def __init__(self, line: Any) -> None:
        self.ends = 0.0
        self.line = line


def in_turn(library: Asyncio, function: Callable[[], Awaitable[Any]]) -> Awaitable[Any]:
    """Await a function's result, now or when it is its turn."""
    turn = _anyio_turn() if isinstance(library, Anyio) else _asyncio_turn()
    return function() if real_time() < turn.ends else _later(turn, library, function)


async def _later(turn: Turn, library: Asyncio, function: Callable[[], Awaitable[Any]]) -> Any:
    async with turn.line:
        if real_time() >= turn.ends:
            await library.sleep(0)
            turn.ends = real_time() + SECONDS
    return await function()


def _asyncio_turn() -> Turn:
    loop: Any = asyncio.get_running_loop()
    try:
        turn: Turn = loop.aiomoto_turn
    except AttributeError:
        turn = loop.aiomoto_turn = Turn(asyncio.Lock())
    return turn


def _anyio_turn() -> Turn:
    import anyio  # only clients over httpx have it

    turn: Turn | None = _variable().get(None)
    if turn is None:
        turn = Turn(anyio.Lock())
        _variable().set(turn)
    return turn


@cache
def _variable() -> Any:
    """Return the variable that has a value for each run of an event loop."""
    from anyio.lowlevel import RunVar

    return RunVar("aiomoto_turn")
