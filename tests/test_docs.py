"""The docs: pages that follow from the code do, and none is forgotten.

``python tests/test_docs.py`` writes ``docs/versions.md`` anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiomoto._patches import rows_http
from aiomoto._patches.table import RANGES, REQUIRED, ROWS, specifier

DOCS = Path(__file__).parent.parent / "docs"
HEAD = """\
# Supported versions

Python 3.10 or later. Generated from the patch table, which decides: `python -m aiomoto doctor` shows what became of each
patch in your environment.

| library | versions | patches |
|---|---|---|
"""
TAIL = """
A patch of the roles {required} that does not fit makes entering a mock raise `UnsupportedVersionError`: the
version is outside the range, or the function is gone or takes other parameters. Inside a range the structure decides, not
the version alone. `AIOMOTO_UNSUPPORTED=warn` goes on past a range's end where the functions still fit. Patches of the
role speed end at the last version they were tested on, and are left out beyond it.
"""


PLAIN = {row.dist for row in rows_http.ROWS}  # HTTP libraries, whose versions do not matter


def versions_page():
    lines = []
    for name, bounds in sorted(RANGES.items()):
        if name in PLAIN:
            continue
        roles = sorted(row.role for row in ROWS if row.dist == name)
        counts = ", ".join(f"{roles.count(role)} {role}" for role in dict.fromkeys(roles))
        lines.append(f"| {name} | `{specifier(*bounds)}` | {counts or 'none'} |\n")
    return HEAD + "".join(lines) + TAIL.format(required=", ".join(sorted(REQUIRED)))


def test_versions_are_those_of_the_table():
    page = DOCS / "versions.md"
    assert page.read_text() == versions_page(), "run: python tests/test_docs.py"


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`tests/([\w./:]+)`", (DOCS / "guarantees.md").read_text())))
)
def test_tests_that_the_guarantees_name_exist(name):
    file, _, test = name.partition("::")
    assert f"def {test}(" in (DOCS.parent / "tests" / file).read_text() or not test


def test_every_page_is_in_the_navigation():
    nav = (DOCS.parent / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    assert set(re.findall(r"[\w-]+\.md", nav)) == {page.name for page in DOCS.glob("*.md")}


if __name__ == "__main__":
    (DOCS / "versions.md").write_text(versions_page())
