"""Layers: what each mock has set outside aiomoto, so that the last to leave puts all of it back."""

from __future__ import annotations

import os

from aiomoto._environ import put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

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
