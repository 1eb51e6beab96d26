"""Entering and leaving an in-process mock: layers around moto's own switch.

moto switches its stubber, its data and its `responses` registry. What it would save and restore
of the process around it goes through the layers of `_activation`.
"""

from __future__ import annotations

import os
import signal
import threading
from _thread import get_ident
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any, cast

from aiomoto import _backends
from aiomoto._activation import state
from aiomoto._gateway import gateway
from aiomoto._layers import Attribute, Contents, Layer
from aiomoto.errors import (
    AiomotoError,
    ModeConflictError,
    ProxyModeError,
    ServerModeRequiredError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import FrameType

    from moto.core.models import MockAWS

# On a mock of moto's: slots that it sets beside the outfit.
OWN_SLOTS = "aiomoto_slots"

state.wear(gateway, None)


class Parked:
    """Data that is not moto's at the moment: of the ambient mock, or of an explicit one.

    moto's class decorator leaves after ``setUp`` and enters again for the test, and the data
    must last: below an ambient mock it waits here meanwhile.
    """

    ambient_mock: MockAWS | None = None
    ambient: _backends.Data | None = None
    explicit: _backends.Data | None = None


def is_in_process(mock: MockAWS) -> bool:
    """Return whether a mock is moto's in-process one, not one of its server or proxy mode."""
    from moto.core import models

    return not isinstance(mock, (models.ServerModeMockAWS, models.ProxyModeMockAWS))


def foreign_mode(*, server: bool = False) -> AiomotoError | None:
    """Return the error to raise where moto's own settings ask for another mode than ours."""
    if not server and os.environ.get("TEST_SERVER_MODE", "0").lower() == "true":
        return ServerModeRequiredError(
            "TEST_SERVER_MODE is set, which asks for a moto server, but this is an in-process "
            "mock. Use mock_aws(server_mode=True), or unset TEST_SERVER_MODE."
        )
    if os.environ.get("TEST_PROXY_MODE", "0").lower() == "true":
        return ProxyModeError(
            "TEST_PROXY_MODE is set, but aiomoto does not support moto's proxy mode. Unset it: "
            "in-process mocks and server mode need no proxy."
        )
    return None


def enter(mock: MockAWS, reset: bool = True) -> None:  # moto's signature
    """Add a layer for a mock, and switch moto on if it is the first.

    Parameters:
        mock: moto's own object, which holds the configuration.
        reset: start from nothing; only heeded for the first mock, as moto does.
    """
    if state.start_ambient is not None:
        state.start_ambient()
    with _switching():
        _meet_stubber()
        first = not state.layers
        if not first and state.server is not None:
            raise ModeConflictError(
                "An in-process mock_aws() was entered while mock_aws(server_mode=True) is active "
                f"at {state.server.endpoint}. Leave server mode first: a process is mocked in one "
                "of the two modes."
            )
        layer = Layer(mock)
        if first:
            _park_ambient()
        try:
            state.push(layer)
            layer.set(Attribute(state, "server"), None)
            _set_up(layer, mock._user_config_mock.values, first=first)
            if first:
                mock._enable_patching(reset=reset)
        except BaseException:
            with uninterrupted():
                if layer in state.layers:
                    state.remove(layer)
                if first:
                    _switch_off(mock, remove_data=True)
            raise


def leave(mock: MockAWS, remove_data: bool = True) -> None:  # moto's
    """Take away the newest layer of a mock, and switch moto off if it is the last.

    Parameters:
        mock: moto's own object.
        remove_data: drop moto's data; only heeded for the last mock, as moto does.

    Raises:
        RuntimeError: no mock is active.
    """
    with state.lock, uninterrupted(), _switching():
        # As in stock moto any instance may stop a mock, though by rights it stops its own.
        layers = [layer for layer in state.layers if layer.owner is mock] or state.layers
        if not layers or state.server is not None:
            raise RuntimeError(
                "Called stop() before start(). No mock is active: stop each mock once for each "
                "time that it was started."
            )
        layer = layers[-1]
        try:
            if len(state.layers) == 1:
                state.stamp.ended = True
                _switch_off(mock, remove_data=remove_data)
        finally:
            state.remove(layer)


def disown(mock: MockAWS) -> bool:
    """Return whether moto itself has to stop a mock, because it was started before we came."""
    with state.lock:
        adopted = [layer for layer in state.layers if layer.owner is None]
        if not adopted or any(layer.owner is mock for layer in state.layers):
            return False
        state.remove(adopted[-1])
        return True


def start_ambient(mock: MockAWS, config: Mapping[str, Any]) -> bool:
    """Switch moto on below all explicit mocks, outside moto's own count; hold the lock for it.

    Returns:
        False where another thread was faster.
    """
    if state.start_ambient is None or state.ambient is None:
        return False
    from moto.core.config import default_user_config

    _meet_stubber()
    mock._enable_patching(reset=False)  # a moto server of this process may have data already
    current = cast("dict[str, Any]", default_user_config)
    state.ambient.set(Contents(current), {**current, **config})
    for slot, value in state.outfit.items():
        state.ambient.set(slot, value)
    Parked.ambient_mock = mock
    state.start_ambient = None
    return True


def stop_ambient() -> None:
    """Switch the ambient mock off, and drop its data."""
    if Parked.ambient_mock is None:
        state.unwish()
        return
    with _switching():
        if not state.layers:
            Parked.ambient_mock._disable_patching(remove_data=True)
        Parked.ambient_mock = Parked.ambient = Parked.explicit = None
        state.unwish()


@contextmanager
def _switching() -> Iterator[None]:
    """Have the requests of other threads wait while moto is switched on or off."""
    with state.lock:
        try:
            state.switching = get_ident()
            if len(state.layers) <= 1:  # the first or the last
                state.wait_for_others()
            yield
        finally:
            state.switching = 0
            _tell_moto()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Have Ctrl-C wait until a mock has been left: half of it would stay behind."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or get_ident() != threading.main_thread().ident:
        yield  # Python's handlers run in the main thread only
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda *args: came.append(args))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if came:
            handler(*came[0])


def _set_up(layer: Layer, config: Mapping[str, Any], *, first: bool) -> None:
    """Set what a mock sets outside itself: configuration, credentials, default session."""
    import boto3
    from moto.core.config import default_user_config, mock_credentials

    # A copy: what the user changes inside must not reach what is put back.
    current = cast("dict[str, Any]", default_user_config)
    layer.set(Contents(current), {**current, **deepcopy(dict(config))})
    slots = {**(state.outfit if first else {}), **getattr(layer.owner, OWN_SLOTS, {})}
    for slot, value in slots.items():
        layer.set(slot, value)
    if mock_credentials():
        state.hide_credentials(layer)
    if first and current.get("core", {}).get("reset_boto3_session", True):
        layer.set(Attribute(boto3, "DEFAULT_SESSION"), None)


def _switch_off(mock: MockAWS, *, remove_data: bool) -> None:
    """Switch moto off as it does itself, whatever fails on the way, and the ambient mock on."""
    from moto.core import models

    try:
        mock._disable_patching(remove_data)
    except BaseException:
        models.botocore_stubber.enabled = False
        models.responses_mock.stop(allow_assert=False)
        raise
    finally:
        _unpark_ambient()


def _meet_stubber() -> None:
    """Get to know moto's own word on "enabled", and the mocks that it has started before we came.

    moto may have been purged from ``sys.modules`` and imported anew: then it is another stubber.
    """
    from moto.core import models

    if state.stubber is models.botocore_stubber:
        return
    state.stubber = models.botocore_stubber
    if Parked.ambient_mock is not None:
        Parked.ambient_mock = models.MockAWS()
        Parked.ambient_mock._enable_patching(reset=True)
        Parked.ambient = Parked.explicit = None
    elif state.stubber.enabled:
        for _ in range(models.MockAWS._nested_count):
            state.push(Layer(None))


def _park_ambient() -> None:
    if Parked.ambient_mock is None:
        return
    from moto.core.models import responses_mock

    responses_mock.stop(allow_assert=False)
    Parked.ambient = _backends.take()
    if Parked.explicit is not None:
        _backends.put(Parked.explicit)
        Parked.explicit = None


def _unpark_ambient() -> None:
    if Parked.ambient_mock is None or Parked.ambient is None:
        return
    left = _backends.take()
    Parked.explicit = left if left.backends else None
    _backends.put(Parked.ambient)
    Parked.ambient = None
    from moto.core.models import responses_mock

    responses_mock.start()
    state.stubber.enabled = True


def _tell_moto() -> None:
    """Keep moto's own count of mocks, for whoever looks at it."""
    from moto.core.models import MockAWS

    MockAWS._nested_count = len(state.layers) if state.server is None else 0
    MockAWS._mocks_active = MockAWS._nested_count > 0
