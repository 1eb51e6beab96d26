"""The patches of daft: S3 is the mock's, by its settings for all and by those of one call."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import daft
from daft import filesystem as daft_filesystem
from daft.context import get_context, set_planning_config

from aiomoto import _readers
from aiomoto._dispatch import is_on
from aiomoto._layers import Contents
from aiomoto.errors import RealHTTPRequestBlockedError

if TYPE_CHECKING:
    from collections.abc import Callable

_TABLE = re.compile(
    r"\b(?P<read>read_(csv|json|parquet))\s*\(\s*'(?P<url>s3[an]?://[^']+)'\s*\)", re.IGNORECASE
)


def with_io_config(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """Every function that takes a path with an `io_config`."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _readers.call_led(wrapped, args, kwargs, "io_config", _led)


def resolve_iceberg_io_config(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`resolve_iceberg_io_config`: what a table of Iceberg is read with."""
    found = wrapped(*args, **kwargs)
    return _led(found) if is_on() else found


def make_deltalake_fs(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`make_deltalake_fs`: deltalake's own writes with the GIL held, which the gateway needs."""
    return (partial(_make_deltalake_fs, wrapped) if is_on() else wrapped)(*args, **kwargs)


def _make_deltalake_fs(wrapped: Callable[..., Any], path: Any, io_config: Any = None) -> Any:
    if not _readers.is_s3(path) or not _readers.is_here(_led(io_config).s3.endpoint_url):
        return wrapped(path, io_config)
    from pyarrow.fs import FileSystem, SubTreeFileSystem

    filesystem, root = FileSystem.from_uri(path)
    return SubTreeFileSystem(root, filesystem)


def sql_exec(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`sql_exec`: queries, which know no settings but the environment of the first of them."""
    return (partial(_sql_exec, wrapped) if is_on() else wrapped)(*args, **kwargs)


def _sql_exec(
    wrapped: Callable[..., Any], sql: str, session: Any, ctes: dict[str, Any], config: Any
) -> Any:
    """Run a query in which the files are tables that Python has opened."""
    frames: dict[str, Any] = {}

    def open_table(match: re.Match[str]) -> str:
        name = f"aiomoto_{len(frames)}"
        frame = getattr(daft, match["read"].lower())(match["url"])
        frames[name] = frame._builder._builder
        return name

    sql = _TABLE.sub(open_table, sql)
    if _readers.names_s3(sql):
        raise RealHTTPRequestBlockedError(
            "aiomoto refused to read from AWS: daft's SQL keeps the connection of its first query, "
            "of whatever mock or none. Read the file in Python, as by frame = daft.read_csv(...), "
            "and say FROM frame."
        )
    return wrapped(sql, session, {**ctes, **frames}, config)


def _led(config: Any) -> Any:
    """Return an `IOConfig` that leads to the mock."""
    config = config or get_context().daft_planning_config.default_io_config
    place = _readers.lead(config.s3.endpoint_url)
    return config if place is None else _lead_to(place, config)


def _lead_to(place: _readers.Place, config: Any) -> Any:
    s3 = config.s3
    given: dict[str, Any] = {
        "endpoint_url": place.url,
        "region_name": s3.region_name or place.region,
        "use_ssl": False,
        "force_virtual_addressing": False,
    }
    if not (s3.key_id or s3.anonymous or s3.credentials_provider):
        given.update(key_id=place.access_key, access_key=place.secret_key)
    return config.replace(s3=s3.replace(**given))


class _DefaultConfig:
    """A slot that is the `IOConfig` of calls that are given none."""

    def get(self) -> Any:
        """Return it."""
        return get_context().daft_planning_config.default_io_config

    def set(self, found: Any) -> None:
        """Put it back, or have it lead to the mock, also for URLs that stand in data."""
        config = found or _lead_to(_readers.lead_or_nowhere(), self.get())
        set_planning_config(default_io_config=config)


_readers.wear(_DefaultConfig(), None)
_readers.wear(Contents(daft_filesystem._CACHED_FSES), {})
