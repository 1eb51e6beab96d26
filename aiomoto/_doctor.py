"""``python -m aiomoto doctor``: what is installed, what is supported, what is patched."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import import_module
from typing import Any

from importlib_metadata import PackageNotFoundError, version

import aiomoto
from aiomoto import _hook, _patches, _startup
from aiomoto._activation import say
from aiomoto._patches.table import RANGES, REQUIRED, specifier

HELP = """\
usage: python -m aiomoto doctor [--json]

Shows whether the import hook is active, which libraries are installed and supported, and what
became of each patch. The exit code is 1 if something that is installed cannot be mocked.

--json  print it for programs
"""

_NOT_INSTALLED = "not installed"


def main(words: list[str]) -> int:
    """Print the report.

    Parameters:
        words: ``--json`` for programs, nothing for people.

    Returns:
        0 when all that is installed can be mocked, 1 when something cannot, 2 for a wrong use.
    """
    if words in (["--help"], ["-h"]):
        sys.stdout.write(HELP)
        return 0
    if words not in ([], ["--json"]):
        say(f"doctor does not take {' '.join(words)!r}; see python -m aiomoto doctor --help")
        return 2
    found = examine()
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if words else render(found))
    return 0 if found["ok"] else 1


def examine() -> dict[str, Any]:
    """Import every target that is installed, and say what became of each row."""
    hook = {
        "started": _startup.ran(),
        "disabled": _startup.disabled(),
        "position": sys.meta_path.index(_hook.finder) if _hook.finder in sys.meta_path else None,
    }
    _hook.load_plugins()
    failures = {name: _import(name) for name in sorted(_hook.TARGETS)}
    _patches.sweep()
    patches = []
    for row, found in _patches.report():
        state = failures[row.module] or found
        fits = state in {"applied", _NOT_INSTALLED}
        patches.append(
            {
                "module": row.module,
                "target": row.target,
                "role": row.role,
                "state": state,
                "ok": fits or row.role not in REQUIRED,
            }
        )
    problems = _patches.broken_plugins()
    dists = {
        name: {"version": _version(name), "supported": specifier(low, high)}
        for name, (low, high) in RANGES.items()
    }
    return {
        "aiomoto": aiomoto.__version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "hook": hook,
        "environment": {
            name: value for name, value in os.environ.items() if name.startswith("AIOMOTO_")
        },
        "distributions": dists,
        "patches": patches,
        "problems": problems,
        "ok": not problems and all(patch["ok"] for patch in patches),
    }


def render(found: dict[str, Any]) -> str:
    """Return the report as text."""
    lines = [
        f"aiomoto {found['aiomoto']}, Python {found['python']}, {found['executable']}",
        f"import hook: {_hook_state(**found['hook'])}",
        *(f"{name}={value}" for name, value in sorted(found["environment"].items())),
        "",
        f"{'installed':24}supported",
    ]
    for name, dist in found["distributions"].items():
        lines.append(f"{name + ' ' + (dist['version'] or '-'):24}{dist['supported']}")
    lines += ["", "patches"]
    for patch in found["patches"]:
        name = f"{patch['module']}.{patch['target']}"
        lines.append(f"{'  ' if patch['ok'] else '! '}{patch['role']:9}{name}: {patch['state']}")
    lines += [f"! {problem}" for problem in found["problems"]]
    verdict = "everything fits" if found["ok"] else "lines with ! cannot be mocked: see above"
    return "\n".join([*lines, "", verdict, ""])


def _hook_state(*, started: bool, disabled: bool, position: int | None) -> str:
    if not started:
        return "not started with the interpreter; mock_aws() works, AIOMOTO_AUTO does not"
    if disabled:
        return "switched off by AIOMOTO_DISABLE; mock_aws() works, AIOMOTO_AUTO does not"
    if position is None:
        return "started, but no longer on sys.meta_path; mock_aws() works, AIOMOTO_AUTO may not"
    return f"active since interpreter start, at position {position} of sys.meta_path"


def _import(name: str) -> str | None:
    """Import a module; return why it cannot be, None where it can."""
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return _NOT_INSTALLED
        return f"cannot be imported: {error!r}"
    except Exception as error:  # noqa: BLE001  # whatever a broken installation raises
        return f"cannot be imported: {error!r}"
    return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
