"""What each target of the patch table looks like in each version that somebody has looked at.

``python tests/drift.py`` adds the installed versions to `drift.json`; do so after checking that
each wrapper still fits.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import textwrap
from importlib import import_module
from pathlib import Path

from aiomoto import _patches
from aiomoto._patches.table import ROWS

PINS = Path(__file__).with_name("drift.json")


def name_of(row):
    return f"{row.module}:{row.target}"


def installed(row):
    """Return the version and the original target of a row, None where it is not there."""
    try:
        module = import_module(row.module)
    except ImportError:
        return None
    target = _patches._target(row, module)
    if target is None:
        return None
    *_, original = _patches._chain(target)
    return _patches._version(row.dist), original


def digest(function):
    """Return a digest of a function's source, the same for every Python and indentation."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):  # compiled
        source = f"{function.__module__}.{function.__qualname__}"
    lines = "\n".join(line.rstrip() for line in source.strip().splitlines())
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


def load():
    return json.loads(PINS.read_text()) if PINS.exists() else {}


def record():
    """Add the digests of what is installed, and drop those of rows that are gone."""
    pins, found = load(), {}
    for row in ROWS:
        name = name_of(row)
        found[name] = pins.get(name, {})
        there = installed(row)
        if there is not None:
            version, original = there
            versions = found[name].setdefault(digest(original), [])
            versions[:] = sorted({*versions, version}, key=_patches.parse_version)
    ordered = {name: order(found[name]) for name in sorted(found)}
    PINS.write_text(json.dumps(ordered, indent=1) + "\n")


def order(digests):
    return dict(sorted(digests.items(), key=lambda item: _patches.parse_version(item[1][0])))


if __name__ == "__main__":
    record()
