"""S3 in full: what boto3 does under moto, aiobotocore does too."""

from __future__ import annotations

import asyncio
import struct
import zlib
from datetime import datetime, timedelta, timezone
from urllib.parse import urlsplit

import boto3
import moto
import pytest
import requests
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from aiomoto import mock_aws
from aiomoto._patches import parse_version

DATA = bytes(range(256)) * 8
# Moto reads this many bytes of a part at least, unless it is the last.
PART = 5 << 20


@pytest.fixture(params=["sync", "async"])
async def s3(request):
    """A client whose calls are awaited; the same tests run by boto3 and by aiobotocore."""
    with mock_aws():
        sync = boto3.client("s3")
        sync.create_bucket(Bucket="bucket")
        if request.param == "sync":
            yield Awaited(sync)
        else:
            async with get_session().create_client("s3") as client:
                yield client


class Awaited:
    """A sync client with the face of an async one."""

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        method = getattr(self.client, name)
        if name in {"meta", "exceptions", "get_paginator", "get_waiter"}:
            return method

        async def call(*args, **kwargs):
            reply = method(*args, **kwargs)
            if isinstance(reply, dict) and "Body" in reply:
                reply["Body"] = AwaitedBody(reply["Body"])
            return reply

        return call


class AwaitedBody:
    def __init__(self, body):
        self.body = body

    async def read(self):
        return self.body.read()


async def get(s3, **options):
    reply = await s3.get_object(**{"Bucket": "bucket", "Key": "key", **options})
    return await reply["Body"].read(), reply


def code(error):
    return error.value.response["Error"]["Code"], error.value.response["ResponseMetadata"][
        "HTTPStatusCode"
    ]


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-9", DATA[:10]),
        ("bytes=10-", DATA[10:]),
        ("bytes=-10", DATA[-10:]),
        ("bytes=2000-9999", DATA[2000:]),
    ],
)
async def test_ranges(s3, header, part):
    await s3.put_object(Bucket="bucket", Key="key", Body=DATA)
    body, reply = await get(s3, Range=header)
    assert body == part
    assert reply["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert reply["ContentLength"] == len(part)
    with pytest.raises(ClientError) as error:
        await get(s3, Range="bytes=9999-")
    assert code(error) == ("InvalidRange", 416)


async def test_conditional_requests(s3):
    etag = (await s3.put_object(Bucket="bucket", Key="key", Body=DATA))["ETag"]
    assert (await get(s3, IfMatch=etag))[0] == DATA
    with pytest.raises(ClientError) as error:
        await get(s3, IfMatch='"other"')
    assert code(error) == ("PreconditionFailed", 412)
    with pytest.raises(ClientError) as error:
        await get(s3, IfNoneMatch=etag)
    assert code(error)[1] == 304
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    with pytest.raises(ClientError) as error:
        await get(s3, IfModifiedSince=later)
    assert code(error)[1] == 304


async def test_versions(s3):
    await s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    first = (await s3.put_object(Bucket="bucket", Key="key", Body=b"1"))["VersionId"]
    second = (await s3.put_object(Bucket="bucket", Key="key", Body=b"2"))["VersionId"]
    assert (await get(s3))[0] == b"2"
    assert (await get(s3, VersionId=first))[0] == b"1"
    marker = await s3.delete_object(Bucket="bucket", Key="key")
    assert marker["DeleteMarker"] is True
    listed = await s3.list_object_versions(Bucket="bucket")
    assert {version["VersionId"] for version in listed["Versions"]} == {first, second}
    with pytest.raises(s3.exceptions.NoSuchKey):
        await get(s3)


async def test_multipart(s3):
    upload = (await s3.create_multipart_upload(Bucket="bucket", Key="key"))["UploadId"]
    same = {"Bucket": "bucket", "Key": "key", "UploadId": upload}
    await s3.put_object(Bucket="bucket", Key="source", Body=DATA)
    bodies = [b"a" * PART, bytearray(b"b" * PART)]
    etags = [
        (await s3.upload_part(**same, PartNumber=number, Body=body))["ETag"]
        for number, body in enumerate(bodies, 1)
    ]
    copied = await s3.upload_part_copy(**same, PartNumber=3, CopySource="bucket/source")
    etags.append(copied["CopyPartResult"]["ETag"])
    assert [part["PartNumber"] for part in (await s3.list_parts(**same))["Parts"]] == [1, 2, 3]
    assert [
        found["Key"] for found in (await s3.list_multipart_uploads(Bucket="bucket"))["Uploads"]
    ] == ["key"]
    parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags, 1)]
    await s3.complete_multipart_upload(**same, MultipartUpload={"Parts": parts})
    assert (await get(s3))[0] == b"".join(bodies) + DATA


async def test_aborted_multipart(s3):
    upload = (await s3.create_multipart_upload(Bucket="bucket", Key="key"))["UploadId"]
    await s3.abort_multipart_upload(Bucket="bucket", Key="key", UploadId=upload)
    assert "Uploads" not in await s3.list_multipart_uploads(Bucket="bucket")
    with pytest.raises(s3.exceptions.NoSuchUpload):
        await s3.list_parts(Bucket="bucket", Key="key", UploadId=upload)


async def test_copy_tags_acl_and_metadata(s3):
    await s3.put_object(
        Bucket="bucket",
        Key="source",
        Body=DATA,
        Metadata={"a_b": "1", "c": "ü"[:0] + "2"},
        Tagging="k=v",
    )
    await s3.copy_object(
        Bucket="bucket", Key="key", CopySource={"Bucket": "bucket", "Key": "source"}
    )
    assert (await get(s3))[0] == DATA
    head = await s3.head_object(Bucket="bucket", Key="key")
    assert head["Metadata"] == {"a_b": "1", "c": "2"}
    tags = await s3.get_object_tagging(Bucket="bucket", Key="source")
    assert tags["TagSet"] == [{"Key": "k", "Value": "v"}]
    await s3.put_object_acl(Bucket="bucket", Key="key", ACL="public-read")
    assert len((await s3.get_object_acl(Bucket="bucket", Key="key"))["Grants"]) >= 1


KEYS = [
    "with space",
    "ünïcode/日本",
    "plus+",
    "per%cent%20",
    "a//b",
    "/leading",
    "trailing/",
    "q?a=b&c",
    "#hash",
    "~-._'()*!",
    "a\\b",
    "😀",
    ".",
    "a/../b",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("style", ["path", "virtual"])
async def test_awkward_keys(key, style):
    with mock_aws():
        sync = boto3.client("s3", config=Config(s3={"addressing_style": style}))
        sync.create_bucket(Bucket="bucket")
        async with get_session().create_client(
            "s3", config=AioConfig(s3={"addressing_style": style})
        ) as s3:
            sync.put_object(Bucket="bucket", Key=key, Body=b"sync")
            by_sync = outcome(lambda: sync.get_object(Bucket="bucket", Key=key)["Body"].read())
            assert await aoutcome(s3.get_object(Bucket="bucket", Key=key)) == by_sync
            listed = [
                found["Key"] for found in sync.list_objects_v2(Bucket="bucket").get("Contents", [])
            ]
            assert [
                found["Key"]
                for found in (await s3.list_objects_v2(Bucket="bucket")).get("Contents", [])
            ] == listed
            sync.delete_object(Bucket="bucket", Key=key)
            await s3.put_object(Bucket="bucket", Key=key, Body=b"sync")
            assert [
                found["Key"] for found in sync.list_objects_v2(Bucket="bucket").get("Contents", [])
            ] == listed


def outcome(call):
    try:
        return call()
    except ClientError as error:
        return str(error)


async def aoutcome(call):
    try:
        return await (await call)["Body"].read()
    except ClientError as error:
        return str(error)


@pytest.mark.parametrize("name", ["with.dots.in.it", "with-dash", "123numbers"])
async def test_bucket_names(s3, name):
    await s3.create_bucket(Bucket=name)
    await s3.put_object(Bucket=name, Key="key", Body=DATA)
    assert (await get(s3, Bucket=name))[0] == DATA


async def test_errors(s3):
    with pytest.raises(ClientError) as error:
        await s3.head_object(Bucket="bucket", Key="gone")
    assert code(error) == ("404", 404)
    with pytest.raises(ClientError) as error:
        await s3.head_bucket(Bucket="no-such-bucket")
    assert code(error) == ("404", 404)
    with pytest.raises(s3.exceptions.NoSuchBucket):
        await s3.list_objects_v2(Bucket="no-such-bucket")
    with pytest.raises(ClientError) as error:
        await s3.create_bucket(Bucket="ab")
    assert code(error) == ("InvalidBucketName", 400)
    with pytest.raises(ClientError) as error:
        await s3.get_object_lock_configuration(Bucket="bucket")
    assert code(error)[1] == 404


async def test_buckets_of_other_regions(s3):
    await s3.create_bucket(
        Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    await s3.put_object(Bucket="elsewhere", Key="key", Body=DATA)
    assert (await get(s3, Bucket="elsewhere"))[0] == DATA
    assert (await s3.get_bucket_location(Bucket="elsewhere"))["LocationConstraint"] == "eu-west-1"


async def test_redirects_between_regions_are_followed():
    """As S3 does it: a 301 that names the region, after which the client signs for that one."""
    regions = []

    def redirect(request, **_):
        from botocore.awsrequest import AWSResponse

        regions.append(request.headers["Authorization"].decode().split("/")[2])
        if regions[-1] == "us-east-1":
            return AWSResponse(request.url, 301, {"x-amz-bucket-region": "eu-west-1"}, _Raw())
        return None

    async def redirect_async(request, **kwargs):
        reply = redirect(request, **kwargs)
        if reply is not None:
            from aiobotocore.awsrequest import AioAWSResponse

            return AioAWSResponse(request.url, 301, {"x-amz-bucket-region": "eu-west-1"}, _AioRaw())
        return None

    with mock_aws():
        sync = boto3.client("s3")
        sync.create_bucket(
            Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        sync.put_object(Bucket="elsewhere", Key="key", Body=DATA)
        sync.meta.events.register("before-send.s3.GetObject", redirect)
        assert sync.get_object(Bucket="elsewhere", Key="key")["Body"].read() == DATA
        by_sync = regions[:]
        regions.clear()
        async with get_session().create_client("s3") as s3:
            s3.meta.events.register("before-send.s3.GetObject", redirect_async)
            reply = await s3.get_object(Bucket="elsewhere", Key="key")
            assert await reply["Body"].read() == DATA
        assert regions == by_sync == ["us-east-1", "eu-west-1"]


class _Raw:
    def stream(self):
        yield b""


class _AioRaw:
    raw_headers = ((b"x-amz-bucket-region", b"eu-west-1"),)

    async def read(self):
        return b""


async def test_presigned_urls(s3):
    """They are answered by moto for `requests`; the URLs themselves are those of boto3."""
    sync = boto3.client("s3")
    params = {"Bucket": "bucket", "Key": "key"}
    for method, call in (("put_object", requests.put), ("get_object", requests.get)):
        url = await s3.generate_presigned_url(method, Params=params)
        assert urlsplit(url)[:3] == urlsplit(sync.generate_presigned_url(method, Params=params))[:3]
        assert "FOOBARKEY" in url
        reply = call(url, data=DATA if method == "put_object" else None, timeout=5)
        assert reply.status_code == 200
    assert reply.content == DATA
    post = await s3.generate_presigned_post("bucket", "posted")
    assert post["url"] == sync.generate_presigned_post("bucket", "posted")["url"]
    reply = requests.post(post["url"], data=post["fields"], files={"file": DATA}, timeout=5)
    assert reply.status_code in {200, 204}
    assert (await get(s3, Key="posted"))[0] == DATA


async def test_access_points(s3):
    control = boto3.client("s3control")
    control.create_access_point(AccountId="123456789012", Name="point", Bucket="bucket")
    await s3.put_object(Bucket="bucket", Key="key", Body=DATA)
    arn = "arn:aws:s3:us-east-1:123456789012:accesspoint/point"
    sync = outcome(lambda: boto3.client("s3").get_object(Bucket=arn, Key="key")["Body"].read())
    assert await aoutcome(s3.get_object(Bucket=arn, Key="key")) == sync


@pytest.mark.skipif(parse_version(moto.__version__) < (5, 0, 10), reason="moto's S3 Select changed")
async def test_select_object_content():
    query = {
        "Bucket": "bucket",
        "Key": "key",
        "Expression": "SELECT a FROM S3Object",
        "ExpressionType": "SQL",
        "InputSerialization": {"JSON": {"Type": "DOCUMENT"}},
        "OutputSerialization": {"JSON": {"RecordDelimiter": ","}},
    }
    with mock_aws():
        sync = boto3.client("s3")
        sync.create_bucket(Bucket="bucket")
        sync.put_object(Bucket="bucket", Key="key", Body=b'{"a": 1, "b": 2}')
        expected = list(sync.select_object_content(**query)["Payload"])
        assert any("Records" in event for event in expected)
        async with get_session().create_client("s3") as s3:
            events = (await s3.select_object_content(**query))["Payload"]
            assert [event async for event in events] == expected
            early = (await s3.select_object_content(**query))["Payload"]
            async for _ in early:
                break
            early.close()


@pytest.mark.skipif(parse_version(moto.__version__) < (5, 0, 20), reason="not in this moto")
async def test_start_live_tail():
    with mock_aws():
        logs = boto3.client("logs")
        logs.create_log_group(logGroupName="group")
        arn = logs.describe_log_groups()["logGroups"][0]["arn"].removesuffix(":*")
        expected = list(logs.start_live_tail(logGroupIdentifiers=[arn])["responseStream"])
        async with get_session().create_client("logs") as client:
            stream = (await client.start_live_tail(logGroupIdentifiers=[arn]))["responseStream"]
            found = [event async for event in stream]
        assert [list(event) for event in found] == [list(event) for event in expected]


def event(headers, payload=b""):
    """Encode one message of the event stream protocol."""
    encoded = b"".join(
        struct.pack(
            f"!B{len(name)}sBH{len(value)}s",
            len(name),
            name.encode(),
            7,
            len(value),
            value.encode(),
        )
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + encoded + payload
    return message + struct.pack("!I", zlib.crc32(message))


STREAM = (
    event(
        {
            ":message-type": "event",
            ":event-type": "initial-response",
            ":content-type": "application/json",
        },
        b"{}",
    ),
    event({":message-type": "event", ":event-type": "Records"}, b"data"),
    event({":message-type": "error", ":error-code": "InternalError", ":error-message": "broken"}),
)


async def collect(stream, into):
    async for one in stream:
        into.append(one)  # those before an error count


async def test_event_streams_with_an_initial_response_and_an_error(monkeypatch):
    from moto.core.botocore_stubber import BotocoreStubber

    query = {
        "Bucket": "bucket",
        "Key": "key",
        "Expression": "SELECT a FROM S3Object",
        "ExpressionType": "SQL",
        "InputSerialization": {"JSON": {"Type": "DOCUMENT"}},
        "OutputSerialization": {"JSON": {}},
    }
    with mock_aws():
        sync = boto3.client("s3")
        async with get_session().create_client("s3") as s3:
            monkeypatch.setattr(
                BotocoreStubber, "process_request", lambda *_: (200, {}, b"".join(STREAM))
            )
            expected = sync.select_object_content(**query)["Payload"]
            found = (await s3.select_object_content(**query))["Payload"]
            first = expected.get_initial_response()
            assert (await found.get_initial_response()).headers == first.headers
            assert next(iter(expected)) == {"Records": {"Payload": b"data"}}
            with pytest.raises(EventStreamError, match="broken") as by_sync:
                list(expected)
            events = []
            with pytest.raises(EventStreamError, match="broken") as error:
                await collect(found, into=events)
            assert events == [{"Records": {"Payload": b"data"}}]
            assert str(error.value) == str(by_sync.value)
        monkeypatch.undo()


async def test_concurrent_calls():
    with mock_aws():
        async with get_session().create_client("s3") as s3:
            await s3.create_bucket(Bucket="bucket")

            async def work(number):
                await s3.put_object(Bucket="bucket", Key=f"key-{number}", Body=b"%d" % number)
                return int((await get(s3, Key=f"key-{number}"))[0])

            assert await asyncio.gather(*map(work, range(100))) == list(range(100))
