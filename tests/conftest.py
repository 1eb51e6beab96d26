"""What every test has: no real AWS settings, no way out, and programs to run."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Property tests: a few examples, the same in every run; `nox -s fuzz` draws many, and new ones.
for _profile, _options in {
    "default": {"max_examples": 20, "derandomize": True},
    "fuzz": {"max_examples": 500, "print_blob": True},
}.items():
    settings.register_profile(
        _profile,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
        **_options,
    )
settings.load_profile("default")

os.environ["DO_NOT_TRACK"] = "true"  # libraries that call home

CHECKOUT = Path(__file__).parent.parent
collect_ignore = ["projects"]  # suites of their own
_escapes: list[str] = []


def _audit(event: str, args: tuple) -> None:
    """Note every connection and every name look-up that leads beyond this machine."""
    if event == "socket.connect" and isinstance(args[1], tuple):
        host = args[1][0]
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in {None, "", "localhost", "::1"} and not host.startswith("127."):
        _escapes.append(f"{event} {host}")


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def _nothing_escapes():
    _escapes.clear()
    yield
    assert not _escapes, "a test reached beyond this machine"


@pytest.fixture(autouse=True)
def _own_environment(tmp_path):
    """Hide the developer's own AWS settings and ours, and give a region."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            if name.startswith(("AWS_", "AIOMOTO_", "MOTO_", "TEST_SERVER", "TEST_PROXY")):
                patch.delenv(name)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AIOMOTO_SERVER_REGISTRY_DIR", str(tmp_path / "registry"))
        patch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
        yield


@pytest.fixture(autouse=True)
def _no_mock_is_left():
    """A test that leaves a mock fails, and none after it."""
    from aiomoto._activation import state

    before = [*state.layers]
    yield
    left = [layer for layer in state.layers if layer not in before]
    for layer in reversed(left):
        layer.owner.stop(remove_data=True)
    assert not left


# As in pyproject.toml: botocore before 1.35 and moto before 5.0.20, on Python 3.12 and later.
_UTCNOW = ("-W", "ignore:datetime.datetime.utc:DeprecationWarning")


@dataclass
class Finished:
    """A program that has ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(tmp_path):
    """Run a program to its end: ``run("-c", "print(1)", AIOMOTO_AUTO="1")`` runs this Python."""

    def run(*words, stdin=None, timeout=120, cwd=None, **environ) -> Finished:
        command = [sys.executable, *map(str, words)]
        for place in reversed([n for n, word in enumerate(command) if word == "error"]):
            command[place + 1 : place + 1] = _UTCNOW if command[place - 1] == "-W" else ()
        merged = {**os.environ, **{k: v for k, v in environ.items() if v is not None}}
        # Random order and hash seeds of the outer run are none of the program's business.
        merged.pop("PYTEST_ADDOPTS", None)
        done = subprocess.run(
            command,
            env=merged,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=cwd or tmp_path,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def httpd():
    """A server on loopback that stands for the real world: answers 200 to everything."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # which knows 100-continue

        def do_GET(self):
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    self.rfile.read(size + 2)
                self.rfile.readline()
            else:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.server.seen.append(f"{self.command} {self.path}")
            self.send_response_only(200)
            self.send_header("Server", "the real one")
            self.send_header("Content-Length", "0")
            self.send_header("Connection", "close")
            self.end_headers()

        do_PUT = do_POST = do_HEAD = do_DELETE = do_GET

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.seen = []
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """The folder in which moto servers are found, of this test only."""
    folder = tmp_path / "registry"
    monkeypatch.setenv("AIOMOTO_SERVER_REGISTRY_DIR", str(folder))
    return folder


@pytest.fixture
def server(registry):
    """Run a moto server in a process of its own: ``with server() as process: process.endpoint``."""

    @contextmanager
    def server(*words, **options):
        command = [sys.executable, "-m", "aiomoto", "server", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, text=True, **pipes, **options) as process:
            try:
                process.endpoint = process.stdout.readline().strip()
                yield process
            finally:
                process.kill()

    return server


class Bucket:
    """A bucket as boto3 sees it."""

    def __init__(self):
        import boto3

        self.client = boto3.client("s3")
        self.client.create_bucket(Bucket="bkt")

    def __getitem__(self, key):
        return self.client.get_object(Bucket="bkt", Key=key)["Body"].read()

    def __setitem__(self, key, body):
        self.client.put_object(Bucket="bkt", Key=key, Body=body)

    def keys(self, prefix=""):
        found = self.client.list_objects_v2(Bucket="bkt", Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]


@pytest.fixture
def bucket():
    """The class of a bucket: a test makes one in its mock."""
    return Bucket
