"""The patches by which clients of this process overlook what the gateway exports for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto._gateway import gateway

if TYPE_CHECKING:
    from collections.abc import Callable


def service_endpoint(wrapped: Callable[..., Any], provider: Any, args: Any, kwargs: Any) -> Any:
    """`_get_endpoint_url_environment_service`: what the user has set."""
    found = wrapped(*args, **kwargs)
    if gateway.off is not None or found != gateway.address:
        return found
    return gateway.users(provider._get_service_env_var_name())


def global_endpoint(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`_get_endpoint_url_environment_global`: what the user has set."""
    found = wrapped(*args, **kwargs)
    if gateway.off is not None or found != gateway.address:
        return found
    return gateway.users("AWS_ENDPOINT_URL")


def ignore_configured_endpoint_urls(
    wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any
) -> Any:
    """`ClientArgsCreator._ignore_configured_endpoint_urls`: the user's setting, though hidden."""
    found = wrapped(*args, **kwargs)
    client_config = args[0] if args else kwargs["client_config"]
    own = getattr(client_config, "ignore_configured_endpoint_urls", None)
    if gateway.off is not None or own is not None:
        return found
    return found or _is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")


def metadata_fetcher_init(
    wrapped: Callable[..., Any], fetcher: Any, args: Any, kwargs: Any
) -> None:
    """`IMDSFetcher.__init__`: disabled only where the user has disabled it."""
    wrapped(*args, **kwargs)
    if gateway.off is None and "env" not in kwargs and len(args) < _ENV:
        fetcher._disabled = _is_true("AWS_EC2_METADATA_DISABLED")


_ENV = 4  # as a positional argument `env` is the fourth


def _is_true(name: str) -> bool:
    return (gateway.users(name) or "").lower() == "true"
