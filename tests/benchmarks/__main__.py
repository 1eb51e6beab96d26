"""``python -m tests.benchmarks [ROUNDS]`` prints the tables of docs/performance.md."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

from tests.benchmarks.compare import (
    GROWTH,
    PLAIN,
    ROWS,
    Worker,
    duel,
    median,
    peak_memory,
    processes,
)


def compare(rounds):
    print("| work | moto + boto3 | with aiomoto | ratio | target |\n|---|---|---|---|---|")
    plain, ours = Worker(**PLAIN), Worker()
    for row in ROWS:
        base, fast, ratio = median(duel(row, plain, ours, rounds))
        print(line(row.name, f"{base * 1e3:.2f} ms", f"{fast * 1e3:.2f} ms", ratio, row.target))
    plain.close()
    ours.close()
    for kind in ("aio", "boto3"):
        base, fast = peak_memory("boto3", **PLAIN), peak_memory(kind)
        name = f"peak memory of a 64 MB put and get, {'aiobotocore' if kind == 'aio' else kind}"
        print(line(name, f"{base} MB", f"{fast} MB", fast / base, "300 MB"))
    for name, times, target, unit in processes(rounds):
        base, fast, ratio = median(times)
        shown = f"{target:.0f} ms more" if unit == "ms" else target
        print(line(name, f"{base * 1e3:.1f} ms", f"{fast * 1e3:.1f} ms", ratio, shown))


def line(name, base, ours, ratio, target):
    shown = target if isinstance(target, str) else f"{target:.2f}"
    return f"| {name} | {base} | {ours} | {ratio:.3f} | {shown} |"


def growth():
    for title, work, argument, sizes in GROWTH:
        print(f"\n| {title} | " + " | ".join(f"{size:,}" for size in sizes) + " |")
        print("|---" * (len(sizes) + 1) + "|")
        times = []
        for size in sizes:
            worker = Worker()
            times.append(min(worker.run(work, 1, **{argument: size}) for _ in range(3)))
            worker.close()
        per = [
            time if argument != "tests" else time / size
            for size, time in zip(sizes, times, strict=True)
        ]
        print("| ms | " + " | ".join(f"{time * 1e3:.2f}" for time in per) + " |")


def main():
    rounds = int(sys.argv[1]) if sys.argv[1:] else 7
    names = ("moto", "boto3", "aiobotocore", "aiohttp")
    found = ", ".join(f"{name} {version(name)}" for name in names)
    print(f"Python {platform.python_version()} on {platform.machine()}, {found}; {rounds} rounds\n")
    compare(rounds)
    growth()


main()
