"""Presigned URLs and plain HTTP to AWS, by libraries that know nothing of AWS."""

import asyncio
import contextlib
import http.client
import inspect
import io
import urllib.error
import urllib.request

import aiohttp
import boto3
import pytest
import requests
import urllib3
import yarl
from botocore.config import Config
from moto.server import ThreadedMotoServer

from aiomoto import RealHTTPRequestBlockedError, mock_aws

httpx = pytest.importorskip("httpx")
httpx2 = pytest.importorskip("httpx2")

OPENER = urllib.request.build_opener()


def by_urllib(method, url, body=None):
    request = urllib.request.Request(url, body, method=method)
    try:
        with OPENER.open(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def by_http_client(method, url, body=None):
    parts = httpx.URL(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(kind(parts.host, parts.port)) as connection:
        connection.connect()
        connection.request(method, parts.raw_path.decode(), body)
        response = connection.getresponse()
        return response.status, response.read()


def by_urllib3(method, url, body=None):
    with urllib3.PoolManager() as pool:
        response = pool.request(method, url, body=body, retries=False)
        return response.status, response.data


def by_requests(method, url, body=None):
    response = requests.request(method, url, data=body)
    return response.status_code, response.content


def by_httpx(method, url, body=None):
    response = httpx.request(method, url, content=body)
    return response.status_code, response.content


def by_httpx2(method, url, body=None):
    response = httpx2.request(method, url, content=body)
    return response.status_code, response.content


async def async_by_httpx(method, url, body=None):
    async with httpx.AsyncClient() as client:
        response = await client.request(method, url, content=body)
        return response.status_code, response.content


async def async_by_httpx2(method, url, body=None):
    async with httpx2.AsyncClient() as client:
        response = await client.request(method, url, content=body)
        return response.status_code, response.content


async def async_by_aiohttp(method, url, body=None):
    data = None if body is None else io.BytesIO(body)
    url = yarl.URL(url, encoded=True)
    async with aiohttp.ClientSession() as session, session.request(method, url, data=data) as got:
        assert got.url == url
        return got.status, await got.read()


def run(function):
    return lambda *args: asyncio.run(function(*args))


LIBRARIES = {
    "urllib": by_urllib,
    "http.client": by_http_client,
    "urllib3": by_urllib3,
    "httpx": by_httpx,
    "httpx2": by_httpx2,
    "async httpx": run(async_by_httpx),
    "async httpx2": run(async_by_httpx2),
    "aiohttp": run(async_by_aiohttp),
}
library = pytest.mark.parametrize("ask", LIBRARIES.values(), ids=LIBRARIES)


def presigned(s3, operation, key, **params):
    return s3.generate_presigned_url(operation, {"Bucket": "box", "Key": key, **params})


def box(**options):
    s3 = boto3.client("s3", **options)
    s3.create_bucket(Bucket="box")
    return s3


@library
@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls_are_the_mocks(ask, version):
    with mock_aws():
        s3 = box(config=Config(signature_version=version))
        assert ask("PUT", presigned(s3, "put_object", "a b/ü"), b"body")[0] == 200
        assert s3.get_object(Bucket="box", Key="a b/ü")["Body"].read() == b"body"
        assert ask("GET", presigned(s3, "get_object", "a b/ü")) == (200, b"body")
        assert ask("HEAD", presigned(s3, "head_object", "a b/ü")) == (200, b"")
        assert ask("GET", presigned(s3, "get_object", "nothing"))[0] == 404
        large = b"x" * 3_000_000
        assert ask("PUT", presigned(s3, "put_object", "large"), large)[0] == 200
        assert ask("GET", presigned(s3, "get_object", "large")) == (200, large)


@library
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_so_are_those_of_a_client_with_an_endpoint_of_its_own(ask, style):
    with mock_aws():
        config = Config(s3={"addressing_style": style})
        s3 = box(endpoint_url="http://minio.example:9000", config=config)
        assert ask("PUT", presigned(s3, "put_object", "k"), b"body")[0] == 200
        assert ask("GET", presigned(s3, "get_object", "k")) == (200, b"body")
        assert boto3.client("s3").get_object(Bucket="box", Key="k")["Body"].read() == b"body"


def test_requests_is_motos_own_business_and_reaches_those_endpoints_too():
    with mock_aws():
        for s3 in (box(), boto3.client("s3", endpoint_url="http://minio.example:9000")):
            assert by_requests("PUT", presigned(s3, "put_object", "k"), b"body")[0] == 200
            assert by_requests("GET", presigned(s3, "get_object", "k")) == (200, b"body")


@library
def test_so_are_plain_requests_to_aws(ask):
    with mock_aws():
        box()
        assert b"InstanceProfile" not in ask("GET", "https://s3.amazonaws.com/")[1]
        assert ask("GET", "https://nothing-such.amazonaws.com/")[0] == 404
        action = b"Action=GetCallerIdentity&Version=2011-06-15"
        china = ask("POST", "https://sts.cn-north-1.amazonaws.com.cn/", action)
        assert b"GetCallerIdentityResult" in china[1]


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_moto_does_not_know_is_refused(name):
    with mock_aws(), pytest.raises(RealHTTPRequestBlockedError, match="nothing.such.*api.aws"):
        LIBRARIES[name]("GET", "https://nothing.such.us-east-1.api.aws/")


@library
def test_other_hosts_are_untouched(ask, httpd):
    with mock_aws():
        box()
        ask("PUT", f"{httpd.url}/box/k", b"body")
    assert httpd.seen == ["PUT /box/k"]


@library
def test_hosts_of_clients_are_untouched_outside_their_mock(ask, httpd):
    with mock_aws():
        s3 = box(endpoint_url=httpd.url)
        ask("PUT", presigned(s3, "put_object", "k"), b"body")
    ask("GET", f"{httpd.url}/box/k")
    with mock_aws():
        ask("GET", f"{httpd.url}/box/k2")
    assert httpd.seen == ["GET /box/k", "GET /box/k2"]


@library
def test_nobody_answers_where_a_moto_server_has_stopped(ask):
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    with mock_aws():
        server.start()
        try:
            host, port = server.get_host_and_port()
            url = f"http://{host}:{port}"
            box(endpoint_url=url)
            assert ask("GET", f"{url}/box")[0] == 200
        finally:
            server.stop()
        with pytest.raises(Exception, match=f"(?i)refused|connect|{port}"):
            ask("GET", f"{url}/box")


@library
def test_what_is_passed_through_leaves(ask, httpd):
    with mock_aws(config={"core": {"passthrough": {"urls": [httpd.url]}}}):
        ask("GET", presigned(boto3.client("s3", endpoint_url=httpd.url), "get_object", "k"))
    assert [line.partition("?")[0] for line in httpd.seen] == ["GET /box/k"]


def test_a_connection_kept_open_changes_sides_with_the_mock(httpd):
    with urllib3.PoolManager() as pool, httpx.Client() as client:
        for status in (200, 404, 200):
            mock = mock_aws() if status == 404 else contextlib.nullcontext()
            with mock:
                if status == 404:
                    presigned(boto3.client("s3", endpoint_url=httpd.url), "get_object", "k")
                assert pool.request("GET", f"{httpd.url}/box/1").status == status
                assert client.get(f"{httpd.url}/box/2").status_code == status
    assert httpd.seen == ["GET /box/1", "GET /box/2"] * 2


async def test_streams_in_both_directions():
    async def chunks():
        yield b"str"
        yield b"eam"

    with mock_aws():
        s3 = box()
        url = presigned(s3, "put_object", "k")
        async with httpx.AsyncClient() as client, aiohttp.ClientSession() as session:
            assert (await client.put(url, content=chunks())).status_code == 200
            get = presigned(s3, "get_object", "k")
            async with client.stream("GET", get) as response:
                assert b"".join([chunk async for chunk in response.aiter_bytes(2)]) == b"stream"
            async with session.put(url, data=io.BytesIO(b"file")) as response:
                assert response.status == 200
            async with session.put(url, data=chunks()) as response:
                assert response.status == 200
            async with session.get(get) as response:
                assert [chunk async for chunk in response.content.iter_chunked(3)] == [
                    b"str",
                    b"eam",
                ]


def test_presigned_posts():
    with mock_aws():
        s3 = box()
        post = s3.generate_presigned_post("box", "k")
        response = httpx.post(post["url"], data=post["fields"], files={"file": b"body"})
        assert response.status_code == 204
        assert s3.get_object(Bucket="box", Key="k")["Body"].read() == b"body"


def test_uvloop_and_trio():
    trio = pytest.importorskip("trio")
    uvloop = pytest.importorskip("uvloop")
    with mock_aws():
        box()
        url = "https://s3.amazonaws.com/box"
        assert trio.run(async_by_httpx, "GET", url)[0] == 200
        with contextlib.closing(uvloop.new_event_loop()) as loop:
            assert loop.run_until_complete(async_by_aiohttp("GET", url))[0] == 200


class TestOtherMocksWin:
    URL = "https://s3.amazonaws.com/box/k"

    def test_respx(self):
        respx = pytest.importorskip("respx")
        with mock_aws(), respx.mock() as router:
            router.get(self.URL).respond(299)
            assert httpx.get(self.URL).status_code == 299
            assert asyncio.run(async_by_httpx("GET", self.URL))[0] == 299

    async def test_aioresponses(self):
        aioresponses = pytest.importorskip("aioresponses").aioresponses
        if "stream_writer" in inspect.signature(aiohttp.ClientResponse.__init__).parameters:
            pytest.skip("aioresponses 0.7 does not know this aiohttp")
        with mock_aws(), aioresponses() as fake:
            fake.get(self.URL, status=299)
            async with aiohttp.ClientSession() as session, session.get(self.URL) as response:
                assert response.status == 299

    async def test_transports_of_the_users(self):
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 299, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        with mock_aws():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
                assert (await client.get(self.URL)).status_code == 299
            with httpx.Client(
                transport=httpx.MockTransport(lambda _: httpx.Response(299))
            ) as client:
                assert client.get(self.URL).status_code == 299

    def test_responses(self):
        import responses

        with mock_aws(), responses.RequestsMock() as fake:
            fake.get(self.URL, status=299)
            assert requests.get(self.URL).status_code == 299


def test_server_mode_refuses_it_and_serves_its_own_urls():
    with mock_aws(server_mode=True):
        s3 = box()
        assert by_httpx("PUT", presigned(s3, "put_object", "k"), b"body")[0] == 200
        with pytest.raises(RealHTTPRequestBlockedError, match="server mode"):
            by_httpx("GET", "https://s3.amazonaws.com/box/k")


def test_a_program_that_makes_no_client_is_mocked_under_auto(run):
    code = """
import sys, urllib.request, urllib3, httpx
print(urllib.request.urlopen("https://s3.amazonaws.com/").status)
print(urllib3.PoolManager().request("GET", "https://s3.amazonaws.com/").status)
print(httpx.get("https://s3.amazonaws.com/").status_code)
"""
    done = run("-c", code, AIOMOTO_AUTO="1", AIOMOTO_QUIET="1")
    assert done.out == "200\n200\n200\n", done.err


def test_programs_without_aws_do_not_notice(run):
    code = (
        "import sys, http.client, urllib3, httpcore; print({'wrapt', 'botocore'} & {*sys.modules})"
    )
    assert run("-c", code).out == "set()\n"
