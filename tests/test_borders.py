"""Beside other tools that start with the interpreter, and quiet at its end."""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

AUTO = {"AIOMOTO_AUTO": "1", "AIOMOTO_QUIET": "1"}
SERVER = {"AIOMOTO_AUTO": "server"}
MODES = [{"AIOMOTO_AUTO": "1"}, SERVER]
CALLS = """
import asyncio, boto3
from aiobotocore.session import get_session
def sync():
    return boto3.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"]
async def main():
    async with get_session().create_client("s3") as s3:
        return (await s3.list_buckets())["ResponseMetadata"]["HTTPStatusCode"]
def both():
    return [sync(), asyncio.run(main())]
"""


class TestOpenTelemetry:
    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("opentelemetry.instrumentation.botocore", reason="nox -s whole")

    SPANS = """
from opentelemetry import trace
from opentelemetry.instrumentation.botocore import AiobotocoreInstrumentor, BotocoreInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(exporter))
def instrument():
    BotocoreInstrumentor().instrument()
    AiobotocoreInstrumentor().instrument()
def spans():
    names = [span.name for span in exporter.get_finished_spans()]
    exporter.clear()
    return names
"""

    @pytest.mark.parametrize("auto", [{}, *MODES])
    def test_spans_appear_once_for_each_call(self, run, auto):
        code = f"""{self.SPANS}
instrument()
{CALLS}
import aiomoto, moto
for mock in (aiomoto.mock_aws, moto.mock_aws):
    with mock():
        print(both(), spans())
if {bool(auto)}:
    print(both(), spans())
"""
        done = run("-c", code, AIOMOTO_QUIET="1", **auto)
        expected = "[200, 200] ['S3.ListBuckets', 'S3.ListBuckets']\n"
        assert done.out == expected * (3 if auto else 2), done.err

    def test_instrumented_inside_a_mock_and_uninstrumented_after_it(self, run):
        code = f"""{self.SPANS}{CALLS}
import aiomoto
with aiomoto.mock_aws():
    instrument()
    print(both(), len(spans()))
BotocoreInstrumentor().uninstrument()
AiobotocoreInstrumentor().uninstrument()
with aiomoto.mock_aws():
    print(both(), len(spans()))
"""
        done = run("-c", code)
        assert done.out == "[200, 200] 2\n[200, 200] 0\n", done.err

    def test_its_own_start_up_hook(self, run, tmp_path):
        (tmp_path / "program.py").write_text(f"{CALLS}\nboth()\n")
        command = str(Path(sys.executable).with_name("opentelemetry-instrument"))
        options = [f"--{kind}_exporter=none" for kind in ("metrics", "logs")]
        program = ["--traces_exporter=console", *options, sys.executable, "program.py"]
        done = run("-m", "aiomoto", "run", "--quiet", command, *program)
        assert done.code == 0, done.err
        assert done.out.count('"name": "S3.ListBuckets"') == 2, done.out + done.err


DATADOG = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0",
    "DD_REMOTE_CONFIGURATION_ENABLED": "0",
    "DD_TRACE_AGENT_URL": "http://127.0.0.1:9",
    "DD_TRACE_AIOBOTOCORE_ENABLED": "1",  # it is not by default
    "DD_TRACE_STARTUP_LOGS": "0",
}


@pytest.mark.skipif(find_spec("ddtrace") is None, reason="nox -s whole")
class TestDatadog:
    """Its start-up hook patches clients as they are imported, as ours does."""

    @pytest.mark.parametrize("auto", [{}, AUTO, SERVER])
    def test_spans_appear_once_for_each_call(self, run, tmp_path, auto):
        (tmp_path / "program.py").write_text(f"""
from ddtrace.trace import TraceFilter, tracer
names = []
class Names(TraceFilter):
    def process_trace(self, trace):
        names.extend(span.resource for span in trace)
tracer.configure(trace_processors=[Names()])
{CALLS}
import aiomoto
if {bool(auto)}:
    print(both(), names.count("s3.listbuckets"))
else:
    with aiomoto.mock_aws():
        print(both(), names.count("s3.listbuckets"))
""")
        words = [Path(sys.executable).with_name("ddtrace-run"), sys.executable, "program.py"]
        runner = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"
        done = run("-c", runner, *words, **{**DATADOG, "AIOMOTO_QUIET": "1", **auto})
        assert done.out == "[200, 200] 2\n", done.err


@pytest.mark.skipif(find_spec("coverage") is None, reason="nox -s whole")
class TestCoverage:
    def test_children_are_mocked_and_measured(self, run, tmp_path):
        (tmp_path / ".coveragerc").write_text(
            "[run]\npatch = subprocess\nparallel = true\nsource = .\n"
        )
        (tmp_path / "child.py").write_text(f"{CALLS}\nprint(both())\n")
        (tmp_path / "parent.py").write_text(
            f"{CALLS}\nimport subprocess, sys\nprint(both(), flush=True)\n"
            "subprocess.run([sys.executable, 'child.py'], check=True)\n"
        )
        own = {"COVERAGE_FILE": str(tmp_path / ".coverage")}  # not that of a run which measures us
        done = run("-m", "aiomoto", "run", "--quiet", "coverage", "run", "parent.py", **own)
        assert done.out == "[200, 200]\n" * 2, done.err
        assert run("-m", "coverage", "combine", "-q", **own).code == 0
        run("-m", "coverage", "json", "-q", "-o", "report.json", **own)
        files = json.loads((tmp_path / "report.json").read_text())["files"]
        assert {name: file["summary"]["percent_covered"] for name, file in files.items()} == {
            "child.py": 100,
            "parent.py": 100,
        }


ENDS = {
    "open clients": "client = boto3.client('s3'); client.list_buckets()",
    "an open s3fs": "import s3fs; fs = s3fs.S3FileSystem(); fs.ls('')",
    "an s3fs file": (
        "import s3fs; fs = s3fs.S3FileSystem(); fs.mkdir('bucket'); "
        "file = fs.open('bucket/key', 'wb'); file.write(b'x'); file.close()"
    ),
    "a thread that works": (
        "import threading, time\n"
        "def work():\n    time.sleep(0.2)\n    sync()\n"
        "threading.Thread(target=work).start()"
    ),
    "a daemon thread in a call": (
        "import threading, time\n"
        "def work():\n    while True: sync()\n"
        "threading.Thread(target=work, daemon=True).start(); time.sleep(0.3)"
    ),
    "a pool": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "pool = ThreadPoolExecutor(4); [pool.submit(sync) for _ in range(20)]"
    ),
    "a call at exit": "import atexit; atexit.register(sync)",
    "an explicit mock that is not stopped": "import moto; moto.mock_aws().start(); sync()",
    "a paginator that is not exhausted": (
        "pages = boto3.client('dynamodb').get_paginator('list_tables').paginate(); next(iter(pages))"
    ),
}


@pytest.mark.parametrize(
    "auto", [AUTO, pytest.param(SERVER, marks=pytest.mark.long)], ids=["in-process", "server"]
)
@pytest.mark.parametrize("end", ENDS)
def test_interpreter_ends_quietly_with_its_own_exit_code(run, end, auto):
    calm = 'import logging, sys; logging.getLogger("asyncio").setLevel("ERROR")  # not "slow"'
    code = f"{calm}\n{CALLS}\nboth()\n{ENDS[end]}\nsys.exit(3)"
    done = run("-X", "dev", "-W", "ignore", "-c", code, **{**AUTO, **auto})
    assert (done.code, done.out, done.err) == (3, "", ""), done.err


def test_own_errors_are_told_as_ever(run):
    done = run("-c", f"{CALLS}\nboth()\nraise KeyError('mine')", **AUTO)
    assert done.code == 1
    assert done.err.endswith("KeyError: 'mine'\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_forked_child_ends_quietly(run):
    code = f"""
import os, sys, warnings
warnings.simplefilter("ignore")
{CALLS}
both()
child = os.fork()
if not child:
    both()
    sys.exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), both())
"""
    for auto in MODES:
        done = run("-c", code, AIOMOTO_QUIET="1", **auto)
        assert (done.out, done.err) == ("5 [200, 200]\n", "")
