"""`mock_aws(server_mode=True)`: every client of the process talks to one server of its own."""

from __future__ import annotations

import asyncio
import io
import os
import threading
import unittest
import urllib.request
from pathlib import Path

import aiobotocore
import boto3
import botocore.session
import moto
import pytest
import s3fs
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.config import default_user_config

import aiomoto
from aiomoto import (
    AutoEndpointError,
    AutoEndpointMode,
    ModeConflictError,
    ProxyModeError,
    RealHTTPRequestBlockedError,
    ServerModeConfigurationError,
    ServerModeEndpointError,
    ServerModePortError,
    mock_aws,
)
from aiomoto._activation import state
from aiomoto._patches import parse_version

OF_THREE = parse_version(aiobotocore.__version__) >= (3,)
CHECKSUMS = hasattr(Config(), "request_checksum_calculation")  # and async bodies
fails_in_old_moto = pytest.mark.skipif(
    parse_version(moto.__version__) < (5, 1), reason="moto's server failed"
)
OTHER = "http://127.0.0.1:9"  # nobody listens there


def server(**options):
    return mock_aws(server_mode=True, **options)


def create(name="bucket"):
    boto3.client("s3").create_bucket(Bucket=name)


def buckets(**options):
    return [bucket["Name"] for bucket in boto3.client("s3", **options).list_buckets()["Buckets"]]


async def async_buckets(**options):
    async with get_session().create_client("s3", **options) as s3:
        return [bucket["Name"] for bucket in (await s3.list_buckets())["Buckets"]]


@pytest.fixture(autouse=True)
def _restored(_own_environment, tmp_path):
    """Every test must leave the process as it was."""

    def look():
        return {
            "environ": {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"},
            "session": boto3.DEFAULT_SESSION,
            "config": repr(default_user_config),
            "enabled": moto.core.models.botocore_stubber.enabled,
            "count": moto.core.models.MockAWS._nested_count,
            "state": (list(state.layers), state.on, state.server, dict(state.exported)),
            "threads": [t.name for t in threading.enumerate() if t.name == "aiomoto server"],
            "files": [*(tmp_path / "registry").glob("*")],
        }

    before = look()
    yield
    assert look() == before


@pytest.fixture
def monkeypatch(_restored):
    """Undone before the process is looked at again."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.mark.smoke
class TestClients:
    def test_boto3(self):
        with server() as mock:
            client = boto3.client("s3")
            assert client.meta.endpoint_url == mock.server_endpoint
            assert client.meta.region_name == "us-east-1"
            create()
            assert buckets() == ["bucket"]
            assert boto3.resource("s3").Bucket("bucket").creation_date is not None
            assert boto3.resource("dynamodb").meta.client.meta.endpoint_url == mock.server_endpoint

    def test_botocore(self):
        with server() as mock:
            client = botocore.session.get_session().create_client("sqs")
            assert client.meta.endpoint_url == mock.server_endpoint
            url = client.create_queue(QueueName="queue")["QueueUrl"]
            client.send_message(QueueUrl=url, MessageBody="hello")
            assert client.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"

    async def test_aiobotocore(self):
        async with server() as mock:
            create()
            async with get_session().create_client("s3") as s3:
                assert s3.meta.endpoint_url == mock.server_endpoint
                await s3.put_object(Bucket="bucket", Key="key", Body=b"value")
            body = boto3.client("s3").get_object(Bucket="bucket", Key="key")["Body"]
            assert body.read() == b"value"

    def test_s3fs(self):
        with server():
            create()
            s3fs.S3FileSystem().pipe("bucket/key", b"value")
            assert s3fs.S3FileSystem().ls("bucket") == ["bucket/key"]
        with server():
            create()
            assert s3fs.S3FileSystem().ls("bucket") == []

    async def test_asynchronous_s3fs(self):
        with server():
            create()
            fs = s3fs.S3FileSystem(asynchronous=True)
            session = await fs.set_session()
            await fs._pipe_file("bucket/key", b"value")
            assert await fs._cat_file("bucket/key") == b"value"
            await session.close()

    def test_presigned_urls(self):
        with server():
            create()
            s3 = boto3.client("s3")
            s3.put_object(Bucket="bucket", Key="a key", Body=b"value")
            url = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "a key"})
            with urllib.request.urlopen(url) as reply:
                assert reply.read() == b"value"

    def test_nothing_configured(self, monkeypatch):
        """Neither region, nor credentials, nor a home."""
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        with server():
            for client in (boto3.client("dynamodb"), boto3.Session().client("dynamodb")):
                assert client.meta.region_name == "us-east-1"
                assert client.list_tables()["TableNames"] == []

    def test_region_of_the_user(self, monkeypatch):
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(
            "[default]\nregion = eu-west-1\n[profile asia]\nregion = ap-south-1\n"
        )
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        with server() as mock:
            assert boto3.client("sqs").meta.region_name == "eu-west-1"
            assert boto3.Session(profile_name="asia").client("sqs").meta.region_name == "ap-south-1"
            assert boto3.client("sqs", region_name="sa-east-1").meta.region_name == "sa-east-1"
            assert mock.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
        monkeypatch.setenv("AWS_PROFILE", "asia")
        with server() as mock:
            assert "AWS_PROFILE" not in os.environ
            assert boto3.client("sqs").meta.region_name == "ap-south-1"
            assert mock.environ["AWS_DEFAULT_REGION"] == "ap-south-1"
        monkeypatch.setenv("AWS_PROFILE", "missing")
        with server() as mock:
            assert mock.environ["AWS_DEFAULT_REGION"] == "us-east-1"

    @pytest.mark.parametrize(
        "config",
        [
            {"use_fips_endpoint": True},
            {"use_dualstack_endpoint": True},
            {"s3": {"use_accelerate_endpoint": True}},
            {"s3": {"addressing_style": "virtual"}},
            {"s3": {"us_east_1_regional_endpoint": "regional"}},
            {"proxies": {"http": OTHER}},
            {"signature_version": "s3"},
            {"user_agent_extra": "mine"},
        ],
        ids=str,
    )
    async def test_configurations(self, config):
        with server():
            s3 = boto3.client("s3", config=Config(**config))
            s3.create_bucket(Bucket="bucket")
            s3.put_object(Bucket="bucket", Key="key", Body=b"value")
            async with get_session().create_client("s3", config=AioConfig(**config)) as s3:
                reply = await s3.get_object(Bucket="bucket", Key="key")
                assert await reply["Body"].read() == b"value"
                assert s3.meta.config.user_agent_extra == config.get("user_agent_extra")

    def test_proxies_of_the_environment(self, monkeypatch, run):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, OTHER)
        with server(auto_endpoint="disabled") as mock:
            assert buckets(endpoint_url=mock.server_endpoint) == []
        with server():
            create()
            assert buckets() == ["bucket"]
            assert s3fs.S3FileSystem().ls("") == ["bucket"]
            done = run("-c", "import boto3; print(boto3.client('s3').list_buckets()['Buckets'])")
            assert "bucket" in done.out, done.err
        assert "no_proxy" not in os.environ

    def test_prefixes_of_the_host(self):
        """Account ids and such, which no address can have in front."""
        with server():
            create()
            boto3.client("s3control").create_access_point(
                AccountId="123456789012", Name="point", Bucket="bucket"
            )
            discovery = boto3.client("servicediscovery")
            with pytest.raises(ClientError):
                discovery.discover_instances(NamespaceName="a", ServiceName="b")

    def test_several_services(self):
        with server():
            boto3.client("iam").create_user(UserName="user")
            assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
            boto3.client("secretsmanager").create_secret(Name="name", SecretString="value")
            boto3.client("logs").create_log_group(logGroupName="group")
            assert boto3.client("timestream-write").list_databases()["Databases"] == []


class Unseekable(io.RawIOBase):
    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self.data.readinto(buffer)

    def seek(self, *_):
        raise OSError("not seekable")


class TestBodies:
    """As over https, though the server speaks http."""

    DATA = bytes(range(256)) * 8192  # 2 MB: aiohttp warns about raw bytes of more than one

    async def test_async_bodies(self):
        class Reader:
            at = 0

            async def read(self, size=-1):
                size = len(TestBodies.DATA) if size is None or size < 0 else size
                data = TestBodies.DATA[self.at : self.at + size]
                self.at += len(data)
                return data

        with server():
            create()
            async with get_session().create_client("s3") as s3:
                for body in (self.DATA, io.BytesIO(self.DATA), *([Reader()] if CHECKSUMS else ())):
                    # Where a Reader goes in chunks aiohttp takes no length from aiobotocore 2.
                    known = OF_THREE or not isinstance(body, Reader)
                    length = {"ContentLength": len(self.DATA)} if known else {}
                    await s3.put_object(Bucket="bucket", Key="key", Body=body, **length)
                    reply = await s3.get_object(Bucket="bucket", Key="key")
                    assert await reply["Body"].read() == self.DATA

    @pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
    def test_checksums(self, algorithm):
        with server():
            create()
            s3 = boto3.client("s3")
            s3.put_object(Bucket="bucket", Key="key", Body=self.DATA, ChecksumAlgorithm=algorithm)
            reply = s3.get_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED")
            assert reply["Body"].read() == self.DATA

    def test_transfers(self, tmp_path):
        data = self.DATA * 5
        (tmp_path / "file").write_bytes(data)
        with server():
            create()
            s3 = boto3.client("s3")
            s3.upload_file(str(tmp_path / "file"), "bucket", "key")
            s3.upload_fileobj(io.BufferedReader(Unseekable(data)), "bucket", "stream")
            for key in ("key", "stream"):
                s3.download_file("bucket", key, str(tmp_path / "copy"))
                assert (tmp_path / "copy").read_bytes() == data


class TestForms:
    def test_decorated_functions(self):
        @server()
        def function(a, *, b):
            create()
            return a, b, buckets()

        @server()
        async def coroutine():
            create()
            return await async_buckets()

        @server()
        def generator():
            create()
            yield buckets()

        assert function(1, b=2) == (1, 2, ["bucket"])
        assert function(1, b=2) == (1, 2, ["bucket"])
        assert asyncio.run(coroutine()) == ["bucket"]
        assert [*generator()] == [["bucket"]]

    def test_decorated_class(self):
        ran = []

        @server()
        class Case(unittest.TestCase):
            def setUp(self):
                self.s3 = boto3.client("s3")
                self.s3.create_bucket(Bucket="bucket")

            def test_one(self):
                self.s3.create_bucket(Bucket="another")
                ran.append(buckets())

            def test_two(self):
                self.s3.put_object(Bucket="bucket", Key="key", Body=b"")
                ran.append(buckets())

        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
        assert not result.errors + result.failures
        assert ran == [["bucket", "another"], ["bucket"]]

    def test_start_stop_reset(self):
        mock = server()
        mock.start()
        create()
        mock.reset()
        assert buckets() == []
        create()
        mock.stop(remove_data=False)
        mock.start(reset=False)
        assert buckets() == ["bucket"]
        mock.stop()
        mock.start()
        assert buckets() == []
        mock.stop()
        with pytest.raises(RuntimeError, match="start"):
            mock.stop()

    def test_second_block_is_empty(self):
        for _ in range(2):
            with server():
                assert buckets() == []
                create()
        with mock_aws():
            assert buckets() == []

    def test_data_left_on_request(self):
        with server(remove_data=False):
            create()
        with server(reset=False):
            assert buckets() == ["bucket"]

    def test_attributes(self):
        mock = server()
        names = ("server_endpoint", "server_host", "server_port", "server_registry_path", "environ")
        assert [getattr(mock, name) for name in names] == [None] * 5
        with mock:
            assert mock.server_host == "127.0.0.1"
            assert mock.server_endpoint == f"http://127.0.0.1:{mock.server_port}"
            assert Path(mock.server_registry_path).parent == Path(
                os.environ["AIOMOTO_SERVER_REGISTRY_DIR"]
            )
            for name in names:
                with pytest.raises(AttributeError):
                    setattr(mock, name, "other")
            mock.environ.clear()
            assert mock.environ["AWS_ENDPOINT_URL"] == mock.server_endpoint
        assert [getattr(mock, name) for name in names] == [None] * 5
        with mock_aws() as mock:
            assert [getattr(mock, name) for name in names] == [None] * 5

    def test_light(self, run):
        code = """
import sys
from aiomoto import mock_aws
with mock_aws(server_mode=True):
    import boto3
    boto3.client("s3").list_buckets()
print([name for name in ("pandas", "polars", "pyarrow", "fsspec", "flask") if name in sys.modules])
"""
        done = run("-W", "error", "-c", code)
        assert (done.out, done.err) == ("[]\n", "")


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"server_port": 5000}, ServerModeConfigurationError, "server_port.*server_mode=True"),
            (
                {"server_endpoint": OTHER},
                ServerModeConfigurationError,
                "server_endpoint.*server_mode=True",
            ),
            ({"server_mode": True, "config": {}}, ServerModeConfigurationError, "config"),
            (
                {"server_mode": True, "server_port": 5000, "server_endpoint": OTHER},
                ServerModeConfigurationError,
                "5000.*127.0.0.1:9",
            ),
            ({"server_mode": True, "server_port": 0}, ServerModePortError, "0 .*65535"),
            ({"server_mode": True, "server_port": 65536}, ServerModePortError, "65536"),
            ({"server_mode": True, "server_port": -1}, ServerModePortError, "-1"),
            ({"server_mode": True, "server_port": "5000"}, ServerModePortError, "'5000'"),
            ({"server_mode": True, "server_port": True}, ServerModePortError, "True"),
            ({"auto_endpoint": "force"}, AutoEndpointError, "'force'.*server_mode=True"),
            ({"auto_endpoint": AutoEndpointMode.IF_MISSING}, AutoEndpointError, "'if_missing'"),
            (
                {"server_mode": True, "auto_endpoint": "always"},
                AutoEndpointError,
                "'always'.*'force', 'if_missing', 'disabled'",
            ),
            ({"auto_endpoint": "always"}, AutoEndpointError, "'always'"),
        ],
    )
    def test_wrong_combinations(self, options, error, message):
        with pytest.raises(error, match=message):
            mock_aws(**options)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "127.0.0.1:5000",
            "ftp://127.0.0.1:5000",
            "http://",
            "http://:5000",
            "http://127.0.0.1:0",
            "http://127.0.0.1:5000/path",
            "http://127.0.0.1:5000?query",
            "http://user:password@127.0.0.1:5000",
            5000,
            b"http://127.0.0.1:5000",
        ],
    )
    def test_malformed_endpoints(self, url):
        with pytest.raises(ServerModeEndpointError, match="http://host:port"):
            server(server_endpoint=url)

    @pytest.mark.parametrize("port", ["99999", "port", "-1"])
    def test_endpoints_with_impossible_ports(self, port):
        with pytest.raises(ServerModePortError, match=port):
            server(server_endpoint=f"http://127.0.0.1:{port}")

    def test_disabled_in_process_is_what_in_process_mocks_do(self):
        with mock_aws(auto_endpoint="disabled"):
            create()

    def test_proxy_mode_of_moto(self, monkeypatch):
        monkeypatch.setenv("TEST_PROXY_MODE", "true")
        with pytest.raises(ProxyModeError):
            server().start()

    def test_server_mode_of_moto_asks_for_this(self, monkeypatch):
        monkeypatch.setenv("TEST_SERVER_MODE", "true")
        with server():
            create()

    def test_modes_are_strings(self):
        assert AutoEndpointMode("if_missing") is AutoEndpointMode.IF_MISSING
        assert AutoEndpointMode.FORCE == "force"
        assert aiomoto.AutoEndpointMode.DISABLED.value == "disabled"


class TestNesting:
    def test_nested_mocks_share_one_server(self):
        with server() as outer:
            create()
            with server() as inner:
                assert inner.server_endpoint == outer.server_endpoint
                assert inner.server_registry_path == outer.server_registry_path
                assert buckets() == ["bucket"]
            assert buckets() == ["bucket"]

    def test_left_in_any_order(self):
        one, two, three = server(), server(), server()
        one.start()
        create()
        two.start()
        one.stop()
        three.start()
        two.stop()
        assert buckets() == ["bucket"]
        assert three.server_endpoint == os.environ["AWS_ENDPOINT_URL"]
        three.stop()

    @pytest.mark.parametrize("outer", [None, "force", "if_missing", "disabled"])
    @pytest.mark.parametrize("inner", ["force", "if_missing", "disabled"])
    def test_different_settings(self, outer, inner):
        with server(auto_endpoint=outer) as mock:
            if inner == (outer or "force"):
                with server(auto_endpoint=inner):
                    pass
                return
            with pytest.raises(AutoEndpointError, match=f"'{inner}'.*'{outer or 'force'}'"):
                server(auto_endpoint=inner).start()
            assert buckets(endpoint_url=mock.server_endpoint) == []

    def test_inner_mock_without_a_wish_of_its_own(self):
        with server(auto_endpoint="if_missing"), server():
            assert boto3.client("s3", endpoint_url=OTHER).meta.endpoint_url == OTHER

    @pytest.mark.parametrize("kind", [mock_aws, moto.mock_aws], ids=["aiomoto", "moto"])
    def test_modes_exclude_each_other(self, kind):
        with server() as mock:
            create()
            with pytest.raises(ModeConflictError, match=f"in-process.*{mock.server_endpoint}"):
                kind().start()
            with pytest.raises(RuntimeError):
                moto.mock_aws().stop()
            assert buckets() == ["bucket"]
        with kind():
            create()
            with pytest.raises(ModeConflictError, match="server_mode=True.*in-process"):
                server().start()
            assert buckets() == ["bucket"]

    def test_threads_enter_at_once(self):
        found = []

        def enter():
            with server() as mock:
                boto3.Session().client("s3").list_buckets()
                found.append(mock.server_endpoint)

        with server() as mock:
            threads = [threading.Thread(target=enter) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert found == [mock.server_endpoint] * 8


CONFIGURED = {
    "argument": {},
    "environment": {"AWS_ENDPOINT_URL": OTHER},
    "service": {"AWS_ENDPOINT_URL_S3": OTHER},
    "profile": {},
}


class TestAutoEndpoint:
    @pytest.fixture(params=CONFIGURED)
    def own(self, request, monkeypatch):
        """Have an endpoint of the user's own; return the arguments of its client."""
        for name, value in CONFIGURED[request.param].items():
            monkeypatch.setenv(name, value)
        if request.param == "profile":
            Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[default]\nendpoint_url = {OTHER}\n")
        return {"endpoint_url": OTHER} if request.param == "argument" else {}

    async def endpoints(self, **options):
        async with get_session().create_client("s3", **options) as s3:
            return {boto3.client("s3", **options).meta.endpoint_url, s3.meta.endpoint_url}

    async def test_force(self, own):
        with server() as mock:
            assert await self.endpoints(**own) == {mock.server_endpoint}
            create()
            assert buckets(**own) == await async_buckets(**own) == ["bucket"]
            fs = s3fs.S3FileSystem(**own, skip_instance_cache=True)
            assert await asyncio.to_thread(fs.ls, "") == ["bucket"]

    async def test_if_missing(self, own):
        with server(auto_endpoint=AutoEndpointMode.IF_MISSING) as mock:
            assert await self.endpoints(**own) == {OTHER}
            if not own and "AWS_ENDPOINT_URL_S3" in os.environ:
                sqs = boto3.client("sqs")
                assert sqs.meta.endpoint_url == mock.server_endpoint

    async def test_if_missing_without_one(self):
        with server(auto_endpoint="if_missing") as mock:
            assert await self.endpoints() == {mock.server_endpoint}
            create()
            assert s3fs.S3FileSystem().ls("") == ["bucket"]

    @pytest.mark.parametrize("how", ["variable", "argument"])
    async def test_if_missing_where_configured_ones_are_ignored(self, how, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", OTHER)
        if how == "variable":
            monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
        with server(auto_endpoint="if_missing") as mock:
            config = Config(ignore_configured_endpoint_urls=True) if how == "argument" else None
            assert boto3.client("s3", config=config).meta.endpoint_url == mock.server_endpoint

    async def test_disabled(self, own):
        with server(auto_endpoint="disabled") as mock:
            assert await self.endpoints(**own) == {OTHER}
            assert buckets(endpoint_url=mock.server_endpoint) == []

    async def test_disabled_without_one(self):
        with server(auto_endpoint="disabled") as mock:
            assert await self.endpoints() == {"https://s3.amazonaws.com"}
            with pytest.raises(RealHTTPRequestBlockedError, match=mock.server_endpoint):
                buckets()
            with pytest.raises(RealHTTPRequestBlockedError, match=mock.server_endpoint):
                await async_buckets()
            boto3.client("s3", endpoint_url=mock.server_endpoint).create_bucket(Bucket="bucket")
            assert await async_buckets(endpoint_url=mock.server_endpoint) == ["bucket"]

    @pytest.mark.parametrize("mode", ["force", "if_missing", "disabled"])
    def test_environment_while_it_lasts(self, mode, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", OTHER)
        monkeypatch.setenv("AWS_PROFILE", "mine")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
        with server(auto_endpoint=mode) as mock:
            assert (
                os.environ.get("AWS_ENDPOINT_URL")
                == {
                    "force": mock.server_endpoint,
                    "if_missing": mock.server_endpoint,
                    "disabled": None,
                }[mode]
            )
            assert os.environ.get("AWS_ENDPOINT_URL_SQS") == (None if mode == "force" else OTHER)
            assert os.environ["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"
            assert {"AWS_PROFILE", "AWS_SESSION_TOKEN"}.isdisjoint(os.environ)
            assert os.environ["AIOMOTO_SERVER_PORT"] == str(mock.server_port)
            assert os.environ["AIOMOTO_SERVER_ENDPOINT"] == mock.server_endpoint
            assert mock.environ["AWS_ENDPOINT_URL"] == mock.server_endpoint
        assert os.environ["AWS_PROFILE"] == "mine"

    def test_what_the_user_sets_meanwhile_holds(self, monkeypatch):
        with server(auto_endpoint="if_missing"):
            monkeypatch.setenv("AWS_ENDPOINT_URL", OTHER)
            assert boto3.client("s3").meta.endpoint_url == OTHER
            monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
            assert boto3.client("sqs").meta.region_name == "eu-north-1"
            monkeypatch.undo()


class TestGuard:
    async def test_clients_made_before(self):
        early = boto3.Session().client("s3")
        async with get_session().create_client("s3") as s3:
            with server() as mock:
                with pytest.raises(RealHTTPRequestBlockedError, match=mock.server_endpoint):
                    early.list_buckets()
                with pytest.raises(RealHTTPRequestBlockedError, match=mock.server_endpoint):
                    await s3.list_buckets()

    async def test_clients_used_afterwards(self):
        with server():
            s3 = boto3.client("s3")
            async_s3 = await get_session().create_client("s3").__aenter__()
        with pytest.raises(RealHTTPRequestBlockedError, match="ended"):
            s3.list_buckets()
        with pytest.raises(RealHTTPRequestBlockedError, match="ended"):
            await async_s3.list_buckets()
        await async_s3.__aexit__(None, None, None)

    async def test_clients_used_in_the_next_mock(self):
        with server():
            create()
            s3 = boto3.client("s3")
            s3.list_buckets()
            async_s3 = await get_session().create_client("s3").__aenter__()
            await async_s3.list_buckets()
        with server():
            assert s3.list_buckets()["Buckets"] == []
            assert (await async_s3.list_buckets())["Buckets"] == []
        await async_s3.__aexit__(None, None, None)

    def test_call_that_began_in_a_mock_that_has_ended(self):
        mock = server()
        mock.start()
        s3 = boto3.client("s3")

        def leave(**_):
            if mock.server_endpoint:
                mock.stop()

        s3.meta.events.register("before-sign.s3", leave)
        with pytest.raises(RealHTTPRequestBlockedError, match="ended"):
            s3.list_buckets()

    def test_passthrough(self, run):
        code = """
import boto3
from aiomoto import mock_aws, RealHTTPRequestBlockedError
with mock_aws(server_mode=True, auto_endpoint="if_missing") as mock:
    for endpoint in (f"http://0.0.0.0:{mock.server_port}", "http://0.0.0.0:9"):
        try:
            boto3.client("s3", endpoint_url=endpoint).list_buckets()
        except RealHTTPRequestBlockedError:
            print("blocked")
        except Exception as error:
            print(type(error).__name__)
"""
        assert run("-c", code).out == "blocked\nblocked\n"
        done = run("-c", code, AIOMOTO_PASSTHROUGH="http://0\\.0\\.0\\.0:9(/|$)")
        assert done.out == "blocked\nEndpointConnectionError\n", done.err

    def test_passthrough_that_is_no_pattern(self, monkeypatch):
        monkeypatch.setenv("AIOMOTO_PASSTHROUGH", "(")
        with pytest.raises(ServerModeConfigurationError, match="AIOMOTO_PASSTHROUGH.*'\\('"):
            server().start()

    def test_credentials_are_hidden(self, tmp_path):
        ran = tmp_path / "ran"
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(
            f"[profile mine]\ncredential_process = touch {ran}\n"
        )
        with server():
            session = boto3.Session(profile_name="mine")
            assert session.get_credentials().access_key == "FOOBARKEY"
            session.client("s3").list_buckets()
        assert not ran.exists()

    @fails_in_old_moto
    def test_unsigned_clients(self):
        with server():
            create()
            s3 = boto3.client("s3")
            s3.put_object(Bucket="bucket", Key="key", Body=b"value", ACL="public-read")
            anonymous = boto3.client("s3", config=Config(signature_version=UNSIGNED))
            assert anonymous.get_object(Bucket="bucket", Key="key")["Body"].read() == b"value"


class TestAmbient:
    """Under AIOMOTO_AUTO the process is mocked before and after, with data of its own."""

    CODE = """
import asyncio, os
import boto3
from aiobotocore.session import get_session
from aiomoto import mock_aws
def names(s3=None):
    return [b["Name"] for b in (s3 or boto3.client("s3")).list_buckets()["Buckets"]]
early = boto3.client("s3")
early.create_bucket(Bucket="ambient")
gateway = os.environ["AWS_ENDPOINT_URL"]
for _ in range(2):
    with mock_aws(server_mode=True) as mock:
        assert names() == []
        boto3.client("s3").create_bucket(Bucket="explicit")
        assert boto3.client("s3").meta.endpoint_url == mock.server_endpoint
        assert os.environ["AWS_ENDPOINT_URL"] == mock.server_endpoint != gateway
        async def look():
            async with get_session().create_client("s3") as s3:
                return [b["Name"] for b in (await s3.list_buckets())["Buckets"]]
        assert asyncio.run(look()) == names() == ["explicit"]
    assert names() == names(early) == ["ambient"]
    assert boto3.client("s3").meta.endpoint_url == "https://s3.amazonaws.com"
    assert os.environ["AWS_ENDPOINT_URL"] == gateway
    assert "AIOMOTO_SERVER_PORT" not in os.environ
with mock_aws():
    assert names() == []
    boto3.client("s3").create_bucket(Bucket="explicit")
assert names() == ["ambient"]
print("ok")
"""

    def test_server_mode_is_an_island(self, run):
        done = run("-W", "error", "-c", self.CODE, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
        assert (done.out, done.err) == ("ok\n", "")
