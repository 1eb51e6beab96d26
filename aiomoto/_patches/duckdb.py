"""The patch of duckdb: while a mock is active its connections read S3 by s3fs, in-process.

A registered file system comes before duckdb's extension httpfs and before the secrets of that.
Without s3fs the extension, where it is installed, is led to the gateway.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import duckdb

from aiomoto import _readers
from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = "aiomoto"  # of the file system, or of the secret
_connections: WeakSet[Any] = WeakSet(  # of any time: a mock must find those of before
    value
    for module in [*sys.modules.values()]
    if isinstance(module, ModuleType)
    for value in [*vars(module).values()]
    if type(value) is duckdb.DuckDBPyConnection
)


def connect(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`duckdb.connect`: a connection to which S3 is the mock while one is active."""
    connection = wrapped(*args, **kwargs)
    _connections.add(connection)
    if is_on():
        _equip(connection)
    return connection


class _Connections:
    """A slot that is how the connections at hand reach S3."""

    def get(self) -> Callable[[Any], None]:
        """Return what puts back one connection."""
        return _strip

    def set(self, change: Callable[[Any], None]) -> None:
        """Change them all: `_equip` or `_strip`."""
        for connection in {duckdb.default_connection(), *_connections}:
            with suppress(duckdb.ConnectionException):  # closed
                change(connection)


def _equip(connection: Any) -> None:
    place = _readers.lead_or_nowhere()
    by_python = find_spec("s3fs") or (place.url == _readers.NOWHERE and find_spec("fsspec"))
    if not by_python and _has_httpfs(connection):
        connection.cursor().execute(
            f"CREATE OR REPLACE TEMPORARY SECRET {_NAME} (TYPE s3, KEY_ID '{place.access_key}', "
            f"SECRET '{place.secret_key}', REGION '{place.region}', ENDPOINT '{place.host}', "
            "URL_STYLE 'path', USE_SSL false)"
        )
    elif find_spec("fsspec") is not None and not connection.filesystem_is_registered(_NAME):
        connection.register_filesystem(_s3()())


def _strip(connection: Any) -> None:
    if connection.filesystem_is_registered(_NAME):
        connection.unregister_filesystem(_NAME)
    elif _has_httpfs(connection):
        connection.cursor().execute(f"DROP TEMPORARY SECRET IF EXISTS {_NAME}")


def _has_httpfs(connection: Any) -> bool:
    found = connection.cursor().execute(
        "SELECT installed FROM duckdb_extensions() WHERE extension_name = 'httpfs'"
    )
    return (True,) in found.fetchall()


@cache
def _s3() -> type[Any]:
    import fsspec

    class S3(fsspec.AbstractFileSystem):  # type: ignore[misc]  # fsspec is not typed
        """s3fs's file system of the moment, imported when a query first names S3."""

        protocol = (_NAME, "s3", "s3a", "s3n")
        cachable = False

        def __getattribute__(self, name: str) -> Any:
            if name in {"protocol", "_cached", "async_impl", "__class__"}:
                return object.__getattribute__(self, name)
            if find_spec("s3fs") is None:
                raise ModuleNotFoundError(
                    "duckdb reaches aiomoto's mock by s3fs: pip install 'aiomoto[s3fs]'"
                )
            if name == "ls":
                return _ls
            return getattr(_s3fs(), name)

    return S3


def _s3fs() -> Any:
    import fsspec

    return fsspec.filesystem("s3", use_listings_cache=False)  # duckdb lists anew for every query


def _ls(*args: Any, **kwargs: Any) -> Any:
    """List a directory, which on S3 need not exist."""
    try:
        return _s3fs().ls(*args, **kwargs)
    except FileNotFoundError:
        return []


_readers.wear(_Connections(), _equip)
