"""Faster clients: what every client makes anew from its service's model, and mostly never uses."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

from aiomoto._dispatch import is_on
from aiomoto._memo import remember
from aiomoto._patches.speed_models import original, peek, uncopied

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ServiceModel


class Unread:
    """An operation's model that is made when somebody looks into it."""

    def __init__(self, service: ServiceModel, name: str) -> None:
        self._service = service
        self._name = name

    @property
    def documentation(self) -> str:
        """What a method's documentation starts with."""
        operation = peek(self._service._service_description, "operations", self._name)
        text: str = operation.get("documentation", "")
        return text

    def __getattr__(self, name: str) -> Any:
        """Everything else is the model's."""
        return getattr(self._service.operation_model(self._name), name)


class UnreadService:
    """A service's model that hands out no operations' models, only what stands for them."""

    def __init__(self, service: ServiceModel) -> None:
        self._service = service
        self.operation_names = service.operation_names

    def operation_model(self, name: str) -> Unread:
        """Return what stands for an operation's model."""
        return Unread(self._service, name)


def create_methods(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`ClientCreator._create_methods`: operations are read when they are called or described."""
    return _create_methods(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _create_methods(wrapped: Callable[..., Any], service_model: ServiceModel) -> Any:
    return wrapped(UnreadService(service_model))


def register_discovery(wrapped: Callable[..., None], _: Any, args: Any, kwargs: Any) -> None:
    """`_register_endpoint_discovery`: what it asks of all operations' models, without them."""
    if is_on():
        _find_discovery(*args, **kwargs)
    wrapped(*args, **kwargs)


def _find_discovery(client: Any, *_: Any, **__: Any) -> None:
    """Put two answers where the service's model keeps them once it has found them."""
    model = client.meta.service_model
    described: Any = dict.get(model._service_description, "operations", {})
    operations = [*dict.items(described)]
    found = (name for name, operation in operations if dict.get(operation, "endpointoperation"))
    name = next(found, None)
    traits = [dict.get(operation, "endpointdiscovery") for _, operation in operations]
    required = any(trait.get("required") for trait in traits if trait)
    vars(model).setdefault(
        "endpoint_discovery_operation", None if name is None else model.operation_model(name)
    )
    vars(model).setdefault("endpoint_discovery_required", required)


def provider_init(wrapped: Callable[..., None], provider: Any, args: Any, kwargs: Any) -> None:
    """`EndpointProvider.__init__`: its rules are made once from a shared document."""
    if is_on():
        _provider_init(wrapped, provider, *args, **kwargs)
    else:
        wrapped(*args, **kwargs)


def _provider_init(
    wrapped: Callable[..., None],
    provider: Any,
    ruleset_data: Any,
    partition_data: Any,
    *args: Any,
    **kwargs: Any,
) -> None:
    rules, partitions = original(ruleset_data), original(partition_data)
    if rules is None or partitions is None:
        wrapped(ruleset_data, partition_data, *args, **kwargs)
        return
    made_for, ruleset = getattr(rules, _RULESET, (None, None))
    if made_for is partitions:
        wrapped(_NO_RULES, {}, *args, **kwargs)
        provider.ruleset = ruleset
    else:
        wrapped(uncopied(rules), uncopied(partitions), *args, **kwargs)
        setattr(provider.ruleset, _KEPT, True)
        setattr(rules, _RULESET, (partitions, provider.ruleset))


_RULESET = "aiomoto_ruleset"
_KEPT = "aiomoto_kept"  # the rule sets that several clients have
_NO_RULES = {"version": "1.0", "parameters": {}, "rules": []}


def evaluate(wrapped: Callable[..., Any], ruleset: Any, args: Any, kwargs: Any) -> Any:
    """`RuleSet.evaluate`: an endpoint is found once for the same parameters."""
    if not (is_on() and vars(ruleset).get(_KEPT)):
        return wrapped(*args, **kwargs)
    return _evaluate(wrapped, ruleset, *args, **kwargs)


def _evaluate(wrapped: Callable[..., Any], ruleset: Any, input_parameters: dict[str, Any]) -> Any:
    key = _evaluate, ruleset, frozenset(input_parameters.items())
    return deepcopy(remember(key, lambda: wrapped(input_parameters)))


def get_ssl_context(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`URLLib3Session._get_ssl_context`: mocked clients connect to nothing, most of them."""
    return LaterContext(wrapped) if is_on() else wrapped(*args, **kwargs)


class LaterContext:
    """An SSLContext that is made when it is used."""

    def __init__(self, make: Callable[[], Any]) -> None:
        vars(self)["_make"] = cache(make)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """Claim to be an SSLContext, for code that asks ``isinstance``."""
        return SSLContext

    def __getattr__(self, name: str) -> Any:
        """Everything is the context's."""
        return getattr(vars(self)["_make"](), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(vars(self)["_make"](), name, value)
