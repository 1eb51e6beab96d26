"""Random mocks, clients, bodies, cancellations, threads and loops against a model, for a while.

``python tests/soak.py [MINUTES [SEED]]`` prints what it has done, and stops at the first thing
that is lost, mixed up, left behind, sent to the real world, or stuck.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import io
import json
import os
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import botocore.session
import moto
from aiobotocore.session import get_session
from moto.core.config import default_user_config

from aiomoto import RealHTTPRequestBlockedError, mock_aws
from aiomoto._activation import state

THREADS = 8
ROUND = 2.0  # seconds, after which everybody leaves and the process must be as before
STUCK = 120.0  # seconds
REGION = {"region_name": "us-east-1"}
KEYS = {"aws_access_key_id": "own", "aws_secret_access_key": "own", **REGION}


class Real(BaseHTTPRequestHandler):
    """The real world, in which nobody must come by while a mock is active."""

    def do_GET(self):
        self.server.seen.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def real_world():
    with ThreadingHTTPServer(("127.0.0.1", 0), Real) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


class Worker:
    """One thread with its loop: what it has put in a mock of its own must be there until it left.

    Mocks of other workers come and go meanwhile: whoever is the first starts from nothing, and
    whoever is the last drops everything, but a mock of ours lies in between.
    """

    def __init__(self, number, seed, real, done):
        self.name = f"worker-{number}"
        self.random = random.Random(f"{seed} {number}")
        self.done = done
        self.endpoint = {"endpoint_url": f"http://127.0.0.1:{real.server_address[1]}"}
        self.sync = botocore.session.Session().create_client("s3", **KEYS, **self.endpoint)
        self.session = get_session()
        self.orphans = []

    async def round(self):
        """Enter and leave mocks until the round is over."""
        until = time.monotonic() + ROUND
        async with self.session.create_client("s3", **KEYS, **self.endpoint) as client:
            while time.monotonic() < until:
                await self.span(client)
        for orphan in self.orphans:
            await orphan
        self.orphans.clear()

    async def span(self, client):
        """Be in one mock or more, entered in any way and left in any order."""
        leave = [await self.enter()]
        objects, number = {}, self.random.randrange(10**9)
        bucket = f"{self.name}-{number}"
        try:
            await client.create_bucket(Bucket=bucket)
            for _ in range(self.random.randrange(1, 12)):
                if self.random.random() < 0.2:
                    leave.append(await self.enter())
                if len(leave) > 1 and self.random.random() < 0.2:
                    await self.pop(leave)()
                use = self.random.choice(self.USES)
                await use(self, client, bucket, objects)
                self.done[use.__name__] += 1
            await self.compare(client, bucket, objects)
        finally:
            while leave:
                await self.pop(leave)()
        self.done["spans"] += 1

    def pop(self, leave):
        return leave.pop(self.random.randrange(len(leave)))

    async def enter(self):
        """Enter a mock, and return a coroutine function that leaves it."""
        mock = self.random.choice([mock_aws, moto.mock_aws])()
        way = self.random.choice(["here", "thread", "task"])
        if way == "task":
            entered, over = asyncio.Event(), asyncio.Event()

            async def body():
                with mock:
                    entered.set()
                    await over.wait()

            task = asyncio.create_task(body())
            await entered.wait()

            async def leave():
                over.set() if self.random.random() < 0.5 else task.cancel()
                await asyncio.wait([task])

            return leave

        async def call(method):
            await asyncio.to_thread(method) if way == "thread" else method()

        await call(mock.start)
        return lambda: call(mock.stop)

    def body(self):
        return self.random.randbytes(self.random.choice([0, 1, 1000, 70_000, 300_000]))

    def key(self):
        return f"key-{self.random.randrange(5)}"

    async def put(self, client, bucket, objects):
        key, body = self.key(), self.body()
        form = self.random.choice([bytes, bytearray, io.BytesIO])
        await client.put_object(Bucket=bucket, Key=key, Body=form(body))
        objects[key] = body

    async def put_many(self, client, bucket, objects):
        new = {self.key(): self.body() for _ in range(5)}
        await asyncio.gather(
            *(client.put_object(Bucket=bucket, Key=k, Body=b) for k, b in new.items())
        )
        objects |= new

    async def put_in_a_thread(self, _, bucket, objects):
        key, body = self.key(), self.body()
        await asyncio.to_thread(self.sync.put_object, Bucket=bucket, Key=key, Body=body)
        objects[key] = body

    async def delete(self, client, bucket, objects):
        key = self.key()
        await client.delete_object(Bucket=bucket, Key=key)
        objects.pop(key, None)

    async def get(self, client, bucket, objects):
        for key in self.random.sample(sorted(objects), min(2, len(objects))):
            reply = await client.get_object(Bucket=bucket, Key=key)
            body = reply["Body"]
            way = self.random.choice(["all", "chunks", "part", "not"])
            if way == "all":
                assert await body.read() == objects[key]
            elif way == "chunks":
                parts = [part async for part in body.iter_chunks(10_000)]
                assert b"".join(parts) == objects[key]
            elif way == "part":
                assert await body.read(7) == objects[key][:7]
                body.close()

    async def get_in_a_thread(self, _, bucket, objects):
        for key, body in list(objects.items())[:1]:
            reply = await asyncio.to_thread(self.sync.get_object, Bucket=bucket, Key=key)
            assert reply["Body"].read() == body

    async def cancel(self, client, bucket, objects):
        """A call that is cancelled has been made, or it has not."""
        key, body = self.key(), self.body()
        call = asyncio.create_task(self.turns(client.put_object, Bucket=bucket, Key=key, Body=body))
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        found = await self.read(client, bucket, key)
        assert found in {body, objects.get(key)}
        objects.pop(key, None)
        if found is not None:
            objects[key] = found

    async def turns(self, call, **request):
        for _ in range(self.random.randrange(3)):
            await asyncio.sleep(0)
        return await call(**request)

    async def poll(self, *_):
        """A message is not lost in a poll that is cancelled, and ends one that waits."""
        async with self.session.create_client("sqs", **KEYS) as sqs:
            name = f"{self.name}-{self.random.randrange(10**9)}"
            url = (await sqs.create_queue(QueueName=name))["QueueUrl"]
            wait = {"QueueUrl": url, "WaitTimeSeconds": 20}
            cancelled = asyncio.create_task(sqs.receive_message(**wait))
            await asyncio.sleep(self.random.random() / 50)
            cancelled.cancel()
            await asyncio.wait([cancelled])
            waiting = asyncio.create_task(sqs.receive_message(**wait))
            await asyncio.sleep(0)
            await sqs.send_message(QueueUrl=url, MessageBody=name)
            assert [m["Body"] for m in (await waiting)["Messages"]] == [name]

    async def orphan(self, *_):
        """A task with the mock's credentials that outlives it is answered, or refused."""

        async def calls():
            async with self.session.create_client("s3", **REGION) as client:
                with contextlib.suppress(RealHTTPRequestBlockedError):
                    for _ in range(20):
                        await client.list_buckets()
                        await asyncio.sleep(0.002)

        self.orphans.append(asyncio.create_task(calls()))
        await asyncio.sleep(0)

    async def fresh_clients(self, *_):
        assert os.environ["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"
        async with self.session.create_client("sts", **REGION) as sts:
            account = (await sts.get_caller_identity())["Account"]
        session = boto3.Session(**REGION)
        assert session.client("sts").get_caller_identity()["Account"] == account == "123456789012"

    USES = (put, put_many, put_in_a_thread, delete, get, get, get_in_a_thread, cancel, poll, orphan)
    USES += (fresh_clients,)

    async def compare(self, client, bucket, objects):
        reply = await client.list_objects_v2(Bucket=bucket)
        assert {found["Key"] for found in reply.get("Contents", ())} == set(objects)
        for key, body in objects.items():
            assert await self.read(client, bucket, key) == body

    async def read(self, client, bucket, key):
        try:
            return await (await client.get_object(Bucket=bucket, Key=key))["Body"].read()
        except client.exceptions.NoSuchKey:
            return None


def look():
    """Return what must be the same whenever nobody is in a mock."""
    gc.collect()
    return {
        "environ": dict(os.environ),
        "session": boto3.DEFAULT_SESSION,
        "config": repr(default_user_config),
        "meta_path": [sys.meta_path, *sys.meta_path],
        "state": (state.on, len(state.layers), state.switching, dict(state.inside)),
        "moto": (moto.core.models.MockAWS._nested_count, state.stubber.enabled),
    }


def resources():
    """Return what must not grow: figures of this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        memory = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return {
        "memory": memory,
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": threading.active_count(),
    }


def main(minutes=0.1, seed=None):
    """Work for some minutes, and return how often what was done."""
    seed = random.randrange(10**9) if seed is None else seed
    print(f"seed {seed}", file=sys.stderr)
    sys.addaudithook(stay)
    os.environ.update(AWS_ACCESS_KEY_ID="mine", AWS_SECRET_ACCESS_KEY="mine")
    os.environ.pop("AWS_SESSION_TOKEN", None)
    boto3.DEFAULT_SESSION = object()
    done = Counter()
    started = time.monotonic()
    with real_world() as real, ThreadPoolExecutor(THREADS) as threads:
        workers = [Worker(number, seed, real, done) for number in range(THREADS)]
        with mock_aws():
            pass
        before, first = look(), None
        while time.monotonic() - started < minutes * 60:
            faulthandler.dump_traceback_later(STUCK, exit=True)
            for finished in [threads.submit(asyncio.run, worker.round()) for worker in workers]:
                finished.result()
            assert look() == before
            assert real.seen == [], real.seen
            workers[0].sync.list_buckets()
            assert real.seen.pop() == "/"
            done["rounds"] += 1
            if first is None or done["rounds"] == 5:  # caches are full by then
                first = resources()
        faulthandler.cancel_dump_traceback_later()
        last = resources()
    grown = {name: last[name] - first[name] for name in first}
    return {"seed": seed, "seconds": round(time.monotonic() - started), **done, "grown": grown}


def stay(event, args):
    """Stop at the first connection or look-up that leads beyond this machine."""
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    if host not in {None, "", "localhost", "::1"} and not str(host).startswith("127."):
        print(f"ESCAPED: {event} {host}", file=sys.stderr)
        os._exit(70)


if __name__ == "__main__":
    print(json.dumps(main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3]))))
