"""Other processes find the server by their environment, with no code of their own."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import boto3
import fsspec.asyn
import pytest

from aiomoto import mock_aws

# fsspec of 2024 waits in a forked child for the thread of its parent, if that has used it.
FORKS = hasattr(fsspec.asyn, "reset_after_fork")
METHODS = [
    method
    for method in ("spawn", "forkserver", *(["fork"] if FORKS else []))
    if method in multiprocessing.get_all_start_methods()
]
# A child that is forked while threads run gets a warning from Python 3.12 on; ours hold no lock.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
AWS = shutil.which("aws")

CODE = """
import asyncio
import boto3
import s3fs
from aiobotocore.session import get_session

def by_boto3(value):
    s3 = boto3.client("s3")
    s3.put_object(Bucket="bucket", Key="boto3", Body=value)
    return s3.meta.endpoint_url

async def by_aiobotocore(value):
    async with get_session().create_client("s3") as s3:
        await s3.put_object(Bucket="bucket", Key="aiobotocore", Body=value)
        return s3.meta.endpoint_url

def by_s3fs(value):
    s3fs.S3FileSystem().pipe("bucket/s3fs", value)

def work(value):
    by_s3fs(value)
    return {by_boto3(value), asyncio.run(by_aiobotocore(value))}
"""


@pytest.fixture
def mock():
    with mock_aws(server_mode=True) as mock:
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield mock


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A function that a child can import; it uses AWS in three ways."""
    (tmp_path / "jobs.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    from jobs import work

    yield work
    del sys.modules["jobs"]


def written():
    s3 = boto3.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket="bucket").get("Contents", [])]
    return {key: s3.get_object(Bucket="bucket", Key=key)["Body"].read() for key in keys}


def all_written(value):
    return {"boto3": value, "aiobotocore": value, "s3fs": value}


def test_subprocess(mock, run, work):
    done = run("-W", "error", "-c", "import jobs; print(jobs.work(b'value'))")
    assert done.out == f"{{{mock.server_endpoint!r}}}\n", done.err
    assert written() == all_written(b"value")


def test_environ_is_all_that_is_needed(mock, work):
    """Another process may share nothing but these variables: a container, a worker elsewhere."""
    environ = {"PYTHONPATH": os.environ["PYTHONPATH"], **mock.environ}
    if "SYSTEMROOT" in os.environ:
        environ["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    code = "import jobs; print(jobs.work(b'value'))"
    words = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", code]
    done = subprocess.run(words, env=environ, capture_output=True, check=False)
    assert done.stderr == b""
    assert written() == all_written(b"value")


@pytest.mark.parametrize("method", METHODS)
def test_multiprocessing(mock, work, method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(work, (b"value",)) == {mock.server_endpoint}
    assert written() == all_written(b"value")


@pytest.mark.parametrize("method", METHODS)
def test_process_pool(mock, work, method):
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert [*pool.map(work, [b"1", b"2"])] == [{mock.server_endpoint}] * 2
    assert set(written()) == set(all_written(b""))


@pytest.mark.skipif(AWS is None, reason="no aws command: nox -s clusters")
def test_aws_command(mock, tmp_path):
    (tmp_path / "file").write_text("by the command")
    subprocess.run([AWS, "s3", "cp", tmp_path / "file", "s3://bucket/key"], check=True)
    assert written() == {"key": b"by the command"}
    done = subprocess.run(
        [AWS, "s3api", "list-buckets", "--query", "Buckets[].Name", "--output", "text"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "bucket\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
class TestFork:
    def run(self, function):
        """Run a function in a fork of this process; return its exit code."""
        child = os.fork()
        if child == 0:
            code = 1
            try:
                function()
                code = 0
            finally:
                os._exit(code)
        for _ in range(600):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.1)
        os.kill(child, 9)
        raise TimeoutError

    def test_the_server_stays_the_parents(self):
        mock = mock_aws(server_mode=True)
        mock.start()
        boto3.client("s3").create_bucket(Bucket="bucket")

        def leave():
            boto3.client("s3").create_bucket(Bucket="by-the-child")
            mock.stop()

        assert self.run(leave) == 0
        assert Path(mock.server_registry_path).exists()
        names = [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
        assert names == ["bucket", "by-the-child"]
        mock.stop()

    def test_the_child_has_a_server_of_its_own(self):
        with mock_aws(server_mode=True) as outer:
            port = outer.server_port

            def enter():
                outer.stop()
                with mock_aws(server_mode=True) as own:
                    assert own.server_port != port
                    assert boto3.client("s3").list_buckets()["Buckets"] == []
                    assert len([*Path(own.server_registry_path).parent.iterdir()]) == 2

            assert self.run(enter) == 0

    def test_the_port_is_free_once_the_parent_stops(self, run):
        """The child's copy of the listening socket must not keep callers waiting."""
        code = """
import os, socket, sys, time
from aiomoto import mock_aws
mock = mock_aws(server_mode=True)
mock.start()
port = mock.server_port
child = os.fork()
if child == 0:
    sys.stdin.read()
    os._exit(0)
mock.stop()
try:
    socket.create_connection(("127.0.0.1", port), timeout=5)
except ConnectionRefusedError:
    print("refused")
os.kill(child, 9)
os.waitpid(child, 0)
"""
        assert run("-W", "ignore", "-c", code).out == "refused\n"
