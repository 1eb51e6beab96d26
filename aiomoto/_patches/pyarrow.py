"""The patches of pyarrow: URLs of S3 and `S3FileSystem` lead to the gateway.

What is made in C++ has no Python to patch. But Cython looks up by name, for every call, the
functions that it has from Python: with these any binding of `FileSystem.from_uri` is reached.
"""

from __future__ import annotations

from threading import local
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from aiomoto import _readers
from aiomoto._activation import state
from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

_thread = local()  # "leading": S3FileSystem is being made by `make`


def stringify_path(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`_stringify_path` of `pyarrow._fs`: the URL that `from_uri` parses.

    Also that of datasets, of parquet and of every other function that takes a URL.
    """
    path = wrapped(*args, **kwargs)
    if is_on() and isinstance(path, str) and path.lower().startswith("s3://"):
        return _led_url(path)
    return path


def _led_url(url: str) -> str:
    """Return a URL of S3 with endpoint, region and credentials for the mock."""
    base, _, query = url.partition("?")
    scheme, _, rest = base.partition("://")
    netloc, slash, path = rest.partition("/")
    options = dict(parse_qsl(query, keep_blank_values=True))
    user, _, bucket = netloc.rpartition("@")
    place = _readers.lead(_own(options))
    if place is None:
        return url
    options.update(endpoint_override=place.host, scheme="http")
    options.setdefault("region", place.region)
    user = user or f"{quote(place.access_key, '')}:{quote(place.secret_key, '')}"
    return f"{scheme}://{user}@{bucket}{slash}{path}?{urlencode(options)}"


def _own(options: dict[str, Any]) -> str | None:
    """Return the endpoint that the user has given by options, as a URL."""
    host = options.get("endpoint_override")
    return f"{options.get('scheme') or 'https'}://{host}" if host else None


def make(filesystem: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Make an `S3FileSystem`, of the mock while one is active.

    Parameters:
        filesystem: the class, or the ``__init__`` of an instance.
        args: for it.
        kwargs: what the user has given.
    """
    place = _readers.lead(_own(kwargs)) if is_on() else None
    if place is not None:
        kwargs = {key: value for key, value in kwargs.items() if key not in _MISLEADING}
        kwargs.update(endpoint_override=place.host, scheme="http")
        kwargs["region"] = kwargs.get("region") or place.region
        if not any(kwargs.get(key) for key in ("access_key", "secret_key", "anonymous")):
            kwargs.update(access_key=place.access_key, secret_key=place.secret_key)
    outer, _thread.leading = getattr(_thread, "leading", False), True
    try:
        return filesystem(*args, **kwargs)
    finally:
        _thread.leading = outer


# A role would be asked for from AWS.
_MISLEADING = frozenset(
    {"force_virtual_addressing", "proxy_options", "role_arn", "tls_ca_file_path"}
)


def ensure_s3_initialized(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`ensure_s3_initialized`: the first that `S3FileSystem` does, by whatever name it is called.

    It cannot be led from here, but it can be refused where the gateway is off.
    """
    if is_on() and state.server is None and not getattr(_thread, "leading", False):
        _readers.lead()
    return wrapped(*args, **kwargs)
