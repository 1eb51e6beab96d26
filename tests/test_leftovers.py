"""Nothing is left behind, however a mock ends, and however many there were."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
import warnings

import boto3
import botocore.handlers
import fsspec
import moto
import pytest
import requests
import s3fs
from aiobotocore.session import get_session
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config

from aiomoto import mock_aws
from aiomoto._activation import state

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
KEYS = {"aws_access_key_id": "own", "aws_secret_access_key": "own", "region_name": "us-east-1"}
MOCKS = {
    "aiomoto": mock_aws,
    "moto": moto.mock_aws,
    "no gateway": lambda: mock_aws(gateway=False),
    "server": lambda: mock_aws(server_mode=True),
}


def descriptors():
    """Return what each open file descriptor leads to; sockets have a number of their own."""
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):
        return None
    found = {}
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:  # the one that lists them
            continue
    return found


def process():
    """Return all that a mock could leave behind, exceptions left out.

    Those are: imported modules and what patches them, moto's own registrations (its stubber in
    botocore's list of handlers, its counters), and the gateway's one socket with its one thread.
    """
    gc.collect()
    environ = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {
        "environ": environ,
        "boto3.DEFAULT_SESSION": boto3.DEFAULT_SESSION,
        "botocore's handlers": list(botocore.handlers.BUILTIN_HANDLERS),
        "handlers of a session": handlers(boto3.Session(**KEYS)._session),
        "moto's configuration": repr(default_user_config),
        "moto": (moto.core.models.botocore_stubber.enabled, moto.core.models.MockAWS._nested_count),
        "event loop": asyncio._get_running_loop(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "descriptors": descriptors(),
        "sys.meta_path": (sys.meta_path, [*sys.meta_path]),
        "sys.path_hooks": [*sys.path_hooks],
        "warnings": [*warnings.filters],
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "excepthooks": (sys.excepthook, threading.excepthook, sys.unraisablehook),
        "requests": (requests.adapters.HTTPAdapter.send, requests.Session.send),
        "s3fs": {token: id(fs) for token, fs in s3fs.S3FileSystem._cache.items()},
        "fsspec": dict(fsspec.config.conf),
        "activation": (
            state.on,
            [*state.layers],
            state.switching,
            dict(state.inside),
            state.server,
        ),
    }


def handlers(session):
    emitter = session.get_component("event_emitter")
    return {name: len(emitter._emitter._lookup_cache.get(name, ())) for name in ("before-send",)}


@pytest.fixture
def unchanged():
    """The process after the test is the process before it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "mine")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "")
        patch.setenv("AWS_SESSION_TOKEN", "mine too")
        patch.setenv("AWS_ENDPOINT_URL", "http://localhost:1")
        patch.setattr(boto3, "DEFAULT_SESSION", object())
        patch.delenv("AIOMOTO_SERVER_REGISTRY_DIR", raising=False)
        for mock in MOCKS.values():  # what is imported, and bound, for good
            with mock():
                asyncio.run(use())
        for thread in threading.enumerate():
            if thread.name == "aiomoto connection":  # of another test's client, about to end
                thread.join(5)
        before = process()
        yield
        after = process()
        assert after == before
        assert after["sys.meta_path"][0] is before["sys.meta_path"][0]


async def use():
    """Use each kind of client; close those that one closes."""
    boto3.client("s3").list_buckets()
    s3fs.S3FileSystem().ls("")
    async with get_session().create_client("s3", region_name="us-east-1") as s3:
        await s3.list_buckets()


def returns(mock):
    with mock:
        asyncio.run(use())


def raises(error):
    def body(mock):
        with pytest.raises(error), mock:  # raised in the mock, and left by it
            asyncio.run(use())
            raise error

    return body


def generator_is_closed(mock):
    def body():
        with mock:
            asyncio.run(use())
            yield

    generator = body()
    next(generator)
    generator.close()


def task_is_cancelled(mock):
    async def main():
        entered = asyncio.Event()

        async def body():
            with mock:
                await use()
                entered.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(body())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def other_thread_leaves(mock):
    mock.__enter__()
    asyncio.run(use())
    thread = threading.Thread(target=mock.__exit__, args=(None, None, None))
    thread.start()
    thread.join()


def enter_fails(mock):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", Full(os.environ))
        with pytest.raises(MemoryError), mock:
            pytest.fail("entered")


class Full(dict):
    """An environment that takes no credentials."""

    def __setitem__(self, name, value):
        if name == "AWS_SECRET_ACCESS_KEY" and value == "FOOBARSECRET":
            raise MemoryError
        super().__setitem__(name, value)


def reset_fails(mock):
    def fail():
        raise OSError("no more")

    mock.__enter__()
    asyncio.run(use())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BackendDict, "reset", fail)
        with pytest.raises(OSError, match="no more"):
            mock.__exit__(None, None, None)


ENDINGS = {
    "return": returns,
    "exception": raises(ZeroDivisionError),
    "KeyboardInterrupt": raises(KeyboardInterrupt),
    "SystemExit": raises(SystemExit),
    "GeneratorExit": generator_is_closed,
    "cancellation": task_is_cancelled,
    "another thread": other_thread_leaves,
    "failing enter": enter_fails,
    "failing exit": reset_fails,
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=[*ENDINGS])
@pytest.mark.parametrize("mock", MOCKS.values(), ids=[*MOCKS])
def test_process_is_as_before(unchanged, mock, ending):
    ending(mock())


@pytest.mark.parametrize("mock", MOCKS.values(), ids=[*MOCKS])
def test_calls_go_to_the_real_world_again(httpd, monkeypatch, mock):
    monkeypatch.setenv("AWS_ENDPOINT_URL", httpd.url)
    with mock():
        boto3.client("s3", **KEYS).list_buckets()
    assert httpd.seen == []
    boto3.client("s3", **KEYS).list_buckets()
    assert httpd.seen == ["GET /"]


FIRST = """
import os, sys, threading, time
import boto3, moto  # which bring finders of their own
def look():
    files = sorted(os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd")
                   if os.path.exists(f"/proc/self/fd/{name}"))
    tasks = len(os.listdir("/proc/self/task"))
    return files, threading.enumerate(), tasks, dict(os.environ), [*sys.meta_path]
before = look()
from aiomoto import mock_aws
with mock_aws():
    pass
while (after := look())[2] == before[2]:  # until the thread has started
    time.sleep(0.01)
new = [name for name in after[0] if name not in before[0]]
print(len(new), new[0].startswith("socket:"), after[2] - before[2])
print(after[1] == before[1], after[3:] == before[3:])
"""


@ON_LINUX
def test_first_mock_of_a_process_leaves_one_socket_and_one_thread(run):
    done = run("-c", FIRST)
    assert done.out == "1 True 1\nTrue True\n", done.err


MANY = """
import asyncio, gc, json, os, sys, threading, _thread
import boto3, botocore.session, moto
from aiobotocore.session import get_session
from aiomoto import mock_aws

session, asynchronous = botocore.session.Session(), get_session()
options = dict(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
client = session.create_client("s3", **options)

async def use():
    async with asynchronous.create_client("s3", **options) as s3:
        await s3.create_bucket(Bucket="bucket")
        await s3.put_object(Bucket="bucket", Key="key", Body=b"x" * 10_000)
        reply = client.get_object(Bucket="bucket", Key="key")
        assert len(reply["Body"].read()) == 10_000

def turn(number):
    with (mock_aws, moto.mock_aws)[number % 2]():
        if number % 2 == 0:
            asyncio.run(use())
        with mock_aws():
            client.list_buckets()

def look():
    gc.collect()
    emitter = client.meta.events._emitter
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return {
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "objects": len(gc.get_objects()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": _thread._count(),
        "handlers": len(emitter._handlers.prefix_search("before-send.s3.ListBuckets")),
        "callbacks": len(moto.core.models.responses_mock.registered()),
        "finders": len(sys.meta_path),
        "modules": len(sys.modules),
    }

turns = int(sys.argv[1])
for number in range(220):  # until botocore's caches are full, of 100 clients
    turn(number)
before = look()
for number in range(turns):
    turn(number)
print(json.dumps([before, look()]))
"""


@ON_LINUX
@pytest.mark.parametrize("turns", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_mocks_do_not_add_up(run, record_property, turns):
    done = run("-c", MANY, turns, timeout=600)
    assert done.code == 0, done.err
    before, after = json.loads(done.out)
    grown = {name: after[name] - before[name] for name in before}
    record_property("grown", grown)
    print(turns, grown)
    assert grown.pop("memory") < 4e6  # what allocators keep; one turn leaving 10 kB were 10 MB
    assert grown.pop("objects") < 50
    assert set(grown.values()) == {0}, grown


# Sends a real SIGINT at the n-th line that runs while a mock is entered or left, in a fork for
# each n, and says where half of a mock was left.
INTERRUPT = """
import json, os, signal, sys, warnings
import aiomoto, boto3, moto.core.models
from aiomoto import mock_aws
from aiomoto._activation import state
from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config

warnings.simplefilter("ignore")  # of fork in a process with threads
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where a shell's "&" started us
phase, kind = sys.argv[1:]
make = {"server": lambda: mock_aws(server_mode=True), "in-process": mock_aws}[kind]
ours = os.path.dirname(aiomoto.__file__)
os.environ["AWS_ACCESS_KEY_ID"] = "real"
boto3.DEFAULT_SESSION = object()
with make():
    pass

def look():
    stubber = moto.core.models.botocore_stubber
    return [dict(os.environ), id(boto3.DEFAULT_SESSION), repr(default_user_config), stubber.enabled,
            len(state.layers), state.on, state.switching, repr(state.inside), id(sys.meta_path),
            [*map(id, sys.meta_path)], moto.core.models.MockAWS._nested_count, state.server,
            repr(signal.getsignal(signal.SIGINT))]

def interrupted(number):
    where = []
    def trace(frame, event, arg):
        if not frame.f_code.co_filename.startswith(ours):
            return None
        if event == "line" and counts(frame):
            where.append(f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}")
            if len(where) == number:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace
    mock = make()
    if phase == "leave":
        mock.start()
    sys.settrace(trace)
    try:
        mock.start() if phase == "enter" else mock.stop()
    except KeyboardInterrupt:
        return True, where[-1]
    finally:
        sys.settrace(None)
    return False, None

def counts(frame):
    # Not between the last line of the switch and the first of the user's block: no code of
    # Python's is safe there.
    if not state.switching or frame.f_code.co_name in {"_switching", "uninterrupted"}:
        return False
    return phase == "leave" or frame.f_code.co_name not in {"enter", "__init__", "_enter"}

number, before, wrong = 0, look(), []
while True:
    number += 1
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        came, where = interrupted(number)
        after = look()
        os.write(write, json.dumps([came, where, after == before]).encode())
        os._exit(0)
    os.close(write)
    with open(read) as file:
        came, where, same = json.load(file)
    os.waitpid(pid, 0)
    if not came:
        break
    if not same:
        wrong.append(where)
print(json.dumps([number, wrong]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to be quick")
@pytest.mark.parametrize("kind", ["in-process", "server"])
@pytest.mark.parametrize("phase", ["enter", "leave"])
def test_interrupt_at_any_line_of_a_switch(run, phase, kind):
    done = run("-c", INTERRUPT, phase, kind)
    assert done.code == 0, done.err
    lines, wrong = json.loads(done.out)
    assert lines > 30
    assert wrong == []
