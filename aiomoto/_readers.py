"""Where a native reader is led while a mock is active: libraries that do their own HTTP.

The rule of endpoints is that of clients. In-process whatever the user names is mocked, but for
what moto's passthrough lets out and for the address of a moto server; in server mode
`auto_endpoint` says. Who is led is told all it needs, and takes nothing from the environment, nor
from a cache that was filled before the mock.
"""

from __future__ import annotations

import os
import re
import sys
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

from aiomoto import _endpoints, _gateway, _servers
from aiomoto._activation import FAKE_KEY, FAKE_SECRET, state
from aiomoto.errors import AiomotoError, RealHTTPRequestBlockedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aiomoto._endpoints import Target
    from aiomoto._layers import Slot

state.wear(_gateway.gateway, None)  # before what a reader's patches set, who ask for its address

NOWHERE = "http://aiomoto-refuses.localhost:1"
_S3 = re.compile(r"s3[an]?://", re.IGNORECASE)


class Place(NamedTuple):
    """What a reader is given in place of its own.

    Attributes:
        url: the endpoint, such as ``http://127.0.0.1:40123``.
        access_key: for a reader that has no credentials.
        secret_key: the same.
        region: for a reader that has none.
    """

    url: str
    access_key: str
    secret_key: str
    region: str

    @property
    def host(self) -> str:
        """The endpoint without its scheme."""
        return self.url.partition("://")[2]


def lead(own: str | None = None) -> Place | None:
    """Return where a reader is led while a mock is active, None where it keeps its own endpoint.

    Parameters:
        own: the endpoint that the user gave to the reader.

    Raises:
        GatewayError: the gateway is off.
        RealHTTPRequestBlockedError: the reader would leave this machine in server mode, or the
            ambient mock refuses all requests.
        ServerModeHealthcheckError: the server of this process has died.
    """
    if state.refusal is not None and not state.layers:
        raise RealHTTPRequestBlockedError(f"aiomoto refused to read from AWS: {state.refusal}")
    if state.server is not None:
        return _lead_to_server(state.server, own)
    if own is not None and (_servers.is_server(own) or _passes(own)):
        return None
    return _place(_gateway.address())


def _lead_to_server(target: Target, own: str | None) -> Place | None:
    url = _endpoints.chosen(target, lambda: own)
    if url is not None:
        target.server.check_alive()
        return _place(url, target.region)
    why = None
    if own is None or not _passes(own):
        why = _servers.why_not(f"{own or 'https://s3.amazonaws.com'}/", target)
    if why is not None:
        raise RealHTTPRequestBlockedError(f"aiomoto refused to read from AWS: {why}")
    return None


def _place(url: str, region: str = _endpoints.REGION) -> Place:
    return Place(
        url,
        os.environ.get("AWS_ACCESS_KEY_ID") or FAKE_KEY,
        os.environ.get("AWS_SECRET_ACCESS_KEY") or FAKE_SECRET,
        os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or region,
    )


def wear(slot: Slot, value: Any) -> None:
    """Have a slot set whenever mocks are active, and when a mock of the whole process is wished.

    A native reader may be the first to need that: then the gateway starts it.
    """
    state.wear(slot, value)
    if state.on and state.start_ambient is not None:
        slot.set(value)


def lead_or_nowhere() -> Place:
    """Return where a reader is led that names no endpoint and whose calls cannot be refused.

    Where `lead` raises, that is an address of this machine that nobody answers.
    """
    try:
        place = lead()
    except AiomotoError:
        place = None
    return place or _place(NOWHERE)


def is_here(url: str | None) -> bool:
    """Return whether a thread of this process answers at an endpoint."""
    target = state.server
    here = _gateway.gateway.address
    if target is not None:
        here = None if target.server.http is None else target.endpoint
    return url is not None and url == here


def _passes(url: str) -> bool:
    """Return whether moto's passthrough, or AIOMOTO_PASSTHROUGH, lets an endpoint out."""
    config: Any = sys.modules.get("moto.core.config")
    core = {} if config is None else config.default_user_config.get("core", {})
    named = core.get("passthrough", {})
    patterns = [*state.passthrough, *named.get("urls", ())]
    return "s3" in named.get("services", ()) or any(re.match(one, url) for one in patterns)


def names_s3(text: Any) -> bool:
    """Return whether a text holds a URL of S3."""
    return isinstance(text, str) and _S3.search(text) is not None


def is_s3(source: Any) -> bool:
    """Return whether a path, a list of them or a partitioned target leads to S3."""
    return any(_S3.match(url) for url in _urls(source))


def _urls(source: Any) -> Iterator[str]:
    if isinstance(source, str):
        yield source
    elif isinstance(source, (list, tuple)):
        for one in source[:1]:
            yield from _urls(one)


def call_led(
    wrapped: Callable[..., Any],
    args: Any,
    kwargs: Any,
    name: str,
    complete: Callable[[Any], Any],
) -> Any:
    """Call a function with settings that lead to the mock, if one of its arguments is on S3.

    Parameters:
        wrapped: the function.
        args: what it was called with.
        kwargs: the same.
        name: of its parameter with the settings.
        complete: returns the settings to use, given the user's.
    """
    bound = signature(wrapped).bind(*args, **kwargs)
    if any(map(is_s3, bound.arguments.values())):
        bound.arguments[name] = complete(bound.arguments.get(name))
    return wrapped(*bound.args, **bound.kwargs)


ENDPOINT = "aws_endpoint_url"  # under which `complete` puts it

# What object_store takes for one setting, in any case and with `aws_` in front or not.
_ENDPOINTS = frozenset({"endpoint", "endpoint_url", "endpoint_url_s3"})
_CREDENTIALS = frozenset(
    {
        "access_key_id",
        "profile",
        "secret_access_key",
        "session_token",
        "skip_signature",
        "token",
    }
)
_REGIONS = frozenset({"default_region", "region"})
# They lead elsewhere, whatever the endpoint.
_MISLEADING = frozenset(
    {"allow_http", "proxy_url", "s3_express", "virtual_hosted_style_request"} | _ENDPOINTS
)


def complete(options: Mapping[str, Any] | None, *, credentials: bool = True) -> dict[str, Any]:
    """Return options of object_store, which most libraries in Rust use, that lead to the mock.

    Parameters:
        options: what the user gave.
        credentials: the reader has none from elsewhere.

    Raises:
        GatewayError: the gateway is off.
    """
    given = dict(options or {})
    own = next((value for key, value in given.items() if _plain(key) in _ENDPOINTS), None)
    place = lead(None if own is None else str(own))
    if place is None:
        return given
    kept = {key: value for key, value in given.items() if _plain(key) not in _MISLEADING}
    names = {_plain(key) for key in kept}
    kept.update({ENDPOINT: place.url, "aws_allow_http": "true"})
    if not names & _REGIONS:
        kept["aws_region"] = place.region
    if credentials and not names & _CREDENTIALS:
        kept.update(aws_access_key_id=place.access_key, aws_secret_access_key=place.secret_key)
    return kept


def _plain(key: str) -> str:
    return key.lower().removeprefix("aws_")
