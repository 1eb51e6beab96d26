"""Faster requests: what is the same in all those of a URL, or of a client, is made once."""

from __future__ import annotations

import io
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from botocore import useragent
from botocore.awsrequest import AWSPreparedRequest, HeadersDict

try:
    from botocore.context import get_context
except ImportError:  # botocore before 1.36
    get_context = None

from aiomoto._dispatch import is_on
from aiomoto._memo import remember

if TYPE_CHECKING:
    from collections.abc import Callable

_BOUND = 1024  # names of headers and user agents that are remembered


def normalize_request(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`normalize_request`: only headers and body differ between requests of one URL."""
    return _normalize_request(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _normalize_request(wrapped: Callable[..., Any], request: Any) -> Any:
    if type(request) is not AWSPreparedRequest or type(request.headers) is not HeadersDict:
        return wrapped(request)
    method, url = request.method, request.url
    template, known = remember((_template, method, url), lambda: _template(method, url))
    environ = _environ(request, template.copy())
    if environ is None:
        return wrapped(request)
    from moto.core.request import Request  # here: a test may have imported it anew
    from werkzeug.datastructures import EnvironHeaders

    made = Request(environ)
    # Those of moto look for the names of headers that it has preserved: there are none.
    made.headers = EnvironHeaders(environ)
    if environ["HTTP_HOST"] == template["HTTP_HOST"]:
        vars(made).update(known)
    if environ.get("HTTP_CONTENT_ENCODING") != "gzip" and made.mimetype not in _FORMS:
        # What parsing forms would come to, and where `get_data` keeps what it has read: werkzeug
        # copies in pieces of 64 KB. What is compressed moto reads by another stream.
        form, files = made.parameter_storage_class(), made.parameter_storage_class()
        vars(made).update(form=form, files=files, _cached_data=request.body or b"")
    # As moto has it, which sets these after werkzeug has made the request.
    environ["moto.preserved_header_names"] = {}
    environ.setdefault("CONTENT_LENGTH", "0")
    return made


_FORMS = frozenset(
    {"application/x-url-encoded", "application/x-www-form-urlencoded", "multipart/form-data"}
)


def _environ(request: Any, environ: dict[str, Any]) -> dict[str, Any] | None:
    """Add what `Request.from_primitives` would make; None where it has more to do than this."""
    body, headers = request.body or b"", request.headers
    content_type = headers.get("Content-Type")
    if type(body) is not bytes or (content_type is not None and not body):
        return None  # werkzeug takes it apart, or makes a form
    environ["wsgi.errors"] = sys.stderr
    environ["wsgi.input"] = io.BytesIO(body)
    # The order is werkzeug's: moto goes through the headers in it.
    if content_type is not None:
        environ["CONTENT_TYPE"] = content_type
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers.items():
        text = value.decode("utf-8") if type(value) is bytes else value
        if "_" in name or type(text) is not str or "\n" in text or "\r" in text:
            return None
        key = _environ_key(name)
        if key is not None:
            environ[key] = text
    return environ


def _template(method: str, url: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what requests for a URL have in common: environ, and attributes made of the URL."""
    from moto.core.request import Request

    request = Request.from_primitives(method, url, {})
    environ: dict[str, Any] = request.environ
    known = {name: getattr(request, name) for name in ("host", "root_url", "url_root", "url")}
    for name in ("CONTENT_LENGTH", "moto.preserved_header_names", "werkzeug.request"):
        environ.pop(name, None)
    environ["wsgi.errors"] = environ["wsgi.input"] = None  # each request has its own
    return environ, known


@lru_cache(maxsize=_BOUND)
def _environ_key(name: str) -> str | None:
    """Return what a header is called in the environ, None if it does not get there."""
    key = name.upper().replace("-", "_")
    if key == "CONTENT_TYPE":
        return key
    return None if key in {"CONTENT_LENGTH", "TRANSFER_ENCODING"} else f"HTTP_{key}"


_user_agents: dict[tuple[object, ...], str] = {}


def user_agent(wrapped: Callable[..., str], agent: Any, args: Any, kwargs: Any) -> str:
    """`UserAgentString.to_string`: spelled once for all that has a part in it."""
    if not is_on():
        return wrapped(*args, **kwargs)
    key = _parts(agent)
    found = _user_agents.get(key)
    if found is None:
        if len(_user_agents) >= _BOUND:
            _user_agents.clear()
        found = _user_agents[key] = wrapped(*args, **kwargs)
    return found


def _parts(agent: Any) -> tuple[object, ...]:
    values = vars(agent).copy()
    config = values.pop("_client_config", None)
    context = get_context() if get_context is not None else None
    return (
        getattr(useragent, "modify_components", None),  # botocore's door for others
        frozenset(values.pop("_client_features", None) or ()),
        frozenset(context.features if context is not None else ()),
        *(getattr(config, name, None) for name in _OF_CONFIG),
        config is not None and config.retries and config.retries.get("mode"),
        *values.values(),
    )


# What botocore's own code reads of the client's configuration.
_OF_CONFIG = (
    "_supplied_user_agent",
    "endpoint_discovery_enabled",
    "user_agent",
    "user_agent_appid",
    "user_agent_extra",
)
