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

_VARIABLES = ("AIOMOTO_AUTO", "AIOMOTO_DISABLE", "AIOMOTO_UNSUPPORTED")


def main(words: list[str]) -> int:
    """Print the report.

    Parameters:
        words: ``--json`` for programs, nothing for people.

    Returns:
        0 when all that is installed can be mocked, 1 when something cannot, 2 for a wrong use.
    """
    if words not in ([], ["--json"]):
        say(f"doctor has no option {words[0]!r}; see python -m aiomoto --help")
        return 2
    found = examine()
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if words else render(found))
    return 0 if found["ok"] else 1


def examine() -> dict[str, Any]:
    """Import every target that is installed, and say what became of each row."""
    hook = {
        "started": _startup.ran(),
        "position": sys.meta_path.index(_hook.finder) if _hook.finder in sys.meta_path else None,
    }
    _hook.load_plugins()
    failures = {name: _import(name) for name in sorted(_hook.TARGETS)}
    _patches.sweep()
    patches = [
        {
            "module": row.module,
            "target": row.target,
            "role": row.role,
            "state": state if state != "not loaded" else failures[row.module] or state,
            "ok": state in {"applied", "not loaded"} or row.role not in REQUIRED,
        }
        for row, state in _patches.report()
    ]
    dists = {
        name: {"version": _version(name), "supported": specifier(low, high)}
        for name, (low, high) in RANGES.items()
    }
    return {
        "aiomoto": aiomoto.__version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "hook": hook,
        "environment": {name: os.environ.get(name) for name in _VARIABLES},
        "distributions": dists,
        "patches": patches,
        "ok": all(patch["ok"] for patch in patches),
    }


def render(found: dict[str, Any]) -> str:
    """Return the report as text."""
    hook = found["hook"]
    if hook["started"] and hook["position"] is not None:
        how = f"active since interpreter start, at position {hook['position']} of sys.meta_path"
    elif hook["started"]:
        how = "switched off by AIOMOTO_DISABLE; mock_aws() works, AIOMOTO_AUTO does not"
    else:
        how = "not started with the interpreter; mock_aws() works, AIOMOTO_AUTO does not"
    lines = [
        f"aiomoto {found['aiomoto']}, Python {found['python']}, {found['executable']}",
        f"import hook: {how}",
        *(f"{name}={value}" for name, value in found["environment"].items() if value),
        "",
        f"{'installed':24}supported",
    ]
    for name, dist in found["distributions"].items():
        lines.append(f"{name + ' ' + (dist['version'] or '-'):24}{dist['supported']}")
    lines += ["", "patches"]
    for patch in found["patches"]:
        name = f"{patch['module']}.{patch['target']}"
        lines.append(f"{'  ' if patch['ok'] else '! '}{patch['role']:9}{name}: {patch['state']}")
    verdict = "everything fits" if found["ok"] else "lines with ! cannot be mocked: see above"
    return "\n".join([*lines, "", verdict, ""])


def _import(name: str) -> str | None:
    """Import a module; return why it cannot be, None where it can."""
    try:
        import_module(name)
    except ModuleNotFoundError:
        return "not installed"
    except Exception as error:  # noqa: BLE001  # whatever a broken installation raises
        return f"cannot be imported: {error!r}"
    return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
