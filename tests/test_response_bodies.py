"""Response bodies behave as those of a real server: each case is run against both."""

from __future__ import annotations

import asyncio
import gc
import socket

import boto3
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from moto.server import ThreadedMotoServer

from aiomoto import mock_aws

try:
    from aiobotocore.httpxsession import HttpxSession
except ImportError:
    HttpxSession = None

pytestmark = pytest.mark.filterwarnings("ignore:aiobotocore's httpx backend now prefers")
needs_httpx = pytest.mark.skipif(not HttpxSession, reason="this aiobotocore has no httpx backend")
KEYS = {
    "aws_access_key_id": "FOOBARKEY",
    "aws_secret_access_key": "FOOBARSECRET",
    "region_name": "us-east-1",
}
BODIES = {
    "empty": b"",
    "one": b"x",
    "lines": b"first\nsecond\r\nthird\n\nfifth",
    "kilobytes": bytes(range(256)) * 40,
    "megabytes": b"0123456789abcdef\n" * 100_000,
}


@pytest.fixture(scope="module")
def server():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]  # moto before 5.0.4 does not tell which it took
    running = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    running.start()
    yield f"http://127.0.0.1:{port}"
    running.stop()


def fill(endpoint=None):
    s3 = boto3.client("s3", endpoint_url=endpoint, **KEYS)
    s3.create_bucket(Bucket="bucket")
    for key, body in BODIES.items():
        s3.put_object(Bucket="bucket", Key=key, Body=body)


async def close(body):
    closing = getattr(body, "aclose", body.close)()  # httpx's own, in older aiobotocore
    if closing is not None:
        await closing


async def outcome(case, endpoint, config):
    """Run a case for every body, and tell what each gave or raised."""
    found = {}
    async with get_session().create_client(
        "s3", endpoint_url=endpoint, config=AioConfig(**config), **KEYS
    ) as s3:
        for key in BODIES:
            body = (await s3.get_object(Bucket="bucket", Key=key))["Body"]
            try:
                found[key] = await case(body)
            except Exception as error:
                found[key] = type(error).__name__
            await close(body)
    return found


async def compare(case, server, **config):
    fill(server)
    real = await outcome(case, server, config)
    with mock_aws():
        fill()
        mocked = await outcome(case, None, config)
    assert mocked == real
    return mocked


async def read(body):
    return await body.read()


async def read_twice(body):
    return [await body.read(), await body.read()]


async def read_in_parts(body):
    parts = []
    while part := await body.read(1000):
        parts.append(part)
    return b"".join(parts), await body.read(1), body.tell()


async def read_none_and_minus_one(body):
    return [await body.read(None), await body.read(0)]


async def read_zero(body):
    return [await body.read(0), await body.read()]


async def chunks(body):
    found = [chunk async for chunk in body.iter_chunks(4096)]
    return b"".join(found), max(map(len, found), default=0) <= 4096


async def lines(body):
    return [line async for line in body.iter_lines()]


async def lines_with_ends(body):
    return [line async for line in body.iter_lines(100, keepends=True)]


async def readlines(body):
    return await body.readlines()


async def iterate(body):
    return b"".join([chunk async for chunk in body])


async def next_chunk(body):
    return await anext(body)


async def in_context(body):
    async with body as stream:
        return await stream.read()


async def context_left_early(body):
    async with body as stream:
        return await stream.read(1) if hasattr(stream, "tell") else None


async def closed_after_a_part(body):
    await body.read(1)
    await close(body)
    return "closed"


async def read_after_close(body):
    await close(body)
    return await body.read()


async def readable(body):
    before = body.readable()
    await body.read()
    return bool(before), bool(body.readable())


CASES = [
    read,
    read_twice,
    read_in_parts,
    read_none_and_minus_one,
    read_zero,
    chunks,
    lines,
    lines_with_ends,
    readlines,
    iterate,
    next_chunk,
    in_context,
    context_left_early,
    closed_after_a_part,
    readable,
    read_after_close,
]


async def readinto(body):
    buffer = bytearray(1000)
    total = b""
    while count := await body.readinto(buffer):
        total += buffer[:count]
    return total


@pytest.mark.parametrize("case", CASES)
async def test_aiohttp(case, server):
    await compare(case, server)


@needs_httpx
@pytest.mark.parametrize("case", CASES)
async def test_httpx(case, server):
    await compare(case, server, http_session_cls=HttpxSession)


@needs_httpx
@pytest.mark.parametrize(
    "backend", [{}, {"http_session_cls": HttpxSession}], ids=["aiohttp", "httpx"]
)
async def test_readinto(backend, server):
    await compare(readinto, server, **backend)


RAW = {
    "iter_chunked": lambda content: content.iter_chunked(100),
    "iter_any": lambda content: content.iter_any(),
    "iteration by line": lambda content: content,
}


@pytest.mark.parametrize("way", RAW)
async def test_raw_stream_of_aiohttp(way, server):
    async def case(body):
        return b"".join([chunk async for chunk in RAW[way](raw(body).content)])

    assert (await compare(case, server)) == BODIES


def raw(body):
    return getattr(body, "raw_stream", None) or body.__wrapped__


async def test_more_of_the_raw_stream_of_aiohttp(server):
    async def case(body):
        stream = raw(body)
        found = [
            stream.status,
            stream.content_length,
            stream.headers["Content-Type"],
            stream.method,
            stream.ok,
            stream.reason,
        ]
        first = await stream.content.readany()
        chunks = [chunk async for chunk, _ in stream.content.iter_chunks()]
        return found, first + b"".join(chunks), stream.content.at_eof()

    await compare(case, server)


async def test_raw_response_of_aiohttp(server):
    import aiohttp

    async def case(body):
        stream = raw(body)
        assert isinstance(stream, aiohttp.ClientResponse)
        assert "ClientResponse" in repr(stream)
        whole = await stream.read()
        return whole, await stream.text(), len(stream.history), stream.release() is None or True

    await compare(case, server)


@needs_httpx
async def test_raw_response_of_httpx(server):
    async def whole(body):
        return (
            await body.raw_stream.aread(),
            body.raw_stream.status_code,
            str(body.raw_stream.reason_phrase),
        )

    async def parts(body):
        return b"".join(
            [chunk async for chunk in body.raw_stream.aiter_raw()]
        ), body.raw_stream.is_closed

    for case in (whole, parts):
        await compare(case, server, http_session_cls=HttpxSession)


async def test_bodies_can_be_read_and_closed_after_the_mock():
    with mock_aws():
        fill()
        async with get_session().create_client("s3", **KEYS) as s3:
            whole, part, unread = [
                (await s3.get_object(Bucket="bucket", Key="megabytes"))["Body"] for _ in range(3)
            ]
            await part.read(10)
    assert await whole.read() == BODIES["megabytes"]
    assert await part.read() == BODIES["megabytes"][10:]
    unread.close()
    del whole, part, unread
    gc.collect()


def test_bodies_can_be_collected_after_their_loop_was_closed():
    async def main():
        with mock_aws():
            fill()
            async with get_session().create_client("s3", **KEYS) as s3:
                return (await s3.get_object(Bucket="bucket", Key="megabytes"))["Body"]

    body = asyncio.new_event_loop()
    try:
        found = body.run_until_complete(main())
    finally:
        body.close()
    found.close()
    del found
    gc.collect()


async def test_many_concurrent_reads():
    with mock_aws():
        fill()
        async with get_session().create_client("s3", **KEYS) as s3:

            async def get(key):
                return await (await s3.get_object(Bucket="bucket", Key=key))["Body"].read()

            keys = [*BODIES] * 20
            assert await asyncio.gather(*map(get, keys)) == [BODIES[key] for key in keys]
