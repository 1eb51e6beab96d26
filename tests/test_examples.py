"""The README's example, unmodified, by every way in."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.smoke  # runs on the lowest versions in CI

SCRIPT = Path(__file__).parent / "examples" / "orders.py"
EXPECTED = "received: tea\nlisted: ['orders/2026/1.json']\n"
# A real way out must not be needed, and a real credential must not be used.
REAL = {"AWS_ACCESS_KEY_ID": "real", "AWS_SECRET_ACCESS_KEY": "real", "AIOMOTO_QUIET": "1"}


def check(done):
    assert (done.out, done.err) == (EXPECTED, "")
    assert done.code == 0


def test_auto(run):
    check(run("-W", "error", SCRIPT, AIOMOTO_AUTO="1", **REAL))


def test_run_python(run):
    check(run("-m", "aiomoto", "run", "python", "-W", "error", SCRIPT, **REAL))


def test_run_script(run):
    check(run("-m", "aiomoto", "run", SCRIPT, **REAL))


def test_with_mock_aws(run):
    code = f"""
import runpy
from aiomoto import mock_aws
with mock_aws():
    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
"""
    check(run("-W", "error", "-c", code, **REAL))


def site_packages():
    return [path for path in [*sys.path, *site.getsitepackages()] if path.endswith("site-packages")]


@pytest.mark.parametrize("flags", [["-S"], ["-I", "-S"]])
def test_with_mock_aws_where_no_pth_is_read(run, flags):
    code = f"""
import sys
sys.path += {[*site_packages(), *_source()]!r}
assert not any(type(f).__module__ == "aiomoto._hook" for f in sys.meta_path)
import runpy
from aiomoto import mock_aws
with mock_aws():
    runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
"""
    check(run(*flags, "-c", code, **REAL))


def test_run_where_no_pth_is_read(run):
    """As with ``pip install --target`` and PYTHONPATH."""
    path = os.pathsep.join([*_source(), *site_packages()])
    done = run("-S", "-m", "aiomoto", "run", "python", "-S", SCRIPT, PYTHONPATH=path, **REAL)
    assert done.code != 0  # -S reads no sitecustomize either: nothing can be done, and it shows
    done = run("-S", "-m", "aiomoto", "run", "python", SCRIPT, PYTHONPATH=path, **REAL)
    check(done)


def _source():
    import aiomoto

    return [str(Path(aiomoto.__file__).parent.parent)]
