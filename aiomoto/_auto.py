"""What the variables beside ``AIOMOTO_AUTO`` ask for: one for each option of `mock_aws`.

Loaded at interpreter start where one of them is set, so it imports little.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from aiomoto import _endpoints
from aiomoto._activation import state
from aiomoto._endpoints import AutoEndpointMode
from aiomoto._layers import ABSENT, Attribute, Variable
from aiomoto.errors import AiomotoError, ServerModeConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiomoto._endpoints import Options
    from aiomoto._layers import Layer

_ENDPOINT = "AIOMOTO_SERVER_ENDPOINT"


class Wish(NamedTuple):
    """How a whole process is to be mocked.

    Attributes:
        options: of server mode; None in-process.
        config: moto's configuration.
        reset: drop the data of a server that is joined, at first.
        remove_data: drop them at last.
    """

    options: Options | None = None
    config: Mapping[str, Any] = {}
    reset: bool = False
    remove_data: bool = False


def read(mode: str) -> Wish:
    """Return what the environment asks for.

    Parameters:
        mode: ``in-process``; ``server``, which may be one that runs; ``server-per-process``.

    Raises:
        AiomotoError: a variable has a value that it cannot have.
    """
    config = _config()
    if mode == "in-process":
        return Wish(None, config)
    endpoint, port = (os.environ.get(name) for name in (_ENDPOINT, "AIOMOTO_SERVER_PORT"))
    if mode == "server-per-process":
        endpoint = port = None
    elif endpoint and port and endpoint.rstrip("/").endswith(f":{port}"):
        port = None  # a parent process has set both
    options = _endpoints.check_options(
        server_mode=True,
        server_port=(int(port) if port.isdigit() else port) if port else None,  # type: ignore[arg-type]
        server_endpoint=endpoint or None,
        auto_endpoint=os.environ.get("AIOMOTO_AUTO_ENDPOINT") or None,
        config=config or None,
    )
    return Wish(options, config, _flag("AIOMOTO_RESET"), _flag("AIOMOTO_REMOVE_DATA"))


def _config() -> dict[str, Any]:
    text = os.environ.get("AIOMOTO_CONFIG") or "{}"
    try:
        config = json.loads(text)
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise AiomotoError(
            f"AIOMOTO_CONFIG={text!r} is no JSON object of moto's configuration, such as "
            '{"lambda": {"use_docker": false}}'
        )
    return config


def _flag(name: str) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"", "0", "false", "no", "off"}:
        return False
    raise ServerModeConfigurationError(
        f"{name}={os.environ[name]!r} is not one of 1/true/yes/on or 0/false/no/off"
    )


def hides_credentials(wish: Wish) -> bool:
    """Return whether the user's credentials are to be hidden, as moto's configuration has it."""
    return wish.config.get("core", {}).get("mock_credentials", True) is not False


def export_known(ambient: Layer, wish: Wish) -> bool:
    """Lead native readers and children to a server that runs already; return whether it does."""
    if wish.options is None or wish.options.joins is None:
        return False
    region = os.environ.get("AWS_DEFAULT_REGION") or _endpoints.REGION
    mode = wish.options.mode or AutoEndpointMode.FORCE
    export_first(ambient, _endpoints.exports(wish.options.joins, region, mode, os.environ))
    return True


def export_first(ambient: Layer, variables: Mapping[str, Any]) -> None:
    """Set variables for other processes on behalf of the ambient mock.

    What a parent process has exported is not the user's: it counts as absent.
    """
    parents = os.environ.get(_ENDPOINT)
    export(ambient, variables)
    for slot, found in ambient.found.items():
        if isinstance(slot, Variable) and slot.name.startswith("AWS_") and found == parents:
            ambient.found[slot] = ABSENT


def export(layer: Layer, variables: Mapping[str, Any]) -> None:
    """Set variables for other processes, for as long as a layer lasts."""
    for name, value in variables.items():
        layer.set(Variable(name), value)
    layer.set(Attribute(state, "exported"), variables)
