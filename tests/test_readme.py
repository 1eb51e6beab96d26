"""Every block of code in the README and the docs runs, and its claims are those of the code."""

from __future__ import annotations

import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CLUSTERS = frozenset({"distributed", "ray"})  # which say much on stderr


def blocks(language):
    return [
        pytest.param(
            match[2], id=f"{page.name}:{page.read_text()[: match.start()].count(chr(10)) + 2}"
        )
        for page in PAGES
        for match in BLOCK.finditer(page.read_text())
        if match[1] == language
    ]


def readme_command(number):
    found = [
        match[2].strip() for match in BLOCK.finditer(PAGES[0].read_text()) if match[1] == "console"
    ]
    return [command for command in found if command.startswith("python3 -m venv")][number]


@pytest.mark.parametrize("code", blocks("python"))
def test_python(run, tmp_path, code):
    names = re.findall(r"^(?:import|from) (\w+)", code, re.MULTILINE)
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: nox -s clusters")
    file = tmp_path / "block.py"
    file.write_text(code)
    if not CLUSTERS.isdisjoint(names):
        done = run(file, HOME=tmp_path)
        assert done.code == 0, done.err
        return
    done = run("-W", "error", file)
    assert (done.code, done.err) == (0, ""), done.err


@pytest.mark.parametrize(
    "command", [p for p in blocks("console") if p.values[0].startswith("python -m aiomoto")]
)
def test_console(run, command):
    done = run(*shlex.split(command)[1:])
    assert done.code == 0, done.err


def test_first_command_prints_what_the_readme_says(run):
    """Only its last part: the parts before it install what is installed here."""
    text = PAGES[0].read_text()
    shown = BLOCK.search(text, text.index("It prints"))[2]
    *_, program = readme_command(0).split(" && ")
    python, *words = shlex.split(program)
    assert python == ".venv/bin/python"
    done = run(*words, cwd=CHECKOUT, AIOMOTO_QUIET="1")
    assert (done.out, done.err) == (shown, "")


def test_ci_runs_the_readmes_test_command():
    assert readme_command(1) in (CHECKOUT / ".ci" / "run").read_text().splitlines()


def test_versions_are_those_of_the_table():
    from aiomoto._patches.table import RANGES

    text = PAGES[0].read_text()
    text = " ".join(text.split())
    for name in ("aiobotocore", "pandas"):
        low, high = RANGES[name]
        assert f"{name} {'.'.join(map(str, low))} to {high[0] - 1}.x" in text
    for name in ("boto3", "s3fs"):
        assert f"{name} from {'.'.join(map(str, RANGES[name][0]))}" in text
    assert RANGES["moto"] == ((5, 0), (6,))
    assert "moto 5," in text
    assert sys.version_info >= (3, 10)
