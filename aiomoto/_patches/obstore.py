"""The patch of obstore: stores of S3 are those of the mock, however they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto import _readers
from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

# Of `S3Store`; all others are settings, as in `config`.
_NAMED = frozenset({"client_options", "config", "credential_provider", "prefix", "retry_config"})


def s3_store_new(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`S3Store.__new__`: by the class, a subclass, `from_url` or a pickle."""
    return _s3_store_new(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _s3_store_new(wrapped: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    named = {key: value for key, value in kwargs.items() if key in _NAMED}
    settings = {key: value for key, value in kwargs.items() if key not in _NAMED}
    settings.update(named.get("config") or {})
    config = _readers.complete(settings, credentials=named.get("credential_provider") is None)
    if config != settings:
        config.pop("aws_allow_http")  # a setting of the client here
        client_options = dict(named.get("client_options") or {})
        client_options.pop("proxy_url", None)
        named["client_options"] = {**client_options, "allow_http": True}
    return wrapped(*args, **{**named, "config": config})
