"""``python -m aiomoto doctor``: a person can read it, a program too."""

from __future__ import annotations

import json

import aiobotocore

import aiomoto

DOCTOR = ["-m", "aiomoto", "doctor"]


def test_text(run):
    done = run(*DOCTOR)
    assert done.code == 0, done.out
    assert aiomoto.__version__ in done.out
    assert f"aiobotocore {aiobotocore.__version__}" in done.out
    assert "active since interpreter start" in done.out
    assert "aiobotocore.endpoint.AioEndpoint._send: applied" in done.out
    assert "everything fits" in done.out


def test_json(run):
    found = json.loads(run(*DOCTOR, "--json", AIOMOTO_UNSUPPORTED="warn").out)
    assert found["ok"] is True
    assert found["hook"] == {"started": True, "position": found["hook"]["position"]}
    assert found["distributions"]["aiobotocore"] == {
        "version": aiobotocore.__version__,
        "supported": ">=2.13,<4",
    }
    assert found["environment"]["AIOMOTO_UNSUPPORTED"] == "warn"
    assert {patch["state"] for patch in found["patches"]} <= {"applied", "not installed"}


def test_disabled(run):
    done = run(*DOCTOR, AIOMOTO_DISABLE="1")
    assert done.code == 0
    assert "switched off by AIOMOTO_DISABLE" in done.out


def test_without_pth(run):
    import os
    import sys

    done = run("-S", *DOCTOR, PYTHONPATH=os.pathsep.join(sys.path))
    assert done.code == 0, done.err
    assert "not started with the interpreter" in done.out


def test_something_unsupported(run):
    code = """
import runpy, sys
import aiobotocore
aiobotocore.__version__ = "9.9"
sys.argv = ["aiomoto", "doctor"]
runpy.run_module("aiomoto", run_name="__main__")
"""
    done = run("-c", code)
    assert done.code == 1
    assert "! door     aiobotocore.endpoint.AioEndpoint._send: may have changed" in done.out
    assert "cannot be mocked" in done.out


def test_broken_installation(run, tmp_path):
    (tmp_path / "boto3").mkdir()
    (tmp_path / "boto3" / "__init__.py").write_text("raise ValueError('broken')")
    done = run(*DOCTOR, PYTHONPATH=tmp_path)
    assert "cannot be imported: ValueError('broken')" in done.out


def test_wrong_use(run):
    assert run(*DOCTOR, "--nonsense").code == 2
