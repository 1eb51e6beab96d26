"""Bursts of mocked requests leave room for the loop's other tasks."""

from __future__ import annotations

import asyncio

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from aiomoto import _turns, mock_aws

try:
    from aiobotocore.httpxsession import HttpxSession
except ImportError:
    HttpxSession = None

WORLDS = {"aiohttp": {}, **({"httpx": {"http_session_cls": HttpxSession}} if HttpxSession else {})}


@pytest.fixture(params=WORLDS)
async def sqs(request):
    async with (
        mock_aws(),
        get_session().create_client(
            "sqs", region_name="us-east-1", config=AioConfig(**WORLDS[request.param])
        ) as client,
    ):
        yield client


async def rounds(client, work):
    """Return how many requests there were in each round of the loop."""
    counts = [0]

    def count(**_):
        counts[-1] += 1

    async def tick():
        while True:
            await asyncio.sleep(0)
            counts.append(0)

    client.meta.events.register("before-send", count)
    ticking = asyncio.create_task(tick())
    await work
    ticking.cancel()
    return counts


async def test_gathered_requests_come_one_by_one_when_their_turn_is_over(sqs, monkeypatch):
    monkeypatch.setattr(_turns, "SECONDS", 0)  # it always is
    counts = await rounds(sqs, asyncio.gather(*(sqs.list_queues() for _ in range(50))))
    assert sum(counts) == 50
    assert max(counts) == 1


async def test_a_task_that_asks_on_and_on_gives_way_too(sqs, monkeypatch):
    async def ask():
        for _ in range(50):
            await sqs.list_queues()

    monkeypatch.setattr(_turns, "SECONDS", 0)
    assert max(await rounds(sqs, ask())) == 1


async def test_within_a_turn_requests_go_on(sqs, monkeypatch):
    monkeypatch.setattr(_turns, "SECONDS", 3600)
    await sqs.list_queues()
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    if hasattr(loop, "aiomoto_turn"):
        loop.aiomoto_turn.ends = _turns.real_time() + 3600
        counts = await rounds(sqs, asyncio.gather(*(sqs.list_queues() for _ in range(50))))
        assert max(counts) == 50


async def test_those_who_wait_are_served_in_order(sqs, monkeypatch):
    monkeypatch.setattr(_turns, "SECONDS", 0)
    order = []

    async def ask(number):
        await sqs.list_queues()
        order.append(number)

    await asyncio.gather(*map(ask, range(30)))
    assert order == [*range(30)]


async def test_one_who_is_cancelled_holds_up_nobody(sqs, monkeypatch):
    monkeypatch.setattr(_turns, "SECONDS", 0)
    tasks = [asyncio.create_task(sqs.list_queues()) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, dict) for result in results) == 10


@pytest.mark.skipif(HttpxSession is None, reason="this version has no httpx backend")
def test_trio_tasks_come_one_by_one(monkeypatch):
    import trio

    monkeypatch.setattr(_turns, "SECONDS", 0)
    done = []

    async def ask(client):
        await client.list_queues()
        done.append(True)

    async def main():
        config = AioConfig(http_session_cls=HttpxSession)
        session = get_session()
        async with (
            mock_aws(),
            session.create_client("sqs", region_name="us-east-1", config=config) as client,
            trio.open_nursery() as nursery,
        ):
            for _ in range(30):
                nursery.start_soon(ask, client)
        return done

    assert len(trio.run(main)) == 30
