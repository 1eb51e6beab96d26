"""``python -m aiomoto server``: a moto server in the foreground."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess

import boto3
import pytest

SERVER = ["-m", "aiomoto", "server"]
posix = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


def client(service, endpoint):
    return boto3.client(
        service,
        "us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="mine",
        aws_secret_access_key="mine",
    )


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_told_to_stop(server, registry, number):
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("what a shell's & or nohup has started ignores Ctrl-C, and so do its children")
    with server() as process:
        client("s3", process.endpoint).create_bucket(Bucket="bucket")
        (file,) = registry.glob("*.json")
        entry = json.loads(file.read_text())
        assert (entry["endpoint"], entry["pid"]) == (process.endpoint, process.pid)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 0
        assert err == f"aiomoto: this is a moto server, {process.endpoint}. Ctrl-C stops it\n"
        assert not list(registry.glob("*.json"))


def test_port(server):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with server("--port", port) as process:
            assert process.wait(20) == 1
            assert f"cannot listen on 127.0.0.1:{port}" in process.stderr.read()
    with server(f"--port={port}") as process:
        assert process.endpoint == f"http://127.0.0.1:{port}"


def test_it_stops_when_its_input_ends(server):
    with server("--until-eof", stdin=subprocess.PIPE) as process:
        assert process.endpoint.startswith("http://127.0.0.1:")
        _, err = process.communicate(timeout=20)
        assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("port", ["0", "99999", "many"])
def test_bad_ports(run, port):
    done = run(*SERVER, "--port", port)
    assert done.code == 1
    assert "is not a whole number from 1 to 65535" in done.err


@pytest.mark.parametrize("words", [["--nonsense"], ["--port"], ["5000"], ["--port", "1", "more"]])
def test_wrong_use(run, words):
    done = run(*SERVER, *words)
    assert done.code == 2
    assert "server --help" in done.err


def test_help(run):
    done = run(*SERVER, "--help")
    assert (done.code, done.err) == (0, "")
    assert "--port N" in done.out
