"""Whole processes by a server: ``AIOMOTO_AUTO=server`` and the options of ``run``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

RUN = ["-m", "aiomoto", "run"]
QUIET = {"AIOMOTO_QUIET": "1"}
posix = pytest.mark.skipif(os.name == "nt", reason="exec and signals of POSIX")
PRELUDE = """
import asyncio, os, subprocess, sys
import boto3
from aiobotocore.session import get_session
def buckets():
    return [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
async def abuckets():
    async with get_session().create_client("s3") as s3:
        return [bucket["Name"] for bucket in (await s3.list_buckets())["Buckets"]]
def fill(name):
    boto3.client("s3").create_bucket(Bucket=name)
def endpoint():
    return boto3.client("s3").meta.endpoint_url
def child(code):
    return subprocess.run([sys.executable, "-c", "from prelude import *\\n" + code], check=True)
"""


@pytest.fixture
def program(tmp_path):
    """Write a program that knows a few short words for AWS."""
    (tmp_path / "prelude.py").write_text(PRELUDE)

    def program(code):
        file = tmp_path / "program.py"
        file.write_text(f"from prelude import *\n{code}")
        return file

    return program


SHARED = """
fill("parent")
assert endpoint() == os.environ["AIOMOTO_SERVER_ENDPOINT"] == os.environ["AWS_ENDPOINT_URL"]
child("assert buckets() == asyncio.run(abuckets()) == ['parent']; fill('child')")
page = "import urllib.request; print(b'<Name>child' in urllib.request.urlopen(%r).read())" % endpoint()
subprocess.run([sys.executable, "-I", "-S", "-c", page], check=True)
assert buckets() == ["parent", "child"]
print(endpoint())
"""


@posix
def test_one_server_for_the_command_and_its_children(run, program, registry):
    done = run(*RUN, "--server", program(SHARED))
    assert done.code == 0, done.err
    said, endpoint = done.out.split()
    assert said == "True", done.err
    assert done.err.count("\n") == 1
    assert f"by the server at {endpoint}" in done.err
    assert not answers(endpoint)
    assert not list(registry.glob("*.json"))


def answers(endpoint):
    """Return whether a server still answers, after waiting for its end."""
    for _ in range(100):
        try:
            urllib.request.urlopen(endpoint, timeout=5).close()
        except OSError:
            return False
        time.sleep(0.1)
    return True


@posix
def test_the_server_is_no_child_of_the_command_and_survives_ctrl_c(run, program):
    code = """
import signal
signal.signal(signal.SIGINT, lambda *_: None)
os.killpg(0, signal.SIGINT)
fill("after")
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print(buckets())
raise SystemExit(7)
"""
    done = run(*RUN, "--quiet", "--server", program(f"os.setsid()\n{code}"))
    assert (done.out, done.code) == ("['after']\n", 7), done.err


@posix
def test_the_server_ends_with_a_command_that_is_killed(program):
    code = program("print(endpoint(), flush=True)\nimport time; time.sleep(60)")
    command = [sys.executable, *RUN, "--quiet", "--server", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        endpoint = process.stdout.readline().strip()
        assert endpoint.startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGKILL)
    assert not answers(endpoint)


@posix
def test_other_programs_are_led_to_the_server(run):
    words = ["sh", "-c", "echo $AWS_ENDPOINT_URL $AIOMOTO_SERVER_ENDPOINT $AWS_ACCESS_KEY_ID"]
    done = run(*RUN, "--server", *words, AWS_ACCESS_KEY_ID="real")
    url, endpoint, key = done.out.split()
    assert url == endpoint
    assert url.startswith("http://127.0.0.1:")
    assert key == "FOOBARKEY"
    assert "programs that heed AWS_ENDPOINT_URL" in done.err


def test_credentials_are_hidden_from_other_programs(run):
    words = ["sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_SESSION_TOKEN $AIOMOTO_AUTO"]
    real = {"AWS_ACCESS_KEY_ID": "real", "AWS_SESSION_TOKEN": "real"}
    assert run(*RUN, *words, **real).out == "FOOBARKEY 1\n"
    assert run(*RUN, *words, AIOMOTO_DISABLE="1", **real).out == "real real 1\n"


def test_a_server_for_each_process(run, program):
    code = """
fill("parent")
child("assert buckets() == []; print(endpoint())")
print(endpoint())
"""
    done = run(*RUN, "--quiet", "--server-per-process", program(code))
    assert len({*done.out.split()}) == 2, done.err


def test_attach(run, program, server):
    code = "fill('joined'); print(endpoint()); child('print(endpoint())')"
    with server() as process:
        done = run(*RUN, "--quiet", "--attach", process.endpoint, program(code))
        assert done.out == f"{process.endpoint}\n" * 2, done.err
        done = run(program("print(buckets())"), AIOMOTO_AUTO="server", **QUIET, **at(process))
        assert done.out == "['joined']\n", done.err
        done = run(
            program("print(buckets())"), AIOMOTO_AUTO="server", AIOMOTO_RESET="1", **at(process)
        )
        assert done.out == "[]\n", done.err
        environ = {"AIOMOTO_AUTO": "server", "AIOMOTO_REMOVE_DATA": "on", **at(process)}
        assert run(program("fill('gone'); print(buckets())"), **environ).out == "['gone']\n"
        port = {"AIOMOTO_SERVER_PORT": process.endpoint.rpartition(":")[2]}
        done = run(program("print(buckets())"), AIOMOTO_AUTO="server", **port)
        assert done.out == "[]\n", done.err


def at(process):
    return {"AIOMOTO_SERVER_ENDPOINT": process.endpoint}


def test_nobody_to_attach_to(run, program, httpd):
    done = run(*RUN, "--attach", "http://127.0.0.1:1", "-c", "print('ran')")
    assert (done.code, done.out) == (1, "")
    assert "No moto server answers at http://127.0.0.1:1" in done.err
    done = run(*RUN, "--attach", httpd.url, "-c", "print('ran')")
    assert "is no moto server" in done.err
    code = "from aiomoto import ServerModeHealthcheckError as E\nfor _ in range(2):\n  try: buckets()\n  except E as error: print(error)"
    done = run(program(code), AIOMOTO_AUTO="server", AIOMOTO_SERVER_ENDPOINT=httpd.url)
    assert done.out.count("is no moto server") == 2, done.err


def test_explicit_mocks_on_top(run, program):
    """Start from nothing, of either mode, and give the whole process's data back."""
    code = """
import aiomoto, moto
fill("ambient")
for mock in (moto.mock_aws, aiomoto.mock_aws, lambda: aiomoto.mock_aws(server_mode=True)) * 2:
    with mock():
        assert buckets() == asyncio.run(abuckets()) == [], buckets()
        fill("explicit")
    assert buckets() == asyncio.run(abuckets()) == ["ambient"], buckets()
    assert endpoint() == os.environ["AIOMOTO_SERVER_ENDPOINT"]
with moto.mock_aws():
    assert "127.0.0.1" not in endpoint()
print("ok")
"""
    for options in (["--server"], ["--server-per-process"]):
        done = run(*RUN, "--quiet", *options, program(code))
        assert (done.out, done.err) == ("ok\n", ""), done.err


def test_env_file_and_region(run, tmp_path):
    code = "import boto3, os; print(boto3.client('sqs').meta.region_name, os.environ['AWS_REGION'])"
    done = run(
        *RUN,
        "--server",
        "--quiet",
        "--region=eu-west-1",
        "--env-file",
        "vars",
        "-c",
        code,
        AWS_DEFAULT_REGION=None,
    )
    assert done.out == "eu-west-1 eu-west-1\n", done.err
    lines = dict(line.split("=", 1) for line in (tmp_path / "vars").read_text().splitlines())
    assert lines["AWS_ENDPOINT_URL"] == lines["AIOMOTO_SERVER_ENDPOINT"]
    assert lines["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert lines["AWS_ACCESS_KEY_ID"] == "FOOBARKEY"


def test_auto_endpoint(run, httpd):
    code = f"import boto3; print(*[boto3.client('s3', endpoint_url=url).meta.endpoint_url == url for url in (None, {httpd.url!r})])"
    for mode, kept in {"force": "False False", "if_missing": "False True"}.items():
        done = run(*RUN, "--quiet", "--server", "--auto-endpoint", mode, "-c", code)
        assert done.out == f"{kept}\n", done.err
    done = run(*RUN, "--server", "--auto-endpoint", "maybe", "-c", code)
    assert done.code == 1
    assert "auto_endpoint='maybe' is not one of 'force', 'if_missing', 'disabled'" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--server", "--attach", "http://h:1"], "one of --server and --attach"),
        (["--auto-endpoint", "force"], "--auto-endpoint with --server or --attach only"),
        (["--env-file", "f"], "--env-file with --server"),
        (["--server-per-process", "--env-file", "f"], "use --server"),
        (["--server=yes"], "no option '--server=yes'"),
        (["--attach"], "needs a value for --attach"),
        (["--attach="], "needs a value for --attach"),
    ],
)
def test_options_that_do_not_go_together(run, options, message):
    done = run(*RUN, *options, *([] if options == ["--attach"] else ["-c", "1"]))
    assert done.code == 2
    assert message in done.err
    assert "run --help" in done.err


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"AIOMOTO_AUTO": "server", "AIOMOTO_SERVER_PORT": "x"}, "The port 'x' is not"),
        ({"AIOMOTO_AUTO": "server", "AIOMOTO_SERVER_ENDPOINT": "x"}, "server_endpoint='x'"),
        ({"AIOMOTO_AUTO": "server", "AIOMOTO_AUTO_ENDPOINT": "x"}, "auto_endpoint='x'"),
        ({"AIOMOTO_AUTO": "server", "AIOMOTO_RESET": "x"}, "AIOMOTO_RESET='x'"),
        ({"AIOMOTO_AUTO": "server", "AIOMOTO_CONFIG": '{"core": {}}'}, "config was given"),
        ({"AIOMOTO_AUTO": "1", "AIOMOTO_CONFIG": "[1]"}, "AIOMOTO_CONFIG='[1]'"),
        ({"AIOMOTO_AUTO": "1", "AIOMOTO_CONFIG": "{"}, "AIOMOTO_CONFIG='{'"),
    ],
)
def test_bad_settings_refuse_every_call(run, program, environ, message):
    code = "from aiomoto import RealHTTPRequestBlockedError as E\ntry: buckets()\nexcept E as error: print(error)"
    done = run(program(code), **environ)
    assert message in done.out, done.err
    assert done.err.count("\n") == 1
    assert message in done.err


def test_config(run, program):
    code = """
from moto.core.config import default_user_config
print(os.environ.get("AWS_ACCESS_KEY_ID"), buckets(), default_user_config["lambda"])
"""
    done = run(
        program(code),
        AIOMOTO_AUTO="1",
        AIOMOTO_CONFIG='{"core": {"mock_credentials": false}, "lambda": {"use_docker": false}}',
        AWS_ACCESS_KEY_ID="mine",
        AWS_SECRET_ACCESS_KEY="mine",
        **QUIET,
    )
    assert done.out == "mine [] {'use_docker': False}\n", done.err


METHODS = """
import multiprocessing
def work(name):
    fill(name)
    return len(buckets())
if __name__ == "__main__":
    fill("parent")
    for method in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(method, pool.apply(work, [method]))
"""


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    ("auto", "counts"), [("1", "fork 2 spawn 1 forkserver 1"), ("server", None)]
)
def test_multiprocessing(run, program, auto, counts):
    """A fork has a copy of the mock; other processes have their own, or share a server."""
    done = run("-W", "ignore", program(METHODS), AIOMOTO_AUTO=auto, **QUIET)
    expected = counts or "fork 2 spawn 3 forkserver 4"
    assert " ".join(done.out.split()) == expected, done.err
