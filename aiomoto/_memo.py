"""What is remembered of a user's data, for speed: few things, and until the last mock ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from aiomoto._activation import state

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

_T = TypeVar("_T")
MOST = 4096
_NOTHING = object()
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
    """Return what was made for a key, or make it now.

    Parameters:
        key: the function that makes it, or what else nobody else has in a key, and all that it
            depends on.
        make: makes it.
    """
    found: Any = remembered.get(key, _NOTHING)
    if found is _NOTHING:
        if len(remembered) >= MOST:
            remembered.clear()
        found = remembered[key] = make()
    return found  # type: ignore[no-any-return]
