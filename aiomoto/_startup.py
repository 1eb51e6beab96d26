"""What ``aiomoto.pth`` and ``aiomoto.start`` call when an interpreter starts.

Every interpreter of the environment pays for this module: it imports only ``os`` and the
finder. A venv runs each ``.pth`` twice, so ``main`` is idempotent.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiomoto._auto import Wish

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
_MODES = {
    **dict.fromkeys(_TRUE, "in-process"),
    "server": "server",
    "server-per-process": "server-per-process",
}
_done = False


def main() -> None:
    """Install the import hook and, where ``AIOMOTO_AUTO`` asks for it, the wish to mock.

    Never raises: a start-up hook must not break the interpreter of an unrelated program.
    """
    global _done  # noqa: PLW0603  # the one thing that makes a second call do nothing
    if _done:
        return
    _done = True
    try:
        _start()
    except Exception as error:  # noqa: BLE001  # whatever it is, the interpreter must start
        _fail(error)


def ran() -> bool:
    """Return whether this interpreter's start has called `main`."""
    return _done


def disabled() -> bool:
    """Return whether ``AIOMOTO_DISABLE`` switches the hook and ``AIOMOTO_AUTO`` off."""
    return _value("AIOMOTO_DISABLE") in _TRUE


def asks(name: str, environ: "Mapping[str, str] | None" = None) -> bool:
    """Return whether a variable of an environment, ours, is set to more than 0/false/no/off."""
    return _value(name, environ) not in _FALSE


def _value(name: str, environ: "Mapping[str, str] | None" = None) -> str:
    return (os.environ if environ is None else environ).get(name, "").strip().lower()


def _start() -> None:
    if disabled():
        if asks("AIOMOTO_AUTO"):
            from aiomoto._activation import say  # only with AIOMOTO_AUTO

            say("AIOMOTO_DISABLE is set, so AIOMOTO_AUTO is ignored: AWS is NOT mocked")
        return
    from aiomoto import _hook  # not when disabled

    _hook.install()
    if asks("AIOMOTO_AUTO"):
        wish(_MODES.get(_value("AIOMOTO_AUTO")))


def wish(mode: str | None) -> None:
    """Mock the whole process as soon as its first session, client or request needs it.

    Parameters:
        mode: ``in-process``, ``server`` or ``server-per-process``; None if AIOMOTO_AUTO is
            misspelt.
    """
    from aiomoto import _hook
    from aiomoto._activation import say, state  # only with AIOMOTO_AUTO, as the next one
    from aiomoto._gateway import gateway

    _hook.TARGETS.update(_hook.COMMON)

    patterns = passthrough()
    problem = _misspelt() if mode is None else no_pattern(patterns)
    asked = None
    if mode is not None and (mode != "in-process" or os.environ.get("AIOMOTO_CONFIG")):
        from aiomoto import _auto  # not for the plain AIOMOTO_AUTO=1

        try:
            asked = _auto.read(mode)
        except Exception as error:  # noqa: BLE001  # it says which value cannot be
            problem = problem or str(error)
    if problem is not None:
        problem = f"{problem.rstrip('.')}; every AWS call of this process is refused"
        say(problem)
    state.passthrough = patterns
    state.quiet = asks("AIOMOTO_QUIET")
    ambient = state.wish(
        lambda: _start_ambient(asked),
        refusal=problem,
        hides_credentials=asked is None or _auto.hides_credentials(asked),
    )
    if asked is None or not _auto.export_known(ambient, asked):
        ambient.set(gateway, None)  # native readers may be the first to need AWS


def _misspelt() -> str:
    auto = os.environ["AIOMOTO_AUTO"]
    return (
        f"AIOMOTO_AUTO={auto!r} is not one of 1/true/yes/on, server, server-per-process or "
        "0/false/no/off"
    )


def passthrough() -> "tuple[str, ...]":
    """Return the URL patterns of AIOMOTO_PASSTHROUGH."""
    patterns = os.environ.get("AIOMOTO_PASSTHROUGH", "").split(",")
    return tuple(filter(None, map(str.strip, patterns)))


def no_pattern(patterns: "tuple[str, ...]") -> str | None:
    """Say which of the patterns of AIOMOTO_PASSTHROUGH is none."""
    if not patterns:
        return None
    import re  # not loaded yet, and needed by nobody else

    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            return (
                f"AIOMOTO_PASSTHROUGH takes regular expressions for URLs, separated by commas, "
                f"and {pattern!r} is none ({error})"
            )
    return None


def _start_ambient(asked: "Wish | None") -> None:
    """Import what the ambient mock needs, once it is needed."""
    from aiomoto import _ambient  # imports moto

    _ambient.start(asked)


class _Refusal:
    """A finder that lets nobody import botocore, without which nothing in Python reaches AWS."""

    def __init__(self, why: str) -> None:
        self.why = why

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] == "botocore":
            raise ImportError(f"aiomoto: {self.why}")


def _fail(error: Exception) -> None:
    """Tell that the start-up failed; where AWS was to be mocked, put it out of reach.

    With nothing but what an interpreter has: whatever else there is may be what failed.
    """
    import sys

    why = f"the start-up hook failed ({error!r})"
    if not asks("AIOMOTO_AUTO") or disabled():
        why += ": mock_aws() works all the same"
    else:
        why += ": AIOMOTO_AUTO cannot mock AWS, so botocore cannot be imported in this process"
        sys.meta_path = [_Refusal(why), *(sys.meta_path or ())]
        for name in [name for name in os.environ if name.startswith("AWS_") and "TOKEN" in name]:
            del os.environ[name]
        os.environ["AWS_ACCESS_KEY_ID"] = "FOOBARKEY"
        os.environ["AWS_SECRET_ACCESS_KEY"] = "FOOBARSECRET"  # noqa: S105  # moto's, and no secret
    try:  # noqa: SIM105  # no import may be needed any more
        sys.stderr.write(f"aiomoto: {why}\n")
    except (AttributeError, OSError, ValueError):  # missing, broken or closed
        pass
