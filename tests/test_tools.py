"""Beside the tools of other projects' suites: frozen clocks, other loops, other plugins."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
from textwrap import dedent

import boto3
import freezegun
import pytest
from aiobotocore.session import get_session

from aiomoto import mock_aws


async def modified(key="key"):
    async with get_session().create_client("s3") as s3:
        await s3.put_object(Bucket="bucket", Key=key, Body=b"1")
        return (await s3.head_object(Bucket="bucket", Key=key))["LastModified"]


async def test_freezegun():
    with freezegun.freeze_time("2020-02-03 04:05:06"), mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        assert await modified() == dt.datetime(2020, 2, 3, 4, 5, 6, tzinfo=dt.timezone.utc)
    with mock_aws(), freezegun.freeze_time("2021-02-03", tick=True):
        boto3.client("s3").create_bucket(Bucket="bucket")
        assert (await modified()).year == 2021


@freezegun.freeze_time("2020-02-03")
@mock_aws
async def test_freezegun_as_a_decorator():
    boto3.client("s3").create_bucket(Bucket="bucket")
    assert (await modified()).year == 2020


async def test_time_machine():
    time_machine = pytest.importorskip("time_machine")
    with time_machine.travel("2020-02-03 04:05:06+00:00", tick=False), mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        assert (await modified()).year == 2020


def test_uvloop():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with mock_aws():
            boto3.client("s3").create_bucket(Bucket="bucket")
            await asyncio.gather(*(modified(f"key-{n}") for n in range(20)))

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


TEST_FILE = """
import boto3, pytest
from aiobotocore.session import get_session
from aiomoto import mock_aws

@pytest.fixture
async def s3():
    async with mock_aws():
        async with get_session().create_client("s3", region_name="us-east-1") as client:
            await client.create_bucket(Bucket="bucket")
            yield client

@pytest.fixture(scope="module")
def mocked():
    with mock_aws():
        yield

{marker}
async def test_fixture(s3):
    assert (await s3.list_buckets())["Buckets"][0]["Name"] == "bucket"

{marker}
@mock_aws
async def test_decorator():
    async with get_session().create_client("s3", region_name="us-east-1") as client:
        assert (await client.list_buckets())["Buckets"] == []

{marker}
@mock_aws()
@pytest.mark.parametrize("number", range(4))
async def test_parametrised(number, tmp_path):
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=f"bucket-{{number}}")
    async with get_session().create_client("s3", region_name="us-east-1") as client:
        assert len((await client.list_buckets())["Buckets"]) == 1

{marker}
@mock_aws
class TestClass:
    async def test_one(self):
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket")
    async def test_two(self):
        assert boto3.client("s3", region_name="us-east-1").list_buckets()["Buckets"] == []
"""
PLUGINS = {
    "pytest-asyncio auto": ("", ["-p", "no:anyio", "--asyncio-mode=auto"]),
    "pytest-asyncio strict": ("@pytest.mark.asyncio", ["-p", "no:anyio", "--asyncio-mode=strict"]),
    "anyio": ("@pytest.mark.anyio", ["-p", "no:asyncio"]),
}


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("workers", [0, 2])
def test_pytest_plugins(run, tmp_path, plugin, workers):
    marker, options = PLUGINS[plugin]
    text = TEST_FILE.format(marker=marker)
    if marker.endswith("asyncio"):
        text = text.replace(
            "@pytest.fixture\nasync", "import pytest_asyncio\n@pytest_asyncio.fixture\nasync"
        )
    if plugin == "anyio":
        text += "\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    (tmp_path / "test_it.py").write_text(dedent(text))
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
    )
    options = (
        options
        if "no:asyncio" not in options
        else [*options, "-W", "ignore::pytest.PytestConfigWarning"]
    )
    workers = ["-n", str(workers)] if workers else []
    done = run("-m", "pytest", "-q", "-W", "error", *options, *workers, tmp_path)
    assert "8 passed" in done.out, done.out


def test_nothing_unclosed_is_left(run):
    code = """
import asyncio, gc, logging
logging.getLogger("asyncio").addFilter(lambda record: "took" not in record.getMessage())
import boto3, s3fs
from aiobotocore.session import get_session
from aiomoto import mock_aws
async def main():
    async with mock_aws():
        for _ in range(3):
            async with get_session().create_client("s3", region_name="us-east-1") as s3:
                await s3.create_bucket(Bucket="bucket")
                await s3.put_object(Bucket="bucket", Key="key", Body=b"1" * 200_000)
                reply = await s3.get_object(Bucket="bucket", Key="key")
                await reply["Body"].read(10)
                del reply
            gc.collect()
asyncio.run(main())
with mock_aws():
    s3fs.S3FileSystem(client_kwargs={"region_name": "us-east-1"}).ls("")
gc.collect()
print("ok")
"""
    done = run("-X", "dev", "-W", "error", "-c", code)
    assert (done.out, done.err) == ("ok\n", "")


async def test_collecting_garbage_warns_of_nothing():
    async with mock_aws(), get_session().create_client("s3") as s3:
        await s3.create_bucket(Bucket="bucket")
        for _ in range(5):
            with pytest.raises(s3.exceptions.NoSuchKey):
                await s3.get_object(Bucket="bucket", Key="gone")
    gc.collect()
