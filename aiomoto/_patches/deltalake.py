"""The patches of deltalake: tables on S3 are those of the mock.

Some of its functions wait for S3 without giving way to other threads, such as the gateway: they
would wait for minutes. What they read is read otherwise here; those that also write are refused.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from aiomoto import _readers
from aiomoto._dispatch import is_on
from aiomoto.errors import InProcessModeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def with_storage_options(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """Every function that hands `storage_options` to deltalake's native part."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _readers.call_led(wrapped, args, kwargs, "storage_options", _readers.complete)


def is_deltatable(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`DeltaTable.is_deltatable`: whether it can be opened."""
    return (_is_deltatable if is_on() else wrapped)(*args, **kwargs)


def _is_deltatable(table_uri: Any, storage_options: dict[str, str] | None = None) -> bool:
    try:
        DeltaTable(table_uri, storage_options=storage_options)
    except TableNotFoundError:
        return False
    return True


def history(wrapped: Callable[..., Any], table: Any, args: Any, kwargs: Any) -> Any:
    """`DeltaTable.history`: what its log holds."""
    return _history(table, *args, **kwargs) if _is_mocked(table) else wrapped(*args, **kwargs)


def _history(table: Any, limit: int | None = None) -> list[dict[str, Any]]:
    return list(islice(_commits(table), limit))


def _commits(table: Any) -> Iterator[dict[str, Any]]:
    """Yield what the commits of a table tell of themselves, the newest first."""
    import boto3

    url = urlsplit(table.table_uri)
    log = f"{unquote(url.path).strip('/')}/_delta_log/"
    bucket = boto3.Session().resource("s3", region_name="us-east-1").Bucket(url.netloc)
    for version in range(table.version(), -1, -1):
        key = f"{log}{version:020}.json"
        if not list(bucket.objects.filter(Prefix=key)):
            return  # cleaned up
        actions = map(json.loads, bucket.Object(key).get()["Body"].iter_lines())
        infos = (action["commitInfo"] for action in actions if "commitInfo" in action)
        yield {**next(infos, {}), "version": version}


def refuse(wrapped: Callable[..., Any], owner: Any, args: Any, kwargs: Any) -> Any:
    """Methods of a table, or of ``table.alter``, that would wait for ever."""
    if _is_mocked(getattr(owner, "table", owner)):
        raise InProcessModeError(
            f"deltalake's {wrapped.__name__}() waits for S3 without giving way to other threads: "
            "the mock, which is in this process, cannot answer it. Call it in a child process, or "
            "run the mock in another process: mock_aws(server_mode=True, server_endpoint=...)."
        )
    return wrapped(*args, **kwargs)


def _is_mocked(table: Any) -> bool:
    """Return whether a table was led to a thread of this process."""
    options = table._storage_options or {}
    return is_on() and _readers.is_here(options.get(_readers.ENDPOINT))
