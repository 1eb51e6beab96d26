"""With the rows of role ``speed`` and without them, results are the same, field by field.

Runs the calls of the parity suite in programs of their own: one with the rows, two without,
which tell what differs from run to run anyway.
"""

from __future__ import annotations

import os
import pickle
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PROGRAM = """
import asyncio, pickle, sys
from test_parity import by_aiobotocore, by_boto3, operations
names, out = sys.argv[1].split(","), sys.argv[2]
results = {}
for name in names:
    calls = list(operations(name))
    aio = asyncio.run(by_aiobotocore(name, calls, {}))
    results[name] = {"boto3": by_boto3(name, calls), "aiobotocore": aio}
with open(out, "wb") as file:
    pickle.dump(results, file)
"""
FEW = ("dynamodb", "s3", "sqs", "sts")


def compare(names, tmp_path):
    running = []
    for number, speed in enumerate("001"):
        out = tmp_path / str(number)
        environ = {**os.environ, "AIOMOTO_SPEED": speed, "PYTHONPATH": str(TESTS)}
        command = [sys.executable, "-W", "ignore", "-c", PROGRAM, ",".join(names), str(out)]
        running.append((out, subprocess.Popen(command, env=environ, cwd=tmp_path)))
    for _, process in running:
        assert process.wait(timeout=1200) == 0
    first, second, fast = (pickle.loads(out.read_bytes()) for out, _ in running)
    assert sum(len(calls["boto3"]) for calls in fast.values()) > 100
    parity = runpy.run_path(str(TESTS / "test_parity.py"))
    assert parity["differences"](first, second, fast) == []


@pytest.mark.long
def test_results_of_common_services(tmp_path):
    compare(FEW, tmp_path)


@pytest.mark.long
def test_results_of_all_services(tmp_path):
    parity = runpy.run_path(str(TESTS / "test_parity.py"))
    compare(parity["SERVICES"], tmp_path)
