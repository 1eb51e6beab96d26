"""Whole suites that know nothing of aiomoto, as they are, under ``python -m aiomoto run pytest``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PROJECTS = Path(__file__).parent / "projects"
# How many tests each has.
PASSED = {"orders": 18, "files": 11, "sales": 8}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Copy a project to a folder of its own: nothing of ours may be found beside it."""
    monkeypatch.setenv("AIOMOTO_SERVER_REGISTRY_DIR", str(tmp_path / "registry"))
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    def project(name):
        return shutil.copytree(PROJECTS / name, tmp_path / name)

    return project


@pytest.mark.skipif(os.name == "nt", reason="ports and signals of POSIX")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param([], id="one process"),
        pytest.param(["-n", "2"], id="xdist", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("name", PASSED)
def test_project(run, project, name, options):
    words = ["-m", "aiomoto", "run", "pytest", "-q", *options]
    done = run(*words, cwd=project(name), timeout=600)
    assert f"{PASSED[name]} passed in" in done.out, done.out + done.err
    assert done.code == 0
    assert done.err.count("\n") <= 1, done.err  # that AWS is mocked


@pytest.mark.long
@pytest.mark.parametrize("options", [["--mock-aws"], ["--mock-aws=server"]])
def test_project_by_the_plugins_option(run, project, options):
    done = run("-m", "pytest", "-q", *options, cwd=project("orders"), timeout=600)
    assert f"{PASSED['orders']} passed in" in done.out, done.out + done.err
