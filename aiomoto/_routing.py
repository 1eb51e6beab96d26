"""Which URL moto must see so that a request reaches the backend of the client's own service.

In-process, a client's endpoint is mocked by its service and region, whatever its host: moto
routes by host name alone, and would let a custom endpoint out, or send it to another service.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from botocore.regions import EndpointResolver


def route(url: str, endpoint: str, prefix: str, region: str | None) -> str:
    """Return the URL as the service's own endpoint has it.

    Parameters:
        url: the URL of the request.
        endpoint: the endpoint URL of its client.
        prefix: the service's endpoint prefix, such as ``s3`` or ``email``.
        region: the client's region.
    """
    parts = urlsplit(url)
    found = _rewritten(parts.netloc, endpoint, prefix, region or "us-east-1")
    if found is None:
        return url
    netloc, base = found
    path = parts.path.removeprefix(base)
    return urlunsplit((parts.scheme, netloc, path or "/", parts.query, ""))


@lru_cache(maxsize=1024)
def _rewritten(netloc: str, endpoint: str, prefix: str, region: str) -> tuple[str, str] | None:
    """Return the host moto must see and the base path to take off, None where nothing changes.

    What stands before the endpoint's own host stays: a bucket, an account id, ``data-``.
    """
    own = urlsplit(endpoint)
    natural = {f"{prefix}.{region}.amazonaws.com", f"{prefix}.amazonaws.com"}
    if own.netloc in natural or not netloc.endswith(own.netloc):
        return None
    found = _resolver().construct_endpoint(prefix, region) or {}
    if own.netloc == found.get("hostname") and own.path in {"", "/"}:
        return None
    # moto knows the domains of other partitions by this one's.
    name = found.get("hostname", "").replace(found.get("dnsSuffix", ""), "amazonaws.com")
    host = name if service_of(f"https://{name}/") else f"{prefix}.{region}.amazonaws.com"
    return netloc[: len(netloc) - len(own.netloc)] + host, own.path.rstrip("/")


@cache
def _resolver() -> EndpointResolver:
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    return EndpointResolver(create_loader().load_data("endpoints"))


def service_of(url: str) -> str | None:
    """Return the name of the moto backend that answers a URL, None where none does."""
    from moto.backends import get_service_from_url

    service: str | None = get_service_from_url(url)
    return service
