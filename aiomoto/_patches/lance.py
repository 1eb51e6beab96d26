"""The patch of lance: datasets and files on S3 are those of the mock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto import _readers
from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable


def with_storage_options(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """Every function that hands `storage_options` to lance's native part."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _readers.call_led(wrapped, args, kwargs, "storage_options", _readers.complete)
