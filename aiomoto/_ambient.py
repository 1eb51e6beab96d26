"""The ambient mock of ``AIOMOTO_AUTO``: started by the first session, client or request."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING

from aiomoto import _backends, _lifecycle, _patches
from aiomoto._activation import say, state
from aiomoto.errors import AiomotoError

if TYPE_CHECKING:
    from aiomoto._auto import Wish
    from aiomoto.mocking import MockAWS

_ANNOUNCED = "AIOMOTO_ANNOUNCED"  # in the environment, so that children stay silent


def start(wish: Wish | None) -> None:
    """Import moto and switch it on for the whole process.

    moto is imported with no lock of ours held, and may itself make sessions meanwhile: in the
    thread that imports it those do nothing here.

    Parameters:
        wish: what was asked for; None for an in-process mock without configuration.

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
        _patches.sweep()
        _patches.check()
        try:
            started = _switch_on(wish)
        except AiomotoError as error:
            state.refusal, state.start_ambient = error, None
            return
    finally:
        state.local.starting = False
    if started:
        _announce()


def _switch_on(wish: Wish | None) -> bool:
    """Start moto, and its server if there is to be one; False if another thread was faster."""
    options = None if wish is None else wish.options
    problem = _lifecycle.foreign_mode(server=options is not None)
    if problem is not None:
        raise problem
    from moto.core.models import MockAWS as MotoMock

    if wish is None or options is None:
        with _lifecycle._switching():
            return _lifecycle.start_ambient(MotoMock(), {} if wish is None else wish.config)
    from aiomoto import _server, _server_mode

    joined = None if options.joins is None else _server.join(options.joins)  # may take seconds
    with _lifecycle._switching():
        if not _lifecycle.start_ambient(MotoMock(), {}):
            return False
        server = _server_mode.lead_ambient(joined, options)
    if wish.reset:
        server.reset()
    if wish.remove_data:
        atexit.register(server.reset)
    return True


def stop() -> None:
    """Switch it off, and drop its data."""
    target = state.server
    _lifecycle.stop_ambient()
    if target is not None:
        target.server.stop()


def reset() -> None:
    """Drop the data of the ambient mock, if it has any and no explicit mock hides it."""
    if state.start_ambient is not None or state.layers:
        return
    if state.server is not None:
        state.server.server.reset()
    else:
        _backends.drop()


def server_mock() -> MockAWS | None:
    """Return a mock to look at and to reset, where the whole process is led to a server."""
    if state.start_ambient is not None:
        state.start_ambient()
    if state.server is None or state.layers:
        return None
    from aiomoto._server_mode import Stay
    from aiomoto.mocking import mock_aws

    mock = mock_aws(server_mode=True)
    stay = Stay.__new__(Stay)  # not entered: the ambient mock has done that
    stay.server = state.server.server
    mock._started.append(stay)
    return mock


def _announce() -> None:
    if state.quiet or os.environ.get(_ANNOUNCED):
        return
    auto = os.environ.get("AIOMOTO_AUTO")
    where = "" if state.server is None else f" by the server at {state.server.endpoint}"
    say(f"AWS is mocked in this whole process{where} (AIOMOTO_AUTO={auto}); unset it to reach AWS")
    os.environ[_ANNOUNCED] = "1"
