"""Every form of request body that real backends take is stored as it was given, and read once."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from array import array

import aiofiles
import boto3
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import FlexibleChecksumError

from aiomoto import mock_aws

try:
    from aiobotocore.httpxsession import HttpxSession
except ImportError:
    HttpxSession = None

pytestmark = pytest.mark.filterwarnings("ignore:aiobotocore's httpx backend now prefers")
CHECKSUMS = hasattr(Config(), "request_checksum_calculation")
newer = pytest.mark.skipif(
    not CHECKSUMS, reason="this aiobotocore computes no checksums and takes no async bodies"
)
DATA = b"some bytes, " * 1000
BACKENDS = {
    "aiohttp": {},
    **({"httpx": {"http_session_cls": HttpxSession}} if HttpxSession else {}),
}
PLAIN = {"request_checksum_calculation": "when_required"} if CHECKSUMS else {}


@pytest.fixture(params=BACKENDS)
async def s3(request):
    with mock_aws():
        async with get_session().create_client(
            "s3", config=AioConfig(**BACKENDS[request.param])
        ) as client:
            await client.create_bucket(Bucket="bucket")
            yield client


@pytest.fixture(params=BACKENDS)
async def plain_s3(request):
    """Without the checksum wrapper around the body, and without a signature of it."""
    config = AioConfig(**BACKENDS[request.param], **PLAIN, s3={"payload_signing_enabled": False})
    with mock_aws():
        async with get_session().create_client("s3", config=config) as client:
            await client.create_bucket(Bucket="bucket")
            yield client


def stored():
    return boto3.client("s3").get_object(Bucket="bucket", Key="key")["Body"].read()


class Reader:
    """An async file-like object."""

    def __init__(self, data=DATA):
        self.data = io.BytesIO(data)
        self.reads = 0

    async def read(self, size=-1):
        self.reads += 1
        return self.data.read(size)


class SeekableReader(Reader):
    def tell(self):
        return self.data.tell()

    def seek(self, *args):
        return self.data.seek(*args)


def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    return path.open("rb")


SYNC = {
    "bytes": lambda _: DATA,
    "str": lambda _: DATA.decode(),
    "bytearray": lambda _: bytearray(DATA),
    "BytesIO": lambda _: io.BytesIO(DATA),
    "file": file,
}


@pytest.mark.parametrize("form", SYNC)
async def test_sync_forms(s3, form, tmp_path):
    body = SYNC[form](tmp_path)
    await s3.put_object(Bucket="bucket", Key="key", Body=body)
    assert stored() == DATA
    if hasattr(body, "close"):
        body.close()


@pytest.mark.parametrize("form", SYNC)
async def test_sync_forms_without_a_checksum(plain_s3, form, tmp_path):
    body = SYNC[form](tmp_path)
    await plain_s3.put_object(Bucket="bucket", Key="key", Body=body)
    assert stored() == DATA
    if hasattr(body, "close"):
        body.close()


@pytest.mark.parametrize("config", [{}, PLAIN])
def test_buffers_by_boto3(config):
    with mock_aws():
        s3 = boto3.client("s3", config=Config(**config))
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="key", Body=bytearray(DATA))
        assert stored() == DATA


async def test_position_of_a_file_is_heeded(s3):
    body = io.BytesIO(b"skipped" + DATA)
    body.seek(7)
    if CHECKSUMS:
        await s3.put_object(Bucket="bucket", Key="key", Body=body)
        sync = boto3.client("s3")
        again = io.BytesIO(b"skipped" + DATA)
        again.seek(7)
        expected = stored()
        sync.put_object(Bucket="bucket", Key="key", Body=again)
        assert stored() == expected


ASYNC = {
    "async reader": Reader,
    "seekable async reader": SeekableReader,
}


@newer
@pytest.mark.parametrize("form", ASYNC)
async def test_async_file_like_objects(plain_s3, form):
    body = ASYNC[form]()
    await plain_s3.put_object(Bucket="bucket", Key="key", Body=body, ContentLength=len(DATA))
    assert stored() == DATA
    assert body.reads <= 2


@newer
async def test_async_file_like_objects_with_a_checksum(s3):
    await s3.put_object(Bucket="bucket", Key="key", Body=SeekableReader(), ContentLength=len(DATA))
    assert stored() == DATA


@newer
async def test_bodies_are_iterated_where_they_can_be_as_aiohttp_does(plain_s3):
    class Chunks:  # as aiobotocore 2.18's own wrapper of bodies, whose `read` is broken
        def __init__(self):
            self.chunks = [b"a" * 5, b"b" * 5]

        def read(self, size=-1):
            raise TypeError("can't concat coroutine to bytes")

        def __aiter__(self):
            return self

        async def __anext__(self):
            if not self.chunks:
                raise StopAsyncIteration
            return self.chunks.pop(0)

    await plain_s3.put_object(Bucket="bucket", Key="key", Body=Chunks(), ContentLength=10)
    reply = await plain_s3.get_object(Bucket="bucket", Key="key")
    assert await reply["Body"].read() == b"aaaaabbbbb"


@newer
async def test_aiofiles(plain_s3, tmp_path):
    (tmp_path / "file").write_bytes(DATA)
    async with aiofiles.open(tmp_path / "file", "rb") as body:
        await plain_s3.put_object(Bucket="bucket", Key="key", Body=body, ContentLength=len(DATA))
    assert stored() == DATA


@newer
async def test_generators(plain_s3):
    """No client takes them by its parameters; handlers of the user may put them there."""

    async def generator():
        for start in range(0, len(DATA), 1000):
            yield DATA[start : start + 1000]

    bodies = []

    def replace(request, **_):
        request.body = bodies[-1]

    plain_s3.meta.events.register("before-send.s3.PutObject", replace)
    for body in (
        generator(),
        iter([DATA[:10], DATA[10:]]),
        [DATA],
        memoryview(DATA),
        array("b", DATA),
    ):
        bodies.append(body)
        await plain_s3.put_object(Bucket="bucket", Key="key", Body=b"")
        assert stored() == DATA


async def test_empty_bodies(s3, plain_s3):
    for client in (s3, plain_s3):
        for body in (b"", "", io.BytesIO()):
            await client.put_object(Bucket="bucket", Key="key", Body=body)
            assert stored() == b""
        await client.put_object(Bucket="bucket", Key="key")
        assert stored() == b""


async def test_sixty_four_megabytes(s3):
    body = b"0123456789abcdef" * (4 << 20)
    await s3.put_object(Bucket="bucket", Key="key", Body=body)
    reply = await s3.get_object(Bucket="bucket", Key="key")
    assert await reply["Body"].read() == body


@newer
@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
@pytest.mark.parametrize("form", [bytes, io.BytesIO])
async def test_checksum_algorithms(s3, algorithm, form):
    reply = await s3.put_object(
        Bucket="bucket", Key="key", Body=form(DATA), ChecksumAlgorithm=algorithm
    )
    expected = {
        "CRC32": lambda: zlib.crc32(DATA).to_bytes(4, "big"),
        "SHA1": lambda: hashlib.sha1(DATA).digest(),
        "SHA256": lambda: hashlib.sha256(DATA).digest(),
    }[algorithm]()
    assert base64.b64decode(reply[f"Checksum{algorithm}"]) == expected
    got = await s3.get_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED")
    assert await got["Body"].read() == DATA
    assert base64.b64decode(got[f"Checksum{algorithm}"]) == expected


@newer
async def test_damaged_objects_fail_their_checksum(s3):
    from moto.s3.models import s3_backends

    await s3.put_object(Bucket="bucket", Key="key", Body=DATA, ChecksumAlgorithm="SHA256")
    key = s3_backends["123456789012"]["aws"].get_object("bucket", "key")
    key.checksum_value = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    got = await s3.get_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED")
    with pytest.raises(FlexibleChecksumError):
        await got["Body"].read()


async def test_content_md5(s3):
    digest = base64.b64encode(hashlib.md5(DATA).digest()).decode()
    await s3.put_object(Bucket="bucket", Key="key", Body=DATA, ContentMD5=digest)
    assert stored() == DATA


async def test_sse_c(s3):
    secret = {"SSECustomerKey": "k" * 32, "SSECustomerAlgorithm": "AES256"}
    await s3.put_object(Bucket="bucket", Key="key", Body=DATA, **secret)
    reply = await s3.get_object(Bucket="bucket", Key="key", **secret)
    assert await reply["Body"].read() == DATA


@pytest.mark.parametrize("signed", [True, False])
async def test_payload_signing(signed):
    with mock_aws():
        config = AioConfig(s3={"payload_signing_enabled": signed})
        async with get_session().create_client("s3", config=config) as s3:
            await s3.create_bucket(Bucket="bucket")
            await s3.put_object(Bucket="bucket", Key="key", Body=DATA)
            assert stored() == DATA


class TestRetries:
    """A body is rewound and sent as a whole again, not what was left of it."""

    def fail_once(self, monkeypatch):
        from moto.core.botocore_stubber import BotocoreStubber

        original = BotocoreStubber.process_request
        attempts = []

        def process(stubber, request):
            if request.method == "PUT":
                attempts.append(request)
                if len(attempts) == 1:
                    original(stubber, request)
                    return 503, {}, b""
            return original(stubber, request)

        monkeypatch.setattr(BotocoreStubber, "process_request", process)
        return attempts

    @pytest.mark.parametrize("form", ["bytes", "BytesIO", "file", "bytearray"])
    async def test_async(self, s3, monkeypatch, form, tmp_path):
        attempts = self.fail_once(monkeypatch)
        body = SYNC[form](tmp_path)
        monkeypatch.setattr("asyncio.sleep", _no_sleep)
        reply = await s3.put_object(Bucket="bucket", Key="key", Body=body)
        assert reply["ResponseMetadata"]["RetryAttempts"] == 1
        assert len(attempts) == 2
        assert stored() == DATA
        if hasattr(body, "close"):
            body.close()

    @newer
    async def test_async_body(self, plain_s3, monkeypatch):
        attempts = self.fail_once(monkeypatch)
        monkeypatch.setattr("asyncio.sleep", _no_sleep)
        await plain_s3.put_object(
            Bucket="bucket", Key="key", Body=SeekableReader(), ContentLength=len(DATA)
        )
        assert len(attempts) == 2
        assert stored() == DATA

    @pytest.mark.parametrize("form", ["bytes", "BytesIO", "file"])
    def test_sync(self, monkeypatch, form, tmp_path):
        with mock_aws():
            s3 = boto3.client("s3")
            s3.create_bucket(Bucket="bucket")
            attempts = self.fail_once(monkeypatch)
            monkeypatch.setattr("time.sleep", lambda _: None)
            body = SYNC[form](tmp_path)
            reply = s3.put_object(Bucket="bucket", Key="key", Body=body)
            assert reply["ResponseMetadata"]["RetryAttempts"] == 1
            assert len(attempts) == 2
            assert stored() == DATA
            if hasattr(body, "close"):
                body.close()


async def _no_sleep(*_):
    pass


async def test_other_services_take_their_bodies(s3):
    async with get_session().create_client("dynamodb") as dynamodb:
        await dynamodb.create_table(
            TableName="t",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "B"}],
        )
        await dynamodb.put_item(TableName="t", Item={"id": {"B": b"\x00\xff"}})
        assert (await dynamodb.get_item(TableName="t", Key={"id": {"B": b"\x00\xff"}}))["Item"][
            "id"
        ]["B"] == b"\x00\xff"
