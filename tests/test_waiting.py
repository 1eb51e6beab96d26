"""Operations for which moto would wait let other tasks run meanwhile."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import anyio
import boto3
import freezegun
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from aiomoto import RealHTTPRequestBlockedError, mock_aws

try:
    from aiobotocore.httpxsession import HttpxSession
except ImportError:
    HttpxSession = None

BACKENDS = [
    pytest.param(("asyncio", None), id="aiohttp"),
    pytest.param(
        ("asyncio", HttpxSession),
        id="httpx",
        marks=pytest.mark.skipif(not HttpxSession, reason="no httpx"),
    ),
    pytest.param(
        ("trio", HttpxSession),
        id="trio",
        marks=pytest.mark.skipif(not HttpxSession, reason="no httpx"),
    ),
]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param


@asynccontextmanager
async def client(service="sqs", session_class=None, **config):
    extra = {"http_session_cls": session_class} if session_class else {}
    async with get_session().create_client(service, config=AioConfig(**extra, **config)) as made:
        yield made


def run(backend, function, *args):
    """Run an async function by the library of a backend, in a mock."""
    library, session_class = backend

    async def main():
        with anyio.fail_after(30), mock_aws():
            async with client(session_class=session_class) as sqs:
                return await function(sqs, *args)

    # In a thread: pytest-asyncio loses its own event loop where another is run in the main one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(anyio.run, main, backend=library).result()


async def poll(sqs, url, seconds=20, **options):
    started = time.monotonic()
    reply = await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=seconds, **options)
    return [message["Body"] for message in reply.get("Messages", [])], time.monotonic() - started


def test_a_message_of_the_same_loop_ends_the_poll(backend):
    async def main(sqs):
        url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
        found = []

        async def consume():
            found.append(await poll(sqs, url))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            await anyio.sleep(0.2)
            await sqs.send_message(QueueUrl=url, MessageBody="hello")
        return found[0]

    bodies, seconds = run(backend, main)
    assert bodies == ["hello"]
    assert 0.2 <= seconds < 5


def test_a_message_of_another_thread_ends_the_poll(backend):
    async def main(sqs):
        url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
        send = lambda: boto3.client("sqs").send_message(QueueUrl=url, MessageBody="hello")  # noqa: E731
        timer = threading.Timer(0.1, send)
        timer.start()
        try:
            return await poll(sqs, url)
        finally:
            timer.join()

    bodies, seconds = run(backend, main)
    assert bodies == ["hello"]
    assert seconds < 5


def test_other_tasks_run_on(backend):
    async def main(sqs):
        url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
        ticks = []

        async def tick():
            while True:
                await anyio.sleep(0.01)
                ticks.append(None)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tick)
            found = await poll(sqs, url, 1)
            tasks.cancel_scope.cancel()
        return found, len(ticks)

    (bodies, seconds), ticks = run(backend, main)
    assert bodies == []
    assert 0.95 <= seconds < 5
    assert ticks > 10


def test_the_queues_own_default(backend):
    async def main(sqs):
        attributes = {"ReceiveMessageWaitTimeSeconds": "1"}
        url = (await sqs.create_queue(QueueName="queue", Attributes=attributes))["QueueUrl"]
        started = time.monotonic()
        assert "Messages" not in await sqs.receive_message(QueueUrl=url)
        return time.monotonic() - started

    assert run(backend, main) >= 0.95


async def test_delays_and_visibility_end_a_poll():
    with mock_aws():
        async with client() as sqs:
            url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
            await sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
            bodies, seconds = await poll(sqs, url, VisibilityTimeout=1)
            assert (bodies, 0.5 < seconds < 5) == (["late"], True)
            bodies, seconds = await poll(sqs, url)
            assert (bodies, 0.5 < seconds < 5) == (["late"], True)


async def test_fifo_groups_are_unlocked():
    with mock_aws():
        async with client() as sqs:
            attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
            url = (await sqs.create_queue(QueueName="queue.fifo", Attributes=attributes))[
                "QueueUrl"
            ]
            for body in ("one", "two"):
                await sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="group")
            first = (await sqs.receive_message(QueueUrl=url))["Messages"][0]
            waiting = asyncio.create_task(poll(sqs, url))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            await sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
            assert (await waiting)[0] == ["two"]


def test_a_cancelled_poll_ends_at_once_and_takes_no_message(backend):
    async def main(sqs):
        url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
        started = time.monotonic()
        with anyio.move_on_after(0.1) as scope:
            await poll(sqs, url)
        assert scope.cancelled_caught
        assert time.monotonic() - started < 2
        await sqs.send_message(QueueUrl=url, MessageBody="hello")
        return await poll(sqs, url, 0)

    assert run(backend, main)[0] == ["hello"]


async def test_a_message_sent_while_the_poll_is_cancelled_stays():
    with mock_aws():
        async with client() as sqs:
            url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
            task = asyncio.create_task(poll(sqs, url))
            await asyncio.sleep(0.05)
            await sqs.send_message(QueueUrl=url, MessageBody="hello")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await poll(sqs, url, 0))[0] == ["hello"]


async def test_the_end_of_the_mock_ends_the_poll():
    async with client(retries={"max_attempts": 0}) as sqs:
        with mock_aws():
            url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
            task = asyncio.create_task(poll(sqs, url))
            await asyncio.sleep(0.05)
        with pytest.raises(RealHTTPRequestBlockedError, match="ended meanwhile"):
            await asyncio.wait_for(task, 5)


def test_frozen_clocks_do_not_hang_a_poll(backend):
    async def main(sqs):
        url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
        found = []

        async def consume():
            found.append((await poll(sqs, url))[0])

        async def produce():
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            await sqs.send_message(QueueUrl=url, MessageBody="hello")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(consume)
            tasks.start_soon(produce)
        found.append((await poll(sqs, url, 1))[0])
        return found

    with freezegun.freeze_time("2020-01-01"):
        assert run(backend, main) == [["hello"], []]


async def test_validation_is_motos():
    with mock_aws():
        async with client() as sqs:
            url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
            with pytest.raises(sqs.exceptions.ClientError, match="WaitTimeSeconds"):
                await sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21)
            with pytest.raises(sqs.exceptions.ClientError, match="does not exist"):
                await sqs.receive_message(QueueUrl=url + "x", WaitTimeSeconds=5)


async def test_many_polls_at_once():
    with mock_aws():
        async with client() as sqs:
            urls = [(await sqs.create_queue(QueueName=f"queue-{n}"))["QueueUrl"] for n in range(20)]
            polls = [asyncio.create_task(poll(sqs, url)) for url in urls]
            await asyncio.sleep(0.05)
            for url in urls:
                await sqs.send_message(QueueUrl=url, MessageBody=url)
            assert [bodies for bodies, _ in await asyncio.gather(*polls)] == [[url] for url in urls]


async def test_a_repeated_question_is_recorded_once(tmp_path):
    from moto.moto_api import recorder

    with mock_aws():
        async with client() as sqs:
            url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
            recorder._location = str(tmp_path / "recording")
            recorder.start_recording()
            try:
                task = asyncio.create_task(poll(sqs, url))
                await asyncio.sleep(0.05)
                recorder.stop_recording()
                await sqs.send_message(QueueUrl=url, MessageBody="hello")
                recorder.start_recording()
                await task
            finally:
                recorder.stop_recording()
    assert len((tmp_path / "recording").read_text().splitlines()) == 1


async def test_a_repeated_question_is_authorised_once():
    from moto.core import responses, set_initial_no_auth_action_count

    @mock_aws
    @set_initial_no_auth_action_count(4)
    async def main():
        async with client() as sqs:
            url = (await sqs.create_queue(QueueName="queue"))["QueueUrl"]
            task = asyncio.create_task(poll(sqs, url))
            await asyncio.sleep(0.05)
            await sqs.send_message(QueueUrl=url, MessageBody="hello")
            await task
            return responses.ActionAuthenticatorMixin.request_count

    assert await main() == 3


async def test_sync_polls_still_wait_in_moto():
    with mock_aws():
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="queue")["QueueUrl"]
        started = time.monotonic()
        assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
        assert time.monotonic() - started >= 0.95


async def test_swf_polls():
    with mock_aws():
        async with client("swf") as swf:
            await swf.register_domain(name="domain", workflowExecutionRetentionPeriodInDays="1")
            await swf.register_workflow_type(
                domain="domain",
                name="flow",
                version="1",
                defaultTaskList={"name": "list"},
                defaultChildPolicy="TERMINATE",
                defaultTaskStartToCloseTimeout="60",
                defaultExecutionStartToCloseTimeout="60",
            )
            query = {"domain": "domain", "taskList": {"name": "list"}}
            started = time.monotonic()
            first = asyncio.create_task(swf.poll_for_decision_task(**query))
            await asyncio.sleep(0.05)
            assert not first.done()
            await swf.start_workflow_execution(
                domain="domain", workflowId="id", workflowType={"name": "flow", "version": "1"}
            )
            assert (await first)["taskToken"]
            assert time.monotonic() - started < 0.95
            activity = await swf.poll_for_activity_task(**query)
            assert "taskToken" not in activity
            assert time.monotonic() - started >= 0.95


async def test_lambda_runs_in_a_worker_thread():
    """Without docker moto says so, from a thread of its own, while other tasks run."""
    threads = []
    with mock_aws(config={"lambda": {"use_docker": False}}):
        iam = boto3.client("iam")
        role = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        async with client("lambda") as functions:
            await functions.create_function(
                FunctionName="f",
                Runtime="python3.12",
                Role=role,
                Handler="m.h",
                Code={"ZipFile": _zipped()},
            )
            from moto.awslambda_simple.models import LambdaSimpleBackend

            original = LambdaSimpleBackend.invoke

            def invoke(*args, **kwargs):
                threads.append(threading.current_thread())
                return original(*args, **kwargs)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(LambdaSimpleBackend, "invoke", invoke)
                reply = await functions.invoke(FunctionName="f", Payload=json.dumps({"a": 1}))
            assert reply["StatusCode"] == 200
    assert threads != [threading.main_thread()]
    assert len(threads) == 1


def _zipped():
    import io
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m.py", "def h(event, context): pass")
    return file.getvalue()
