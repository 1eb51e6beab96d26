"""Applying the patch table to modules as they are imported, once for each loaded module."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache, reduce
from importlib import import_module
from importlib.machinery import ModuleSpec
from platform import python_version
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from aiomoto._activation import say, state
from aiomoto._patches.standing import Standing, look
from aiomoto._patches.table import REQUIRED, ROWS, SOME, Row
from aiomoto.errors import AiomotoError, UnsupportedVersionError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Third-party distributions may add rows: an entry point in this group names a sequence of Row.
PLUGIN_GROUP = "aiomoto.patches"

# AIOMOTO_SPEED=0 leaves moto and botocore as slow as they are.
_FAST = os.environ.get("AIOMOTO_SPEED", "").strip().lower() not in {"0", "false", "no", "off"}
# The modules of the classes of Python's mocks.
MOCKS = frozenset({"unittest.mock", "mock.mock"})

_rows = [row for row in ROWS if _FAST or row.role != "speed"]
_problems: dict[Row, AiomotoError] = {}
_broken_plugins: list[AiomotoError] = []
_newer: dict[str, str] = {}  # distributions beyond their range, let in by AIOMOTO_UNSUPPORTED
_executed: set[str] = set()
_standing: dict[str, Standing] = {}
# Held while a target is looked at and wrapped, and never while anything is imported: another
# thread may stand here with the lock of the module that it is importing.
_lock = Lock()


def apply(module: ModuleType) -> None:
    """Apply all rows of a freshly executed module.

    Silent where a row does not fit and no mock is active: the problem is kept for `check`.

    Raises:
        UnsupportedVersionError: a mock is active, and a row that it needs does not fit.
    """
    name = module.__name__
    _executed.add(name)
    try:
        _apply([row for row in _rows if row.module == name], module)
        if "." not in name:
            sweep(name)  # submodules that came by before the version was known
    finally:
        _executed.discard(name)  # it may be imported anew
    if state.on:
        check()


def sweep(root: str | None = None) -> None:
    """Patch what was imported before the finder stood, or past it; or only of one distribution.

    A target that somebody has put back, having saved it before it was patched, is patched again.
    """
    for name in {row.module: None for row in _rows if root is None or root == row.dist}:
        found = sys.modules.get(name)
        if found is None or (name in _standing and _standing[name].holds(found)):
            continue
        if root is None and _is_executing(found):
            with suppress(RuntimeError):  # where the two threads would wait for each other
                import_module(name)  # waits for the thread that executes it
        module = _loaded(name)
        if module is not None:
            _apply([row for row in _rows if row.module == name], module)


def check() -> None:
    """Refuse to mock while something loaded could let a request out.

    Raises:
        UnsupportedVersionError: a door, guard or state row does not fit a loaded module, nor, in
            server mode, an endpoint row.
        AiomotoError: the rows of a third-party distribution cannot be read.
    """
    for problem in _broken_plugins:
        raise problem
    required = REQUIRED if state.server is None else REQUIRED | {"endpoint"}
    for row, problem in _problems.items():
        if row.role in required and row.module in sys.modules:
            raise problem
    for dist, version in [*_newer.items()]:
        _tell(dist, version)


def report() -> list[tuple[Row, str]]:
    """Say of each row what became of it."""
    return [(row, _state(row)) for row in _rows]


def _state(row: Row) -> str:
    if _loaded(row.module) is None:
        return "not loaded"
    problem = _problems.get(row)
    return getattr(problem, "reason", str(problem)) if problem else "applied"


@cache
def load_plugins() -> None:
    """Add the rows of third-party distributions, once per process.

    Reads the metadata of every installed distribution: never on entering a mock.
    """
    from importlib.metadata import entry_points  # moto has loaded it already

    for plugin in entry_points(group=PLUGIN_GROUP):
        try:
            _rows.extend([Row(*row) for row in plugin.load()])
        except Exception as error:  # noqa: BLE001  # somebody else's code: `check` tells
            dist = plugin.dist.name if plugin.dist else "an unknown distribution"
            message = (
                f"aiomoto cannot read the patches of {dist} ({PLUGIN_GROUP}: {plugin.value}): "
                f"{error!r}. Upgrade or uninstall {dist}."
            )
            _broken_plugins.append(AiomotoError(message))


def broken_plugins() -> list[str]:
    """Say which distributions' rows cannot be read, and why."""
    return [str(problem) for problem in _broken_plugins]


def modules() -> frozenset[str]:
    """Return the modules to watch for: the targets', and each distribution's root."""
    return frozenset(name for row in _rows for name in (row.module, row.dist))


def _loaded(name: str) -> ModuleType | None:
    """Return a module that has been executed, and is no stand-in that a test has put there."""
    module = sys.modules.get(name)
    real = isinstance(module, ModuleType) and isinstance(module.__spec__, ModuleSpec)
    return None if not real or _is_executing(module) else module


def _is_executing(module: object) -> bool:
    # "is True": a stand-in may have any attribute.
    return getattr(getattr(module, "__spec__", None), "_initializing", False) is True


def _apply(rows: list[Row], module: ModuleType) -> None:
    """Apply all rows of one module."""
    for row in rows:
        problem = _apply_row(row, module)
        if problem is None:
            _problems.pop(row, None)
        else:
            _problems[row] = problem
    if all(_is_settled(row, module) for row in rows):
        _standing[module.__name__] = look(module, [row.target for row in rows])


def _apply_row(row: Row, module: ModuleType) -> UnsupportedVersionError | None:
    """Wrap the target of a row, once; return why that cannot be done."""
    found = "of unknown version"
    try:
        if _is_applied(row, module):
            return None
        version = _version(row.dist)
        if version is None:
            return None  # still being imported: the distribution's root comes by last
        found = version
        reason = _outside(row, version) or _misfit(row, module)
        if reason is None:
            _wrap(row, module)
    except Exception as error:  # noqa: BLE001  # an inactive aiomoto never raises
        reason = f"could not be patched ({error!r})"
    if reason is None or (row.optional and reason == _GONE):
        return None
    return UnsupportedVersionError(
        row.dist, found, row.supported, f"{row.module}.{row.target}", reason
    )


_GONE = "does not exist"


def _target(row: Row, module: ModuleType) -> Any:
    """Return the target of a row, None where there is none."""
    try:
        return reduce(getattr, row.target.split("."), module)
    except AttributeError:
        return None


def _chain(target: Any) -> Iterator[Any]:
    """Yield a function and all that it wraps."""
    while target is not None:
        yield target
        target = getattr(target, "__wrapped__", None)


def _is_applied(row: Row, module: ModuleType) -> bool:
    home, _, name = row.wrapper.partition(":")
    wrapper = getattr(sys.modules.get(home), name, None)
    functions = _chain(_target(row, module))
    return wrapper is not None and any(
        getattr(function, "_self_wrapper", None) is wrapper for function in functions
    )


def _is_settled(row: Row, module: ModuleType) -> bool:
    """Return whether a row is applied, or need not be; not so while the version is not known."""
    gone = row.optional and _target(row, module) is None
    return _is_applied(row, module) or gone or (row.role == "speed" and row in _problems)


def _wrap(row: Row, module: ModuleType) -> None:
    from wrapt import wrap_function_wrapper  # imports asyncio

    wrapper = _resolve(row.wrapper)
    with _lock:
        if not _is_applied(row, module):  # another thread may have been faster
            original = _target(row, module)
            if type(original).__module__ in MOCKS:
                return  # a test has put it there; wrapt cannot bind what is no function
            wrap_function_wrapper(module, row.target, wrapper)
            if row.copied:
                _replace_copies(row.target, original, _target(row, module))


def _replace_copies(name: str, original: Any, patched: Any) -> None:
    """Have every module that took a function by its name, the user's too, hold the patched one."""
    for module in [*sys.modules.values()]:
        if isinstance(module, ModuleType) and vars(module).get(name) is original:
            setattr(module, name, patched)


def _outside(row: Row, version: str) -> str | None:
    """Say on which side a version is outside the range of a row."""
    if parse_version(version) < row.low:
        return "is older than any version that aiomoto knows"
    if not row.high or parse_version(version) < row.high:
        return None
    if _unsupported_allowed() and row.role != "speed":
        _newer[row.dist] = version
        return None
    return (
        "may have changed: this version is newer than any that aiomoto knows "
        "(AIOMOTO_UNSUPPORTED=warn mocks it all the same)"
    )


@cache  # once
def _tell(dist: str, version: str) -> None:
    say(
        f"{dist} {version} is newer than any version that aiomoto knows, and is mocked because "
        "AIOMOTO_UNSUPPORTED=warn: something may reach AWS"
    )


def _misfit(row: Row, module: ModuleType) -> str | None:
    """Say how the structure of a target differs from what the row expects."""
    target = _target(row, module)
    if target is None:
        return _GONE
    *layers, original = _chain(target)
    if row.role == "speed" and _is_foreign(row, layers, original):
        return "is somebody else's, who is not to be passed by"
    code = getattr(original, "__code__", None)
    if code is None or getattr(original, "__module__", None) != row.module:
        return None  # somebody else's patch: wrapped as it is, and not ours to judge
    params = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if row.params[:1] == (SOME,):
        missing = set(row.params[1:]).difference(params)
        return f"takes {params}, and no {sorted(missing)}" if missing else None
    return None if params == row.params else f"takes {params}, not {row.params}"


def _is_foreign(row: Row, layers: list[Any], original: Any) -> bool:
    """Return whether a function is not, or not only, what its distribution has there."""
    wrappers = (getattr(layer, "_self_wrapper", None) for layer in layers)
    if not all(getattr(wrapper, "__module__", "").startswith("aiomoto.") for wrapper in wrappers):
        return True
    home = getattr(original, "__module__", None) or ""
    return home.partition(".")[0] not in {row.dist, "importlib"}  # moto reloads modules


def _resolve(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _version(root: str) -> str | None:
    """Return the version of a loaded distribution, None while it is still being imported."""
    module = sys.modules.get(root)
    version = getattr(module, "__version__", None)
    if isinstance(version, str):
        return version
    if _is_executing(module) and root not in _executed:
        return None
    if root in sys.stdlib_module_names:
        return python_version()
    from importlib_metadata import version as installed  # rare

    return installed(root)


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
