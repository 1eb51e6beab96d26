"""`mock_aws`: moto's, for sync and async code alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from aiomoto import _gateway, _hook, _lifecycle, _patches
from aiomoto._decorators import decorate, decorate_class

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from moto.core.config import DefaultConfig
    from moto.core.models import MockAWS as MotoMock
    from typing_extensions import Self

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
        reset: bool = True,
        remove_data: bool = True,
        gateway: bool = True,
    ) -> None:
        """Keep the options; nothing happens before the mock is entered."""
        self._config = config
        self._reset = reset
        self._remove_data = remove_data
        self._slots = {} if gateway else {_gateway.gateway: _NO_GATEWAY}
        self._started: list[MotoMock] = []

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
        return cast("F", decorate(self, func, reset, remove_data))

    def start(self, reset: bool | None = None) -> None:
        """Start the mock.

        Parameters:
            reset: start from nothing, the default; False keeps the data that an earlier mock
                left by ``stop(remove_data=False)``. Only the first of nested mocks heeds it.

        Raises:
            UnsupportedVersionError: a library is loaded that cannot be mocked safely.
            ServerModeRequiredError: ``TEST_SERVER_MODE`` is set.
            ProxyModeError: ``TEST_PROXY_MODE`` is set.
        """
        problem = _lifecycle.foreign_mode()
        if problem is not None:
            raise problem
        from moto.core.models import MockAWS as MotoMock

        _patches.sweep()
        mock = MotoMock(self._config)
        setattr(mock, _lifecycle.OWN_SLOTS, self._slots)
        mock.start(reset=self._reset if reset is None else reset)
        self._started.append(mock)

    def stop(self, remove_data: bool | None = None) -> None:
        """Stop the mock: once for each start, in any order with other mocks.

        Parameters:
            remove_data: drop what was made in the mock, the default. Only the last of nested
                mocks heeds it.

        Raises:
            RuntimeError: this mock is not started.
        """
        if not self._started:
            raise RuntimeError(
                "Called stop() before start(): this mock_aws() object is not started. "
                "Keep the object that you started, and stop that one."
            )
        self._started.pop().stop(
            remove_data=self._remove_data if remove_data is None else remove_data
        )

    def reset(self) -> None:
        """Drop all data of all mocks, as moto's ``reset`` does."""
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        BackendDict.reset()
        reset_model_data()


@overload
def mock_aws(func: F) -> F: ...


@overload
def mock_aws(
    func: None = None,
    config: DefaultConfig | None = None,
    *,
    reset: bool = True,
    remove_data: bool = True,
    gateway: bool = True,
) -> MockAWS: ...


def mock_aws(
    func: F | None = None,
    config: DefaultConfig | None = None,
    *,
    reset: bool = True,
    remove_data: bool = True,
    gateway: bool = True,
) -> F | MockAWS:
    """Mock AWS for boto3, aiobotocore and all that is built on them, in this process.

    A drop-in for moto's ``mock_aws``: ``with mock_aws():``, ``async with mock_aws():``,
    ``@mock_aws`` and ``@mock_aws(config=...)``.

    Parameters:
        func: the function or class to decorate, when used as ``@mock_aws``.
        config: moto's configuration
            (https://docs.getmoto.org/en/latest/docs/configuration/index.html).
        reset: start from nothing.
        remove_data: drop what was made in the mock when it ends.
        gateway: serve native readers (polars, pyarrow, ...) and child processes too, over HTTP
            on 127.0.0.1, which they find by ``AWS_ENDPOINT_URL``. ``False`` holds for nested
            mocks as well.

    Returns:
        The decorated function, or a `MockAWS` to enter or decorate with.
    """
    mock = MockAWS(config, reset=reset, remove_data=remove_data, gateway=gateway)
    return mock if func is None else mock(func)


mock_aws_decorator = mock_aws
