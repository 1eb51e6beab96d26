"""Parallel test runs by pytest-xdist: each worker has a server of its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "server-mode.md"
WORKERS = ("-n", "4", "-p", "no:randomly", "-p", "no:asyncio", "-W", "error")


def documented(name):
    """Return the code of a file that the page shows."""
    return re.search(rf"```python\n# {name}\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]


def registry():
    return [*Path(os.environ["AIOMOTO_SERVER_REGISTRY_DIR"]).glob("*")]


@pytest.mark.long
def test_documented_layout(pytester):
    pytester.makeconftest(documented("conftest.py"))
    pytester.makepyfile(test_reports=documented("test_reports.py"))
    result = pytester.runpytest_subprocess(*WORKERS)
    result.assert_outcomes(passed=9)
    assert registry() == []


@pytest.mark.long
def test_killed_worker_leaves_nothing_that_breaks_the_next_run(pytester):
    pytester.makeconftest(documented("conftest.py"))
    pytester.makepyfile(test_reports=documented("test_reports.py"))
    pytester.makepyfile(
        test_killed="""
        import os
        import signal

        def test_killed(bucket):
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    result = pytester.runpytest_subprocess(*WORKERS)
    result.assert_outcomes(passed=9, failed=1)
    assert len(registry()) == 1
    (pytester.path / "test_killed.py").unlink()
    result = pytester.runpytest_subprocess(*WORKERS)
    result.assert_outcomes(passed=9)
    assert registry() == []
