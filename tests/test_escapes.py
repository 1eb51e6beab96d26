"""Ways out that no other file of tests has: proxies, redirects, forks, executors, real secrets."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
import requests
import s3fs
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError

from aiomoto import RealHTTPRequestBlockedError, mock_aws

try:
    from aiobotocore.httpxsession import HttpxSession
    from aiobotocore.response import AioHttpxStreamingBody  # noqa: F401  # before, it knew no proxies
except ImportError:
    HttpxSession = None

AWS = "https://s3.eu-west-1.amazonaws.com/elsewhere"
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


async def every_client(make=lambda config: {}):
    """List buckets by each kind of client."""
    boto3.client("s3", **make(Config)).list_buckets()
    assert list(boto3.resource("s3", **make(Config)).buckets.all()) == []
    async with get_session().create_client("s3", **make(AioConfig)) as client:
        await client.list_buckets()
    if HttpxSession is not None:
        backend = AioConfig(http_session_cls=HttpxSession)
        options = make(AioConfig)
        config = backend.merge(options.pop("config")) if "config" in options else backend
        async with get_session().create_client("s3", config=config, **options) as client:
            await client.list_buckets()
    s3fs.S3FileSystem(skip_instance_cache=True).ls("")
    sts = boto3.client("sts", **make(Config))
    reply = requests.get(sts.generate_presigned_url("get_caller_identity"), timeout=20)
    assert b"123456789012" in reply.content


class TestProxies:
    @pytest.mark.parametrize("exempt", [None, "localhost"])
    async def test_of_the_environment(self, httpd, monkeypatch, exempt):
        for name in PROXIES:
            monkeypatch.setenv(name, httpd.url)
        if exempt:
            monkeypatch.setenv("no_proxy", exempt)
        with mock_aws():
            await every_client()
        assert httpd.seen == []

    async def test_of_the_client(self, httpd):
        proxies = {"http": httpd.url, "https": httpd.url}
        with mock_aws():
            await every_client(lambda config: {"config": config(proxies=proxies)})
        assert httpd.seen == []


@pytest.fixture
def elsewhere():
    """A server that sends everybody to AWS."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.seen.append(self.path)
            self.send_response(int(self.path.partition("?")[0].rpartition("/")[2] or 301))
            self.send_header("Location", AWS)
            self.send_header("x-amz-bucket-region", "eu-west-1")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_PUT = do_GET

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever).start()
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield server
        server.shutdown()


@pytest.mark.parametrize("status", ["301", "302", "307", "308"])
@pytest.mark.parametrize("backend", ["sync", "aiohttp", "httpx"])
async def test_a_redirect_of_what_is_let_out_leads_to_the_mock(elsewhere, status, backend):
    """botocore itself follows S3's redirects to other regions, by its own requests."""
    passthrough = {"core": {"passthrough": {"urls": [elsewhere.url]}}}
    options = {"endpoint_url": elsewhere.url, "region_name": "us-east-1"}
    request = {"Bucket": status}
    with mock_aws(config=passthrough):
        location = {"LocationConstraint": "eu-west-1"}
        plain = boto3.client("s3", "eu-west-1")
        plain.create_bucket(Bucket=f"a-{status}", CreateBucketConfiguration=location)
        with pytest.raises(ClientError, match=rf"\({status}\)|\(404\)"):  # from the mock
            if backend == "sync":
                boto3.client("s3", **options).head_bucket(**request)
            else:
                httpx = pytest.importorskip("aiobotocore.httpxsession")
                more = {"http_session_cls": httpx.HttpxSession} if backend == "httpx" else {}
                config = AioConfig(**more)
                async with get_session().create_client("s3", config=config, **options) as client:
                    await client.head_bucket(**request)
    assert elsewhere.seen


class TestExecutors:
    async def test_calls_in_threads_are_mocked_as_long_as_the_mock(self):
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(4) as pool:
            with mock_aws():
                client = boto3.client("s3")
                calls = [loop.run_in_executor(pool, client.list_buckets) for _ in range(20)]
                assert [reply["Buckets"] for reply in await asyncio.gather(*calls)] == [[]] * 20
            with pytest.raises(RealHTTPRequestBlockedError, match="fake credentials"):
                await loop.run_in_executor(pool, client.list_buckets)

    async def test_loops_in_threads(self):
        async def work():
            async with get_session().create_client("s3") as client:
                return (await client.list_buckets())["Buckets"]

        with mock_aws():
            found = [asyncio.to_thread(asyncio.run, work()) for _ in range(8)]
            assert await asyncio.gather(*found) == [[]] * 8


FORK = """
import os, warnings
import boto3
from aiomoto import mock_aws, RealHTTPRequestBlockedError
warnings.simplefilter("ignore")  # fork in a process with threads
client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
def child():
    client.create_bucket(Bucket="child")
    names = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    assert names == {"child", "parent"}, names
    fresh = boto3.client("s3", region_name="us-east-1")
    fresh.list_buckets()
    mock.stop()
    try:
        fresh.list_buckets()
    except RealHTTPRequestBlockedError:
        assert "AWS_ACCESS_KEY_ID" not in os.environ
        with mock_aws():
            assert client.list_buckets()["Buckets"] == []
        return 7
mock = mock_aws()
mock.start()
client.create_bucket(Bucket="parent")
pid = os.fork()
if not pid:
    code = 1
    try:
        code = child()
    finally:
        os._exit(code)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
print([bucket["Name"] for bucket in client.list_buckets()["Buckets"]])
mock.stop()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_in_a_mock_is_mocked_and_has_data_of_its_own(run):
    done = run("-c", FORK)
    assert done.out == "['parent']\n", done.err


SECRETS = """
import glob, logging, os, sys, urllib.request
logging.basicConfig(level=logging.DEBUG)
import boto3, s3fs
from aiomoto import mock_aws
for options in ({}, {"server_mode": True}):
    with mock_aws(**options) as mock:
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        s3fs.S3FileSystem().pipe("bucket/key", b"value")
        boto3.client("sts", region_name="us-east-1").get_caller_identity()
        print(dict(os.environ))
        address = os.environ["AWS_ENDPOINT_URL"]
        print(urllib.request.urlopen(address + "/moto-api/data.json").read())
        for path in glob.glob(os.environ["AIOMOTO_SERVER_REGISTRY_DIR"] + "/*"):
            print(open(path).read())
        print(repr(client), repr(mock), client._request_signer._credentials.__dict__)
    try:
        client.list_buckets()
    except Exception as error:
        print(repr(error))
os.system(f"{sys.executable} -m aiomoto doctor --json")
sys.stdout.flush()
assert os.environ["AWS_SECRET_ACCESS_KEY"] == "REAL-" + "SECRET"
print("done")
"""


def test_real_secrets_show_nowhere(run, tmp_path):
    (tmp_path / "aws-credentials").write_text(
        "[default]\naws_access_key_id = REAL-KEY\naws_secret_access_key = REAL-SECRET\n"
    )
    done = run(
        "-c",
        SECRETS,
        AWS_ACCESS_KEY_ID="REAL-KEY",
        AWS_SECRET_ACCESS_KEY="REAL-SECRET",
        AWS_SESSION_TOKEN="REAL-TOKEN",
        AIOMOTO_SERVER_REGISTRY_DIR=tmp_path / "registry",
    )
    assert done.out.endswith("done\n"), done.err[-3000:]
    for secret in ("REAL-KEY", "REAL-SECRET", "REAL-TOKEN"):
        assert secret not in done.out
        assert secret not in done.err
