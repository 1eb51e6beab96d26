"""Any value of our environment variables, any words on our command line: clear, never a traceback."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aiomoto import _command, _registry

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, to be quick")

# Forks for each line on stdin: {"environ": {...}, "code": "..."}; answers with what came of it.
SERVER = r"""
import json, os, signal, sys, tempfile, traceback
import boto3
from aiomoto import _startup
from botocore.config import Config
once = Config(retries={"total_max_attempts": 1})
client = boto3.client("s3", config=once, endpoint_url=sys.argv[1], region_name="us-east-1",
                      aws_access_key_id="own", aws_secret_access_key="own")
def call():
    try:
        client.list_buckets()
        return "answered"
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}: {error}"
real = os.dup(1)
for line in sys.stdin:
    asked = json.loads(line)
    with tempfile.TemporaryFile() as file:
        pid = os.fork()
        if not pid:
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            os.environ.update(asked["environ"])
            signal.alarm(60)
            code = 99
            try:
                code = eval(asked["code"])
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        file.seek(0)
        said = {"code": status, "said": file.read().decode("utf-8", "replace")}
    os.write(real, json.dumps(said).encode() + b"\n")
"""


@pytest.fixture
def fork(httpd, tmp_path):
    """Evaluate code in a fork of a process that has everything imported: some milliseconds."""
    environ = {**os.environ, "AIOMOTO_DISABLE": "", "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-c", SERVER, httpd.url]
    with subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    ) as server:

        def fork(code, **environ):
            server.stdin.write(json.dumps({"code": code, "environ": environ}) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        yield fork
        server.stdin.close()


# What an environment can hold: any bytes but NUL.
ANY = st.binary(max_size=12).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"")))
SWITCH = st.sampled_from(["", "0", "1", " ON ", "yes", "No", "false", "2", "warn", "off"]) | ANY
PATTERNS = st.lists(
    st.sampled_from(["http://127", "https?://", "(", "[", "*", "a{2,1}", " ", ".*", r"\d", "(?i)X"])
    | ANY,
    max_size=3,
).map(",".join)
TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


def plain(value):
    return value.strip().lower()


@given(
    auto=SWITCH,
    disable=SWITCH,
    quiet=SWITCH,
    unsupported=SWITCH,
    gateway=SWITCH,
    passthrough=PATTERNS,
    address=ANY,
)
def test_environment(fork, httpd, auto, disable, quiet, unsupported, gateway, passthrough, address):
    done = fork(
        "[setattr(_startup, '_done', False), _startup.main(), print('CALL', call())] and 0",
        AIOMOTO_AUTO=auto,
        AIOMOTO_DISABLE=disable,
        AIOMOTO_QUIET=quiet,
        AIOMOTO_UNSUPPORTED=unsupported,
        AIOMOTO_GATEWAY=gateway,
        AIOMOTO_PASSTHROUGH=passthrough,
        AIOMOTO_GATEWAY_ADDRESS=address,
        AWS_ENDPOINT_URL=address,
    )
    said = done["said"]
    assert done["code"] == 0, said
    assert "Traceback" not in said
    (result,) = re.findall(r"^CALL (.*)", said, re.MULTILINE)
    reached, httpd.seen = [*httpd.seen], []
    wished = plain(disable) not in TRUE and plain(auto) not in FALSE
    patterns = [*filter(None, map(str.strip, passthrough.split(",")))]
    if wished and (plain(auto) not in TRUE or not all(map(is_pattern, patterns))):
        assert result.startswith("aiomoto.errors.RealHTTPRequestBlockedError")
        assert "every AWS call of this process is refused" in said
        assert reached == []
    elif not wished or any(re.match(pattern, f"{httpd.url}/") for pattern in patterns):
        assert reached == ["GET /"]
    else:
        assert (result, reached) == ("answered", [])
        announced = "AWS is mocked in this whole process" in said
        assert announced == (plain(quiet) in FALSE)


def is_pattern(text):
    try:
        re.compile(text)
    except re.error:
        return False
    return True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": st.sampled_from(["http://127.0.0.1:1", "http://[", "x", ""]) | JSON,
        "host": st.sampled_from(["127.0.0.1", "localhost", "0.0.0.0", ""]) | JSON,
        "port": st.integers(-1, 70000) | JSON,
        "pid": st.just(os.getpid()) | st.integers() | JSON,
        "more": JSON,
    },
)
FILES = st.binary(max_size=40) | (ENTRIES | JSON).map(lambda entry: json.dumps(entry).encode())


@given(content=FILES)
def test_any_file_in_the_registry(monkeypatch, tmp_path, content):
    folder = tmp_path / "registry"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / f"aiomoto-server-{uuid.uuid4()}.json").write_bytes(content)
    monkeypatch.setenv(_registry.VARIABLE, str(folder))
    try:
        assert all(type(port) is int for port in _registry.live_ports())
        assert _registry.find("http://127.0.0.1:65535") is None
        _registry.clean(str(folder))
    finally:
        shutil.rmtree(folder)


WORDS = st.one_of(
    st.sampled_from(
        ["run", "doctor", "server", "--help", "-h", "--version", "--quiet", "--json", "--", "-m", "-c",
         "", "-", "--port", "0", "http://", "true", "false", "python", "pass", "script", "no/such",
         ".", "script.py", "--no-such", "-I", "-S", "-EsX", "dev", "-W"]
    ),
    ANY.filter(lambda word: "/" not in word),
)  # fmt: skip
HEADS = st.one_of(
    st.sampled_from(
        ["#!", "#!\n", "#! \n", "#!/usr/bin/env", "#!/usr/bin/env \n", "#!/no/such\n", "", "\x7fELF",
         "#!/usr/bin/env -S python3\n", "#!/bin/sh\n'''exec' '/a b' \"$0\" \"$@\"\n' '''",
         "#!/bin/sh\n'''exec' \"unbalanced \"$0\" \"$@\"\n", "#!/bin/sh\n'''exec' \\ \"$0\" \"$@\""]
    ).map(str.encode),
    st.binary(max_size=40).map(b"#!".__add__),
)  # fmt: skip


@pytest.fixture
def path(tmp_path):
    """A PATH on which nothing is that a random word could do harm with."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("true", "false", "env"):
        (folder / name).symlink_to(shutil.which(name))
    return folder


@given(words=st.lists(WORDS, max_size=5), head=HEADS, mode=st.sampled_from([0o600, 0o700]))
def test_command_line(fork, path, words, head, mode):
    assume(words[:1] != ["server"])  # it serves until it is told to stop
    script = path / "script"
    script.write_bytes(head)
    script.chmod(mode)
    code = f"__import__('aiomoto.__main__').__main__.main({words!r}[:])"
    done = fork(code, PATH=str(path))
    files = set(re.findall(r'File "(.*)", line', done["said"]))
    assert files <= {"<string>"}, done["said"]  # the program itself, of `run -c word`
    assert done["code"] in range(128)
    if done["code"] and words[:1] != ["run"]:
        assert done["said"].startswith(("aiomoto", "usage:"))


@given(head=HEADS, words=st.lists(WORDS, max_size=3))
def test_any_file_may_be_run(tmp_path, head, words):
    """Or not, which the kernel decides: looking at it first must not fail."""
    file = tmp_path / "script"
    file.write_bytes(head)
    found = _command.python([str(file), *words])
    assert found is None or re.match(r"py", os.path.basename(found.interpreter), re.IGNORECASE)
