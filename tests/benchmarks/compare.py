"""What is compared: works of plain moto with boto3, and the same with aiomoto, in turns."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
PLAIN = {"AIOMOTO_DISABLE": "1"}  # and aiomoto is not imported either


class Row(NamedTuple):
    """One comparison: what it is, the two works, repetitions in a round, and the target."""

    name: str
    base: str
    ours: str
    repetitions: int
    target: float
    base_is_ours: bool = False


ROWS = (
    Row("enter and leave", "enter_and_leave", "enter_and_leave", 20, 0.20),
    Row(
        "new session and S3 client, aiobotocore", "boto3_client", "aio_session_and_client", 5, 0.06
    ),
    Row("new session and S3 client, boto3", "boto3_client", "boto3_client", 5, 0.06),
    Row("a whole test, aiobotocore", "boto3_test", "aio_test", 3, 0.15),
    Row("a whole test, boto3", "boto3_test", "boto3_test", 3, 0.15),
    Row("S3 put of 1 KB, aiobotocore", "boto3_s3_put", "aio_s3_put", 40, 0.65),
    Row("S3 put of 1 KB, boto3", "boto3_s3_put", "boto3_s3_put", 40, 0.60),
    Row("S3 get of 1 KB, aiobotocore", "boto3_s3_get", "aio_s3_get", 40, 0.65),
    Row("S3 get of 1 KB, boto3", "boto3_s3_get", "boto3_s3_get", 40, 0.60),
    Row("DynamoDB put, aiobotocore", "boto3_dynamodb_put", "aio_dynamodb_put", 60, 0.85),
    Row("DynamoDB put, boto3", "boto3_dynamodb_put", "boto3_dynamodb_put", 60, 0.80),
    Row("DynamoDB get, aiobotocore", "boto3_dynamodb_get", "aio_dynamodb_get", 60, 0.85),
    Row("DynamoDB get, boto3", "boto3_dynamodb_get", "boto3_dynamodb_get", 60, 0.80),
    Row("S3 put of 64 MB, aiobotocore", "boto3_large_put", "aio_large_put", 1, 0.15),
    Row("S3 put of 64 MB, boto3", "boto3_large_put", "boto3_large_put", 1, 0.15),
    Row("S3 get of 64 MB, aiobotocore", "boto3_large_get", "aio_large_get", 1, 0.8),
    Row("S3 get of 64 MB, boto3", "boto3_large_get", "boto3_large_get", 1, 0.8),
    Row("200 gets by gather, each", "aio_s3_get", "gathered_gets", 200, 1.05, base_is_ours=True),
)

GROWTH = (
    ("tests, one after the other", "aio_tests", "tests", (1, 10, 100, 1000)),
    (
        "put and get, bytes",
        "aio_put_and_get",
        "size",
        (1 << 10, 1 << 17, 1 << 20, 16 << 20, 1 << 28),
    ),
    ("concurrent gets", "gathered_gets", "concurrent", (1, 10, 100, 1000)),
)


class Worker:
    """A process that does works, see `worker`."""

    def __init__(self, **environ):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env={**clean(), **environ},
        )

    def run(self, name, repetitions=1, **arguments):
        """Return the processor seconds of one call."""
        self.process.stdin.write(json.dumps([name, arguments, repetitions]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def clean():
    """Return the environment without anybody's AWS and aiomoto settings, and with bytecode kept."""
    gone = ("AWS_", "AIOMOTO_", "MOTO_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(gone)}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent"}


def repetitions_of(row, work):
    """Works that make many calls at once are repeated less often."""
    calls = 200 if work == "gathered_gets" else 20 if work.startswith("aio_") else 1
    return max(1, row.repetitions // calls) if row.repetitions >= 20 else row.repetitions


def duel(row, plain, ours, rounds):
    """Return the seconds of both works, round by round, one after the other."""
    base = ours if row.base_is_ours else plain
    times = []
    for number in range(rounds + 1):
        pair = (
            base.run(row.base, repetitions_of(row, row.base)),
            ours.run(row.ours, repetitions_of(row, row.ours)),
        )
        if number:  # the first warms up
            times.append(pair)
    return times


def spent(code, **environ):
    """Return the processor seconds of a whole Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env={**clean(), **environ})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


FIRST_CALL = """
from {package} import mock_aws
import boto3
with mock_aws():
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="bucket")
"""
PROCESSES = (
    # What, base, ours, the target and its unit: a ratio or milliseconds more.
    (
        "first mocked S3 call",
        FIRST_CALL.format(package="moto"),
        FIRST_CALL.format(package="aiomoto"),
        1.05,
        "x",
    ),
    ("interpreter start with the `.pth`", "", "", 1.0, "ms"),
    ("`import aiomoto`", "", "import aiomoto", 5.0, "ms"),
)


def processes(rounds):
    """Yield name, seconds of both, and target of what is measured as whole processes."""
    for name, base, ours, target, unit in PROCESSES:
        times = []
        for _ in range(rounds):
            plain = spent(base, **PLAIN)
            times.append((plain, spent(ours, **(PLAIN if "import aiomoto" in name else {}))))
        yield name, times, target, unit


PEAK = """
import os, resource, sys
from tests.benchmarks import works
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
put = works.{kind}_large_put({size})
step = next(put)
idle = works.{kind}_large_put(1 << 20)
next(idle)()
before = peak()
step()
get = works.{kind}_large_get({size})
next(get)()
print(peak() - before)
os._exit(0)
"""


def peak_memory(kind, size=64 << 20, **environ):
    """Return the megabytes that a put and a get take beyond what the process has before."""
    code = PEAK.format(kind=kind, size=size)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=CHECKOUT,
        env={**clean(), "PYTHONPATH": str(CHECKOUT), **environ},
        capture_output=True,
        text=True,
    )
    return int(done.stdout)


def median(times):
    """Return the medians of both columns, and of the ratios."""
    base, ours = (statistics.median(column) for column in zip(*times, strict=True))
    return base, ours, statistics.median(b / a for a, b in times)
