"""What is installed is what was meant: both start files, the extras, and nothing left behind."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import metadata, version
from pathlib import Path

import pytest

import aiomoto

CHECKOUT = Path(__file__).parent.parent
CLEAN = {"PYTHONDONTWRITEBYTECODE": "1"}


def test_version_has_one_source():
    assert version("aiomoto") == aiomoto.__version__


def test_start_files_name_the_same_callable():
    (start,) = [
        line
        for line in (CHECKOUT / "aiomoto.start").read_text().splitlines()
        if line and line[0] != "#"
    ]
    (pth,) = (CHECKOUT / "aiomoto.pth").read_text().splitlines()
    module, name = start.split(":")
    assert pth == f"import {module}; {module}.{name}()"
    assert callable(pkgutil.resolve_name(start))
    assert (CHECKOUT / "aiomoto.pth").read_bytes().isascii()


def test_extras_are_motos_own_one_to_one():
    ours = set(metadata("aiomoto").get_all("Provides-Extra"))
    motos = set(metadata("moto").get_all("Provides-Extra"))
    # moto before 5.0.7 wrote two of them with underscores.
    missing = {extra.replace("_", "-") for extra in motos} - ours - {"proxy"}
    assert not missing
    for requirement in metadata("aiomoto").get_all("Requires-Dist"):
        match = re.fullmatch(r"moto\[([\w-]+)\] ?; extra == ['\"]([\w-]+)['\"]", requirement)
        if match:
            assert match[1] == match[2] or match[2] in {"dev", "s3fs", "pandas", "polars"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    """Build the sdist, and the wheel from it."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, CHECKOUT],
        check=True,
        capture_output=True,
    )
    return out


def test_wheel_has_both_start_files_at_its_top(dist):
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read(next(name for name in names if name.endswith("RECORD"))).decode()
        for name in ("aiomoto.pth", "aiomoto.start"):
            assert archive.read(name) == (CHECKOUT / name).read_bytes()
            assert f"\n{name}," in f"\n{record}"
    assert "aiomoto/py.typed" in names
    assert "aiomoto/_fallback/sitecustomize.py" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {
        "aiomoto",
        "aiomoto.pth",
        "aiomoto.start",
        f"aiomoto-{aiomoto.__version__}.dist-info",
    }


def test_sdist_has_what_the_wheel_and_its_tests_need(dist):
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "aiomoto.pth",
        "aiomoto.start",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "tests/conftest.py",
    } <= names


def test_installed_wheel_starts_and_uninstalls_without_a_trace(dist, tmp_path):
    (wheel,) = dist.glob("*.whl")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def pip(*words):
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "--disable-pip-version-check",
            *words,
        ]
        subprocess.run(pip, check=True, capture_output=True)

    def hooks():
        code = (
            "import sys; print([type(f).__module__ for f in sys.meta_path].count('aiomoto._hook'))"
        )
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout, done.stderr

    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    before = {path.relative_to(site) for path in site.rglob("*")}
    pip("install", "--no-deps", "--no-compile", wheel)
    assert hooks() == ("1\n", "")
    pip("uninstall", "-y", "aiomoto")
    assert hooks() == ("0\n", "")
    assert {path.relative_to(site) for path in site.rglob("*")} == before
