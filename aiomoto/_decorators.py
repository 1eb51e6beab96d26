"""Wrapping functions and classes in a mock, by moto's rules and for every kind of function."""

from __future__ import annotations

import functools
import inspect
import itertools
import unittest
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

C = TypeVar("C", bound=type)


class Span(Protocol):
    """What lasts as long as a decorated function: a mock, for one."""

    def start(self, reset: Any = ...) -> Any: ...

    def stop(self, remove_data: Any = ...) -> Any: ...


class Mock(Span, Protocol):
    """A span that decorates functions itself."""

    def __call__(self, func: Any, reset: Any = ..., remove_data: Any = ...) -> Any: ...


def decorate(
    mock: Span,
    func: Callable[..., Any],
    reset: bool | None,
    remove_data: bool | None,
) -> Callable[..., Any]:
    """Return ``func`` with the mock around each of its calls, whatever kind of function it is.

    The mock lasts as long as the body runs: until a coroutine has returned, until a generator
    is exhausted or closed. The signature stays, so that pytest injects fixtures.
    """

    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        mock.start(reset=reset)
        try:
            return await func(*args, **kwargs)
        finally:
            mock.stop(remove_data=remove_data)

    def generator(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        mock.start(reset=reset)
        try:
            return (yield from func(*args, **kwargs))
        finally:
            mock.stop(remove_data=remove_data)

    async def async_generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        mock.start(reset=reset)
        try:
            inner = func(*args, **kwargs)
            item = await anext(inner)
            while True:  # what `yield from` does, which async generators do not have
                try:
                    sent = yield item
                except GeneratorExit:
                    await inner.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001  # the body decides
                    item = await inner.athrow(error)
                else:
                    item = await inner.asend(sent)
        except StopAsyncIteration:
            return
        finally:
            mock.stop(remove_data=remove_data)

    def plain(*args: Any, **kwargs: Any) -> Any:
        mock.start(reset=reset)
        try:
            return func(*args, **kwargs)
        finally:
            mock.stop(remove_data=remove_data)

    wrappers: tuple[Callable[..., Any], ...] = (async_generator, generator, coroutine)
    fitting = (wrapper for is_kind, wrapper in zip(_KINDS, wrappers, strict=True) if is_kind(func))
    return functools.update_wrapper(next(fitting, plain), func)


def is_plain(func: Any) -> bool:
    """Return whether the body of a function is over when its call returns."""
    return not any(is_kind(func) for is_kind in _KINDS)


def _is_coroutine_function(func: Any) -> bool:
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(
        getattr(func, "__call__", None)  # noqa: B004  # an instance whose __call__ is async
    )


_KINDS: tuple[Callable[[Any], bool], ...] = (
    inspect.isasyncgenfunction,
    inspect.isgeneratorfunction,
    _is_coroutine_function,
)


def decorate_class(mock: Mock, klass: C) -> C:
    """Wrap the methods of a class, and the classes inside it, by moto's rules.

    A ``setUp``, ``setup_method`` or ``asyncSetUp`` starts from nothing and its data lasts until
    the test has ended; without one, each test method starts from nothing. Other methods join
    whatever mock is active. Names with a leading underscore, static and class methods and
    pytest fixtures are left alone.
    """
    own = {name: value for name, value in vars(klass).items() if not name.startswith("_")}
    setups = _setups(klass)
    for name, value in own.items():
        if inspect.isclass(value):
            setattr(klass, name, mock(value))
        elif isinstance(value, FunctionType) and not _is_fixture(value):
            test = name.startswith(unittest.TestLoader.testMethodPrefix)
            alone = test and not setups
            resets = alone or (name in setups and name != "setup")  # nose's name: moto never resets
            setattr(klass, name, mock(value, reset=resets, remove_data=alone))
    return klass


def _setups(klass: type) -> set[str]:
    """Name the methods that prepare each test of a class: those that reset the data."""
    bases = [c for c in klass.__mro__ if c not in (unittest.TestCase, object)]
    defined = set(itertools.chain.from_iterable(map(_methods, bases)))
    found = defined & {"setup", "setup_method"}
    if issubclass(klass, unittest.TestCase):
        found |= defined & {"setUp"}
    users = (c for c in bases if c is not unittest.IsolatedAsyncioTestCase)
    # setUp runs before asyncSetUp: where both exist, the data of setUp must last.
    if "setUp" not in found and "asyncSetUp" in itertools.chain.from_iterable(map(_methods, users)):
        found.add("asyncSetUp")
    return found


def _methods(klass: type) -> set[str]:
    kinds = (FunctionType, classmethod, staticmethod)
    return {name for name, value in vars(klass).items() if isinstance(value, kinds)}


def _is_fixture(func: Any) -> bool:
    return hasattr(func, "_pytestfixturefunction")  # pytest before 8.4; later it is no function
