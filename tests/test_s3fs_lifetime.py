"""s3fs instances and mocks: none outlives the other's data, clients or listings, and none is loud."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
import weakref

import aiohttp
import boto3
import fsspec
import pytest
import s3fs
from aiobotocore.session import AioSession, get_session
from fsspec.asyn import sync
from moto.server import ThreadedMotoServer

from aiomoto import mock_aws

KEYS = {"key": "a", "secret": "b"}


class Sub(s3fs.S3FileSystem):
    pass


class Loud(s3fs.S3FileSystem):
    def invalidate_cache(self, path=None):
        super().invalidate_cache(path)
        if path is None:
            raise ValueError("a subclass that fails")


def close(fs):
    """Close a real client, without s3fs's finalizer, which is loud before 2025."""
    for ref in weakref.getweakrefs(fs):
        if isinstance(ref.__callback__, weakref.finalize):
            ref.__callback__.detach()
    sync(fs.loop, fs._s3creator.__aexit__, None, None, None)


HELD = {
    "cached": lambda **kw: s3fs.S3FileSystem(**kw),
    "not cached": lambda **kw: s3fs.S3FileSystem(skip_instance_cache=True, **kw),
    "by protocol": lambda **kw: fsspec.filesystem("s3a", **kw),
    "subclass": lambda **kw: Sub(**kw),
    "session": lambda **kw: s3fs.S3FileSystem(session=get_session(), **kw),
    "regions": lambda **kw: s3fs.S3FileSystem(cache_regions=True, **kw),
    "no listings": lambda **kw: s3fs.S3FileSystem(use_listings_cache=False, **kw),
}


@pytest.fixture(params=HELD)
def make(request):
    return HELD[request.param]


def fill(*keys, bucket="bkt"):
    client = boto3.client("s3")
    client.create_bucket(Bucket=bucket)
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode())


@pytest.mark.smoke
def test_held_instance_sees_each_mock_and_after_it_the_real_world(make, httpd):
    held = make(endpoint_url=httpd.url, **KEYS)
    for key in ("one", "two"):
        with mock_aws():
            fill(key)
            assert held.ls("bkt") == [f"bkt/{key}"]
            assert held.cat(f"bkt/{key}") == key.encode()
            assert held.ls("bkt") == [f"bkt/{key}"]
            inside = held.s3
        assert httpd.seen == []
    held.call_s3("put_object", Bucket="bkt", Key="real", Body=b"x")
    assert httpd.seen == ["PUT /bkt/real"]
    real, creator = held.s3, held._s3creator
    assert real is not inside
    with mock_aws():
        fill("again")
        assert held.ls("bkt") == ["bkt/again"]
        assert held.s3 not in {inside, real}
    assert (held.s3, held._s3creator) == (real, creator)
    assert httpd.seen == ["PUT /bkt/real"]
    close(held)


def test_instance_made_inside_is_not_found_again(make):
    seen = []
    for key in ("one", "two"):
        with mock_aws():
            fill(key)
            fs = make()
            assert fs.ls("bkt") == [f"bkt/{key}"]
            assert all(fs is not other for other in seen)
            seen.append(fs)
    assert all(make() is not other for other in seen)


def test_equal_instances_are_told_apart():
    equal = [s3fs.S3FileSystem(skip_instance_cache=True) for _ in range(2)]
    assert equal[0] == equal[1]
    for key in ("one", "two"):
        with mock_aws():
            fill(key)
            assert [fs.ls("bkt") for fs in equal] == [[f"bkt/{key}"]] * 2


def test_instances_in_the_cache_before_the_mock_come_back_after_it():
    before = (
        s3fs.S3FileSystem(),
        Sub(),
        fsspec.filesystem("dir", path="bkt", fs=s3fs.S3FileSystem()),
    )
    with mock_aws():
        assert s3fs.S3FileSystem() is not before[0]
        assert Sub() is not before[1]
        inside = s3fs.S3FileSystem(anon=True)
        assert s3fs.S3FileSystem(anon=True) is inside
    assert s3fs.S3FileSystem() is before[0]
    assert Sub() is before[1]
    assert fsspec.filesystem("dir", path="bkt", fs=before[0]) is before[2]
    assert s3fs.S3FileSystem(anon=True) is not inside


def test_file_systems_of_others_are_left_alone():
    memory = fsspec.filesystem("memory")
    with mock_aws():
        assert fsspec.filesystem("memory") is memory
        local = fsspec.filesystem("local", auto_mkdir=True)
    assert fsspec.filesystem("local", auto_mkdir=True) is local


@pytest.mark.parametrize("around", ["simplecache", "filecache"])
def test_file_caches_around_s3_hold_nothing_of_the_last_mock(around):
    for text in (b"one", b"two"):
        with mock_aws():
            fill()
            s3fs.S3FileSystem().pipe("bkt/key", text)
            with fsspec.open(f"{around}::s3://bkt/key") as file:
                assert file.read() == text


def test_client_is_there_without_a_call(httpd):
    """By the property `s3` and by `connect`, which hold s3fs's own `set_session`."""
    fs = s3fs.S3FileSystem(endpoint_url=httpd.url, skip_instance_cache=True, **KEYS)
    with mock_aws():
        first = fs.s3
        assert fs.connect() is first
    with mock_aws():
        second = fs.connect()
        third = fs.connect(refresh=True)
    with mock_aws():
        assert len({first, second, third, fs.s3}) == 4


def test_buckets_of_the_same_name_have_the_region_of_their_mock():
    held = s3fs.S3FileSystem(cache_regions=True, skip_instance_cache=True)
    for region in ("eu-west-1", "ap-south-1"):
        with mock_aws():
            boto3.client("s3").create_bucket(
                Bucket="bkt", CreateBucketConfiguration={"LocationConstraint": region}
            )
            held.touch("bkt/key")
            assert sync(held.loop, held.get_s3, "bkt").meta.region_name == region


@pytest.mark.parametrize("held", [True, False])
def test_endpoint_of_the_environment_is_that_of_the_moment(monkeypatch, held):
    fs = s3fs.S3FileSystem()
    for url in ("http://127.0.0.1:9", "http://127.0.0.1:8"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with mock_aws():
            one = fs if held else s3fs.S3FileSystem()
            assert one.s3.meta.endpoint_url == url


def test_nested_mocks_share_instances():
    with mock_aws():
        fill("key")
        fs = s3fs.S3FileSystem()
        client = fs.s3
        with mock_aws():
            assert s3fs.S3FileSystem() is fs
            assert fs.connect() is client
        assert fs.ls("bkt") == ["bkt/key"]
        assert s3fs.S3FileSystem() is fs


def test_mocks_left_in_any_order():
    first, second = mock_aws(), mock_aws()
    before = s3fs.S3FileSystem()
    first.start()
    fill("key")
    inside = s3fs.S3FileSystem()
    second.start()
    first.stop()
    assert s3fs.S3FileSystem() is inside
    assert inside.ls("bkt") == ["bkt/key"]
    second.stop()
    assert s3fs.S3FileSystem() is before


def test_subclass_that_fails_to_forget_stops_nobody_else():
    fs, loud = (cls(skip_instance_cache=True) for cls in (s3fs.S3FileSystem, Loud))
    mock = mock_aws()
    mock.start()
    fill("key")
    assert loud.ls("bkt") == fs.ls("bkt")
    with pytest.raises(ValueError, match="fails"):
        mock.stop()
    assert fs._s3 is None
    del loud
    gc.collect()
    with mock_aws():
        fill("other")
        assert fs.ls("bkt") == ["bkt/other"]


def test_instance_is_collected_with_its_last_name():
    with mock_aws():
        fill("key")
        fs = s3fs.S3FileSystem(skip_instance_cache=True)
        fs.ls("bkt")
        gone = weakref.ref(fs)
        del fs
        gc.collect()
        assert gone() is None


def test_unfinished_transaction_ends_with_its_mock():
    held = s3fs.S3FileSystem(skip_instance_cache=True)
    with contextlib.suppress(KeyError), mock_aws():
        fill("key")
        held.cat("bkt/key")
        held.start_transaction()
        raise KeyError
    with mock_aws():
        fill()
        held.pipe("bkt/new", b"value")
        with held.open("bkt/file", "wb") as file:
            file.write(b"value")
        assert boto3.client("s3").get_object(Bucket="bkt", Key="file")["Body"].read() == b"value"


@pytest.mark.parametrize("mode", ["wb", "w", "ab"])
def test_file_left_open_is_not_uploaded_after_the_mock(httpd, mode):
    fs = s3fs.S3FileSystem(endpoint_url=httpd.url, **KEYS)
    with mock_aws():
        fill()
        file = fs.open("bkt/file", mode)
        file.write("text" if mode == "w" else b"text")
    assert file.closed
    with pytest.raises(ValueError, match="closed file|not in write mode"):
        file.write("text" if mode == "w" else b"text")
    del file
    gc.collect()
    assert httpd.seen == []


def test_file_left_open_for_reading_is_silent(httpd):
    fs = s3fs.S3FileSystem(endpoint_url=httpd.url, **KEYS)
    with mock_aws():
        fill("key")
        file = fs.open("bkt/key")
        assert file.read(1) == b"k"
    file.close()
    assert httpd.seen == []


CLOSE = {
    "client": lambda fs, client: client.close(),
    "attribute": lambda fs, client: fs._s3.close(),
    "property": lambda fs, client: fs.s3.close(),
    "context": lambda fs, client: fs._s3creator.__aexit__(None, None, None),
}


@pytest.mark.smoke
@pytest.mark.parametrize("close", CLOSE)
@pytest.mark.parametrize("connected", [True, False])
async def test_asynchronous_instance_made_before_the_mock_and_closed_after_it(close, connected):
    session = get_session()
    fs = s3fs.S3FileSystem(asynchronous=True, session=session)
    client = await fs.set_session() if connected else None
    with mock_aws():
        await fs._mkdir("bkt")
        await fs._pipe_file("bkt/key", b"value")
        assert await fs._cat_file("bkt/key") == b"value"
        assert boto3.client("s3").get_object(Bucket="bkt", Key="key")["Body"].read() == b"value"
        inside = fs._s3
    assert fs.session is session
    await CLOSE[close](fs, client or inside)


class SlowSession(AioSession):
    async def _create_client(self, *args, **kwargs):
        await asyncio.sleep(0)  # as where credentials are fetched
        return await super()._create_client(*args, **kwargs)


@pytest.mark.smoke
@pytest.mark.parametrize("server_mode", [False, True])
def test_asynchronous_instance_used_on_one_loop_after_the_other(server_mode):
    fs = s3fs.S3FileSystem(asynchronous=True, session=SlowSession())

    async def use(name):
        await asyncio.gather(*(fs._mkdir(f"{name}{number}") for number in range(3)))
        return await fs._ls("")

    for _ in range(2):
        with mock_aws(server_mode=server_mode):
            assert len(asyncio.run(use("first"))) == 3
            fs.invalidate_cache()
            assert len(asyncio.run(use("other"))) == 6


async def test_asynchronous_instance_within_async_with(httpd):
    fs = s3fs.S3FileSystem(asynchronous=True, endpoint_url=httpd.url, **KEYS)
    for key in ("one", "two"):
        async with mock_aws():
            fill(key)
            assert await fs._ls("bkt", detail=False) == [f"bkt/{key}"]
    assert httpd.seen == []
    await fs._call_s3("put_object", Bucket="bkt", Key="real", Body=b"x")
    assert httpd.seen == ["PUT /bkt/real"]
    await fs.s3.close()


def test_threads_share_one_mock():
    with mock_aws():
        fill()
        errors = []

        def work(number):
            try:
                fs = s3fs.S3FileSystem(skip_instance_cache=bool(number % 2))
                fs.pipe(f"bkt/{number}", b"x")
                assert fs.cat(f"bkt/{number}") == b"x"
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert len(boto3.client("s3").list_objects_v2(Bucket="bkt")["Contents"]) == 8


def put(fs):
    fs.call_s3("put_object", Bucket="bkt", Key="key", Body=b"x")


async def put_async(fs):
    await fs._call_s3("put_object", Bucket="bkt", Key="key", Body=b"x")


def let_out_sync(mock, **kwargs):
    fs = s3fs.S3FileSystem(**kwargs)
    with mock:
        put(fs)
    put(fs)
    close(fs)


def let_out_and_collect(mock, **kwargs):
    with mock:
        fs = s3fs.S3FileSystem(skip_instance_cache=True, **kwargs)
        put(fs)
        del fs
        gc.collect()


def let_out_on_a_running_loop(mock, **kwargs):
    async def main():
        fs = s3fs.S3FileSystem(asynchronous=True, **kwargs)
        with mock:
            await put_async(fs)

    asyncio.run(main())


def let_out_on_loops_that_are_gone(mock, **kwargs):
    fs = s3fs.S3FileSystem(asynchronous=True, **kwargs)
    with mock:
        asyncio.run(put_async(fs))
        asyncio.run(put_async(fs))


def let_out_on_a_loop_at_rest(mock, **kwargs):
    fs = s3fs.S3FileSystem(asynchronous=True, **kwargs)
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        with mock:
            loop.run_until_complete(put_async(fs))
        loop.run_until_complete(asyncio.sleep(0))


def connectors():
    gc.collect()
    return [found for found in gc.get_objects() if isinstance(found, aiohttp.BaseConnector)]


@pytest.mark.parametrize("regions", [True, False])
def test_real_connections_to_a_moto_server_are_closed(monkeypatch, regions):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    before = connectors()
    with mock_aws():
        fs = s3fs.S3FileSystem(cache_regions=regions, skip_instance_cache=True, **KEYS)
        fs.call_s3("create_bucket", Bucket="bkt")
        fs.pipe("bkt/key", b"x")
        opened = [found for found in connectors() if found not in before]
        assert len(opened) == 1 + regions
    server.stop()
    # On the loop of fsspec: what is asked of it now comes after that.
    sync(fs.loop, asyncio.sleep, 0)
    assert all(connector.closed for connector in opened)


@pytest.mark.parametrize(
    "let_out",
    [
        let_out_sync,
        let_out_and_collect,
        let_out_on_a_running_loop,
        let_out_on_loops_that_are_gone,
        let_out_on_a_loop_at_rest,
    ],
)
def test_real_connections_of_a_passthrough_are_closed(httpd, monkeypatch, caplog, let_out):
    monkeypatch.setenv("AWS_ENDPOINT_URL", httpd.url)
    mock = mock_aws(config={"core": {"passthrough": {"urls": [httpd.url]}}})
    let_out(mock, endpoint_url=httpd.url, **KEYS)
    s3fs.S3FileSystem.clear_instance_cache()
    gc.collect()
    assert "PUT /bkt/key" in httpd.seen
    assert [record for record in caplog.records if record.name == "asyncio"] == []


USES = """
import asyncio, gc, sys, aiobotocore.session, boto3, s3fs
from aiomoto import mock_aws

def sync(end):
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bkt")
        fs, other = s3fs.S3FileSystem(), s3fs.S3FileSystem(skip_instance_cache=True)
        fs.pipe("bkt/key", b"x"); other.ls("bkt")
        file = fs.open("bkt/file", "wb"); file.write(b"x")
        end()

def asynchronous(end):
    async def main():
        fs = s3fs.S3FileSystem(asynchronous=True, session=aiobotocore.session.get_session())
        with mock_aws():
            await fs._mkdir("bkt"); await fs._pipe_file("bkt/key", b"x")
            s3fs.S3FileSystem().ls("bkt")
            end()
    asyncio.run(main())

def cancelled(end):
    async def work(started):
        fs = s3fs.S3FileSystem(asynchronous=True)
        async with mock_aws():
            await fs._mkdir("bkt")
            tasks = [asyncio.create_task(fs._pipe_file(f"bkt/{n}", b"x")) for n in range(9)]
            await asyncio.sleep(0)
            started.set()
            try: await asyncio.gather(*tasks)
            finally: await asyncio.gather(*tasks, return_exceptions=True)
    async def main():
        started = asyncio.Event()
        task = asyncio.create_task(work(started))
        await started.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        end()
    asyncio.run(main())

def fail(): raise KeyError
def interrupt(): raise KeyboardInterrupt
"""
LASTS = {
    "all": """
for use in (sync, asynchronous, cancelled):
    for end in (int, fail, interrupt, sys.exit):
        try: use(end)
        except BaseException: pass
        gc.collect()
""",
    "exception": "sys.excepthook = lambda *_: None; sync(fail)",
    "never stopped": "mock_aws().start(); sync(int)",
}


@pytest.mark.parametrize("last", LASTS)
def test_nothing_on_stderr_however_it_ends(run, last):
    done = run("-W", "error", "-c", USES + LASTS[last])
    assert done.err == ""


@pytest.mark.skipif(
    not hasattr(fsspec.asyn, "reset_after_fork"), reason="fsspec's loop does not outlive a fork"
)
def test_forked_children(run):
    code = """
import multiprocessing, os, boto3, s3fs
from aiomoto import mock_aws

def child(queue):
    fs = s3fs.S3FileSystem()
    fs.pipe("bkt/child", b"x")
    queue.put(sorted(fs.ls("bkt")))

before = s3fs.S3FileSystem()
with mock_aws():
    boto3.client("s3").create_bucket(Bucket="bkt")
    fs = s3fs.S3FileSystem()
    fs.pipe("bkt/parent", b"x")
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    print(queue.get(timeout=60))
    process.join()
    print(process.exitcode, fs.ls("bkt"))
    pid = os.fork()
if pid == 0:  # it has left the mock on its own
    with mock_aws():
        assert s3fs.S3FileSystem().ls("") == []
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), s3fs.S3FileSystem() is before)
"""
    # Python 3.12 and later warn of threads when a process forks: fsspec has one.
    done = run("-W", "error", "-W", "ignore::DeprecationWarning", "-c", code)
    assert (done.out, done.err) == (
        "['bkt/child', 'bkt/parent']\n0 ['bkt/parent']\n7 True\n",
        "",
    ), done.err


def test_explicit_mock_hides_the_instances_of_the_ambient_one(run):
    code = """
import boto3, s3fs
from aiomoto import mock_aws
boto3.client("s3").create_bucket(Bucket="bkt")
fs = s3fs.S3FileSystem()
fs.pipe("bkt/ambient", b"x")
fs = s3fs.S3FileSystem()
print(fs.ls("bkt"))
client = fs.s3
with mock_aws():
    boto3.client("s3").create_bucket(Bucket="bkt")
    other = s3fs.S3FileSystem()
    print(other is fs, other.ls("bkt"), fs.ls("bkt"))
    fs.pipe("bkt/explicit", b"x")
    print(fs.ls("bkt"), fs.s3 is client)
print(s3fs.S3FileSystem() is fs, fs.ls("bkt"), fs.s3 is client)
"""
    done = run("-W", "error", "-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
    assert (done.out, done.err) == (
        "['bkt/ambient']\nFalse [] []\n['bkt/explicit'] False\nTrue ['bkt/ambient'] True\n",
        "",
    ), done.err


def test_refused_requests_are_not_tried_again(run):
    code = """
import logging, s3fs
from aiomoto import RealHTTPRequestBlockedError
logging.basicConfig(level="DEBUG", format="%(message)s")
logging.getLogger().setLevel("WARNING"); logging.getLogger("s3fs").setLevel("DEBUG")
try: s3fs.S3FileSystem().ls("")
except RealHTTPRequestBlockedError: print("refused")
"""
    done = run("-c", code, AIOMOTO_AUTO="perhaps")
    assert done.out == "refused\n", done.err
    assert "Nonretryable error" in done.err
    assert "Retryable" not in done.err


def test_imported_inside_a_mock(run):
    code = """
import boto3
from aiomoto import mock_aws
for key in ("one", "two"):
    with mock_aws():
        import s3fs
        boto3.client("s3").create_bucket(Bucket="bkt")
        fs = s3fs.S3FileSystem()
        fs.pipe(f"bkt/{key}", b"x")
        print(fs.ls("bkt"))
"""
    done = run("-W", "error", "-c", code)
    assert (done.out, done.err) == ("['bkt/one']\n['bkt/two']\n", "")


def test_imported_before_aiomoto_where_no_hook_stood(run):
    code = """
import s3fs, boto3
held = s3fs.S3FileSystem()
from aiomoto import mock_aws
for key in ("one", "two"):
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bkt")
        held.pipe(f"bkt/{key}", b"x")
        print(held.ls("bkt"), s3fs.S3FileSystem() is held)
"""
    done = run("-W", "error", "-c", code, AIOMOTO_DISABLE="1")
    assert (done.out, done.err) == ("['bkt/one'] False\n['bkt/two'] False\n", "")
