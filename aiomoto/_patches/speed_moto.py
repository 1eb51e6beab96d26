"""Faster moto: what it does anew for each mock or request, though the outcome is the same."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from aiomoto._patches.botocore import is_on

if TYPE_CHECKING:
    from collections.abc import Callable


def enable_patching(wrapped: Callable[..., None], mock: Any, args: Any, kwargs: Any) -> None:
    """`MockAWS._enable_patching`: the callbacks for `requests` are made when it is used."""
    _enable_patching(wrapped, mock, *args, **kwargs)


def _enable_patching(wrapped, mock, reset=True):
    from moto.core import models
    from moto.core.responses_custom_registry import CustomRegistry
    registry = models.responses_mock._registry
    if not reset and not isinstance(registry, _registry_class()):
        wrapped(reset=reset)
        return
    models.botocore_stubber.enabled = True
    if reset:
        mock.reset()
        models.responses_mock._registry = _registry_class()()
    models.responses_mock.start()


@lru_cache
def _registry_class():
    from functools import cached_property
    from moto import backend_index
    from moto.core import models
    from moto.core.responses_custom_registry import CustomRegistry

    class Registry(CustomRegistry):
        def __init__(self) -> None:
            pass

        @cached_property
        def _registered(self):
            made = CustomRegistry()
            for method in models.RESPONSES_METHODS:
                for _, pattern in backend_index.backend_url_patterns:
                    made.add(models.CallbackResponse(method=method, url=pattern, callback=models.botocore_stubber.process_prepared_request))
                made.add(models.CallbackResponse(method=method, url=re.compile(r"https?://.+\.amazonaws.com/.*"), callback=models.not_implemented_callback))
            return made._registered
    return Registry


_reloaded = {}


def reload(wrapped, _, args, kwargs):
    """``reload`` in `moto.s3.models`: not where the module would come out as it is."""
    (module,) = args
    from moto import settings

    endpoints = settings.get_s3_custom_endpoints()
    if not is_on() or _reloaded.get(module.__name__) != endpoints:
        wrapped(*args, **kwargs)
        _reloaded[module.__name__] = endpoints
    return module


def method_names(wrapped, _, args, kwargs):
    if not is_on():
        return wrapped(*args, **kwargs)
    return _method_names(wrapped, *args, **kwargs)


from weakref import WeakKeyDictionary
_names = WeakKeyDictionary()
def _method_names(wrapped, clazz):
    names = _names.get(clazz)
    if names is None:
        names = _names[clazz] = wrapped(clazz)
    return [*names]


def subdomain_based_buckets(wrapped, _, args, kwargs):
    from moto import settings
    request, = args
    host = request.headers.get("host")
    key = host, settings.S3_IGNORE_SUBDOMAIN_BUCKETNAME, *settings.get_s3_custom_endpoints()
    if not is_on() or not host:
        return wrapped(*args, **kwargs)
    try:
        return _sub[key]
    except KeyError:
        _sub[key] = x = wrapped(request)
        return x
_sub = {}


@lru_cache(maxsize=1024)
def _component(component, wrapped):
    return wrapped.__func__(component)


def component_to_string(wrapped, component, args, kwargs):
    if not is_on():
        return wrapped(*args, **kwargs)
    return _c(component)

@lru_cache(maxsize=1024)
def _c(component):
    return type(component).to_string.__wrapped__(component)


def process_request(wrapped, stubber, args, kwargs):
    from moto.core import botocore_stubber as m
    from moto.core.config import default_user_config
    request, = args
    core = default_user_config.get('core', {})
    passthrough = core.get('passthrough', {})
    if core.get('service_whitelist') or passthrough.get('urls') or passthrough.get('services'):
        return wrapped(*args)
    parsed, _ = m.get_equivalent_url_in_aws_domain(request.url)
    url = f"{parsed.scheme}://{parsed.netloc}{parsed.path}"
    service = _service(url)
    if not service:
        return wrapped(request)
    import moto.backends as backends
    from moto.core import DEFAULT_ACCOUNT_ID
    bd = backends.get_backend(service)
    if isinstance(bd, m.BackendDict):
        acct = bd[DEFAULT_ACCOUNT_ID]
        backend = acct["us-east-1" if "us-east-1" in acct else "aws"]
    else:
        backend = bd["global"]
    for pattern, handler in _urls(backend):
        if pattern.match(url):
            break
    else:
        return wrapped(request)
    from moto.core.exceptions import HTTPException
    from moto.moto_api import recorder
    normalized = m.normalize_request(request)
    try:
        recorder._record_request(normalized)
        return handler(normalized, normalized.raw_url, normalized.headers)
    except HTTPException as e:
        return e.code, e.get_headers(), e.get_body()


_u = {}
def _urls(backend):
    from moto import settings
    key = type(backend), settings.enable_iso_regions(), *settings.get_s3_custom_endpoints()
    if key not in _u:
        _u[key] = [(re.compile(k), v) for k, v in backend.urls.items()]
    return _u[key]


@lru_cache(maxsize=4096)
def _service(url):
    from moto import backend_index
    for service, pattern in backend_index.backend_url_patterns:
        if pattern.match(url):
            return service
