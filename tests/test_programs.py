"""Programs that start processes, threads or interpreters of their own, mocked from outside."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

QUIET = {"AIOMOTO_AUTO": "1", "AIOMOTO_QUIET": "1"}
SUBINTERPRETER = """
try:
    import _interpreters as interpreters
    made = interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    made = interpreters.create(isolated=False)
CODE = '''
import asyncio, boto3, os
from aiobotocore.session import get_session
async def main():
    async with get_session().create_client("s3", region_name="us-east-1") as client:
        return (await client.list_buckets())["Buckets"]
boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket")
print([bucket["Name"] for bucket in asyncio.run(main())], "AWS_ENDPOINT_URL" in os.environ)
'''
assert interpreters.run_string(made, CODE) is None
interpreters.destroy(made)
"""


def test_a_subinterpreter_is_mocked_and_has_no_gateway(run):
    done = run("-c", SUBINTERPRETER, AIOMOTO_GATEWAY=None, **QUIET)
    # Whether it sees the variables of the interpreter that made it is Python's affair.
    assert (done.code, done.out.split(" ")[0]) == (0, "['bucket']"), done.err


WSGI = """
import boto3
def app(environ, start_response):
    s3 = boto3.client("s3", region_name="us-east-1")
    if environ["PATH_INFO"] != "/":
        s3.create_bucket(Bucket=environ["PATH_INFO"].strip("/"))
    start_response("200 OK", [])
    return [b",".join(bucket["Name"].encode() for bucket in s3.list_buckets()["Buckets"])]
"""
ASGI = """
from aiobotocore.session import get_session
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    async with get_session().create_client("s3", region_name="us-east-1") as s3:
        if scope["path"] != "/":
            await s3.create_bucket(Bucket=scope["path"].strip("/"))
        names = [bucket["Name"].encode() for bucket in (await s3.list_buckets())["Buckets"]]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b",".join(names)})
"""
WEB = {
    "gunicorn": (WSGI, ["gunicorn", "--workers=2", "--bind=127.0.0.1:{port}", "program:app"]),
    "uvicorn": (ASGI, ["uvicorn", "--workers=2", "--port={port}", "program:app"]),
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def ask(url, seconds=60):
    """Ask until the program has started."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return response.read().decode()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def started(folder, *words):
    command = [sys.executable, "-m", "aiomoto", "run", "--quiet", *words]
    with subprocess.Popen(command, cwd=folder) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.long
@pytest.mark.parametrize("name", WEB)
def test_workers_of_a_web_server(tmp_path, name):
    pytest.importorskip(name)
    code, words = WEB[name]
    (tmp_path / "program.py").write_text(code)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = ["python", "-m", *(word.format(port=port) for word in words)]
    with started(tmp_path, *words):
        assert ask(url) == ""
    with started(tmp_path, "--server", *words):
        assert ask(f"{url}/bucket") == "bucket"
        assert [ask(url) for _ in range(20)] == ["bucket"] * 20  # whichever worker is asked


CELERY = """
import os, boto3
from celery import Celery
folder = os.path.dirname(os.path.abspath(__file__))
transport = {name: folder for name in ("data_folder_in", "data_folder_out", "control_folder")}
app = Celery("program", broker="filesystem://", backend=f"file://{folder}")
app.conf.broker_transport_options = transport
@app.task
def make(name):
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket=name)
    return os.getpid(), [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
"""
CALL = """
import os, json, boto3, program
pid, _ = program.make.delay("one").get(timeout=60)
names = {name for number in range(4) for name in program.make.delay("two").get(timeout=60)[1]}
print(json.dumps([pid != os.getpid(), sorted(names)]))
"""


@pytest.mark.long
def test_prefork_workers_of_celery(run, tmp_path):
    pytest.importorskip("celery")
    (tmp_path / "program.py").write_text(CELERY)
    worker = "python -m celery -A program worker --pool=prefork --concurrency=2 -l ERROR"
    with started(tmp_path, "--server", *worker.split()):
        done = run("-c", CALL)
    assert json.loads(done.out) == [True, ["one", "two"]], done.err


NOTEBOOK = """
import boto3
from aiobotocore.session import get_session
boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket")
async with get_session().create_client("s3", region_name="us-east-1") as client:
    print([bucket["Name"] for bucket in (await client.list_buckets())["Buckets"]])
"""


@pytest.mark.long
def test_cells_of_a_notebook(monkeypatch):
    pytest.importorskip("ipykernel")
    jupyter = pytest.importorskip("jupyter_client")
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)
    manager, client = jupyter.manager.start_new_kernel(kernel_name="python3")
    try:
        outputs = []
        for _ in range(2):
            client.execute_interactive(NOTEBOOK, timeout=60, output_hook=outputs.append)
        texts = [output["content"]["text"] for output in outputs if "text" in output["content"]]
        assert texts == ["['bucket']\n"] * 2, outputs
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


ZIPPED = """
import boto3
from aiomoto import mock_aws
mock_aws().start()  # nobody reads a .pth here
print(boto3.client("s3", region_name="us-east-1").list_buckets()["Buckets"])
"""


def test_a_program_without_a_pth_file(run, tmp_path):
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "__main__.py").write_text(ZIPPED)
    subprocess.run([sys.executable, "-m", "zipapp", folder], check=True)
    paths = [path for path in sys.path if path and Path(path).is_dir()]
    done = run("-S", tmp_path / "program.pyz", PYTHONPATH=":".join(paths))
    assert done.out == "[]\n", done.err
