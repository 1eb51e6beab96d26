"""Entering and leaving server mode: layers around one server for the whole process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from aiomoto import _backends, _endpoints, _lifecycle, _patches, _registry, _server, _startup
from aiomoto._activation import state
from aiomoto._auto import export, export_first
from aiomoto._endpoints import AutoEndpointMode, Target
from aiomoto._gateway import gateway
from aiomoto._layers import Attribute, Layer
from aiomoto.errors import (
    AutoEndpointError,
    ModeConflictError,
    ServerModeConfigurationError,
    ServerModeEndpointError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiomoto._endpoints import Options
    from aiomoto._server import Server

_NO_GATEWAY = "server mode has a server of its own. Use that"


class Stay:
    """One entry into server mode.

    Attributes:
        server: the server to which it leads.
    """

    def __init__(self, options: Options, reset: bool | None) -> None:
        """Enter server mode.

        Parameters:
            options: what was asked for.
            reset: start from nothing. None does so with a server of our own, but not with one
                that is joined; only the first of nested mocks resets a server of our own.

        Raises:
            AutoEndpointError: an outer mock has another `auto_endpoint`.
            ModeConflictError: an in-process mock is active.
            ServerModeConfigurationError: the registry of servers cannot be written.
            ServerModeDependencyError: the packages that moto's server needs are not installed.
            ServerModeEndpointError: an outer mock leads to another server.
            ServerModeHealthcheckError: no moto server answers.
        """
        if state.start_ambient is not None:
            state.start_ambient()
        self._options = options
        self._layer = Layer(self)
        _refuse_conflicts(options)
        joined = None
        if options.joins is not None and not _leads_to(options.joins):
            joined = _server.join(options.joins)  # may take seconds
        with _lifecycle._switching():
            _lifecycle._meet_stubber()
            _refuse_conflicts(options)
            self.server = self._enter(joined, reset)
        if options.joins is not None and reset:
            try:
                self.server.reset()
            except BaseException:
                self.stop(remove_data=False)
                raise

    def stop(self, remove_data: bool | None) -> None:
        """Leave server mode.

        Parameters:
            remove_data: drop what was made. None does so with a server of our own, but not with
                one that was joined; only the last of nested mocks drops the data of our own.
        """
        try:
            if self._options.joins is not None and remove_data:
                self.server.reset()
        finally:
            with state.lock, _lifecycle.uninterrupted(), _lifecycle._switching():
                self._leave(remove_data)

    def environ(self) -> dict[str, str]:
        """Return the variables by which another process finds the server."""
        target = state.server
        region = _endpoints.REGION if target is None else target.region
        found = variables(self.server, region, AutoEndpointMode.FORCE)
        return {name: value for name, value in found.items() if isinstance(value, str)}

    def _enter(self, joined: Server | None, reset: bool | None) -> Server:
        if state.layers and state.server is not None:
            _push(self._layer)
            return state.server.server
        setattr(self, _lifecycle.OWN_SLOTS, {gateway: _NO_GATEWAY})
        _lifecycle._park_ambient()
        state.stubber.enabled = False
        server = joined
        try:
            if server is None:
                if reset is not False:
                    _backends.drop()
                server = _own_server() or _server.start()
            _push(
                self._layer, Target(server, self._options.mode or AutoEndpointMode.FORCE, _region())
            )
        except BaseException:
            _let_go(server)
            _lifecycle._unpark_ambient()
            raise
        return server

    def _leave(self, remove_data: bool | None) -> None:
        last = len(state.layers) == 1
        try:
            state.remove(self._layer)
        finally:
            if last:
                own = self.server.http is not None
                _let_go(self.server)
                if own and remove_data is not False:
                    _backends.drop()
                _lifecycle._unpark_ambient()


def _push(layer: Layer, target: Target | None = None) -> None:
    """Add a layer; the first of them has a target, which it sets for all."""
    state.push(layer)
    try:
        exports = {} if target is None else variables(target.server, target.region, target.mode)
        if target is not None:
            layer.set(Attribute(state, "server"), target)  # what is worn may ask for it
        _lifecycle._set_up(layer, {}, first=target is not None)
        if target is not None:
            export(layer, exports)
            layer.set(Attribute(state, "passthrough"), _passthrough())
        _patches.check()
    except BaseException:
        state.remove(layer)
        raise


def lead_ambient(joined: Server | None, options: Options) -> Server:
    """Lead the whole process to a server, below all explicit mocks.

    Parameters:
        joined: the server that was joined; None to start one.
        options: what was asked for.
    """
    layer = cast("Layer", state.ambient)
    server = joined or _server.start()
    mode, region = options.mode or AutoEndpointMode.FORCE, _region()
    layer.set(gateway, _NO_GATEWAY)
    # Those of a server that ran at interpreter start are known, and gone with the gateway.
    export_first(layer, {**variables(server, region, mode), **state.exported})
    layer.set(Attribute(state, "server"), Target(server, mode, region))
    return server


def _let_go(server: Server | None) -> None:
    """Stop a server, unless the ambient mock goes on with it."""
    if server is not None and (state.server is None or state.server.server is not server):
        server.stop()


def variables(
    server: Server,
    region: str,
    mode: AutoEndpointMode,
    environ: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Return the variables that lead other processes to a server, with ABSENT for what must go.

    Parameters:
        server: the server.
        region: for clients that have none of their own.
        mode: which clients are led there.
        environ: the environment as the user has it; this process's by default.
    """
    return {
        **_endpoints.exports(
            server.endpoint, region, mode, os.environ if environ is None else environ
        ),
        "AIOMOTO_SERVER_ENDPOINT": server.endpoint,
        "AIOMOTO_SERVER_PORT": str(server.port),
        _registry.VARIABLE: _registry.directory(),
    }


def _passthrough() -> tuple[str, ...]:
    """Return what AIOMOTO_PASSTHROUGH lets out."""
    patterns = _startup.passthrough()
    problem = _startup.no_pattern(patterns)
    if problem is not None:
        raise ServerModeConfigurationError(f"{problem}. Mend it, or unset it.")
    return patterns


def _region() -> str:
    """Return the region for clients that have none of their own: the user's, if there is one."""
    from botocore.exceptions import ProfileNotFound
    from botocore.session import Session

    try:
        found: str | None = Session(include_builtin_handlers=False).get_config_variable("region")
    except ProfileNotFound:
        found = None
    return found or os.environ.get("AWS_REGION") or _endpoints.REGION


def _own_server() -> Server | None:
    """Return the server of this process on which the ambient mock runs, if it runs on one."""
    server = state.server and state.server.server
    return server if server is not None and server.http is not None else None


def _leads_to(endpoint: str) -> bool:
    return state.server is not None and _endpoints.is_same(state.server.endpoint, endpoint)


def _refuse_conflicts(options: Options) -> None:
    """Raise where an explicit mock is active that this one does not go with."""
    if not state.layers:
        return
    if state.server is None:
        raise ModeConflictError(
            "mock_aws(server_mode=True) was entered while an in-process mock_aws() is active. "
            "Leave the in-process mock first: a process is mocked in one of the two modes."
        )
    outer = state.server
    if options.joins is not None and not _leads_to(options.joins):
        raise ServerModeEndpointError(
            f"{options.joins} was to be joined while server mode leads to {outer.endpoint}. "
            "Leave that mock first: there is one server at a time."
        )
    if options.mode not in {None, outer.mode}:
        raise AutoEndpointError(
            f"auto_endpoint={options.mode.value!r} was given inside a mock that has "
            f"auto_endpoint={outer.mode.value!r}. Give both the same, or leave the inner one out."
        )
    outer.server.check_alive()
