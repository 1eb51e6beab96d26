"""The patches of pandas: what pyarrow would do natively goes through s3fs, where that is installed.

Without s3fs the native way is left alone.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

# What pyarrow takes for a URL; it decodes the path and drops the rest. For others pandas itself
# turns to fsspec, which takes them as they are.
_URL = re.compile(
    r"""s3://
    ([^@/?\#]*@)?                               # access key and secret
    (?P<bucket>[\w.~!$&'()*+,;=-]+) (:\d*)?
    (?P<path>(/([\w.~!$&'()*+,;=:@-]|%[\da-f]{2})*)*)
    (\?(?P<query>[^\#]*))?
    (\#.*)?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_OPTIONS = frozenset({"endpoint_override", "region", "scheme"})


def get_path_or_handle(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`_get_path_or_handle` of `pandas.io.parquet`: the file system that pyarrow is to use."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _get_path_or_handle(wrapped, *args, **kwargs)


def _get_path_or_handle(
    wrapped: Callable[..., Any],
    path: Any,
    fs: Any,
    storage_options: dict[str, Any] | None = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    if fs is None and storage_options is None and _is_native(path) and not _is_replaced():
        native = native_path(path)
        if native is not None:
            return native, None, _filesystem()
        storage_options = {}
    return wrapped(path, fs, storage_options, *args, **kwargs)


def is_fsspec_url(wrapped: Callable[..., bool], _: Any, args: Any, kwargs: Any) -> bool:
    """`is_fsspec_url` of `pandas.io.orc`: not for a URL that s3fs has opened already."""
    return wrapped(*args, **kwargs) and not (is_on() and _is_native(*args, **kwargs))


def native_path(url: str) -> str | None:
    """Return bucket and key as pyarrow reads them from a URL, None where it refuses the URL."""
    match = _URL.fullmatch(url)
    if match is None or not _OPTIONS.issuperset(parse_qs(match["query"] or "")):
        return None
    return (match["bucket"] + unquote(match["path"])).rstrip("/")


def _is_native(url: Any) -> bool:
    return isinstance(url, str) and url.startswith("s3://") and find_spec("s3fs") is not None


def _is_replaced() -> bool:
    """Return whether a test has put something in the place of what pandas asks of pyarrow."""
    from pyarrow import fs

    return fs.FileSystem not in fs.PyFileSystem.__mro__


def _filesystem() -> Any:
    from pyarrow.fs import PyFileSystem
    from s3fs import S3FileSystem

    # Natively nothing is listed from a cache either.
    return PyFileSystem(_handler()(S3FileSystem(use_listings_cache=False)))


@cache
def _handler() -> type[Any]:
    from pyarrow.fs import FSSpecHandler

    class Handler(FSSpecHandler):  # type: ignore[misc]  # pyarrow is not typed
        """s3fs with the directories of pyarrow's own S3 file system."""

        def get_file_info_selector(self, selector: Any) -> list[Any]:
            """List a directory without the empty objects that mark directories."""
            infos = super().get_file_info_selector(selector)
            return [info for info in infos if not info.path.endswith("/")]

        def create_dir(self, path: str, recursive: bool) -> None:
            """Mark a directory, and those around it, in a bucket that must exist."""
            bucket, *names = path.strip("/").split("/")
            if not self.fs.exists(bucket):
                raise OSError(
                    f"Bucket {bucket!r} not found. To create buckets, enable the "
                    "allow_bucket_creation option."
                )
            for depth in range(0 if recursive else len(names) - 1, len(names)):
                key = "/".join(names[: depth + 1]) + "/"
                self.fs.call_s3("put_object", Bucket=bucket, Key=key)

    return Handler
