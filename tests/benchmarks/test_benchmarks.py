"""The table of docs/performance.md under pytest-benchmark: ``nox -s benchmarks``.

Its clock is the processor time of the process that is measured; the base runs between the rounds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.compare import PLAIN, ROWS, Worker, median, repetitions_of

pytest.importorskip("pytest_benchmark")
pytestmark = pytest.mark.long


class Clock:
    """Shows the processor time that the works of a process have taken."""

    now = 0.0

    def __call__(self):
        return self.now


clock = Clock()


@pytest.fixture(scope="module")
def workers():
    plain, ours = Worker(**PLAIN), Worker()
    yield plain, ours
    plain.close()
    ours.close()


@pytest.mark.benchmark(timer=clock, group="aiomoto")
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_row(row, benchmark, workers):
    plain, ours = workers
    base = ours if row.base_is_ours else plain
    times = []

    def run_base():
        times.append((base.run(row.base, repetitions_of(row, row.base)), 0.0))

    def run_ours():
        seconds = ours.run(row.ours, repetitions_of(row, row.ours))
        clock.now += seconds
        times[-1] = (times[-1][0], seconds)

    benchmark.pedantic(run_ours, setup=run_base, rounds=5, warmup_rounds=1)
    _, _, ratio = median([pair for pair in times if pair[1]])
    benchmark.extra_info.update(ratio=ratio, target=row.target)
    print(f"{row.name}: {ratio:.3f} of the base, at most {row.target}")
