"""Faster moto: what it does anew for each mock or request, though the outcome is the same."""

from __future__ import annotations

import re
import string
import sys
from functools import cache, cached_property, lru_cache, partial
from itertools import islice
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from aiomoto._dispatch import is_on
from aiomoto._memo import remember

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from botocore.awsrequest import AWSPreparedRequest


def enable_patching(wrapped: Callable[..., None], mock: Any, args: Any, kwargs: Any) -> None:
    """`MockAWS._enable_patching`: 1,300 callbacks for `requests` are made when it is used."""
    _enable_patching(wrapped, mock, *args, **kwargs)


def _enable_patching(wrapped: Callable[..., None], mock: Any, reset: bool = True) -> None:
    from moto.core.models import botocore_stubber, responses_mock

    registry = _registry_class()
    if not (reset or isinstance(responses_mock._registry, registry)):
        wrapped(reset=reset)  # adds them to what the user has registered
        return
    botocore_stubber.enabled = True
    if reset:
        mock.reset()
        responses_mock._registry = registry()
    responses_mock.start()


@cache
def _registry_class() -> type[Any]:
    from moto.backend_index import backend_url_patterns
    from moto.core.custom_responses_mock import CallbackResponse, not_implemented_callback
    from moto.core.models import RESPONSES_METHODS, botocore_stubber
    from moto.core.responses_custom_registry import CustomRegistry

    class Registry(CustomRegistry):
        """What moto registers, as soon as somebody looks."""

        def __init__(self) -> None:
            """Leave `_registered` to be made."""

        @cached_property
        def _registered(self) -> Any:  # type: ignore[override]
            made = CustomRegistry()
            answer = botocore_stubber.process_prepared_request
            unknown = re.compile(r"https?://.+\.amazonaws.com/.*")
            patterns = [(pattern, answer) for _, pattern in backend_url_patterns]
            for method in RESPONSES_METHODS:
                for url, callback in (*patterns, (unknown, not_implemented_callback)):
                    made.add(CallbackResponse(method=method, url=url, callback=callback))
            return made._registered

    return Registry


_reloaded: dict[str, object] = {}


def reload(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """``reload`` in `moto.s3.models`, of `moto.s3.urls`: where it would come out otherwise."""
    return _reload(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _reload(wrapped: Callable[..., Any], module: ModuleType) -> Any:
    depends_on = _s3_urls_depend_on()
    if _reloaded.get(module.__name__) != depends_on:
        wrapped(module)
        _reloaded[module.__name__] = depends_on
    return module


def _s3_urls_depend_on() -> tuple[object, ...]:
    from moto.s3.responses import S3Response
    from moto.settings import get_s3_custom_endpoints

    # Older moto calls them responses.
    suffix = "dispatch" if hasattr(S3Response, "key_dispatch") else "response"
    handlers = (getattr(S3Response, f"{name}_{suffix}") for name in ("bucket", "ambiguous", "key"))
    return (*handlers, *get_s3_custom_endpoints())


_method_names: WeakKeyDictionary[type, tuple[object, list[str]]] = WeakKeyDictionary()


def method_names(wrapped: Callable[..., list[str]], _: Any, args: Any, kwargs: Any) -> list[str]:
    """`method_names_from_class`: looked up once per class, while it has as many attributes."""
    return _names_of(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _names_of(wrapped: Callable[..., list[str]], clazz: type) -> list[str]:
    depends_on = [len(vars(one)) for one in clazz.__mro__]
    found, names = _method_names.get(clazz, (None, []))
    if found != depends_on:
        names = wrapped(clazz)
        _method_names[clazz] = depends_on, names
    return [*names]


def subdomain_based_buckets(wrapped: Callable[..., bool], _: Any, args: Any, kwargs: Any) -> bool:
    """`S3Response.subdomain_based_buckets`: depends on a request's host, and on settings."""
    return _on_subdomain(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _on_subdomain(wrapped: Callable[..., bool], request: Any) -> bool:
    host, settings = request.headers.get("host"), _moto().settings
    if not host:
        return wrapped(request)
    key = (
        _on_subdomain,
        host,
        settings.S3_IGNORE_SUBDOMAIN_BUCKETNAME,
        *settings.get_s3_custom_endpoints(),
    )
    return remember(key, lambda: wrapped(request))


def get_random_string(wrapped: Callable[..., str], random: Any, args: Any, kwargs: Any) -> str:
    """`MotoRandom.get_random_string`: what `choice` would choose, with fewer calls."""
    if not is_on() or type(random)._randbelow is not Random._randbelow_with_getrandbits:  # type: ignore[attr-defined]
        return wrapped(*args, **kwargs)
    return _get_random_string(random, *args, **kwargs)


def _get_random_string(
    random: Random, length: int = 20, include_digits: bool = True, lower_case: bool = False
) -> str:
    pool = string.ascii_letters + (string.digits if include_digits else "")
    numbers = iter(partial(random.getrandbits, len(pool).bit_length()), None)
    chosen = islice(filter(len(pool).__gt__, numbers), length)
    text = "".join([pool[number] for number in chosen])
    return text.lower() if lower_case else text


def _moto() -> SimpleNamespace:
    """Return what a request needs of the moto that is loaded; a test may have imported it anew."""
    return _needed(sys.modules["moto"])


@lru_cache(maxsize=1)
def _needed(_: ModuleType) -> SimpleNamespace:
    """Return what a request needs; importing it each time would take its time too."""
    from moto import backend_index, backends, settings
    from moto.core import botocore_stubber
    from moto.core.config import default_user_config
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.moto_api import recorder
    from werkzeug.exceptions import HTTPException

    return SimpleNamespace(
        account=DEFAULT_ACCOUNT_ID,
        backends=backends,
        config=default_user_config,
        error=HTTPException,
        patterns=backend_index.backend_url_patterns,
        recorder=recorder,
        settings=settings,
        stubber=botocore_stubber,
    )


def process_request(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`BotocoreStubber.process_request`: the same steps, by patterns that are compiled once."""
    return _process_request(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _process_request(wrapped: Callable[..., Any], request: AWSPreparedRequest) -> Any:
    moto = _moto()
    core = moto.config.get("core", {})
    if core.get("service_whitelist") is not None or any(core.get("passthrough", {}).values()):
        return wrapped(request)
    parsed, _ = moto.stubber.get_equivalent_url_in_aws_domain(request.url)
    url = f"{parsed.scheme}://{parsed.netloc}{parsed.path}"
    service = remember((_service, url), lambda: _service(url))
    handlers = _handlers(moto, service) if service else ()
    for pattern, handler in handlers:
        if pattern.match(url):
            normalized = moto.stubber.normalize_request(request)
            try:
                moto.recorder._record_request(normalized)
                # Apart, as moto has it: some of its handlers give None.
                status, headers, body = handler(normalized, normalized.raw_url, normalized.headers)
            except moto.error as error:
                return error.code, error.get_headers(), error.get_body()
            else:
                return status, headers, body
    return wrapped(request)


def _service(url: str) -> str | None:
    """Return the first service with a pattern for a URL."""
    return next((service for service, pattern in _moto().patterns if pattern.match(url)), None)


def _handlers(moto: SimpleNamespace, service: str) -> list[tuple[re.Pattern[str], Any]]:
    """Return the patterns of a service's paths, in moto's order."""
    key = (
        _compiled,
        moto.backends,
        service,
        moto.settings.enable_iso_regions(),
        *(_s3_urls_depend_on() if service.startswith("s3") else ()),
    )
    return remember(key, lambda: _compiled(moto, service))


def _compiled(moto: SimpleNamespace, service: str) -> list[tuple[re.Pattern[str], Any]]:
    backends = moto.backends.get_backend(service)
    if isinstance(backends, moto.stubber.BackendDict):
        regions = backends[moto.account]
        backend = regions["us-east-1" if "us-east-1" in regions else "aws"]
    else:
        backend = backends["global"]
    return [(re.compile(url), handler) for url, handler in backend.urls.items()]
