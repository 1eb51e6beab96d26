"""The patches by which clients of this process get their endpoints.

In server mode the server's; what is exported for other processes they overlook.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aiomoto._activation import state
from aiomoto._endpoints import chosen, users
from aiomoto._gateway import gateway

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiomoto._endpoints import Target


_CREATE_CLIENT = (
    "service_name",
    "region_name",
    "is_secure",
    "endpoint_url",
    "verify",
    "credentials",
    "scoped_config",
    "api_version",
    "client_config",
    "auth_token",
)


def create_client(wrapped: Callable[..., Any], creator: Any, args: Any, kwargs: Any) -> Any:
    """`ClientCreator.create_client`, sync and async: server mode leads the client to the server.

    Behind the sessions, whose methods users replace: boto3's resources, aioboto3 and s3fs pass too.
    """
    target = state.server
    if target is None:
        return wrapped(*args, **kwargs)
    given = {**dict(zip(_CREATE_CLIENT, args, strict=False)), **kwargs}
    return wrapped(**_lead(target, creator, given))


def _lead(target: Target, creator: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Return what a client is to be made from in server mode."""
    config = given.get("client_config")
    region = given.get("region_name") or target.region
    endpoint = chosen(
        target, lambda: given.get("endpoint_url") or _configured_endpoint(creator, config)
    )
    if endpoint is None:
        return {**given, "region_name": region}
    fitted = _fit(config)
    return {**given, "region_name": region, "endpoint_url": endpoint, "client_config": fitted}


def _configured_endpoint(creator: Any, config: Any) -> str | None:
    """Return the endpoint that the user's environment or profile names for a client."""
    store = creator._config_store
    ignore = getattr(config, "ignore_configured_endpoint_urls", None)
    if ignore is None:
        ignore = store.get_config_variable("ignore_configured_endpoint_urls")
    endpoint: str | None = None if ignore else store.get_config_variable("endpoint_url")
    return endpoint


def _fit(config: Any) -> Any:
    """Return a client's configuration without what leads elsewhere than to one plain address.

    Payloads need no signature either: over https botocore would not sign them.
    """
    from botocore.config import Config

    s3 = {
        "payload_signing_enabled": False,
        **(getattr(config, "s3", None) or {}),
        "addressing_style": "path",
        "use_accelerate_endpoint": False,
        "use_dualstack_endpoint": False,
    }
    ours = Config(s3=s3, proxies={})
    return ours if config is None else config.merge(ours)


def resolve_request_checksum_algorithm(
    wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any
) -> None:
    """`resolve_request_checksum_algorithm`: a checksum may come behind the body, as over https."""
    wrapped(*args, **kwargs)
    if state.server is not None:
        _put_checksum_behind(*args, **kwargs)


def _put_checksum_behind(request: Any, operation_model: Any, *_: Any, **__: Any) -> None:
    config = request["context"]["client_config"]
    algorithm = request["context"].get("checksum", {}).get("request_algorithm")
    if (
        isinstance(algorithm, dict)
        and operation_model.has_streaming_input
        and config.signature_version != "s3"
        and not _can_be_read_before(request["body"], config)
    ):
        algorithm["in"] = "trailer"


def _can_be_read_before(body: Any, config: Any) -> bool:
    """Return whether the checksum of a body may stand in front of it, which takes less time.

    Not for async clients: some of their backends take only what is wrapped for a checksum behind.
    """
    if hasattr(config, "connector_args"):  # aiobotocore's
        return False
    return isinstance(body, (bytes, bytearray)) or hasattr(body, "seek")


def provide(wrapped: Callable[..., Any], provider: Any, args: Any, kwargs: Any) -> Any:
    """`EnvironmentProvider.provide`: the variables as the user has them, not as we export them."""
    value = gateway.users(provider._name, wrapped(*args, **kwargs))
    return users(provider._name, value) if state.exported else value


def metadata_fetcher_init(
    wrapped: Callable[..., Any], fetcher: Any, args: Any, kwargs: Any
) -> None:
    """`IMDSFetcher.__init__`: disabled only where the user has disabled it."""
    wrapped(*args, **kwargs)
    if gateway.off is None and "env" not in kwargs and len(args) < _ENV:
        theirs = gateway.users(_NO_METADATA, os.environ.get(_NO_METADATA))
        fetcher._disabled = (theirs or "").lower() == "true"


_ENV = 4  # as a positional argument `env` is the fourth
_NO_METADATA = "AWS_EC2_METADATA_DISABLED"
