"""Wrapping functions and classes in a mock, by moto's rules and for every kind of function."""

from __future__ import annotations

import functools
import inspect
import unittest
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

C = TypeVar("C", bound=type)


class Span(Protocol):
    """What lasts as long as a decorated function: a mock, for one."""

    def start(self, reset: Any = ...) -> Any: ...

    def stop(self, remove_data: Any = ...) -> Any: ...


class Mock(Span, Protocol):
    """A span that decorates functions itself."""

    def __call__(self, func: Any, reset: Any = ..., remove_data: Any = ...) -> Any: ...


def decorate(  # noqa: C901  # one inner function for each kind of function
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
        return await rest(func(*args, **kwargs))

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
            result = func(*args, **kwargs)
        finally:
            mock.stop(remove_data=remove_data)
        # A coroutine whose function did not look like one: its body has not begun yet.
        return rest(result) if inspect.iscoroutine(result) else result

    async def rest(result: Coroutine[Any, Any, Any]) -> Any:
        mock.start(reset=reset)
        try:
            return await result
        finally:
            mock.stop(remove_data=remove_data)

    wrappers: tuple[Callable[..., Any], ...] = (async_generator, generator, coroutine)
    fitting = (wrapper for is_kind, wrapper in zip(_KINDS, wrappers, strict=True) if is_kind(func))
    wrapper = functools.update_wrapper(next(fitting, plain), func)
    setattr(wrapper, _SPAN, mock)
    return wrapper


_SPAN = "aiomoto_span"  # on a decorated function


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
    whatever mock is active. Names with a leading underscore, static and class methods, pytest
    fixtures and what is only referred to under another name are left alone.
    """
    prepared = _is_prepared(klass)
    for name, value in [*vars(klass).items()]:
        if name.startswith("_") or not _is_own(klass, value):
            continue
        test = name.startswith(unittest.TestLoader.testMethodPrefix)
        alone = test and not prepared
        resets = alone or name in _RESETS or (name == "asyncSetUp" and not _is_set_up(klass))
        try:
            setattr(klass, name, mock(value, reset=resets, remove_data=alone))
        except TypeError:  # as moto: what cannot be wrapped or set stays
            continue
    return klass


# Not nose's `setup`: its data lasts as well, but moto has never reset there.
_RESETS = frozenset({"setUp", "setup_method"})


def _is_own(klass: type, value: Any) -> bool:
    """Return whether a value of a class is a method or a class that is defined there."""
    if not isinstance(value, (type, FunctionType)) or _is_fixture(value):
        return False
    found = (vars(c)[value.__name__] for c in klass.__mro__ if value.__name__ in vars(c))
    return any(not isinstance(other, staticmethod) for other in found)


def _is_prepared(klass: type) -> bool:
    """Return whether a method prepares each test of a class, so that its data must last."""
    names = {"setup", "setup_method"}
    if issubclass(klass, unittest.TestCase):
        names.add("setUp")
    bases = [c for c in klass.__mro__ if c not in (unittest.TestCase, object)]
    users = [c for c in bases if c is not unittest.IsolatedAsyncioTestCase]
    return any(names & _methods(c) for c in bases) or any("asyncSetUp" in vars(c) for c in users)


def _is_set_up(klass: type) -> bool:
    """Return whether a mocked ``setUp`` has run before ``asyncSetUp``: its data must last."""
    return issubclass(klass, unittest.TestCase) and (
        "setUp" in vars(klass) or hasattr(klass.setUp, _SPAN)
    )


def _methods(klass: type) -> set[str]:
    kinds = (FunctionType, classmethod, staticmethod)
    return {name for name, value in vars(klass).items() if isinstance(value, kinds)}


def _is_fixture(func: Any) -> bool:
    return hasattr(func, "_pytestfixturefunction")  # pytest before 8.4; later it is no function
