"""What speed rows remember of a user's data: few things, and until the last mock ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from aiomoto._activation import state

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_T = TypeVar("_T")
MOST = 4096
remembered: dict[Hashable, Any] = {}


class _Forgetting:
    """A slot that holds nothing: what is remembered goes with the first mock and the last."""

    def get(self) -> None:
        """Return nothing."""

    def set(self, _: None) -> None:
        """Forget all."""
        remembered.clear()


state.wear(_Forgetting(), None)


def remember(key: Hashable, make: Callable[[], _T]) -> _T:
    """Return what was made for a key, or make it now; never None."""
    found: _T | None = remembered.get(key)
    if found is None:
        if len(remembered) >= MOST:
            remembered.clear()
        found = remembered[key] = make()
    return found
