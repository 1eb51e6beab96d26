"""Which URL moto must see so that a request reaches the backend of the client's own service.

In-process, a client's endpoint is mocked by its service and region, whatever its host: moto
routes by host name alone, and would let a custom endpoint out, or send it to another service.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from aiomoto._memo import remember

if TYPE_CHECKING:
    from botocore.regions import EndpointResolver


def route(  # what a request knows of its client
    url: str, endpoint: str, service: str, prefix: str, region: str | None
) -> str:
    """Return the URL as the service's own endpoint has it.

    Parameters:
        url: the URL of the request.
        endpoint: the endpoint URL of its client.
        service: botocore's name of the service, such as ``s3`` or ``ses``.
        prefix: the service's endpoint prefix, such as ``s3`` or ``email``.
        region: the client's region.
    """
    parts = urlsplit(url)
    known = parts.netloc, endpoint, service, prefix, region or "us-east-1"
    found = remember((_rewritten, *known), lambda: _rewritten(*known))  # names a bucket, often
    if found is None:
        return url
    netloc, base = found
    path = parts.path.removeprefix(base)
    return urlunsplit((parts.scheme, netloc, path or "/", parts.query, ""))


def _rewritten(
    netloc: str, endpoint: str, service: str, prefix: str, region: str
) -> tuple[str, str] | None:
    """Return the host moto must see and the base path to take off, None where nothing changes.

    What stands before the endpoint's own host stays: a bucket, an account id, ``data-``. The
    host of a request may have no part of its client's endpoint, where botocore's rules for FIPS,
    dualstack or accelerate made it: then it is tried as it is, and by its first label.
    """
    own = urlsplit(endpoint)
    wanted = backend_of(service, prefix, region)
    names = _names(prefix, region)
    natural = own.netloc in _natural(prefix, region) and own.path in {"", "/"}
    if natural and netloc.endswith(own.netloc) and wanted in _backends(own.netloc, prefix):
        return None
    first = re.match(r"[\w-]+", netloc)
    label = first[0] if first else "data"
    hosts = [netloc, *names, *(f"{label}.{name}" for name in names)]
    if netloc.endswith(own.netloc):
        before = netloc.removesuffix(own.netloc)
        hosts[:0] = [] if natural else [before + name for name in names]
    elif not netloc.endswith(_suffixes()):
        return None  # neither the client's nor AWS's: somebody has changed the URL
    fitting = (host for host in hosts if wanted in _backends(host, prefix))
    # A host that is AWS's and no backend's: moto answers that it is not implemented.
    host = next(fitting, f"unknown-to-moto.{region}.amazonaws.com")
    base = own.path.rstrip("/")
    return None if host == netloc and not base else (host, base)


@cache
def backend_of(service: str, prefix: str, region: str) -> str | None:
    """Return the name of the moto backend for a service of botocore, None where moto has none.

    The backend of that name, or the first that knows the host of the service: docdb is in rds.
    """
    from moto.backend_index import backend_url_patterns

    name = service.replace("-", "")
    if any(name == backend for backend, _ in backend_url_patterns):
        return name
    known = (backends for host in _names(prefix, region) if (backends := _backends(host, prefix)))
    return next((backends[0] for backends in known), None)


@cache
def _names(prefix: str, region: str) -> tuple[str, ...]:
    """Return the hosts of a service, the likeliest first, as moto may know them."""
    found = _resolver().construct_endpoint(prefix, region) or {}
    own = found.get("hostname", "").replace(found.get("dnsSuffix", ""), "amazonaws.com")
    return (
        own,
        f"{prefix}.{region}.amazonaws.com",
        f"{prefix}.amazonaws.com",
        f"{prefix}.{region}.api.aws",
    )


@cache
def _natural(prefix: str, region: str) -> frozenset[str]:
    """Return the hosts of the standard endpoints, which moto may see as they are."""
    found = _resolver().construct_endpoint(prefix, region) or {}
    return frozenset({found.get("hostname", ""), *_names(prefix, region)[1:3]})


def _backends(host: str, prefix: str) -> tuple[str, ...]:
    """Return the names of the moto backends that know a host."""
    return remember((_backends, host, prefix), lambda: _find_backends(host, prefix))


def _find_backends(host: str, prefix: str) -> tuple[str, ...]:
    from moto.backend_index import backend_url_patterns

    url = f"https://{_in_this_partition(host)}/"
    return tuple(
        name
        for name, pattern in backend_url_patterns
        # moto takes every host with "s3" in it for a bucket's: s3files, s3-outposts.
        if (name != "s3" or prefix == "s3") and pattern.match(url)
    )


def _in_this_partition(host: str) -> str:
    """Return a host of another partition, such as China's, by the domain that moto knows."""
    for suffix in _suffixes():
        if host.endswith(suffix) and not suffix.startswith(".api."):
            return f"{host.removesuffix(suffix)}.amazonaws.com"
    return host


@cache
def _suffixes() -> tuple[str, ...]:
    """Return the domains of all partitions of AWS; those of dualstack begin with ``.api.``."""
    from botocore.loaders import create_loader

    partitions = create_loader().load_data("partitions")["partitions"]
    kinds = ("dnsSuffix", "dualStackDnsSuffix")
    return tuple({f".{partition['outputs'][kind]}" for partition in partitions for kind in kinds})


def is_aws(host: str) -> bool:
    """Return whether a host is AWS's, in any partition."""
    return host.endswith(_suffixes())


@cache
def _resolver() -> EndpointResolver:
    from botocore.loaders import create_loader
    from botocore.regions import EndpointResolver

    return EndpointResolver(create_loader().load_data("endpoints"))


def service_of(url: str) -> str | None:
    """Return the name of the moto backend that answers a URL, None where none does."""
    from moto.backends import get_service_from_url

    parts = urlsplit(url)
    service: str | None = get_service_from_url(
        f"{parts.scheme}://{_in_this_partition(parts.netloc)}{parts.path}"
    )
    return service
