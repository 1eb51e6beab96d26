"""Every AWS request leaves through one door, once, and behind it nothing gets out."""

from __future__ import annotations

import asyncio
import gc
import threading

import boto3
import botocore.session
import moto
import pytest
from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.stub import Stubber

from aiomoto import RealHTTPRequestBlockedError, mock_aws

pytestmark = pytest.mark.smoke  # runs on the lowest versions in CI

KEYS = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
ASYNC_BODIES = hasattr(Config(), "request_checksum_calculation")
ONCE = Config(retries={"max_attempts": 0}, connect_timeout=0.5)


@pytest.fixture
def calls(monkeypatch):
    """Count what reaches moto's backends."""
    from moto.core.botocore_stubber import BotocoreStubber

    seen = []
    original = BotocoreStubber.process_request

    def count(self, request):
        seen.append(request.method)
        return original(self, request)

    return seen, lambda: monkeypatch.setattr(BotocoreStubber, "process_request", count)


class TestClientsMadeEarlier:
    def test_sync_client_made_before_the_mock(self):
        client = boto3.client("s3", **KEYS)
        with mock_aws():
            client.create_bucket(Bucket="bucket")
            assert client.list_buckets()["Buckets"][0]["Name"] == "bucket"

    async def test_async_client_made_before_the_mock(self):
        async with get_session().create_client("s3", **KEYS) as client:
            with mock_aws():
                await client.create_bucket(Bucket="bucket")
                assert boto3.client("s3").list_buckets()["Buckets"][0]["Name"] == "bucket"

    async def test_clients_without_credentials_sign_with_the_mocks(self):
        sync = boto3.client("sts")
        async with get_session().create_client("sts") as client:
            with mock_aws():
                expected = boto3.client("sts").get_caller_identity()["Arn"]
                assert sync.get_caller_identity()["Arn"] == expected
                assert (await client.get_caller_identity())["Arn"] == expected

    @pytest.mark.parametrize("disable", [None, "1"], ids=["with hook", "without hook"])
    def test_clients_made_before_moto_and_aiomoto_were_imported(self, run, disable):
        code = """
import asyncio, sys
import boto3, aiobotocore.session
sync = boto3.client("s3", aws_access_key_id="a", aws_secret_access_key="b")
async def main():
    session = aiobotocore.session.get_session()
    async with session.create_client("s3", aws_access_key_id="a", aws_secret_access_key="b") as client:
        assert "moto" not in sys.modules
        from aiomoto import mock_aws
        with mock_aws():
            sync.create_bucket(Bucket="bucket")
            print((await client.list_buckets())["Buckets"][0]["Name"])
asyncio.run(main())
"""
        done = run("-c", code, AIOMOTO_DISABLE=disable)
        assert done.out == "bucket\n", done.err


class TestOnce:
    """A request is executed once, however mocks nest and wherever moto's handler is registered."""

    @pytest.mark.parametrize("nest", [1, 3])
    async def test_nested_mocks(self, nest, calls):
        seen, watch = calls
        before_moto = botocore.session.Session()
        with mock_aws():
            for _ in range(nest):
                moto.mock_aws().start()
            boto3.client("s3").create_bucket(Bucket="bucket")
            watch()
            boto3.client("s3").put_object(Bucket="bucket", Key="k", Body=b"1")
            before_moto.create_client("s3").put_object(Bucket="bucket", Key="k", Body=b"2")
            async with get_session().create_client("s3") as client:
                await client.put_object(Bucket="bucket", Key="k", Body=b"3")
            for _ in range(nest):
                moto.mock_aws().stop()
        assert seen == ["PUT"] * 3

    def test_handler_registered_twice(self, calls):
        from moto.core import patch_client

        seen, watch = calls
        with mock_aws():
            client = boto3.client("s3")
            client.create_bucket(Bucket="bucket")
            client.meta.events.register("before-send.s3", moto.core.models.botocore_stubber)
            patch_client(client)
            watch()
            client.put_object(Bucket="bucket", Key="k", Body=b"1")
        assert seen == ["PUT"]

    def test_session_without_builtin_handlers(self):
        session = botocore.session.Session(include_builtin_handlers=False)
        with mock_aws():
            assert session.create_client("sts").get_caller_identity()["Account"] == "123456789012"


class TestTheUsersOwnHandlersComeFirst:
    async def test_stubber_that_the_user_has_replaced_is_what_answers(self, monkeypatch):
        from moto.core.botocore_stubber import BotocoreStubber

        original, seen = BotocoreStubber.__call__, []

        def mine(self, event_name, request, **kwargs):
            seen.append(request.method)
            return original(self, event_name, request, **kwargs)

        with mock_aws():
            monkeypatch.setattr(BotocoreStubber, "__call__", mine)
            boto3.client("s3").create_bucket(Bucket="bucket")
            async with get_session().create_client("s3") as client:
                assert len((await client.list_buckets())["Buckets"]) == 1
            assert seen.count("PUT") >= 1
            with mock_aws():  # wraps the user's, and asks both
                assert len(boto3.client("s3").list_buckets()["Buckets"]) == 1

    async def test_before_send(self):
        def answer(request, **_):
            return AWSResponse(request.url, 200, {"mine": "yes"}, None)

        class Raw:
            raw_headers = ((b"mine", b"yes"),)

            async def read(self):
                return b""

        async def answer_async(request, **_):
            return AioAWSResponse(request.url, 200, {"mine": "yes"}, Raw())

        with mock_aws():
            client = boto3.client("s3")
            client.meta.events.register("before-send.s3.CreateBucket", answer)
            AWSResponse.content = property(lambda self: b"")
            try:
                reply = client.create_bucket(Bucket="never-made")
            finally:
                del AWSResponse.content
                AWSResponse.content = _content
            assert reply["ResponseMetadata"]["HTTPHeaders"]["mine"] == "yes"
            async with get_session().create_client("s3") as other:
                other.meta.events.register("before-send.s3.CreateBucket", answer_async)
                reply = await other.create_bucket(Bucket="never-made")
                assert reply["ResponseMetadata"]["HTTPHeaders"]["mine"] == "yes"
            assert boto3.client("s3").list_buckets()["Buckets"] == []

    def test_stubber(self):
        with mock_aws():
            client = boto3.client("sts")
            with Stubber(client) as stubber:
                stubber.add_response("get_caller_identity", {"Account": "stubbed"})
                assert client.get_caller_identity()["Account"] == "stubbed"
            assert client.get_caller_identity()["Account"] == "123456789012"


_content = AWSResponse.content


class TestAfterTheMock:
    """Requests then go to the real world, except what belongs to the mock that has ended."""

    async def test_clients_with_the_mocks_credentials_are_refused(self):
        with mock_aws():
            sync = boto3.client("s3", config=ONCE)
            client = (
                await get_session()
                .create_client("s3", config=AioConfig(retries={"max_attempts": 0}))
                .__aenter__()
            )
        try:
            with pytest.raises(RealHTTPRequestBlockedError, match="make a new client"):
                sync.list_buckets()
            with pytest.raises(RealHTTPRequestBlockedError, match="make a new client"):
                await client.list_buckets()
        finally:
            await client.__aexit__(None, None, None)

    async def test_other_clients_reach_the_network_again(self, httpd):
        client = boto3.client("s3", endpoint_url=httpd.url, config=ONCE, **KEYS)
        with mock_aws():
            client.create_bucket(Bucket="bucket")
        assert client.list_buckets()["ResponseMetadata"]["HTTPHeaders"]["server"] == "the real one"
        async with get_session().create_client("s3", endpoint_url=httpd.url, **KEYS) as other:
            reply = await other.list_buckets()
            assert reply["ResponseMetadata"]["HTTPHeaders"]["server"] == "the real one"

    def test_retry_of_a_request_that_began_in_the_mock(self):
        client = boto3.client("s3", config=Config(retries={"max_attempts": 3}), **KEYS)
        mock = mock_aws()

        def end_the_mock(**kwargs):
            if kwargs["attempts"] == 1:
                mock.stop()
                return 0.001  # try again
            return None

        mock.start()
        client.meta.events.register_first("needs-retry.s3.ListBuckets", end_the_mock)
        with pytest.raises(RealHTTPRequestBlockedError, match="ended meanwhile"):
            client.list_buckets()

    async def test_task_that_outlives_the_mock(self):
        started, ended = asyncio.Event(), asyncio.Event()

        async def hold(**_):
            started.set()
            await ended.wait()

        async with get_session().create_client("s3", **KEYS) as client:
            client.meta.events.register_first("before-send.s3.ListBuckets", hold)
            with mock_aws():
                listing = asyncio.create_task(client.list_buckets())
                await started.wait()
            ended.set()
            with pytest.raises(RealHTTPRequestBlockedError, match="ended meanwhile"):
                await listing

    @pytest.mark.skipif(not ASYNC_BODIES, reason="this aiobotocore takes no async body")
    async def test_body_that_outlives_the_mock(self):
        started, ended = asyncio.Event(), asyncio.Event()

        class Slow:
            async def read(self, size=-1):
                started.set()
                await ended.wait()
                return b"late"

        config = AioConfig(
            request_checksum_calculation="when_required", s3={"payload_signing_enabled": False}
        )
        async with get_session().create_client("s3", config=config, **KEYS) as client:
            with mock_aws():
                await client.create_bucket(Bucket="bucket")
                put = asyncio.create_task(
                    client.put_object(Bucket="bucket", Key="k", Body=Slow(), ContentLength=4)
                )
                await started.wait()
            ended.set()
            with pytest.raises(RealHTTPRequestBlockedError, match="ended meanwhile"):
                await put

    def test_thread_that_outlives_the_mock(self):
        client = boto3.client("s3", config=ONCE, **KEYS)
        ready, go, errors = threading.Event(), threading.Event(), []

        def hold(**_):
            ready.set()
            go.wait(10)

        def work():
            try:
                client.list_buckets()
            except BaseException as error:
                errors.append(error)

        client.meta.events.register_first("before-send.s3.ListBuckets", hold)
        thread = threading.Thread(target=work)
        with mock_aws():
            thread.start()
            assert ready.wait(10)
        go.set()
        thread.join()
        assert [type(error) for error in errors] == [RealHTTPRequestBlockedError]

    @pytest.mark.parametrize("event", ["provide-client-params", "before-call", "before-sign"])
    async def test_call_that_was_being_prepared_when_its_mock_ended(self, event):
        for end in (True, False):  # the first mock ends, a second may have begun
            mock, second = mock_aws(), mock_aws()
            client = boto3.client("s3", config=ONCE, **KEYS)

            def switch(mock=mock, second=second, end=end, **_):
                mock.stop()
                if not end:
                    second.start()

            client.meta.events.register_first(f"{event}.s3.ListBuckets", switch)
            mock.start()
            with pytest.raises(RealHTTPRequestBlockedError, match="ended meanwhile"):
                client.list_buckets()
            async with get_session().create_client(
                "s3", config=AioConfig(retries={"max_attempts": 0}), **KEYS
            ) as other:
                if not end:
                    second.stop()
                other.meta.events.register_first(f"{event}.s3.ListBuckets", switch)
                mock.start()
                with pytest.raises(RealHTTPRequestBlockedError, match="ended meanwhile"):
                    await other.list_buckets()
            if not end:
                second.stop()

    @pytest.mark.parametrize("signature_version", ["s3v4", "s3", "s3v4-query"])
    def test_fake_credentials_are_seen_wherever_they_are(self, signature_version):
        config = Config(retries={"max_attempts": 0}, signature_version=signature_version)
        with mock_aws():
            client = boto3.client("s3", config=config)
        with pytest.raises(RealHTTPRequestBlockedError, match="make a new client"):
            client.list_buckets()

    def test_fake_credentials_in_a_body(self):
        with mock_aws():
            client = boto3.client("sns", config=Config(signature_version="v2"))
        with pytest.raises(RealHTTPRequestBlockedError, match="make a new client"):
            client.list_topics()

    async def test_keys_that_moto_has_issued_are_refused_too(self, httpd):
        with mock_aws():
            role = boto3.client("sts").assume_role(
                RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="session"
            )["Credentials"]
            user = boto3.client("iam")
            user.create_user(UserName="u")
            key = user.create_access_key(UserName="u")["AccessKey"]
        for found in (role, key):
            keys = {
                "aws_access_key_id": found["AccessKeyId"],
                "aws_secret_access_key": found["SecretAccessKey"],
            }
            with pytest.raises(RealHTTPRequestBlockedError, match="make a new client"):
                boto3.client("s3", config=ONCE, **keys).list_buckets()
            # A server on this machine may be somebody's own mock.
            boto3.client("s3", config=ONCE, endpoint_url=httpd.url, **keys).list_buckets()


class TestGuard:
    """Real HTTP sessions refuse while a mock is active."""

    def prepared(self, url="https://s3.amazonaws.com/", method="GET"):
        return AWSRequest(method=method, url=url).prepare()

    @pytest.mark.parametrize(
        "url", ["https://s3.amazonaws.com/", "http://example.com/", "https://s3.amazonaws.co/"]
    )
    async def test_sessions_refuse(self, url):
        async with get_session().create_client("s3", **KEYS) as client:
            with mock_aws():
                with pytest.raises(RealHTTPRequestBlockedError, match=url):
                    URLLib3Session().send(self.prepared(url))
                with pytest.raises(RealHTTPRequestBlockedError, match=url):
                    await client._endpoint.http_session.send(self.prepared(url))

    async def test_httpx_sessions_refuse(self):
        httpxsession = pytest.importorskip("aiobotocore.httpxsession")
        async with httpxsession.HttpxSession() as session:
            with mock_aws(), pytest.raises(RealHTTPRequestBlockedError, match="s3.amazonaws"):
                await session.send(self.prepared())

    def test_error_does_not_repeat_the_secrets_of_a_presigned_url(self):
        with mock_aws(), pytest.raises(RealHTTPRequestBlockedError) as caught:
            URLLib3Session().send(
                self.prepared("https://s3.amazonaws.com/k?X-Amz-Signature=secret")
            )
        assert "secret" not in str(caught.value)

    def test_loopback_may_be_reached(self, httpd):
        with mock_aws():
            assert URLLib3Session().send(self.prepared(httpd.url)).status_code == 200

    def test_error_is_none_that_retries_or_handlers_swallow(self):
        from botocore.exceptions import BotoCoreError, HTTPClientError

        assert not issubclass(
            RealHTTPRequestBlockedError, (OSError, ImportError, BotoCoreError, HTTPClientError)
        )

    def test_instance_metadata_is_answered_by_moto(self):
        with mock_aws():
            response = URLLib3Session().send(
                self.prepared("http://169.254.169.254/latest/meta-data/iam/security-credentials/")
            )
            assert response.status_code == 200
            assert response.text

    @pytest.mark.parametrize("host", ["169.254.170.2", "169.254.170.23", "[fd00:ec2::254]"])
    def test_other_metadata_addresses_time_out_at_once(self, host):
        with mock_aws(), pytest.raises(ConnectTimeoutError):
            URLLib3Session().send(self.prepared(f"http://{host}/v2/credentials"))

    def test_nothing_is_guarded_without_a_mock(self, httpd):
        assert URLLib3Session().send(self.prepared(httpd.url)).headers["server"] == "the real one"

    async def test_unknown_service_of_aws_is_motos_404(self):
        with mock_aws():
            client = boto3.client("gamelift")
            with pytest.raises(client.exceptions.ClientError, match="404|Not yet implemented"):
                client.list_fleets()

    def test_crt_transfers_are_not_used(self, monkeypatch, tmp_path):
        from boto3.s3 import transfer

        monkeypatch.setattr(transfer, "HAS_CRT", True)
        config = transfer.TransferConfig()
        config.preferred_transfer_client = "crt"
        with mock_aws():
            assert transfer._should_use_crt(config) is False


class TestNoTraces:
    async def test_objects_of_the_mock_can_be_closed_and_collected_later(self):
        with mock_aws():
            session = AioSession()
            context = session.create_client("s3")
            client = await context.__aenter__()
            await client.create_bucket(Bucket="bucket")
            await client.put_object(Bucket="bucket", Key="k", Body=b"body")
            body = (await client.get_object(Bucket="bucket", Key="k"))["Body"]
            unread = (await client.get_object(Bucket="bucket", Key="k"))["Body"]
        assert await body.read() == b"body"
        unread.close()
        await context.__aexit__(None, None, None)
        del body, unread, client, context, session
        gc.collect()
