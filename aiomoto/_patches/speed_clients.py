"""Faster clients: what a client's creation reads of its service's model and never uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiomoto._patches.botocore import is_on
from aiomoto._patches.speed_models import original, peek, uncopied

if TYPE_CHECKING:
    from collections.abc import Callable


class Unread:
    """An operation's model, which is read when somebody asks for the method's documentation."""

    __slots__ = ("_name", "_service")

    def __init__(self, service: Any, name: str) -> None:
        self._service = service
        self._name = name

    @property
    def documentation(self) -> str:
        return peek(self._service._service_description, "operations", self._name).get("documentation", "")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service.operation_model(self._name), name)


class UnreadService:
    """A service's model, whose operations' models are not made."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self.operation_names = service.operation_names

    def operation_model(self, name: str) -> Unread:
        return Unread(self._service, name)


def create_methods(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`ClientCreator._create_methods`: a model is made when a method is called or described."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _create_methods(wrapped, *args, **kwargs)


def _create_methods(wrapped, service_model):
    return wrapped(UnreadService(service_model))


def register_endpoint_discovery(wrapped, _, args, kwargs):
    if not is_on():
        return wrapped(*args, **kwargs)
    return _register_endpoint_discovery(wrapped, *args, **kwargs)


def _register_endpoint_discovery(wrapped, client, endpoint_url, config):
    operations = peek(client.meta.service_model._service_description, "operations")
    if any("endpointoperation" in operation for operation in dict.values(operations)):
        wrapped(client, endpoint_url, config)


rulesets = {}


def provider_init(wrapped, provider, args, kwargs):
    if not is_on():
        return wrapped(*args, **kwargs)
    return _provider_init(wrapped, provider, *args, **kwargs)


def _provider_init(wrapped, provider, ruleset_data, partition_data, **kwargs):
    parts = original(ruleset_data), original(partition_data)
    key = tuple(map(id, parts))
    if None in parts:
        return wrapped(ruleset_data, partition_data, **kwargs)
    if key not in rulesets:
        wrapped(*map(uncopied, parts), **kwargs)
        rulesets[key] = provider.ruleset, parts
    else:
        wrapped({"version": "", "parameters": {}, "rules": []}, {}, **kwargs)
        provider.ruleset = rulesets[key][0]
