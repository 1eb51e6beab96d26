"""What is measured: each work is prepared once per process, then repeated.

A work is a generator function: it yields what one repetition is, and tidies up after that.
"""

from __future__ import annotations

import asyncio
import os

import boto3

if os.environ.get("AIOMOTO_DISABLE"):  # the base: moto and boto3 as they are
    from moto import mock_aws
else:
    from aiomoto import mock_aws

REGION = "us-east-1"
SMALL = b"x" * 1024
LARGE = 64 << 20
TABLE = {
    "TableName": "table",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ITEM = {"id": {"S": "1"}, "text": {"S": "hello"}}
OBJECT = {"Bucket": "bucket", "Key": "key"}
GET_ITEM = {"TableName": "table", "Key": {"id": {"S": "1"}}}
loop = asyncio.new_event_loop()


def client(service):
    return boto3.session.Session(region_name=REGION).client(service)


def aio_client(service, **options):
    from aiobotocore.session import get_session

    return get_session().create_client(service, region_name=REGION, **options)


def enter_and_leave():
    def work():
        with mock_aws():
            pass

    yield work


def boto3_client():
    with mock_aws():
        yield lambda: client("s3")


def aio_session_and_client():
    async def work():
        async with aio_client("s3"):
            pass

    with mock_aws():
        yield lambda: loop.run_until_complete(work())


def boto3_test():
    def work():
        with mock_aws():
            s3, dynamodb = client("s3"), client("dynamodb")
            s3.create_bucket(Bucket="bucket")
            dynamodb.create_table(**TABLE)
            s3.put_object(**OBJECT, Body=SMALL)
            s3.get_object(**OBJECT)["Body"].read()
            dynamodb.put_item(TableName="table", Item=ITEM)
            dynamodb.get_item(**GET_ITEM)

    yield work


def aio_test():
    async def work():
        async with mock_aws(), aio_client("s3") as s3, aio_client("dynamodb") as dynamodb:
            await s3.create_bucket(Bucket="bucket")
            await dynamodb.create_table(**TABLE)
            await s3.put_object(**OBJECT, Body=SMALL)
            await (await s3.get_object(**OBJECT))["Body"].read()
            await dynamodb.put_item(TableName="table", Item=ITEM)
            await dynamodb.get_item(**GET_ITEM)

    yield lambda: loop.run_until_complete(work())


def _boto3_calls(call):
    def work_of_boto3():
        with mock_aws():
            s3, dynamodb = client("s3"), client("dynamodb")
            s3.create_bucket(Bucket="bucket")
            s3.put_object(**OBJECT, Body=SMALL)
            dynamodb.create_table(**TABLE)
            dynamodb.put_item(TableName="table", Item=ITEM)
            yield lambda: call(s3, dynamodb)

    return work_of_boto3


def _aio_calls(call):
    """The same by aiobotocore; 20 calls at a time, so that running the loop costs nothing."""

    def work_of_aiobotocore():
        with mock_aws():
            opened = [aio_client("s3"), aio_client("dynamodb")]
            s3, dynamodb = (loop.run_until_complete(one.__aenter__()) for one in opened)
            loop.run_until_complete(s3.create_bucket(Bucket="bucket"))
            loop.run_until_complete(s3.put_object(**OBJECT, Body=SMALL))
            loop.run_until_complete(dynamodb.create_table(**TABLE))
            loop.run_until_complete(dynamodb.put_item(TableName="table", Item=ITEM))

            async def work():
                for _ in range(20):
                    await call(s3, dynamodb)

            yield lambda: loop.run_until_complete(work())
            for one in opened:
                loop.run_until_complete(one.__aexit__(None, None, None))

    work_of_aiobotocore.calls = 20
    return work_of_aiobotocore


boto3_s3_put = _boto3_calls(lambda s3, _: s3.put_object(**OBJECT, Body=SMALL))
boto3_s3_get = _boto3_calls(lambda s3, _: s3.get_object(**OBJECT)["Body"].read())
boto3_dynamodb_put = _boto3_calls(lambda _, db: db.put_item(TableName="table", Item=ITEM))
boto3_dynamodb_get = _boto3_calls(lambda _, db: db.get_item(**GET_ITEM))
aio_s3_put = _aio_calls(lambda s3, _: s3.put_object(**OBJECT, Body=SMALL))
aio_dynamodb_put = _aio_calls(lambda _, db: db.put_item(TableName="table", Item=ITEM))
aio_dynamodb_get = _aio_calls(lambda _, db: db.get_item(**GET_ITEM))


async def _aio_get(s3):
    reply = await s3.get_object(**OBJECT)
    async with reply["Body"] as body:
        await body.read()


aio_s3_get = _aio_calls(lambda s3, _: _aio_get(s3))


def gathered_gets(concurrent=200):
    with mock_aws():
        opened = aio_client("s3")
        s3 = loop.run_until_complete(opened.__aenter__())
        loop.run_until_complete(s3.create_bucket(Bucket="bucket"))
        loop.run_until_complete(s3.put_object(**OBJECT, Body=SMALL))

        async def work():
            await asyncio.gather(*(_aio_get(s3) for _ in range(concurrent)))

        yield lambda: loop.run_until_complete(work())
        loop.run_until_complete(opened.__aexit__(None, None, None))


gathered_gets.calls = 200


def boto3_large_put(size=LARGE):
    body = bytes(size)
    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="bucket")
        yield lambda: s3.put_object(**OBJECT, Body=body)


def boto3_large_get(size=LARGE):
    def work():
        for _ in s3.get_object(**OBJECT)["Body"].iter_chunks(1 << 20):
            pass

    with mock_aws():
        s3 = client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_object(**OBJECT, Body=bytes(size))
        yield work


def aio_large_put(size=LARGE):
    body = bytes(size)
    with mock_aws():
        opened = aio_client("s3")
        s3 = loop.run_until_complete(opened.__aenter__())
        loop.run_until_complete(s3.create_bucket(Bucket="bucket"))
        yield lambda: loop.run_until_complete(s3.put_object(**OBJECT, Body=body))
        loop.run_until_complete(opened.__aexit__(None, None, None))


def aio_large_get(size=LARGE):
    async def work():
        reply = await s3.get_object(**OBJECT)
        async with reply["Body"] as body:
            async for _ in body.iter_chunks(1 << 20):
                pass

    with mock_aws():
        opened = aio_client("s3")
        s3 = loop.run_until_complete(opened.__aenter__())
        loop.run_until_complete(s3.create_bucket(Bucket="bucket"))
        loop.run_until_complete(s3.put_object(**OBJECT, Body=bytes(size)))
        yield lambda: loop.run_until_complete(work())
        loop.run_until_complete(opened.__aexit__(None, None, None))


def aio_tests(tests=1):
    """Several whole tests, as a suite has them: the time of one must not grow with their number."""
    (repeat,) = [next(aio_test())]

    def work():
        for _ in range(tests):
            repeat()

    yield work


def aio_put_and_get(size=1024):
    async def work():
        await s3.put_object(**OBJECT, Body=body)
        async with (await s3.get_object(**OBJECT))["Body"] as reply:
            while await reply.read(1 << 20):
                pass

    body = bytes(size)
    with mock_aws():
        opened = aio_client("s3")
        s3 = loop.run_until_complete(opened.__aenter__())
        loop.run_until_complete(s3.create_bucket(Bucket="bucket"))
        yield lambda: loop.run_until_complete(work())
        loop.run_until_complete(opened.__aexit__(None, None, None))
