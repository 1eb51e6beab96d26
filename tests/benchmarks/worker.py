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
    prepared, current = None, None
    for line in sys.stdin:
        name, arguments, repetitions = json.loads(line)
        if current != (name, arguments):
            if prepared is not None:
                next(prepared, None)  # tidies up
            prepared = getattr(works, name)(**arguments)
            repeat, current = next(prepared), (name, arguments)
            repeat()  # what is done once in a process is not what is measured
        started = time.process_time()
        for _ in range(repetitions):
            repeat()
        seconds = time.process_time() - started
        calls = arguments.get("concurrent", getattr(getattr(works, name), "calls", 1))
        replies.write(json.dumps(seconds / repetitions / calls) + "\n")
        replies.flush()


main()
