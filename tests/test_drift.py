"""No release changes a function that we patch without somebody looking at it."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path

import pytest

from aiomoto import _patches
from aiomoto._patches.table import RANGES, ROWS

SPEC = importlib.util.spec_from_file_location("drift", Path(__file__).with_name("drift.py"))
drift = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(drift)
PINS = drift.load()


@pytest.mark.smoke
@pytest.mark.parametrize("row", ROWS, ids=map(drift.name_of, ROWS))
def test_target_is_as_it_was_when_somebody_looked(row):
    there = drift.installed(row)
    if there is None:
        pytest.skip(f"{drift.name_of(row)} is not in this installation")
    version, original = there
    known = PINS.get(drift.name_of(row), {})
    found = drift.digest(original)
    if found not in known:
        latest = max((versions[-1] for versions in known.values()), key=_patches.parse_version)
        pytest.fail(
            f"{drift.name_of(row)} has changed: in {row.dist} {version} its digest is {found}, "
            f"which is none of {known}.\n"
            f"1. Compare it with {row.dist} {latest}.\n"
            f"2. Is {row.wrapper} still right, and still needed? It is there because: {row.why}.\n"
            f"3. Does the row's range {row.supported} still hold, or is another row needed from "
            "this version on?\n"
            "4. python tests/drift.py",
            pytrace=False,
        )


def test_pins_are_those_of_the_table():
    assert set(PINS) == {drift.name_of(row) for row in ROWS}


def test_every_target_is_known_in_some_version():
    assert [name for name, known in PINS.items() if not known] == []


@pytest.mark.parametrize("row", ROWS, ids=map(drift.name_of, ROWS))
def test_versions_that_were_looked_at_lie_in_the_range(row):
    rows = [other for other in ROWS if drift.name_of(other) == drift.name_of(row)]
    for versions in PINS[drift.name_of(row)].values():
        for version in map(_patches.parse_version, versions):
            low, high = RANGES[row.dist]
            assert low <= version
            assert high is None or version < high
            assert any(one.low <= version for one in rows) or row.role == "speed"


def test_rows_for_one_target_neither_overlap_nor_leave_gaps():
    for row in ROWS:
        same = [other for other in ROWS if drift.name_of(other) == drift.name_of(row)]
        ranges = sorted((one.low, one.high or (9999,)) for one in same)
        assert all(one[1] == other[0] for one, other in pairwise(ranges))
        if row.role != "speed":
            low, high = RANGES[row.dist]
            assert (ranges[0][0], ranges[-1][1]) == (low, high or (9999,))
