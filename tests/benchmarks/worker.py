"""A process that repeats works on request: ``[name, arguments, repetitions]``, one JSON line each.

Answers with the processor seconds that one call took, in the mean of the repetitions.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

from tests.benchmarks import works


def main():
    warnings.simplefilter("ignore")  # botocore's own, about dates
    replies, sys.stdout = sys.stdout, sys.stderr
    prepared = {}
    current = None
    for line in sys.stdin:
        name, arguments, repetitions = json.loads(line)
        if current != (name, arguments):
            for work in prepared.values():
                next(work, None)
            prepared.clear()
            work = prepared[name] = getattr(works, name)(**arguments)
            repeat, current = next(work), (name, arguments)
            repeat()  # what is done once in a process is not what is measured
        started = time.process_time()
        for _ in range(repetitions):
            repeat()
        calls = getattr(getattr(works, name), "calls", 1)
        seconds = (time.process_time() - started) / repetitions / calls
        replies.write(json.dumps(seconds) + "\n")
        replies.flush()


main()
