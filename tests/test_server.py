"""The server of server mode: joining it from elsewhere, and what happens when something fails."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import moto
import pytest
from moto.server import ThreadedMotoServer

from aiomoto import (
    RealHTTPRequestBlockedError,
    ServerModeConfigurationError,
    ServerModeDependencyError,
    ServerModeEndpointError,
    ServerModeHealthcheckError,
    ServerModePortError,
    _server,
    mock_aws,
)
from aiomoto._patches import parse_version


def server(**options):
    return mock_aws(server_mode=True, **options)


def create(name="bucket"):
    boto3.client("s3").create_bucket(Bucket=name)


def buckets(**options):
    return [bucket["Name"] for bucket in boto3.client("s3", **options).list_buckets()["Buckets"]]


def registry():
    return sorted(Path(os.environ["AIOMOTO_SERVER_REGISTRY_DIR"]).glob("*"))


@pytest.fixture
def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def running():
    """A server of aiomoto that another process runs."""
    code = """
import sys
from aiomoto import mock_aws
with mock_aws(server_mode=True) as mock:
    print(mock.server_port, flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        process.port = int(process.stdout.readline())
        process.url = f"http://127.0.0.1:{process.port}"
        yield process
        process.stdin.close()


class TestJoining:
    @pytest.mark.parametrize("how", ["port", "endpoint", "localhost"])
    def test_server_of_another_process(self, running, how):
        options = {
            "port": {"server_port": running.port},
            "endpoint": {"server_endpoint": running.url + "/"},
            "localhost": {"server_endpoint": f"http://localhost:{running.port}"},
        }[how]
        with server(**options) as mock:
            assert mock.server_port == running.port
            assert mock.server_registry_path == str(registry()[0])
            create()
            assert buckets() == ["bucket"]
        assert len(registry()) == 1
        with server(**options):
            assert buckets() == ["bucket"]
        with server():
            assert buckets() == []

    def test_data_are_dropped_on_request_only(self, running):
        join = {"server_port": running.port}
        with server(**join):
            create()
        with server(**join, reset=True, remove_data=False):
            assert buckets() == []
            create("another")
        with server(**join, remove_data=True) as mock:
            assert buckets() == ["another"]
            mock.stop()
            mock.start()
            assert buckets() == []
            create()
            mock.reset()
            assert buckets() == []
            create()
            mock.start(reset=True)
            assert buckets() == []
            mock.stop(remove_data=False)

    def test_decorated_classes_drop_no_data(self, running):
        @server(server_port=running.port)
        class Case:
            def test(self):
                create()

        Case().test()
        with server(server_port=running.port, remove_data=True):
            assert buckets() == ["bucket"]

    @pytest.mark.skipif(
        parse_version(moto.__version__) < (5, 1), reason="it fails with today's werkzeug"
    )
    def test_stock_server_of_moto(self, unused_port):
        stock = ThreadedMotoServer("127.0.0.1", unused_port, verbose=False)
        stock.start()
        try:
            with server(server_port=unused_port, remove_data=True) as mock:
                assert mock.server_registry_path is None
                create()
                assert buckets() == ["bucket"]
                boto3.client("sqs").create_queue(QueueName="queue")
        finally:
            stock.stop()

    def test_own_server_from_a_nested_mock(self):
        with server() as outer:
            create()
            with server(server_port=outer.server_port) as inner:
                assert inner.server_registry_path == outer.server_registry_path
                assert buckets() == ["bucket"]
            with server(server_endpoint=f"http://localhost:{outer.server_port}"):
                assert buckets() == ["bucket"]
            assert buckets() == ["bucket"]
            with server(server_port=outer.server_port, reset=True):
                assert buckets() == []

    def test_another_server_from_a_nested_mock(self, running):
        with server() as mock:
            with pytest.raises(
                ServerModeEndpointError, match=f"{running.url}.*{mock.server_endpoint}"
            ):
                server(server_port=running.port).start()
            assert buckets() == []

    def test_own_server_from_a_child(self, run):
        code = """
import os
import boto3
from aiomoto import mock_aws
with mock_aws(server_mode=True, server_port=int(os.environ["AIOMOTO_SERVER_PORT"])) as mock:
    boto3.client("s3").create_bucket(Bucket="by-a-child")
    print(mock.server_registry_path)
"""
        with server() as mock:
            done = run("-W", "error", "-c", code)
            assert (done.out, done.err) == (f"{mock.server_registry_path}\n", "")
            assert buckets() == ["by-a-child"]

    def test_server_that_goes_away(self, running):
        with server(server_port=running.port):
            running.stdin.close()
            running.wait()
            with pytest.raises(Exception, match="connect"):
                buckets()
        with pytest.raises(ServerModeHealthcheckError):
            server(server_port=running.port).start()

    def test_reset_of_a_server_that_has_gone_away(self, running):
        mock = server(server_port=running.port, remove_data=True)
        mock.start()
        running.stdin.close()
        running.wait()
        with pytest.raises(ServerModeHealthcheckError, match=running.url):
            mock.stop()
        assert "AWS_ENDPOINT_URL" not in os.environ


class TestHealth:
    def test_nothing_there(self):
        with socket.socket() as held:  # so that no server of another test comes to this port
            held.bind(("127.0.0.1", 0))
            port = held.getsockname()[1]
            with (
                pytest.raises(ServerModeHealthcheckError, match=f"127.0.0.1:{port}.*refused"),
                server(server_port=port),
            ):
                pytest.fail("joined nothing")
        assert "AWS_ENDPOINT_URL" not in os.environ

    def test_server_that_is_being_started(self, unused_port):
        stock = ThreadedMotoServer("127.0.0.1", unused_port, verbose=False)
        starter = threading.Timer(0.3, stock.start)
        starter.start()
        with server(server_port=unused_port):
            starter.join()
        stock.stop()

    def test_no_moto_server(self, httpd):
        with pytest.raises(ServerModeHealthcheckError, match="no moto server"):
            server(server_endpoint=httpd.url).start()

    def test_server_that_does_not_serve_this(self):
        with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as httpd:
            thread = threading.Thread(target=httpd.serve_forever)
            thread.start()
            with pytest.raises(ServerModeHealthcheckError, match="was answered by 501"):
                server(server_port=httpd.server_port).start()
            httpd.shutdown()
            thread.join()

    def test_no_http_server(self):
        def greet():
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"220 mail.example.com\r\n")

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=greet)
            thread.start()
            with pytest.raises(ServerModeHealthcheckError, match="220"):
                server(server_port=listener.getsockname()[1]).start()
            thread.join()

    def test_server_that_never_answers(self, monkeypatch):
        monkeypatch.setattr(_server, "_PATIENCE", 0.1)
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            pytest.raises(ServerModeHealthcheckError, match="timed out"),
        ):
            server(server_port=listener.getsockname()[1]).start()

    def test_host_without_an_address(self, run):
        code = """
from aiomoto import mock_aws, ServerModeEndpointError
try:
    mock_aws(server_mode=True, server_endpoint="http://no-such-host.invalid:5000").start()
except ServerModeEndpointError as error:
    print(error)
"""
        assert "no-such-host.invalid:5000 has no address" in run("-c", code).out


class TestStarting:
    def test_two_hundred_times(self):
        mocks = []
        with ExitStack() as stack:
            for _ in range(20):
                started = _server.start()
                stack.callback(started.stop)
                mocks.append(started.endpoint)
            for _ in range(180):
                with server() as mock:
                    assert mock.server_endpoint not in mocks
            assert len(registry()) == len(set(mocks)) == 20
        assert registry() == []

    def test_same_port_as_before(self):
        with server() as one:
            port = one.server_port
        with server() as two:
            assert two.server_port == port

    def test_port_of_before_that_is_taken(self):
        with server() as one:
            port = one.server_port
        with socket.create_server(("127.0.0.1", port)), server() as two:
            assert two.server_port != port
            assert buckets() == []

    def test_port_of_choice(self, unused_port):
        started = _server.start(unused_port)
        try:
            assert started.port == unused_port
            with pytest.raises(ServerModePortError, match=str(unused_port)):
                _server.start(unused_port)
        finally:
            started.stop()

    def test_missing_packages(self, run):
        code = """
import sys
sys.modules["flask_cors"] = None
from aiomoto import mock_aws, ServerModeDependencyError
try:
    mock_aws(server_mode=True).start()
except ServerModeDependencyError as error:
    print(error)
with mock_aws():
    print("in-process")
"""
        done = run("-c", code)
        assert done.out == (
            "Server mode needs flask_cors: pip install 'aiomoto[server]'\nin-process\n"
        )

    def test_joining_needs_no_packages(self, running, monkeypatch):
        def fail():
            raise ServerModeDependencyError

        monkeypatch.setattr(_server, "_require_packages", fail)
        with server(server_port=running.port):
            assert buckets() == []

    def test_registry_that_cannot_be_written(self, monkeypatch, tmp_path):
        (tmp_path / "file").touch()
        monkeypatch.setenv("AIOMOTO_SERVER_REGISTRY_DIR", str(tmp_path / "file"))
        before = dict(os.environ), threading.active_count()
        with pytest.raises(ServerModeConfigurationError, match="AIOMOTO_SERVER_REGISTRY_DIR"):
            server().start()
        assert (dict(os.environ), threading.active_count()) == before
        with mock_aws():
            create()

    @pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
    def test_registry_that_is_read_only(self, monkeypatch):
        monkeypatch.setenv("AIOMOTO_SERVER_REGISTRY_DIR", "/proc/aiomoto")
        with pytest.raises(ServerModeConfigurationError, match="/proc/aiomoto"):
            server().start()

    @pytest.mark.skipif(sys.platform == "win32", reason="limits of resources")
    def test_registry_that_is_full(self, run):
        code = """
import os, resource, signal
from aiomoto import mock_aws, ServerModeConfigurationError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = os.environ["AIOMOTO_SERVER_REGISTRY_DIR"]
mock = mock_aws(server_mode=True)
with mock_aws():
    pass
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))  # no file can grow
try:
    mock.start()
except ServerModeConfigurationError as error:
    print("refused", os.listdir(folder))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with mock:
    print(len(os.listdir(folder)))
"""
        done = run("-B", "-c", code)
        assert (done.out, done.err) == ("refused []\n1\n", "")


class TestEnds:
    def test_registry_directory_that_vanishes(self, monkeypatch):
        with server() as mock:
            os.unlink(mock.server_registry_path)
            Path(mock.server_registry_path).parent.rmdir()
        with server():
            assert len(registry()) == 1

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    @pytest.mark.skipif(
        sys.gettrace() is not None,
        reason="CPython 3.11 loops while it traces and another thread has an exception to come",
    )
    def test_server_thread_that_dies(self):
        with server() as mock:
            s3 = boto3.client("s3")
            (thread,) = [t for t in threading.enumerate() if t.name == "aiomoto server"]
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
            )
            with socket.create_connection(("127.0.0.1", mock.server_port)):
                thread.join()
            with pytest.raises(ServerModeHealthcheckError, match=mock.server_endpoint):
                s3.list_buckets()
            with pytest.raises(ServerModeHealthcheckError, match=mock.server_endpoint):
                server().start()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", mock.server_port))
        assert registry() == []
        with server():
            assert buckets() == []

    def test_exit_during_a_request(self):
        """The caller gets an answer or an error, and the exit does not wait for it."""
        errors = []

        def poll():
            try:
                sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)
            except Exception as error:
                errors.append(error)

        with server():
            sqs = boto3.client("sqs")
            url = sqs.create_queue(QueueName="queue")["QueueUrl"]
            thread = threading.Thread(target=poll)
            thread.start()
            time.sleep(0.3)
            sqs.send_message(QueueUrl=url, MessageBody="sent before the exit")
        thread.join(10)
        assert not thread.is_alive()
        with server():
            assert "QueueUrls" not in boto3.client("sqs").list_queues()

    def test_exit_under_fire(self):
        """No request of a mock changes anything in the next one."""
        stop = threading.Event()
        failures = []

        def fire():
            s3 = boto3.session.Session().client("s3")
            while not stop.is_set():
                try:
                    s3.create_bucket(Bucket="bucket")
                except RealHTTPRequestBlockedError:
                    return
                except Exception as error:
                    failures.append(error)
                    return

        for _ in range(3):
            with server():
                threads = [threading.Thread(target=fire) for _ in range(3)]
                for thread in threads:
                    thread.start()
                while not buckets():
                    time.sleep(0.01)
            for thread in threads:
                thread.join()
            with mock_aws(reset=False):
                assert buckets() == []
        stop.set()
        assert all("onnection" in str(error) or "503" in str(error) for error in failures)

    def test_end_of_the_process_inside(self, run):
        code = """
import sys
import boto3
from aiomoto import mock_aws
mock = mock_aws(server_mode=True)
mock.start()
boto3.client("s3").list_buckets()
sys.exit(3)
"""
        done = run("-W", "error", "-X", "dev", "-c", code)
        assert (done.code, done.out, done.err) == (3, "", "")
        assert registry() == []

    @pytest.mark.skipif(sys.platform == "win32", reason="signals")
    def test_killed_process(self, running):
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert len(registry()) == 1
        with server() as mock:
            assert [str(path) for path in registry()] == [mock.server_registry_path]
            assert buckets() == []
