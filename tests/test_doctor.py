"""``python -m aiomoto doctor``: a person can read it, a program too."""

from __future__ import annotations

import json

import aiobotocore
import pytest

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
    position = found["hook"]["position"]
    assert found["hook"] == {"started": True, "disabled": False, "position": position}
    assert found["distributions"]["aiobotocore"] == {
        "version": aiobotocore.__version__,
        "supported": ">=2.13,<4",
    }
    assert found["environment"]["AIOMOTO_UNSUPPORTED"] == "warn"
    needed = {
        patch["state"] for patch in found["patches"] if patch["role"] not in {"speed", "reader"}
    }
    assert needed <= {"applied", "not installed"}


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
    assert (
        "! guard    boto3.s3.transfer._should_use_crt: cannot be imported: ValueError" in done.out
    )
    assert done.code == 1


def test_something_unsupported_under_auto(run, tmp_path):
    """Where every import of it raises."""
    (tmp_path / "sitecustomize.py").write_text("import botocore; botocore.__version__ = '9.9'")
    done = run(*DOCTOR, PYTHONPATH=tmp_path, AIOMOTO_AUTO="1")
    assert done.code == 1, done.out
    assert "botocore.endpoint.Endpoint._send: " in done.out
    assert "newer than any that aiomoto knows" in done.out


def test_finder_taken_away_is_not_called_switched_off(run):
    code = """
import sys, runpy
sys.meta_path = [finder for finder in sys.meta_path if type(finder).__module__ != "aiomoto._hook"]
sys.argv = ["aiomoto", "doctor"]
runpy.run_module("aiomoto", run_name="__main__")
"""
    done = run("-c", code)
    assert "started, but no longer on sys.meta_path" in done.out


def test_broken_plugin_is_named(run, tmp_path):
    info = tmp_path / "shady-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shady\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[aiomoto.patches]\nrows = shady_rows:ROWS\n")
    done = run(*DOCTOR, PYTHONPATH=tmp_path)
    assert done.code == 1
    assert (
        "! aiomoto cannot read the patches of shady (aiomoto.patches: shady_rows:ROWS)" in done.out
    )
    found = json.loads(run(*DOCTOR, "--json", PYTHONPATH=tmp_path).out)
    assert "shady" in found["problems"][0]


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(run, option):
    done = run(*DOCTOR, option)
    assert (done.code, done.err) == (0, "")
    assert "--json" in done.out


def test_wrong_use(run):
    done = run(*DOCTOR, "--nonsense")
    assert done.code == 2
    assert "--nonsense" in done.err
    assert "doctor --help" in done.err
