"""The patches of polars: what it scans and sinks by itself leads to the gateway.

The endpoint stands in the query, so a query of a mock does not reach AWS when it is collected
after it, and polars, which keeps its connections by what they were made from, shares none.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from aiomoto import _readers
from aiomoto._dispatch import is_on
from aiomoto._layers import Attribute
from aiomoto.errors import InProcessModeError

if TYPE_CHECKING:
    from collections.abc import Callable

_PATHS = ("source", "path", "file", "target")


def with_storage_options(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """Every function that hands `storage_options` to polars' own reader or writer."""
    if not is_on() or kwargs.get("use_pyarrow"):
        return wrapped(*args, **kwargs)
    paths = (*args[:1], *map(kwargs.get, _PATHS))
    if any(map(_leads_to_s3, paths)):
        given = kwargs.get("storage_options")
        asks_aws = kwargs.get("credential_provider") in {None, "auto"}
        kwargs = {**kwargs, "storage_options": _readers.complete(given, credentials=asks_aws)}
    return wrapped(*args, **kwargs)


def execute_sql(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`SQLContext.execute`: its queries may read files, with what the environment says."""
    if is_on():
        _check_query(*args[:1], kwargs.get("query"))
    return wrapped(*args, **kwargs)


def _check_query(*queries: Any) -> None:
    if not any(map(_readers.names_s3, queries)):
        return
    place = _readers.lead()
    holds_gil = sys.modules["polars"].__version__.startswith("1.")
    if holds_gil and place is not None and _readers.is_here(place.url):
        raise InProcessModeError(
            "SQL of polars before 2.0 waits for S3 without giving way to other threads: the mock, "
            "which is in this process, cannot answer it. Query a frame that has been read, as by "
            "polars.read_parquet(...)."
        )


def _leads_to_s3(path: Any) -> bool:
    inner = getattr(path, "_pl_partition_by", None)  # of a partitioned target
    return _readers.is_s3(path if inner is None else inner.base_path)


# polars keeps the credentials that it has found in the mock, or before it.
_builder = sys.modules.get("polars.io.cloud.credential_provider._builder")
if hasattr(_builder, "BUILT_PROVIDERS_LRU_CACHE"):
    _readers.wear(Attribute(_builder, "BUILT_PROVIDERS_LRU_CACHE"), None)
