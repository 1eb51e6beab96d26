"""aioboto3: clients, resources, transfers. Needs a session of its own: `nox -s aioboto3`."""

from __future__ import annotations

import io

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from boto3.s3.transfer import TransferConfig

from aiomoto import mock_aws

aioboto3 = pytest.importorskip("aioboto3", reason="its own session: nox -s aioboto3")

DATA = bytes(range(256)) * 100
BIG = b"0123456789abcdef" * (1 << 20)  # more than one part


@pytest.fixture
def session():
    with mock_aws():
        yield aioboto3.Session(region_name="us-east-1")


@pytest.fixture
async def bucket(session):
    async with session.resource("s3") as s3:
        bucket = await s3.Bucket("bucket")
        await bucket.create()
        yield bucket


async def test_session_made_before_the_mock():
    session = aioboto3.Session(
        aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1"
    )
    with mock_aws():
        async with session.client("s3") as s3:
            await s3.create_bucket(Bucket="bucket")
        assert boto3.client("s3").list_buckets()["Buckets"][0]["Name"] == "bucket"


async def test_collections_and_sub_resources(session, bucket):
    for number in range(3):
        await bucket.put_object(Key=f"k/{number}", Body=b"x" * number)
    assert [item.key async for item in bucket.objects.filter(Prefix="k/")] == ["k/0", "k/1", "k/2"]
    assert [item.key async for item in bucket.objects.limit(2)] == ["k/0", "k/1"]
    summary = await (await (await bucket.Object("k/2")).get())["Body"].read()
    assert summary == b"xx"
    item = await bucket.Object("k/1")
    assert await item.content_length == 1
    await item.delete()
    await bucket.objects.all().delete()
    assert [item.key async for item in bucket.objects.all()] == []


@pytest.mark.parametrize("data", [DATA, BIG], ids=["small", "big"])
async def test_transfers(session, bucket, data, tmp_path):
    (tmp_path / "file").write_bytes(data)
    async with session.client("s3") as s3:
        await s3.upload_file(str(tmp_path / "file"), "bucket", "file")
        await s3.upload_fileobj(
            io.BytesIO(data),
            "bucket",
            "fileobj",
            Config=TransferConfig(multipart_chunksize=5 << 20),
        )
        for key in ("file", "fileobj"):
            assert boto3.client("s3").get_object(Bucket="bucket", Key=key)["Body"].read() == data
        await s3.download_file("bucket", "file", str(tmp_path / "back"))
        assert (tmp_path / "back").read_bytes() == data
        into = io.BytesIO()
        await s3.download_fileobj("bucket", "fileobj", into)
        assert into.getvalue() == data
        await s3.copy({"Bucket": "bucket", "Key": "file"}, "bucket", "copy")
        assert boto3.client("s3").get_object(Bucket="bucket", Key="copy")["Body"].read() == data


async def test_upload_of_an_async_file(session, bucket):
    class Reader:
        def __init__(self):
            self.data = io.BytesIO(BIG)

        async def read(self, size=-1):
            return self.data.read(size)

    async with session.client("s3") as s3:
        await s3.upload_fileobj(Reader(), "bucket", "key")
    assert boto3.client("s3").get_object(Bucket="bucket", Key="key")["Body"].read() == BIG


async def test_dynamodb_tables(session):
    async with session.resource("dynamodb") as dynamodb:
        table = await dynamodb.create_table(
            TableName="table",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        await table.wait_until_exists()
        async with table.batch_writer() as batch:
            for number in range(60):
                await batch.put_item(Item={"pk": "a", "sk": number})
        found = await table.query(KeyConditionExpression=Key("pk").eq("a") & Key("sk").gt(55))
        assert [int(item["sk"]) for item in found["Items"]] == [56, 57, 58, 59]
        assert (await table.item_count) == 60
        assert (
            boto3.resource("dynamodb")
            .Table("table")
            .get_item(Key={"pk": "a", "sk": 3})["Item"]["sk"]
            == 3
        )


async def test_sqs_resources(session):
    async with session.resource("sqs") as sqs:
        queue = await sqs.create_queue(QueueName="queue")
        await queue.send_message(MessageBody="hello")
        messages = await queue.receive_messages()
        assert [await message.body for message in messages] == ["hello"]
        await messages[0].delete()
        assert (await (await sqs.get_queue_by_name(QueueName="queue")).attributes)[
            "ApproximateNumberOfMessages"
        ] == "0"


async def test_client_side_encryption_reads_what_it_wrote(session, bucket):
    pytest.importorskip("cryptography")
    from aioboto3.s3.cse import S3CSE, SymmetricCryptoContext

    key = b"k" * 32
    async with S3CSE(
        SymmetricCryptoContext(key=key), s3_client_args={"region_name": "us-east-1"}
    ) as cse:
        await cse.put_object(Body=DATA, Bucket="bucket", Key="secret")
        reply = await cse.get_object(Bucket="bucket", Key="secret")
        assert await reply["Body"].read() == DATA
    assert boto3.client("s3").get_object(Bucket="bucket", Key="secret")["Body"].read() != DATA
