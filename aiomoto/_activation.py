"""The one global state that every patch reads: is AWS mocked, by which layers, since when.

Process-global on purpose: s3transfer's threads and moto's own clients must see it too. Light on
purpose: with ``AIOMOTO_AUTO`` it is loaded at interpreter start.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import RLock, _local, get_ident

from aiomoto._layers import ABSENT, Layer, Layers, Variable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from aiomoto._endpoints import Target
    from aiomoto._layers import Slot
    from aiomoto.errors import AiomotoError

# The credentials that moto gives to a mocked process.
FAKE_KEY = "FOOBARKEY"
FAKE_SECRET = "FOOBARSECRET"  # noqa: S105  # moto's, and no secret


CREDENTIALS: dict[Slot, Any] = {
    Variable("AWS_ACCESS_KEY_ID"): FAKE_KEY,
    Variable("AWS_SECRET_ACCESS_KEY"): FAKE_SECRET,
    Variable("AWS_SESSION_TOKEN"): ABSENT,
    Variable("AWS_SECURITY_TOKEN"): ABSENT,
    Variable("AWS_BEARER_TOKEN_BEDROCK"): ABSENT,
    Variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"): ABSENT,
}


class Stamp:
    """Marks what belongs to one activation; ``ended`` when that is over."""

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False


class Activation:
    """The state. Patches read it; moto's rows, the ambient mock and server mode write it.

    Attributes:
        watch: a mock was active at some time, or is wished for: the one flag that a patch tests
            before it does anything at all.
        on: AWS requests are to be mocked, or refused, now.
        layers: the explicit mocks, oldest first.
        ambient: the layer of AIOMOTO_AUTO, below all explicit ones.
        stamp: the activation that a request of this moment belongs to.
        refusal: why the ambient mock refuses every AWS request, if it does: a reason, or the
            error to raise.
        start_ambient: starts the ambient mock; None when none is wished, or it has started.
        stubber: moto's BotocoreStubber once moto is loaded: moto's own word on "enabled".
        switching: the thread in which a mock is being entered or left, 0 for none: other threads
            wait at `lock`, none passes.
        inside: how deep each thread is inside moto's handling of a request.
        outfit: what the first of nested mocks sets for all of them; see `wear`.
        passthrough: URL patterns that AIOMOTO_PASSTHROUGH lets out of the ambient mock.
        server: where server mode leads (`_endpoints.Target`); None in-process.
        exported: the variables that children and native readers of a mock have from us.
        closed: the address of the server of this process that has stopped last.
        quiet: the ambient mock says nothing on stderr, as AIOMOTO_QUIET asks.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.local = _local()
        self.watch = False
        self.on = False
        self.layers = Layers()
        self.ambient: Layer | None = None
        self.ambient_stamp = Stamp()
        self.stamp = Stamp()
        self.refusal: str | AiomotoError | None = None
        self.start_ambient: Callable[[], None] | None = None
        self.stubber: Any = None
        self.switching = 0
        self.inside: dict[int, int] = {}
        self.outfit: dict[Slot, Any] = {}
        self.passthrough: tuple[str, ...] = ()
        self.quiet = False
        self.server: Target | None = None
        self.exported: Mapping[str, Any] = {}
        self.closed: str | None = None

    def wish(
        self, start: Callable[[], None], refusal: str | None, *, hides_credentials: bool = True
    ) -> Layer:
        """Ask for the ambient mock: hide the credentials now, start moto when it is needed."""
        self.ambient = Layer("AIOMOTO_AUTO")
        if hides_credentials:
            self.hide_credentials(self.ambient)
        self.stamp = self.ambient_stamp
        self.refusal = refusal
        self.start_ambient = start if refusal is None else None
        self.on = self.watch = True
        return self.ambient

    def unwish(self) -> None:
        """Take the ambient mock away, and put back what it alone had set."""
        ambient, self.ambient = self.ambient, None
        self.start_ambient = self.refusal = None
        self.ambient_stamp.ended = True
        self.ambient_stamp = Stamp()
        self.on = bool(self.layers)
        if ambient is not None:
            Layers([ambient, *self.layers]).take_out(ambient)

    def push(self, layer: Layer) -> None:
        """Add an explicit mock on top."""
        if not self.layers:
            self.stamp = Stamp()
        self.layers.append(layer)
        self.on = self.watch = True

    def remove(self, layer: Layer) -> None:
        """Take an explicit mock away, wherever it stands, and put back what it alone had set."""
        if len(self.layers) == 1:
            self.stamp.ended = True
            self.on = self.ambient is not None
            if self.on:
                self.stamp = self.ambient_stamp
        self.layers.take_out(layer)

    def wear(self, slot: Slot, value: Any) -> None:
        """Have a slot set whenever mocks are active: from the first one's start to the last's stop.

        A slot may do more than hold a value: `set` is called with what the mock is to find when
        the first enters, and with what `get` returned before when the last leaves. Where mocks
        are active already, they have it at once.
        """
        with self.lock:
            if slot in self.outfit:
                return
            self.outfit[slot] = value
            if self.layers:
                self.layers[0].set(slot, value)
            elif self.ambient is not None and self.start_ambient is None:
                self.ambient.set(slot, value)

    def hide_credentials(self, layer: Layer) -> None:
        """Put moto's fake credentials in front of the real ones for as long as a layer lasts.

        Fake credentials that no layer has set are a leftover, an undo that came late: they
        count as absent, or they would be "restored" for good.
        """
        others = [self.ambient, *self.layers]
        for slot, value in CREDENTIALS.items():
            layer.set(slot, value)
            ours = any(other and other is not layer and slot in other.found for other in others)
            if layer.found[slot] == value and not ours:
                layer.found[slot] = ABSENT

    def enter_moto(self) -> None:
        """Wait until no other thread is switching mocks, and have the next one that does wait."""
        me = get_ident()
        self.inside[me] = self.inside.get(me, 0) + 1  # before looking: the switcher looks after
        if self.inside[me] == 1 and self.switching not in {0, me}:
            del self.inside[me]
            with self.lock:
                self.inside[me] = 1

    def leave_moto(self) -> None:
        """This thread has left moto's handling of a request."""
        me = get_ident()
        self.inside[me] -= 1
        if not self.inside[me]:
            del self.inside[me]

    def wait_for_others(self, seconds: float = 0.2) -> None:
        """Wait until no other thread is inside moto, but not for those that are there for long."""
        for _ in range(int(seconds * 1000)):
            if not set(self.inside) - {get_ident()}:
                return
            time.sleep(0.001)

    def remake_locks(self) -> None:
        """In a forked child, where another thread of the parent may have held the lock."""
        self.lock = RLock()
        self.local = _local()
        self.switching = 0
        self.inside = {me: depth for me, depth in self.inside.items() if me == get_ident()}


state = Activation()
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork either
    os.register_at_fork(after_in_child=state.remake_locks)


def say(line: str) -> None:
    """Write one line on stderr, if it can be written to."""
    try:  # noqa: SIM105  # contextlib may not be loaded yet
        sys.stderr.write(f"aiomoto: {line}\n")
    except (AttributeError, OSError, ValueError):
        pass  # None under pythonw and in some daemons; broken; closed
