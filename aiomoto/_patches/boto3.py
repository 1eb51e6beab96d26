"""The patch of boto3: its CRT transfers do their own HTTP, so mocks use the classic ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable


def should_use_crt(wrapped: Callable[..., bool], _: Any, args: Any, kwargs: Any) -> bool:
    """`_should_use_crt`: never while a mock is active, whatever the configuration prefers."""
    return not is_on() and wrapped(*args, **kwargs)
