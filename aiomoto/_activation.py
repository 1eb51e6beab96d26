"""The one global state that every patch reads: is AWS mocked, by which layers, since when.

Process-global on purpose: s3transfer's threads and moto's own clients must see it too. Light on
purpose: with ``AIOMOTO_AUTO`` it is loaded at interpreter start.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import RLock, _local, get_ident

from aiomoto._environ import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    from aiomoto._endpoints import Target
    from aiomoto.errors import AiomotoError

    class Slot(Protocol):
        """A place outside aiomoto that a mock sets while it lasts."""

        def get(self) -> Any:
            """Return what is there now, or ABSENT."""

        def set(self, value: Any) -> None:
            """Put a value there; ABSENT empties the place."""


class Absent:
    """The type of ABSENT, which says that a slot holds nothing."""

    __slots__ = ()


ABSENT = Absent()

# The credentials that moto gives to a mocked process.
FAKE_KEY = "FOOBARKEY"
FAKE_SECRET = "FOOBARSECRET"  # noqa: S105  # moto's, and no secret


class Variable:
    """A slot that is a variable in ``os.environ``, whatever mapping that is at the time."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Variable) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def get(self) -> Any:
        """Return the value, or ABSENT."""
        return os.environ.get(self.name, ABSENT)

    def set(self, value: Any) -> None:
        """Set the variable, or remove it."""
        put({self.name: None if value is ABSENT else value})


class Attribute:
    """A slot that is one attribute of an object, such as ``boto3.DEFAULT_SESSION``."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: object, name: str) -> None:
        self.owner = owner
        self.name = name

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attribute):
            return NotImplemented
        return self.owner is other.owner and self.name == other.name

    def __hash__(self) -> int:
        return hash((id(self.owner), self.name))

    def get(self) -> Any:
        """Return the attribute's value, or ABSENT."""
        return getattr(self.owner, self.name, ABSENT)

    def set(self, value: Any) -> None:
        """Set the attribute, or delete it."""
        if value is not ABSENT:
            setattr(self.owner, self.name, value)
        elif hasattr(self.owner, self.name):
            delattr(self.owner, self.name)


class Contents:
    """A slot that is all that a dictionary holds, such as moto's configuration."""

    __slots__ = ("mapping",)

    def __init__(self, mapping: dict[Any, Any]) -> None:
        self.mapping = mapping

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contents) and self.mapping is other.mapping

    def __hash__(self) -> int:
        return id(self.mapping)

    def get(self) -> dict[Any, Any]:
        """Return a copy."""
        return self.mapping.copy()

    def set(self, value: dict[Any, Any]) -> None:
        """Replace the contents."""
        self.mapping.clear()
        self.mapping.update(value)


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


class Layer:
    """What one mock has set, and what stood there before."""

    __slots__ = ("found", "owner")

    def __init__(self, owner: object) -> None:
        self.owner = owner
        self.found: dict[Slot, Any] = {}

    def set(self, slot: Slot, value: Any) -> None:
        """Set a slot for as long as this layer lasts."""
        if slot not in self.found:
            self.found[slot] = slot.get()
        slot.set(value)

    def put_back(self) -> None:
        """Set every slot to what was found there, the newest first, even if one of them fails."""
        while self.found:
            slot, value = self.found.popitem()
            try:
                slot.set(value)
            except BaseException:
                self.put_back()
                raise


class Layers(list[Layer]):
    """Layers, oldest first, that may leave in any order.

    One that leaves from the middle hands what it found to the layer above it, so the last to
    leave puts back what the first had found.
    """

    def take_out(self, layer: Layer) -> None:
        """Take a layer away, wherever it stands, and put back what it alone had set."""
        index = self.index(layer)
        del self[index]
        if index < len(self):
            self[index].found.update(layer.found)
        else:
            layer.put_back()


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
