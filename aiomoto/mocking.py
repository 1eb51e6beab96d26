"""`mock_aws`: moto's, for sync and async code alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from aiomoto import _backends, _gateway, _hook, _lifecycle, _patches
from aiomoto._decorators import decorate, decorate_class
from aiomoto._endpoints import check_options

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from moto.core.config import DefaultConfig
    from moto.core.models import MockAWS as MotoMock
    from typing_extensions import Self

    from aiomoto._endpoints import AutoEndpointMode, Options
    from aiomoto._server_mode import Stay

_NO_GATEWAY = "mock_aws(gateway=False) turns it off. Leave gateway=False out"

F = TypeVar("F", bound="Callable[..., Any]")

_hook.load_plugins()
_hook.keep_in_front()


class MockAWS:
    """A mock of AWS for sync and async clients, which `mock_aws` returns.

    A context manager (``with`` and ``async with``), a decorator for functions, coroutine
    functions, generators and classes, and an object with ``start``, ``stop`` and ``reset``. It
    may be entered many times, at once and from several threads and tasks.
    """

    def __init__(
        self,
        config: DefaultConfig | None = None,
        *,
        options: Options | None = None,
        reset: bool | None = None,
        remove_data: bool | None = None,
        gateway: bool = True,
    ) -> None:
        """Keep the options; nothing happens before the mock is entered."""
        self._config = config
        self._options = options
        self._reset = reset
        self._remove_data = remove_data
        self._slots = {} if gateway else {_gateway.gateway: _NO_GATEWAY}
        self._started: list[MotoMock | Stay] = []

    @property
    def server_endpoint(self) -> str | None:
        """The URL of the server, such as ``http://127.0.0.1:40123``; None in-process."""
        return None if self._stay is None else self._stay.server.endpoint

    @property
    def server_host(self) -> str | None:
        """The host of the server; None in-process."""
        return None if self._stay is None else self._stay.server.host

    @property
    def server_port(self) -> int | None:
        """The port of the server; None in-process."""
        return None if self._stay is None else self._stay.server.port

    @property
    def server_registry_path(self) -> str | None:
        """The server's file in the registry; None in-process, or where it has none."""
        return None if self._stay is None else self._stay.server.registry_path

    @property
    def environ(self) -> dict[str, str] | None:
        """The variables that another process needs to use the server; None in-process."""
        return None if self._stay is None else self._stay.environ()

    @property
    def _stay(self) -> Stay | None:
        last = self._started[-1] if self._started else None
        return None if self._options is None else cast("Stay | None", last)

    def __enter__(self) -> Self:
        """Start the mock."""
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the mock."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start the mock."""
        self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the mock."""
        self.stop()

    def __call__(self, func: F, reset: bool | None = None, remove_data: bool | None = None) -> F:
        """Decorate a function or class: each call of the function is a mock of its own.

        Parameters:
            func: a function, coroutine function, generator or async generator function, whose
                signature is kept; or a class, whose methods are wrapped by moto's rules.
            reset: as for `start`.
            remove_data: as for `stop`.
        """
        if isinstance(func, type):
            return decorate_class(self, func)
        if self._options is not None and self._options.joins is not None:
            # The data of a server that is only joined are not the decorated class's to drop.
            reset, remove_data = reset and self._reset, remove_data and self._remove_data
        return cast("F", decorate(self, func, reset, remove_data))

    def start(self, reset: bool | None = None) -> None:
        """Start the mock.

        Parameters:
            reset: start from nothing, the default; False keeps the data that an earlier mock
                left by ``stop(remove_data=False)``. Only the first of nested mocks heeds it. A
                server that is joined is reset by True only.

        Raises:
            AutoEndpointError: an outer mock has another ``auto_endpoint``.
            ModeConflictError: a mock of the other mode is active.
            ProxyModeError: ``TEST_PROXY_MODE`` is set.
            ServerModeConfigurationError: the registry of servers cannot be written.
            ServerModeDependencyError: the packages that moto's server needs are not installed.
            ServerModeEndpointError: an outer mock leads to another server.
            ServerModeHealthcheckError: no moto server answers at the endpoint to join.
            ServerModeRequiredError: ``TEST_SERVER_MODE`` is set, and this is no server mode.
            UnsupportedVersionError: a library is loaded that cannot be mocked safely.
        """
        problem = _lifecycle.foreign_mode(server=self._options is not None)
        if problem is not None:
            raise problem
        from moto.core.models import MockAWS as MotoMock

        _patches.sweep()
        reset = self._reset if reset is None else reset
        if self._options is not None:
            self._started.append(self._enter_server_mode(self._options, reset))
            return
        _patches.check()  # moto's own start does, unless that is what could not be patched
        mock = MotoMock(self._config)
        setattr(mock, _lifecycle.OWN_SLOTS, self._slots)
        mock.start(reset=reset is not False)
        self._started.append(mock)

    @staticmethod
    def _enter_server_mode(options: Options, reset: bool | None) -> Stay:
        from aiomoto._server_mode import Stay

        return Stay(options, reset)

    def stop(self, remove_data: bool | None = None) -> None:
        """Stop the mock: once for each start, in any order with other mocks.

        Parameters:
            remove_data: drop what was made in the mock, the default. Only the last of nested
                mocks heeds it. The data of a server that was joined are dropped by True only.

        Raises:
            RuntimeError: this mock is not started.
        """
        if not self._started:
            raise RuntimeError(
                "Called stop() before start(): this mock_aws() object is not started. "
                "Keep the object that you started, and stop that one."
            )
        remove_data = self._remove_data if remove_data is None else remove_data
        started = self._started.pop()
        if self._options is None:
            remove_data = remove_data is not False
        started.stop(remove_data=remove_data)  # type: ignore[arg-type]  # moto's take no None

    def reset(self) -> None:
        """Drop all data of all mocks, as moto's ``reset`` does.

        Raises:
            ServerModeHealthcheckError: the server that was joined does not answer.
        """
        stay = self._stay
        if stay is None:
            _backends.drop()
        else:
            stay.server.reset()


@overload
def mock_aws(func: F) -> F: ...


@overload
def mock_aws(
    func: None = None,
    config: DefaultConfig | None = None,
    *,
    reset: bool | None = None,
    remove_data: bool | None = None,
    server_mode: bool = False,
    server_port: int | None = None,
    server_endpoint: str | None = None,
    auto_endpoint: AutoEndpointMode | str | None = None,
    gateway: bool = True,
) -> MockAWS: ...


def mock_aws(  # noqa: PLR0913  # one for each option
    func: F | None = None,
    config: DefaultConfig | None = None,
    *,
    reset: bool | None = None,
    remove_data: bool | None = None,
    server_mode: bool = False,
    server_port: int | None = None,
    server_endpoint: str | None = None,
    auto_endpoint: AutoEndpointMode | str | None = None,
    gateway: bool = True,
) -> F | MockAWS:
    """Mock AWS for boto3, aiobotocore and all that is built on them.

    A drop-in for moto's ``mock_aws``: ``with mock_aws():``, ``async with mock_aws():``,
    ``@mock_aws`` and ``@mock_aws(config=...)``.

    Parameters:
        func: the function or class to decorate, when used as ``@mock_aws``.
        config: moto's configuration, in-process only
            (https://docs.getmoto.org/en/latest/docs/configuration/index.html).
        reset: start from nothing: the default, unless a running server is joined.
        remove_data: drop what was made in the mock when it ends: the default, unless a running
            server was joined.
        server_mode: serve the mock by HTTP on 127.0.0.1, for other processes and native code too.
        server_port: join the moto server that runs on this port of this machine.
        server_endpoint: join the moto server that runs at this URL.
        auto_endpoint: which clients are led to the server: all by ``"force"``, the default;
            those without an endpoint of their own by ``"if_missing"``; none by ``"disabled"``.
        gateway: serve native readers (polars, pyarrow, ...) and child processes too, over HTTP
            on 127.0.0.1, which they find by ``AWS_ENDPOINT_URL``. ``False`` holds for nested
            mocks as well.

    Returns:
        The decorated function, or a `MockAWS` to enter or decorate with.

    Raises:
        AutoEndpointError: ``auto_endpoint`` has no such value, or the mock is in-process.
        ServerModeConfigurationError: these options do not go together.
        ServerModeEndpointError: ``server_endpoint`` is no ``http://host:port``.
        ServerModePortError: ``server_port`` is no port.
    """
    options = check_options(
        server_mode=server_mode,
        server_port=server_port,
        server_endpoint=server_endpoint,
        auto_endpoint=auto_endpoint,
        config=config,
    )
    mock = MockAWS(config, options=options, reset=reset, remove_data=remove_data, gateway=gateway)
    return mock if func is None else mock(func)


mock_aws_decorator = mock_aws
