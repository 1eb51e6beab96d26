import os

os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "testing"

import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import asynccontextmanager
from unittest.mock import patch

import aiobotocore.endpoint
import httpx
import pytest
from moto import mock_aws
from service import make_app, set_up

PORT = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) + 5611
SERVER = f"http://localhost:{PORT}"


class Adapted:
    """moto answers async clients like sync ones: what many suites do about that by hand."""

    def __init__(self, response):
        self._response = response
        self.status_code = response.status_code
        self.headers = response.headers
        self.raw = AdaptedRaw(response)

    @property
    async def content(self):
        return self._response.content


class AdaptedRaw:
    def __init__(self, response):
        self.content = self  # where older aiobotocore reads
        self.left = response.content
        self.raw_headers = [
            (key.encode(), str(value).encode()) for key, value in response.headers.items()
        ]

    async def read(self, amount=-1):
        count = len(self.left) if amount < 0 else amount
        head, self.left = self.left[:count], self.left[count:]
        return head

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        return None

    def at_eof(self):
        return not self.left


@pytest.fixture
def patched_aiobotocore():
    original = aiobotocore.endpoint.convert_to_response_dict

    async def convert(http_response, operation_model):
        return await original(Adapted(http_response), operation_model)

    with patch("aiobotocore.endpoint.convert_to_response_dict", convert):
        yield


@asynccontextmanager
async def serving(app):
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://service") as client,
    ):
        yield client


@pytest.fixture
async def client(patched_aiobotocore):
    with mock_aws():
        await set_up()
        async with serving(make_app()) as client:
            yield client


@pytest.fixture(scope="session")
def moto_server():
    command = [sys.executable, "-m", "moto.server", "-p", str(PORT)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{SERVER}/moto-api/").close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield SERVER
        process.terminate()


@pytest.fixture
async def served_client(moto_server):
    request = urllib.request.Request(f"{moto_server}/moto-api/reset", method="POST")
    urllib.request.urlopen(request).close()
    await set_up(moto_server)
    async with serving(make_app(moto_server)) as client:
        yield client
