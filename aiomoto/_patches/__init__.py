"""Applying the patch table to modules as they are imported, once for each loaded module."""

from __future__ import annotations

import os
import sys
from functools import cache, reduce
from importlib import import_module
from typing import TYPE_CHECKING, Any

from aiomoto._activation import ABSENT, state
from aiomoto._patches import speed_rows, table
from aiomoto._patches.table import REQUIRED, Row
from aiomoto.errors import UnsupportedVersionError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

# Third-party distributions may add rows: an entry point in this group names a sequence of Row.
PLUGIN_GROUP = "aiomoto.patches"

_MARK = "__aiomoto_spec__"
ROWS = (*table.ROWS, *speed_rows.ROWS)
_rows = list(ROWS)
_problems: dict[str, list[tuple[Row, UnsupportedVersionError]]] = {}


def apply(module: ModuleType) -> None:
    """Apply all rows of a freshly executed module.

    Silent where a row does not fit and no mock is active: the problem is kept for `check`.

    Raises:
        UnsupportedVersionError: a mock is active, and a row that it needs does not fit.
    """
    name = module.__name__
    version = _version(name.partition(".")[0])
    if version is None:
        return  # the distribution is still being imported: its root module comes by last
    # The spec is new for every import and reload, so the mark needs no clearing.
    vars(module)[_MARK] = module.__spec__
    _problems[name] = []
    for row in _rows:
        if row.module == name:
            _apply_row(row, module, version)
    if "." not in name:
        sweep(name)  # submodules that came by before the version was known
    if state.on:
        check()


def sweep(dist: str | None = None) -> None:
    """Patch what was imported before the finder stood, or past it; or of one distribution."""
    for name in {row.module for row in _rows if dist in {None, row.dist}}:
        module = sys.modules.get(name)
        if module is not None and not is_patched(module):
            apply(module)


def is_patched(module: ModuleType) -> bool:
    """Return whether a loaded module has its patches, or is still being executed."""
    spec = module.__spec__
    return getattr(spec, "_initializing", False) or vars(module).get(_MARK, ABSENT) is spec


def check() -> None:
    """Refuse to mock while something loaded could let a request out.

    Raises:
        UnsupportedVersionError: a door, guard or state row does not fit a loaded module.
    """
    for name, problems in _problems.items():
        for row, problem in problems:
            if row.role in REQUIRED and name in sys.modules:
                raise problem


def report() -> list[tuple[Row, str]]:
    """Say of each row what became of it."""
    states = []
    for row in _rows:
        module = sys.modules.get(row.module)
        if module is None or not is_patched(module):
            states.append((row, "not loaded"))
            continue
        reasons = (
            problem.reason for other, problem in _problems.get(row.module, ()) if other is row
        )
        states.append((row, next(reasons, "applied")))
    return states


@cache
def load_plugins() -> frozenset[str]:
    """Add the rows of third-party distributions, once per process; return their modules.

    Reads the metadata of every installed distribution: never on entering a mock.
    """
    from importlib_metadata import entry_points  # 20 ms

    plugins = entry_points(group=PLUGIN_GROUP)
    rows = [Row(*row) for plugin in plugins for row in plugin.load()]
    _rows.extend(rows)
    return modules(rows)


def modules(rows: Iterable[Row]) -> frozenset[str]:
    """Return the modules to watch for: the targets', and each distribution's root."""
    return frozenset(name for row in rows for name in (row.module, row.dist))


def _apply_row(row: Row, module: ModuleType, version: str) -> None:
    """Wrap the target of a row, or keep why that cannot be done."""
    from wrapt import wrap_function_wrapper  # imports asyncio

    reason: str | None
    if parse_version(version) < row.low:
        reason = "is older than any version that aiomoto knows"
    elif parse_version(version) >= row.high and not _unsupported_allowed():
        reason = "may have changed: this version is newer than any that aiomoto knows"
    else:
        reason = _misfit(row, module)
    if reason is None:
        try:
            wrap_function_wrapper(module, row.target, _resolve(row.wrapper))
        except Exception as error:  # noqa: BLE001  # an inactive aiomoto never raises
            reason = f"could not be patched ({error!r})"
    if reason is not None and not (row.optional and reason == _GONE):
        problem = UnsupportedVersionError(
            row.dist, version, row.supported, f"{row.module}.{row.target}", reason
        )
        _problems[module.__name__].append((row, problem))


_GONE = "does not exist"


def _misfit(row: Row, module: ModuleType) -> str | None:
    """Say how the structure of a target differs from what the row expects."""
    try:
        target = reduce(getattr, row.target.split("."), module)
    except AttributeError:
        return _GONE
    original = target
    while hasattr(original, "__wrapped__"):
        original = original.__wrapped__
    code = getattr(original, "__code__", None)
    if code is None or getattr(original, "__module__", None) != row.module:
        return None  # somebody else's patch: wrapped as it is, and not ours to judge
    params = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if params != row.params:
        return f"takes {params}, not {row.params}"
    return None


def _resolve(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _version(root: str) -> str | None:
    """Return the version of a loaded distribution, None while it is still being imported."""
    module = sys.modules.get(root)
    version = getattr(module, "__version__", None)
    if version is None and not getattr(module and module.__spec__, "_initializing", False):
        from importlib_metadata import version as installed  # rare

        version = installed(root)
    return version


def parse_version(version: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: ``"5.2.5.post1"`` gives ``(5, 2, 5)``."""
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _unsupported_allowed() -> bool:
    return os.environ.get("AIOMOTO_UNSUPPORTED", "").strip().lower() == "warn"
