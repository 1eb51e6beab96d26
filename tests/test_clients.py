"""Everything else that clients do: paginators, waiters, errors, retries, events, history."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import aiobotocore
import boto3
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiobotocore.stub import AioStubber
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, WaiterError
from botocore.history import get_global_history_recorder

from aiomoto import mock_aws

TABLE = {
    "TableName": "table",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture
async def s3():
    with mock_aws():
        sync = boto3.client("s3")
        sync.create_bucket(Bucket="bucket")
        for number in range(25):
            sync.put_object(Bucket="bucket", Key=f"{number:02}", Body=b"x" * number)
        async with get_session().create_client("s3") as client:
            yield client


async def test_paginators(s3):
    sync = (
        boto3.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket="bucket", PaginationConfig={"PageSize": 10})
    )
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket="bucket", PaginationConfig={"PageSize": 10}
    )
    keys = [[item["Key"] for item in page["Contents"]] async for page in pages]
    assert [len(page) for page in keys] == [10, 10, 5]
    assert keys == [[item["Key"] for item in page["Contents"]] for page in sync]
    whole = await s3.get_paginator("list_objects_v2").paginate(Bucket="bucket").build_full_result()
    assert len(whole["Contents"]) == 25
    again = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
    assert [key async for key in again.search("Contents[?Size > `20`].Key")] == [
        "21",
        "22",
        "23",
        "24",
    ]
    limited = s3.get_paginator("list_objects_v2").paginate(
        Bucket="bucket", PaginationConfig={"MaxItems": 7, "PageSize": 3}
    )
    first = await limited.build_full_result()
    assert len(first["Contents"]) == 7
    rest = s3.get_paginator("list_objects_v2").paginate(
        Bucket="bucket", PaginationConfig={"StartingToken": first["NextToken"]}
    )
    assert len((await rest.build_full_result())["Contents"]) == 18
    assert s3.can_paginate("list_objects_v2")
    assert not s3.can_paginate("get_object")


async def test_a_closed_client_fails_as_it_does_without_a_mock(s3, httpd):
    async def list_buckets(**options):
        config = AioConfig(retries={"total_max_attempts": 1})
        async with get_session().create_client("s3", config=config, **options) as client:
            pass
        try:
            await client.list_buckets()
        except HTTPClientError as error:
            return str(error)
        finally:
            await client.close()  # versions before 3 open again
        return None

    let_out = {"core": {"passthrough": {"urls": [httpd.url]}}}
    with mock_aws(config=let_out):
        real = await list_buckets(endpoint_url=httpd.url)
    assert await list_buckets() == real
    if aiobotocore.__version__.startswith("3."):
        assert "NoneType" in real


async def test_waiters(s3):
    await s3.get_waiter("object_exists").wait(Bucket="bucket", Key="01")
    await s3.get_waiter("object_not_exists").wait(Bucket="bucket", Key="gone")
    quick = {"Delay": 0.01, "MaxAttempts": 3}
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        await s3.get_waiter("object_exists").wait(Bucket="bucket", Key="gone", WaiterConfig=quick)
    waiting = asyncio.create_task(
        s3.get_waiter("object_exists").wait(
            Bucket="bucket", Key="later", WaiterConfig={"Delay": 0.05, "MaxAttempts": 99}
        )
    )
    await asyncio.sleep(0.1)
    await s3.put_object(Bucket="bucket", Key="later")
    await waiting


async def test_failing_waiter():
    with mock_aws():
        async with get_session().create_client("dynamodb") as dynamodb:
            await dynamodb.create_table(**TABLE)
            await dynamodb.get_waiter("table_exists").wait(TableName="table")
            with pytest.raises(WaiterError):
                await dynamodb.get_waiter("table_not_exists").wait(
                    TableName="table", WaiterConfig={"Delay": 0, "MaxAttempts": 2}
                )


async def test_modeled_errors():
    with mock_aws():
        sync = boto3.client("dynamodb")
        async with get_session().create_client("dynamodb") as dynamodb:
            await dynamodb.create_table(**TABLE)
            put = {"TableName": "table", "Item": {"id": {"S": "1"}}}
            await dynamodb.put_item(**put)
            put |= {
                "ConditionExpression": "attribute_not_exists(id)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
            errors = []
            for call in (
                lambda: dynamodb.put_item(**put),
                lambda: as_coroutine(sync.put_item, **put),
            ):
                with pytest.raises(ClientError) as caught:
                    await call()
                errors.append(caught.value.response)
            assert errors[0].keys() == errors[1].keys()
            assert errors[0]["Error"] == errors[1]["Error"]
            assert errors[0].get("Item") == errors[1].get("Item")


async def as_coroutine(function, **kwargs):
    return function(**kwargs)


async def test_response_metadata(s3):
    found = (await s3.list_buckets())["ResponseMetadata"]
    expected = boto3.client("s3").list_buckets()["ResponseMetadata"]
    assert found.keys() == expected.keys()
    assert found["HTTPHeaders"].keys() == expected["HTTPHeaders"].keys()
    assert {key: type(value) for key, value in found.items()} == {
        key: type(value) for key, value in expected.items()
    }
    assert (found["HTTPStatusCode"], found["RetryAttempts"]) == (200, 0)


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
async def test_retries(s3, monkeypatch, mode):
    """moto is asked as often as AWS would be, and nothing really sleeps for long."""
    from moto.core.botocore_stubber import BotocoreStubber

    asked = []

    def fail(self, request):
        asked.append(request.url)
        return 503, {}, b"<Error><Code>SlowDown</Code></Error>"

    slept = []

    async def sleep(seconds, result=None):
        slept.append(seconds)

    retries = {"max_attempts": 2, "mode": mode}
    sync = boto3.client("s3", config=Config(retries=retries))
    async with get_session().create_client("s3", config=AioConfig(retries=retries)) as client:
        monkeypatch.setattr(BotocoreStubber, "process_request", fail)
        monkeypatch.setattr("time.sleep", slept.append)
        with pytest.raises(ClientError) as by_sync:
            sync.list_buckets()
        expected = len(asked)
        monkeypatch.setattr("asyncio.sleep", sleep)
        with pytest.raises(ClientError, match="SlowDown") as error:
            await client.list_buckets()
        monkeypatch.undo()
    assert len(asked) == 2 * expected
    metadata = error.value.response["ResponseMetadata"]
    assert (
        metadata["RetryAttempts"]
        == by_sync.value.response["ResponseMetadata"]["RetryAttempts"]
        == expected - 1
    )


async def test_events_of_the_user(s3):
    seen = []

    async def note_async(event_name, **_):
        seen.append(event_name)

    for event in (
        "provide-client-params",
        "before-parameter-build",
        "before-call",
        "request-created",
        "before-sign",
        "before-send",
        "before-parse",
        "response-received",
        "after-call",
    ):
        s3.meta.events.register(f"{event}.s3.ListBuckets", note_async)
    await s3.list_buckets()
    names = [name.partition(".")[0] for name in seen]
    if "before-parse" not in names:  # aiobotocore does not emit it before 2.14
        names.insert(-2, "before-parse")
    assert names == [
        "provide-client-params",
        "before-parameter-build",
        "before-call",
        "request-created",
        "before-sign",
        "before-send",
        "before-parse",
        "response-received",
        "after-call",
    ]


async def test_before_call_may_answer(s3):
    def answer(**_):
        from botocore.awsrequest import AWSResponse

        return AWSResponse("https://mine", 200, {}, None), {"Mine": True}

    s3.meta.events.register("before-call.s3.ListBuckets", answer)
    assert await s3.list_buckets() == {"Mine": True}


async def test_async_stubber(s3):
    with AioStubber(s3) as stubber:
        stubber.add_response("list_buckets", {"Buckets": [{"Name": "stubbed"}]})
        assert (await s3.list_buckets())["Buckets"] == [{"Name": "stubbed"}]
        stubber.add_client_error("list_buckets", "Broken")
        with pytest.raises(ClientError, match="Broken"):
            await s3.list_buckets()
    assert (await s3.list_buckets())["Buckets"][0]["Name"] == "bucket"


async def test_history_recorder(s3):
    class Handler:
        def __init__(self):
            self.events = []

        def emit(self, event, payload, source):
            self.events.append(event)

    recorder, handler = get_global_history_recorder(), Handler()
    recorder.add_handler(handler)
    recorder.enable()
    try:
        await s3.list_buckets()
    finally:
        recorder.disable()
        recorder._handlers.remove(handler)
    assert handler.events == ["API_CALL", "HTTP_REQUEST", "HTTP_RESPONSE", "PARSED_RESPONSE"]


async def test_meta(s3):
    sync = boto3.client("s3")
    assert s3.meta.region_name == sync.meta.region_name
    assert s3.meta.endpoint_url == sync.meta.endpoint_url
    assert s3.meta.service_model.service_name == "s3"
    assert s3.meta.method_to_api_mapping == sync.meta.method_to_api_mapping
    assert s3.exceptions.NoSuchBucket.__name__ == "NoSuchBucket"


async def test_cancellation(s3):
    tasks = [
        asyncio.create_task(s3.put_object(Bucket="bucket", Key=f"c{n}", Body=b"x"))
        for n in range(20)
    ]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [
        r for r in results if isinstance(r, Exception) and not isinstance(r, asyncio.CancelledError)
    ]
    assert (await s3.list_buckets())["Buckets"]
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(s3.get_object(Bucket="bucket", Key="01"), 0)
    async with asyncio.timeout(5) if hasattr(asyncio, "timeout") else contextlib.nullcontext():
        await s3.list_objects_v2(Bucket="bucket")


def test_one_client_after_another_in_many_loops():
    async def main():
        async with get_session().create_client("s3") as client:
            return len((await client.list_buckets())["Buckets"])

    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bucket")
        results = []
        threads = [
            threading.Thread(target=lambda: results.append(asyncio.run(main()))) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [1] * 6


def test_one_client_in_two_loops():
    """aiobotocore binds nothing to a loop before a request really leaves."""
    with mock_aws():
        loops = [asyncio.new_event_loop() for _ in range(2)]
        try:
            context = get_session().create_client("s3")
            client = loops[0].run_until_complete(context.__aenter__())
            for loop in loops:
                assert loop.run_until_complete(client.list_buckets())["Buckets"] == []
            loops[0].run_until_complete(context.__aexit__(None, None, None))
        finally:
            for loop in loops:
                loop.close()


async def test_debug_mode_is_quiet(run):
    code = """
import asyncio, logging, warnings
import boto3
from aiobotocore.session import get_session
from aiomoto import mock_aws
logging.getLogger("asyncio").addFilter(lambda record: "took" not in record.getMessage())
async def main():
    with mock_aws():
        async with get_session().create_client("s3", region_name="us-east-1") as s3:
            await s3.create_bucket(Bucket="bucket")
            await s3.put_object(Bucket="bucket", Key="key", Body=b"1")
            reply = await s3.get_object(Bucket="bucket", Key="key")
            print(await reply["Body"].read())
asyncio.run(main(), debug=True)
import gc; gc.collect()
"""
    done = run("-X", "dev", "-W", "error", "-c", code)
    assert (done.out, done.err) == ("b'1'\n", "")
