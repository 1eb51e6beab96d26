"""The ambient mock of ``AIOMOTO_AUTO``: started by the first session, client or request."""

from __future__ import annotations

import os

from aiomoto import _lifecycle, _patches
from aiomoto._activation import say, state

_ANNOUNCED = "AIOMOTO_ANNOUNCED"  # in the environment, so that children stay silent


def start() -> None:
    """Import moto and switch it on for the whole process.

    moto is imported with no lock of ours held, and may itself make sessions meanwhile: in the
    thread that imports it those do nothing here.

    Raises:
        UnsupportedVersionError: something loaded could let a request out.
    """
    if getattr(state.local, "starting", False):
        return
    state.local.starting = True
    try:
        import moto  # a second

        if getattr(moto.__spec__, "_initializing", False):
            return  # this thread is in the middle of `import moto`: the next call starts it
        from moto.core.models import MockAWS
    finally:
        state.local.starting = False
    problem = _lifecycle.foreign_mode()
    if problem is not None:
        state.refusal, state.start_ambient = problem, None
        return
    _patches.sweep()
    _patches.check()
    if _lifecycle.start_ambient(MockAWS()):
        _announce()


def _announce() -> None:
    if state.quiet or os.environ.get(_ANNOUNCED):
        return
    auto = os.environ.get("AIOMOTO_AUTO")
    say(f"AWS is mocked in this whole process (AIOMOTO_AUTO={auto}); unset it to reach AWS")
    os.environ[_ANNOUNCED] = "1"


def reset() -> None:
    """Drop the data of the ambient mock, if it has any and no explicit mock hides it."""
    if state.start_ambient is None and not state.layers:
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        BackendDict.reset()
        reset_model_data()
