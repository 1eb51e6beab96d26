"""Who gets which endpoint: clients of this process, native readers, other processes.

The rules of `auto_endpoint`, and what stands in the environment while a server is to be found by
code that no Python patch reaches. Sets nothing itself.
"""

from __future__ import annotations

import os
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from aiomoto._activation import FAKE_KEY, FAKE_SECRET, state
from aiomoto._gateway import MARK, around_proxies
from aiomoto._layers import ABSENT, Variable
from aiomoto.errors import (
    AutoEndpointError,
    ServerModeConfigurationError,
    ServerModeEndpointError,
    ServerModePortError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiomoto._server import Server

REGION = "us-east-1"  # of a client that has none
LOCALHOST = "127.0.0.1"
_LAST_PORT = 65535


class AutoEndpointMode(str, Enum):
    """Which clients are led to the server in server mode."""

    FORCE = "force"
    """All of them, whatever endpoint they were given."""
    IF_MISSING = "if_missing"
    """Those without an endpoint of their own, by argument, environment or profile."""
    DISABLED = "disabled"
    """None: only a client that names the server's endpoint reaches it."""


class Target(NamedTuple):
    """Where server mode leads.

    Attributes:
        server: the server.
        mode: which clients are led there.
        region: for clients that have none of their own.
    """

    server: Server
    mode: AutoEndpointMode
    region: str

    @property
    def endpoint(self) -> str:
        """The server's URL, such as ``http://127.0.0.1:40123``."""
        return self.server.endpoint


class Options(NamedTuple):
    """What `mock_aws` was asked for in server mode: None for what it was not told.

    Attributes:
        joins: the URL of a running server to join.
        mode: which clients are led to it.
    """

    joins: str | None
    mode: AutoEndpointMode | None


def check_options(
    *,
    server_mode: bool,
    server_port: int | None,
    server_endpoint: str | None,
    auto_endpoint: AutoEndpointMode | str | None,
    config: object,
) -> Options | None:
    """Return the options of server mode, None for an in-process mock.

    Raises:
        AutoEndpointError: `auto_endpoint` has no such value, or the mock is in-process.
        ServerModeConfigurationError: these options do not go together.
        ServerModeEndpointError: `server_endpoint` is no ``http://host:port``.
        ServerModePortError: `server_port` is no port.
    """
    mode = None if auto_endpoint is None else _mode(auto_endpoint)
    if not server_mode:
        if server_port is not None or server_endpoint is not None:
            given = "server_port" if server_endpoint is None else "server_endpoint"
            raise ServerModeConfigurationError(
                f"{given} was given without server_mode=True. Add it to join that server, or "
                f"leave out {given} to mock in this process."
            )
        if mode not in {None, AutoEndpointMode.DISABLED}:
            raise AutoEndpointError(
                f"auto_endpoint={mode.value!r} was given without server_mode=True: in-process "
                "clients keep their endpoints and are mocked all the same. Leave it out, or add "
                "server_mode=True."
            )
        return None
    if config is not None:
        raise ServerModeConfigurationError(
            "config was given with server_mode=True, but it configures in-process mocks. Leave it "
            "out; a server is configured by POST to /moto-api/config, and AIOMOTO_PASSTHROUGH "
            "names the URLs that may be reached."
        )
    if server_port is not None and server_endpoint is not None:
        raise ServerModeConfigurationError(
            f"server_port={server_port!r} and server_endpoint={server_endpoint!r} were both given: "
            "give one of them. server_port means a server on this machine."
        )
    if server_port is not None:
        return Options(f"http://{LOCALHOST}:{check_port(server_port)}", mode)
    return Options(None if server_endpoint is None else _endpoint(server_endpoint), mode)


def _mode(value: AutoEndpointMode | str) -> AutoEndpointMode:
    try:
        return AutoEndpointMode(value)
    except ValueError:
        allowed = ", ".join(repr(mode.value) for mode in AutoEndpointMode)
        raise AutoEndpointError(f"auto_endpoint={value!r} is not one of {allowed}.") from None


def check_port(port: object) -> int:
    """Return a port.

    Raises:
        ServerModePortError: it is none.
    """
    if type(port) is not int or not 0 < port <= _LAST_PORT:
        raise ServerModePortError(
            f"The port {port!r} is not a whole number from 1 to {_LAST_PORT}."
        )
    return port


def _endpoint(url: object) -> str:
    """Return the URL of a server in its plain form."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        port = parts.port
    except ValueError:
        raise ServerModePortError(
            f"server_endpoint={url!r} has no port from 1 to {_LAST_PORT}."
        ) from None
    plain = f"{parts.scheme}://{parts.netloc}"
    extra = parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or extra:
        raise ServerModeEndpointError(
            f"server_endpoint={url!r} is not a URL of the form http://host:port, such as "
            "http://127.0.0.1:5000."
        )
    return plain


def is_same(one: str, other: str) -> bool:
    """Return whether two URLs of servers mean the same address."""
    return _address(one) == _address(other)


def _address(endpoint: str) -> tuple[str | None, int | None]:
    parts = urlsplit(endpoint)
    return LOCALHOST if parts.hostname == "localhost" else parts.hostname, parts.port


def chosen(target: Target, own: Callable[[], str | None]) -> str | None:
    """Return the endpoint that a client is to be given, None where it keeps its own.

    Parameters:
        target: where server mode leads.
        own: returns the client's endpoint, by argument, environment or profile.
    """
    if target.mode is AutoEndpointMode.FORCE:
        return target.endpoint
    if target.mode is AutoEndpointMode.IF_MISSING and own() is None:
        return target.endpoint
    return None


# What would lead a child or a native reader elsewhere, whatever the endpoint.
_MISLEADING = (
    "AWS_DEFAULT_PROFILE",
    "AWS_PROFILE",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
)
_IGNORE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"
_URL = "AWS_ENDPOINT_URL"


def exports(
    endpoint: str, region: str, mode: AutoEndpointMode, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Return the variables that lead children and native readers to a server.

    Parameters:
        endpoint: the server's URL.
        region: for those that have none of their own.
        mode: whether endpoints in the environment are replaced, completed or left alone.
        environ: the environment as the user has it.

    Returns:
        What to set in the environment, with ABSENT for what has to go.
    """
    variables: dict[str, Any] = {
        **dict.fromkeys(_MISLEADING, ABSENT),
        "AWS_ACCESS_KEY_ID": FAKE_KEY,
        "AWS_SECRET_ACCESS_KEY": FAKE_SECRET,
        "AWS_ALLOW_HTTP": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": environ.get("AWS_REGION") or region,
        **around_proxies(urlsplit(endpoint).hostname or "", environ),
    }
    own = {name for name in environ if name == "AWS_ENDPOINT" or name.startswith(_URL)}
    ignored = mode is not AutoEndpointMode.DISABLED and environ.get(_IGNORE, "").lower() == "true"
    if mode is AutoEndpointMode.FORCE or ignored:
        stale = own
    else:
        stale = {name for name in own if environ[name] == environ.get(MARK)}  # of a parent's mock
    variables.update(dict.fromkeys(stale, ABSENT))
    if mode is not AutoEndpointMode.DISABLED:
        variables.update({_IGNORE: ABSENT, MARK: endpoint})
        if _URL not in own - stale:
            variables[_URL] = endpoint
    return variables


def users(name: str, value: str | None) -> str | None:
    """Return a variable as the user has it, for botocore's own look-ups in this process.

    What a mock exports is meant for others: here the user's endpoints, profile and region hold.

    Parameters:
        name: the name of the variable.
        value: what the environment holds now.
    """
    exported = state.exported.get(name, state)
    if exported is state or (None if exported is ABSENT else exported) != value:
        return value  # not exported, or changed since
    found = _before(name)
    return None if found == _before(MARK) else found  # a parent's mock


def _before(name: str) -> str | None:
    """Return what a variable held before any mock set it."""
    variable = Variable(name)
    for layer in (state.ambient, *state.layers):
        if layer is not None and variable in layer.found:
            value: Any = layer.found[variable]
            return None if value is ABSENT else str(value)
    return os.environ.get(name)
