"""The patch of pyiceberg, which reads by pyarrow or s3fs and keeps the regions of buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable


def resolve_s3_region(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`_cached_resolve_s3_region`: past its cache."""
    return (wrapped.__wrapped__ if is_on() else wrapped)(*args, **kwargs)  # type: ignore[attr-defined]
