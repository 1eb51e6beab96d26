"""What ``aiomoto.pth`` and ``aiomoto.start`` call when an interpreter starts.

Every interpreter of the environment pays for this module: it imports only ``os`` and the
finder. A venv runs each ``.pth`` twice, so ``main`` is idempotent.
"""

import os

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
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
        import sys  # only to tell

        sys.stderr.write(f"aiomoto: the start-up hook failed, AWS is NOT mocked: {error!r}\n")


def _start() -> None:
    auto = os.environ.get("AIOMOTO_AUTO", "").strip().lower()
    if os.environ.get("AIOMOTO_DISABLE", "").strip().lower() in _TRUE:
        if auto not in _FALSE:
            from aiomoto._activation import say  # only with AIOMOTO_AUTO

            say("AIOMOTO_DISABLE is set, so AIOMOTO_AUTO is ignored: AWS is NOT mocked")
        return
    from aiomoto import _hook  # not when disabled

    _hook.install()
    if auto not in _FALSE:
        _wish(auto)


def ran() -> bool:
    """Return whether this interpreter's start has called `main`."""
    return _done


def _wish(auto: str) -> None:
    """Mock the whole process as soon as its first session, client or request needs it."""
    from aiomoto import _activation, _gateway  # only with AIOMOTO_AUTO

    problem = None
    if auto not in _TRUE:
        problem = (
            f"AIOMOTO_AUTO={os.environ['AIOMOTO_AUTO']!r} is not one of 1/true/yes/on or "
            "0/false/no/off: every AWS call of this process is refused"
        )
        _activation.say(problem)
    _activation.state.passthrough = _activation.read_passthrough()
    ambient = _activation.state.wish(_start_ambient, refusal=problem)
    ambient.set(_gateway.gateway, None)  # native readers may be the first to need AWS


def _start_ambient() -> None:
    """Import what the ambient mock needs, once it is needed."""
    from aiomoto import _ambient  # imports moto

    _ambient.start()
