"""The patches of moto: its stubber steps back, its mocks enter and leave by our layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto import _backends, _dispatch, _lifecycle, _patches, _waiting
from aiomoto._decorators import decorate, decorate_class, is_plain
from aiomoto._layers import Attribute, Layer, Layers

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

_patches.load_plugins()  # whoever mocks loads this module, and before any mock is entered


def stubber_call(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`BotocoreStubber.__call__`: answers our dispatch, and nothing as an event handler."""
    return _stubber_call(wrapped, *args, **kwargs)


def _stubber_call(
    wrapped: Callable[..., Any], event_name: str, request: AWSPreparedRequest, **kwargs: Any
) -> Any:
    if not _dispatch.is_asked(request):
        return None
    return wrapped(event_name, request, **kwargs)


def start(wrapped: Callable[..., None], mock: Any, args: Any, kwargs: Any) -> None:
    """`MockAWS.start`: one more layer, in place of moto's own saving."""
    if not _lifecycle.is_in_process(mock):
        wrapped(*args, **kwargs)
        return
    _patches.sweep()
    _patches.check()
    _lifecycle.enter(mock, *args, **kwargs)


def stop(wrapped: Callable[..., None], mock: Any, args: Any, kwargs: Any) -> None:
    """`MockAWS.stop`: the mock's newest layer leaves."""
    if not _lifecycle.is_in_process(mock) or _lifecycle.disown(mock):
        wrapped(*args, **kwargs)
        return
    _lifecycle.leave(mock, *args, **kwargs)


def receive_message(wrapped: Callable[..., Any], backend: Any, args: Any, kwargs: Any) -> Any:
    """`SQSBackend.receive_message`: a long poll."""
    asking = _waiting.current()
    if asking is None:
        return wrapped(*args, **kwargs)
    return _receive_message(wrapped, backend, asking, *args, **kwargs)


def _receive_message(  # noqa: PLR0913, PLR0917  # moto's signature
    wrapped: Callable[..., Any],
    backend: Any,
    asking: _waiting.Asking,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    *rest: Any,
    **kwargs: Any,
) -> Any:
    messages = wrapped(queue_name, count, 0, *rest, **kwargs)
    if not messages and wait_seconds_timeout:
        queue = backend.get_queue(queue_name)
        asking.wait = _waiting.Wait(wait_seconds_timeout, lambda: bool(queue.messages))
    return messages


def swf_sleep(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> None:
    """``sleep`` in `moto.swf.models`: what is left there of a long poll."""
    asking = _waiting.current()
    if asking is None:
        wrapped(*args, **kwargs)
    else:
        asking.wait = _waiting.Wait(args[0], None)


def count_once(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """What moto does once a request, and not again when a poll asks again."""
    asking = _waiting.current()
    if asking is None or not asking.again:
        return wrapped(*args, **kwargs)
    return None


def set_no_auth_count(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`set_initial_no_auth_action_count`: holds for the body of any kind of function."""
    return _set_no_auth_count(wrapped(*args, **kwargs), *args, **kwargs)


def _set_no_auth_count(
    decorator: Callable[..., Any], initial_no_auth_action_count: float
) -> Callable[..., Any]:
    def wide_decorator(function: Any) -> Any:
        if is_plain(function):
            return decorator(function)
        return decorate(_NoAuthCount(initial_no_auth_action_count), function, None, None)

    return wide_decorator


class _NoAuthCount:
    """A number of actions that need no authorization, in the form of a mock for `decorate`."""

    layers = Layers()  # of all calls that are running, which may end in any order

    def __init__(self, count: float) -> None:
        self.count = count

    def start(self, reset: object = None) -> None:  # noqa: ARG002  # as mocks have it
        from moto import settings

        layer = Layer(self)
        layer.set(Attribute(settings, "INITIAL_NO_AUTH_ACTION_COUNT"), self.count)
        layer.set(Attribute(_backends.authenticator(), "request_count"), 0)
        self.layers.append(layer)

    def stop(self, remove_data: object = None) -> None:  # noqa: ARG002  # as mocks have it
        self.layers.take_out(next(layer for layer in self.layers if layer.owner is self))


def decorate_callable(wrapped: Callable[..., Any], mock: Any, args: Any, kwargs: Any) -> Any:
    """`MockAWS._decorate_callable`: the mock lasts as long as the body of any kind of function."""
    if not _lifecycle.is_in_process(mock):
        return wrapped(*args, **kwargs)
    return decorate(mock, *args, **kwargs)


def decorate_mocked_class(wrapped: Callable[..., Any], mock: Any, args: Any, kwargs: Any) -> Any:
    """`MockAWS._decorate_class`: moto's rules, and asyncSetUp."""
    if not _lifecycle.is_in_process(mock):
        return wrapped(*args, **kwargs)
    return decorate_class(mock, *args, **kwargs)
