"""The gateway: who reaches the mock by it, who must not notice, and when it is off."""

import contextlib
import json
import os
import site
import threading
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest
from aiobotocore.session import AioSession
from botocore.config import Config
from moto import mock_aws as moto_mock_aws
from moto.core import set_initial_no_auth_action_count
from moto.server import ThreadedMotoServer

from aiomoto import AiomotoError, GatewayError, _gateway, mock_aws

EXPORTED = {
    "AWS_ALLOW_HTTP": "true",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT": None,
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": None,
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": None,
}
URLS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB")


def s3():
    return boto3.client("s3")


def bucket(name="box"):
    s3().create_bucket(Bucket=name)


def buckets():
    return [found["Name"] for found in s3().list_buckets()["Buckets"]]


def aws(environ):
    return {
        k: v for k, v in environ.items() if "AWS" in k or "AIOMOTO" in k or "PROXY" in k.upper()
    }


# A child that knows nothing of aiomoto: no site-packages by site, so no .pth.
PLAIN = ("-S", "-c")
LIST = (
    f"import sys; sys.path[:0] = {site.getsitepackages()!r}\n"
    "import boto3\n"
    "assert 'aiomoto' not in sys.modules\n"
    "s3 = boto3.client('s3')\n"
    "print([bucket['Name'] for bucket in s3.list_buckets()['Buckets']], s3.meta.endpoint_url)\n"
)


class TestReaders:
    @pytest.fixture(autouse=True)
    def _mock(self):
        with mock_aws():
            bucket()
            yield

    def test_polars(self):
        pl = pytest.importorskip("polars")
        frame = pl.DataFrame({"a": [1, 2, 3]})
        frame.write_parquet("s3://box/x.parquet")
        assert s3().head_object(Bucket="box", Key="x.parquet")["ContentLength"] > 0
        assert pl.read_parquet("s3://box/x.parquet").equals(frame)
        assert pl.scan_parquet("s3://box/*.parquet").collect().equals(frame)
        s3().put_object(Bucket="box", Key="y.csv", Body=b"a\n1\n")
        assert pl.read_csv("s3://box/y.csv")["a"].to_list() == [1]

    def test_pyarrow(self):
        pytest.importorskip("pyarrow")
        from pyarrow import fs, parquet, table

        before = table({"a": [1, 2, 3]})
        parquet.write_table(before, "s3://box/dir/x.parquet")
        found, path = fs.FileSystem.from_uri("s3://box/dir")
        assert [info.path for info in found.get_file_info(fs.FileSelector(path))] == [
            "box/dir/x.parquet"
        ]
        assert parquet.read_table("s3://box/dir/x.parquet").equals(before)
        with found.open_output_stream("box/large") as stream:
            for _ in range(12):
                stream.write(b"x" * 1024**2)
        assert s3().head_object(Bucket="box", Key="large")["ContentLength"] == 12 * 1024**2

    def test_obstore(self):
        store = pytest.importorskip("obstore.store").S3Store("box")
        store.put("k", b"x" * 12 * 1024**2)
        assert store.get("k").bytes() == b"x" * 12 * 1024**2
        assert s3().get_object(Bucket="box", Key="k")["Body"].read(1) == b"x"


class TestClientsOfThisProcess:
    @staticmethod
    async def endpoints(ignore):
        options = {"config": Config(ignore_configured_endpoint_urls=ignore)}
        async with AioSession().create_client("sts", **options) as client:
            return client.meta.endpoint_url, boto3.Session().client(
                "sts", **options
            ).meta.endpoint_url

    @pytest.mark.parametrize(
        "environ",
        [
            {},
            {"AWS_ENDPOINT_URL": "http://localhost:4566"},
            {"AWS_ENDPOINT_URL_STS": "http://b.example"},
            {
                "AWS_ENDPOINT_URL": "http://a.example",
                "AWS_ENDPOINT_URL_STS": "http://b.example",
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True",
            },
        ],
    )
    @pytest.mark.parametrize(
        ("file", "ignore"), [("", None), ("endpoint_url = http://file.example", None), ("", False)]
    )
    async def test_endpoints_are_as_without_us(self, monkeypatch, environ, file, ignore):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        Path(os.environ["AWS_CONFIG_FILE"]).write_text(f"[default]\n{file}\n")
        before = await self.endpoints(ignore)
        with mock_aws():
            assert await self.endpoints(ignore) == before

    def test_what_is_set_inside_a_mock_holds(self):
        with mock_aws(), pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", "http://inside.example")
            assert s3().meta.endpoint_url == "http://inside.example"
            patch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
            assert s3().meta.endpoint_url == "https://s3.amazonaws.com"

    def test_their_requests_do_not_pass_it(self):
        with mock_aws():
            assert "connection" not in headers_of(s3())
            through = boto3.client("s3", endpoint_url=_gateway.address())
            assert headers_of(through)["connection"] == "keep-alive"

    async def test_those_that_name_it_reach_the_mock_by_it(self):
        with mock_aws():
            bucket()
            options = {"endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
            async with AioSession().create_client("s3", **options) as client:
                answer = await client.list_buckets()
            assert [found["Name"] for found in answer["Buckets"]] == ["box"]
            assert answer["ResponseMetadata"]["HTTPHeaders"]["connection"] == "keep-alive"


def headers_of(client):
    return client.list_buckets()["ResponseMetadata"]["HTTPHeaders"]


class TestEnvironment:
    def test_is_exported_while_a_mock_lasts_and_put_back_after_it(self, monkeypatch):
        for name in URLS[1:]:
            monkeypatch.setenv(name, "http://user.example")
        for name, value in EXPORTED.items():
            if value is None:
                monkeypatch.setenv(name, "true")
        before = dict(os.environ)
        with mock_aws():
            address = _gateway.address()
            assert {name: os.environ[name] for name in URLS} == dict.fromkeys(URLS, address)
            assert {name: os.environ.get(name) for name in EXPORTED} == EXPORTED
            with mock_aws():
                assert _gateway.address() == address
            assert os.environ["AWS_ENDPOINT_URL"] == address
        assert dict(os.environ) == before

    def test_no_region_is_exported(self, monkeypatch):
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        with mock_aws():
            assert "AWS_REGION" not in os.environ
            assert "AWS_DEFAULT_REGION" not in os.environ

    def test_mocks_may_end_in_any_order(self):
        before = aws(os.environ)
        first, second = mock_aws(), mock_aws()
        first.start()
        second.start()
        first.stop()
        assert os.environ["AWS_ENDPOINT_URL"] == _gateway.address()
        second.stop()
        assert aws(os.environ) == before

    def test_motos_own_mock_has_it_too(self):
        with moto_mock_aws():
            bucket()
            assert b"<Name>box</Name>" in get("/")

    def test_an_undo_that_came_late_is_not_taken_for_the_users_address(self):
        with mock_aws():
            address = os.environ["AWS_ENDPOINT_URL"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", address)
            with mock_aws():
                assert s3().meta.endpoint_url == "https://s3.amazonaws.com"
            assert "AWS_ENDPOINT_URL" not in os.environ

    def test_no_proxy_is_asked_for_it(self, monkeypatch, run):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "intern.example")
        before = dict(os.environ)
        with mock_aws():
            assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "intern.example,127.0.0.1"
            assert run(*PLAIN, LIST).out == f"[] {_gateway.address()}\n"
        assert dict(os.environ) == before

    def test_settings_inside_a_mock_win_for_children(self, run):
        with ThreadedServer() as port, mock_aws(), pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            assert run(*PLAIN, LIST).out.split()[-1] == f"http://127.0.0.1:{port}"


class TestChildren:
    def test_a_program_without_aiomoto_reaches_the_mock(self, run):
        with mock_aws():
            bucket()
            done = run(*PLAIN, LIST)
            assert done.out == f"['box'] {_gateway.address()}\n", done.err

    def test_a_program_with_aiomoto_that_does_not_mock_reaches_the_mock(self, run):
        with mock_aws():
            bucket()
            done = run("-c", LIST.replace("assert", "assert True or"))
            assert done.out == f"['box'] {_gateway.address()}\n", done.err

    def test_what_a_child_makes_is_in_the_mock(self, run):
        with mock_aws():
            code = "boto3.client('sqs').create_queue(QueueName='q')"
            assert run(*PLAIN, LIST + code).code == 0
            assert boto3.client("sqs").list_queues()["QueueUrls"]

    def test_the_aws_cli_reaches_the_mock(self, run):
        pytest.importorskip("awscli")
        with mock_aws():
            bucket()
            s3().put_object(Bucket="box", Key="k", Body=b"from the mock")
            done = run("-m", "awscli", "s3", "cp", "s3://box/k", "-")
            assert done.out == "from the mock", done.err

    def test_a_child_that_mocks_by_itself_does_not_mix(self, run):
        code = (
            "import os, boto3; from aiomoto import mock_aws, _gateway\n"
            "aws = lambda: {k: v for k, v in os.environ.items() if 'ENDPOINT' in k or 'GATEWAY' in k}\n"
            "before = aws()\n"
            "with mock_aws():\n"
            "    s3 = boto3.client('s3')\n"
            "    print(s3.list_buckets()['Buckets'], s3.meta.endpoint_url)\n"
            "    print(os.environ['AWS_ENDPOINT_URL'] != before['AWS_ENDPOINT_URL'])\n"
            "assert aws() == before\n"
            "with mock_aws(gateway=False):\n"
            "    print('AWS_ENDPOINT_URL' in os.environ)\n"
            "assert aws() == before\n"
        )
        with mock_aws():
            bucket()
            done = run("-c", code)
        assert done.out == "[] https://s3.amazonaws.com\nTrue\nFalse\n", done.err

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_forked_child_has_a_gateway_and_a_state_of_its_own(self):
        with mock_aws():
            bucket()
            get("/")  # with a connection open, and the server running
            parents = _gateway.address()
            read, write = os.pipe()
            pid = os.fork()
            if not pid:
                with contextlib.suppress(BaseException):
                    bucket("childs")
                    found = get("/").decode()
                    environ = os.environ["AWS_ENDPOINT_URL"]
                    os.write(write, json.dumps([_gateway.address(), environ, found]).encode())
                os._exit(0)
            os.close(write)
            with open(read, "rb") as pipe:
                address, environ, found = json.load(pipe)
            os.waitpid(pid, 0)
            assert address == environ != parents
            assert "<Name>childs</Name>" in found
            assert _gateway.address() == parents
            assert b"<Name>childs</Name>" not in get("/")
        assert "AWS_ENDPOINT_URL" not in os.environ

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_child_forked_under_auto_puts_back_its_own_address(self, run):
        code = (
            "import os; from aiomoto import mock_aws, _gateway\n"
            "with mock_aws():\n"
            "    parents = _gateway.address()\n"
            "    if not os.fork():\n"
            "        own = _gateway.address()\n"
            "        assert own != parents\n"
            "        with mock_aws(): pass\n"
            "        assert os.environ['AWS_ENDPOINT_URL'] == own\n"
            "    else:\n"
            "        own = parents; assert os.waitstatus_to_exitcode(os.wait()[1]) == 0\n"
            "assert os.environ['AWS_ENDPOINT_URL'] == own == _gateway.address()\n"
        )
        done = run("-W", "ignore", "-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
        assert done.code == 0, done.err


class TestAuto:
    def test_what_needs_no_client_finds_the_mock_from_the_start(self, run):
        code = (
            "import os, sys, urllib.request\n"
            "assert 'moto' not in sys.modules and 'socket' not in sys.modules or True\n"
            "url = os.environ['AWS_ENDPOINT_URL']\n"
            "print(urllib.request.urlopen(url).status, 'moto' in sys.modules)\n"
        )
        done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
        assert done.out == "200 True\n", done.err

    def test_clients_keep_the_endpoint_that_a_program_sets_before_it_uses_aws(self, run):
        code = (
            "import os; os.environ['AWS_ENDPOINT_URL'] = 'http://localhost:4566'\n"
            "import boto3; from aiomoto import mock_aws\n"
            "def show(): print(boto3.client('s3').meta.endpoint_url, os.environ['AWS_ENDPOINT_URL'])\n"
            "show()\n"
            "with mock_aws(): show()\n"
            "show()\n"
        )
        done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
        before, inside, after = done.out.splitlines()
        assert before == after == "http://localhost:4566 http://localhost:4566"
        assert inside.startswith("http://localhost:4566 http://127.0.0.1:")

    def test_a_child_under_auto_has_its_own_mock_and_a_plain_one_its_parents(self, run):
        code = (
            "import boto3, subprocess, sys\n"
            "boto3.client('s3').create_bucket(Bucket='parents')\n"
            f"for flags in (['-c'], {list(PLAIN)!r}):\n"
            f"    subprocess.run([sys.executable, *flags, {LIST.replace('assert', 'assert True or')!r}])\n"
        )
        done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
        own, parents = done.out.splitlines()
        assert own == "[] https://s3.amazonaws.com"
        assert parents.startswith("['parents'] http://127.0.0.1:")

    def test_a_process_that_refuses_all_requests_refuses_those_too(self, run):
        code = (
            "import os, urllib.request\n"
            "try: urllib.request.urlopen(os.environ['AWS_ENDPOINT_URL'])\n"
            "except OSError as error: print(error.code, error.read())\n"
        )
        done = run("-c", code, AIOMOTO_AUTO="maybe")
        assert done.out.startswith("503")
        assert "AIOMOTO_AUTO" in done.out

    def test_it_can_be_turned_off(self, run):
        code = "import os, boto3; boto3.client('s3'); print('AWS_ENDPOINT_URL' in os.environ)"
        done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1", AIOMOTO_GATEWAY="0")
        assert done.out == "False\n"


class TestOff:
    def test_by_a_mock_and_for_those_inside_it(self):
        with mock_aws():
            on = aws(os.environ)
            with mock_aws(gateway=False):
                self.is_off("mock_aws\\(gateway=False\\)")
                with mock_aws():
                    self.is_off("mock_aws\\(gateway=False\\)")
            assert aws(os.environ) == on
        with mock_aws(gateway=False):
            self.is_off("mock_aws\\(gateway=False\\)")
            bucket()
            assert buckets() == ["box"]

    def test_by_the_environment(self, monkeypatch):
        monkeypatch.setenv("AIOMOTO_GATEWAY", "0")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://user.example")
        with mock_aws():
            self.is_off("AIOMOTO_GATEWAY=0", "http://user.example")

    def test_by_a_decorator(self):
        @mock_aws(gateway=False)
        def inside():
            self.is_off("gateway=False")

        inside()

    def test_outside_a_mock(self):
        self.is_off("mock_aws")

    def test_where_no_socket_can_be_had(self, run, tmp_path):
        pytest.importorskip("pytest_socket")
        (tmp_path / "test_it.py").write_text(
            "import boto3, os, pytest\n"
            "from aiomoto import GatewayError, _gateway, mock_aws\n"
            "@mock_aws\n"
            "def test_it():\n"
            "    boto3.client('s3', 'us-east-1').create_bucket(Bucket='box')\n"
            "    assert 'AWS_ENDPOINT_URL' not in os.environ\n"
            "    with pytest.raises(GatewayError, match='SocketBlockedError.*Allow sockets'):\n"
            "        _gateway.address()\n"
        )
        done = run("-m", "pytest", "--disable-socket", "-q", "-p", "no:cacheprovider")
        assert "1 passed" in done.out, done.out

    def test_sockets_may_be_banned_while_it_serves(self, run, tmp_path):
        pytest.importorskip("pytest_socket")
        (tmp_path / "test_it.py").write_text(
            "import http.client, os, pytest, pytest_socket\n"
            "from urllib.parse import urlsplit\n"
            "from aiomoto import mock_aws\n"
            "def test_it():\n"
            "    with mock_aws():\n"
            "        wire = http.client.HTTPConnection(urlsplit(os.environ['AWS_ENDPOINT_URL']).netloc)\n"
            "        wire.connect()\n"
            "        pytest_socket.disable_socket()\n"
            "        wire.request('GET', '/')\n"
            "        assert wire.getresponse().read()\n"
            "        wire.close()\n"
        )
        done = run("-m", "pytest", "-q", "-p", "no:cacheprovider")
        assert "1 passed" in done.out, done.out

    @staticmethod
    def is_off(why, url=None):
        with pytest.raises(GatewayError, match=why) as caught:
            _gateway.address()
        assert isinstance(caught.value, AiomotoError)
        assert os.environ.get("AWS_ENDPOINT_URL_S3") == url
        assert not {"AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP"} & {*os.environ}


class TestServing:
    def test_outside_a_mock_it_says_so_and_the_next_mock_starts_empty(self):
        with mock_aws():
            bucket()
            address = _gateway.address()
        with pytest.raises(urllib.error.HTTPError, match="503") as caught:
            urllib.request.build_opener().open(address)
        with caught.value as error:
            assert f"no mock is active in process {os.getpid()}" in error.read().decode()
        with mock_aws():
            assert _gateway.address() == address
            assert b"<Name>box</Name>" not in get("/")

    def test_services_passed_through_are_refused(self):
        with mock_aws(config={"core": {"passthrough": {"services": ["s3"]}}}):
            with pytest.raises(urllib.error.HTTPError, match="501") as caught:
                get("/")
            with caught.value as error:
                assert b"passthrough" in error.read()

    def test_what_moto_does_not_authorise_is_refused_as_by_its_server(self):
        @set_initial_no_auth_action_count(0)
        def ask():
            with pytest.raises(urllib.error.HTTPError, match="403") as caught:
                get("/box")
            with caught.value as error:
                assert b"<Code>InvalidAccessKeyId</Code>" in error.read()

        with mock_aws():
            bucket()
            ask()

    def test_mocks_switch_while_it_serves(self):
        stop, errors = threading.Event(), []

        def work():
            try:
                with mock_aws():
                    started.wait(10)
                    while not stop.is_set():
                        get("/")
            except Exception as error:
                errors.append(error)

        started = threading.Barrier(4)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        started.wait(10)
        for _ in range(20):
            with mock_aws():
                pass
        stop.set()
        for thread in threads:
            thread.join()
        assert not errors

    def test_a_process_with_an_open_connection_ends_quietly(self, run):
        code = (
            "import http.client, os\n"
            "from aiomoto import mock_aws\n"
            "mock_aws().start()\n"
            "wire = http.client.HTTPConnection(os.environ['AWS_ENDPOINT_URL'][7:])\n"
            "wire.request('GET', '/'); wire.getresponse().read()\n"
            "os.dup(wire.sock.fileno()); wire.close()\n"
        )
        done = run("-X", "dev", "-W", "error", "-c", code)
        assert (done.code, done.err) == (0, "")


class TestOtherServers:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
    async def test_a_moto_server_of_this_process_gets_the_requests_to_it(self, host):
        with ThreadedServer() as port, mock_aws():
            options = {"endpoint_url": f"http://{host}:{port}"}
            sync = boto3.client("s3", **options)
            assert headers_of(sync)["connection"] == "close"
            async with AioSession().create_client("s3", **options) as client:
                answer = await client.list_buckets()
            assert answer["ResponseMetadata"]["HTTPHeaders"]["connection"] == "close"

    def test_where_none_listens_any_more_the_mock_answers(self):
        with ThreadedServer() as port:
            pass
        with mock_aws():
            client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}")
            assert "connection" not in headers_of(client)


@contextlib.contextmanager
def ThreadedServer():  # noqa: N802  # stands for the class
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield server._server.server_address[1]
    finally:
        server.stop()
        server._server.server_close()


def get(target):
    scope = "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request"
    auth = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    request = urllib.request.Request(_gateway.address() + target, headers={"Authorization": auth})
    # The default opener keeps the proxies of the test that used it first.
    with urllib.request.build_opener().open(request) as response:
        return response.read()
