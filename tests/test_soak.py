"""A short form of the soak; the long one is `nox -s soak`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).with_name("soak.py")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_soak(run):
    done = run(SOAK, 0.1, 1, timeout=300)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["rounds"] >= 1
    assert found["spans"] > 0
