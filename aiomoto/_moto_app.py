"""What an HTTP request means to moto: S3 directly, everything else by the app of moto's server."""

from __future__ import annotations

import html
import io
import os
import re
import sys
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from aiomoto._activation import state
from aiomoto._http_messages import Request, Response, text
from aiomoto._memo import remember

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

SERVER_EXTRA = "pip install 'aiomoto[server]'"

_LOCAL = re.compile(r"(?:[^:]+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\]", re.IGNORECASE)
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(?::\d*)?")
_SCOPE = re.compile(r"Credential=[^/]+/[^/]*/[^/]*/(?P<service>[^/]+)/aws4_request")


class App:
    """Answers HTTP requests from the backends of moto in this process.

    Parameters:
        hosts: host names to be known by, beside those that mean this machine: a page on some
            other host that has its name point here must not read the mock.
    """

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self.hosts = frozenset(host.lower() for host in hosts)

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        refusal = self._refusal(request)
        if refusal is not None:
            return text(403, refusal)
        if "origin" not in request.headers and _is_s3(request):
            return ask_s3(request)
        try:
            return _ask_wsgi(self._moto_server, request)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] not in {"flask", "flask_cors"}:
                raise
        if request.target.startswith("/moto-api") or _service(request) is not None:
            return text(
                501, f"aiomoto answers S3 only here: flask is not installed. {SERVER_EXTRA}"
            )
        return ask_s3(request)

    def _refusal(self, request: Request) -> str | None:
        """Say why a request is none of ours: it came from somebody else's page, say."""
        host = request.headers.get("host", "localhost")
        found = _HOST.fullmatch(host)
        name = found["name"].lower() if found else ""
        if not (_LOCAL.fullmatch(name) or name in self.hosts):
            return (
                f"aiomoto answers requests for 127.0.0.1, [::1], localhost and *.localhost, "
                f"not for the host {host!r}"
            )
        origin = request.headers.get("origin")
        path = unquote(request.target).lstrip("/")  # however it is spelt
        if path.startswith("moto-api") and origin not in {None, f"http://{host}"}:
            return f"aiomoto answers /moto-api to its own pages, not to those of {origin!r}"
        return None

    @cached_property
    def _moto_server(self) -> Callable[..., Iterable[bytes]]:
        return _moto_server()


_app = App()


def answer_while_mocking(
    request: Request, answer: Callable[[Request], Response] = _app
) -> Response:
    """Answer one request that came to the gateway: 503 while no mock is active.

    Parameters:
        request: the request.
        answer: what answers it while one is.
    """
    if state.start_ambient is not None:
        state.start_ambient()
    state.enter_moto()
    try:
        if state.layers or (state.on and state.refusal is None):
            return answer(request)
    finally:
        state.leave_moto()
    why = str(state.refusal or f"no mock is active in process {os.getpid()}")
    message = f"<Message>aiomoto: {html.escape(why, quote=False)}</Message>"
    body = f"<Error><Code>ServiceUnavailable</Code>{message}</Error>"
    return Response(503, [("content-type", "application/xml")], body.encode())


def _is_s3(request: Request) -> bool:
    # s3control signs for s3 too.
    return _service(request) == "s3" and not request.target.startswith("/v20180820/")


def _service(request: Request) -> str | None:
    """Return the service that a request is signed for, by its header or its URL."""
    authorization = request.headers.get("authorization")
    query = request.target.partition("?")[2]
    if authorization is None:
        if "AWSAccessKeyId=" in query:
            return "s3"  # nothing else takes signatures of version 2 in URLs
        authorization = query.replace("%2F", "/").replace("X-Amz-Credential", "Credential")
    elif authorization.startswith("AWS "):
        return "s3"
    found = _SCOPE.search(authorization)
    return found["service"] if found else None


def ask_s3(request: Request) -> Response:
    """Have S3 answer as moto's own server would, past flask: that is four times as fast."""
    from botocore.exceptions import ClientError
    from moto.core.config import passthrough_service
    from moto.moto_api import recorder
    from werkzeug.exceptions import HTTPException

    if passthrough_service("s3"):
        return text(
            501,
            "moto's configuration names S3 in `passthrough`, which only clients in this process "
            "follow: aiomoto sends nothing on",
        )
    make, raw_url = _s3_request()
    path = request.target.partition("?")[0]
    respond = next(respond for pattern, respond in _s3_routes() if pattern.match(path))
    asked = make(_environ(request))
    asked.get_data()  # whole, or moto would take the body for a form where its type says so
    recorder._record_request(asked)
    try:
        status, headers, body = respond(asked, getattr(asked, raw_url), dict(asked.headers))
    except HTTPException as error:
        status, headers, body = error.code, dict(error.get_headers()), error.get_body()
    except ClientError as error:
        return text(400, error.response["Error"]["Message"])
    return Response(status, headers.items(), body.encode() if isinstance(body, str) else body)


@cache
def _s3_routes() -> list[tuple[re.Pattern[str], Callable[..., Any]]]:
    """Return moto's table of S3's paths, the host left out."""
    from moto.s3.urls import url_paths

    return [(re.compile(path.removeprefix("{0}")), respond) for path, respond in url_paths.items()]


@cache
def _s3_request() -> tuple[Any, str]:
    """Return the class of requests that moto takes, and which attribute is its URL as sent."""
    import werkzeug
    from moto.core import responses  # where every moto 5.2 has it

    request = vars(responses).get("Request")
    if request is None:  # moto before 5.2
        return werkzeug.Request, "url"
    return type("ServerRequest", (request,), {"from_wsgi_server": True}), "raw_url"


@cache
def _moto_server() -> Callable[..., Iterable[bytes]]:
    """Return the WSGI app of moto's server, which knows the services by more than their hosts.

    Raises:
        ModuleNotFoundError: flask or flask_cors is missing.
    """
    for name in ("flask", "flask_cors"):
        __import__(name)  # moto would warn before it raises
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    app: Any = DomainDispatcherApplication(create_backend_app)
    # It reads moto's directory for every request, and for the same few hosts.
    find = app.get_backend_for_host
    app.get_backend_for_host = lambda host: remember((find, host), lambda: find(host))
    return app  # type: ignore[no-any-return]


def _ask_wsgi(app: Callable[..., Iterable[bytes]], request: Request) -> Response:
    started: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, headers: Any, exc_info: object = None) -> Any:  # noqa: ARG001
        started[:] = status, headers
        return written.append

    parts = app(_environ(request), start_response)
    try:
        written.extend(parts)
    finally:
        getattr(parts, "close", lambda: None)()
    status, headers = started
    return Response(int(status.split()[0]), headers, b"".join(written))


def _environ(request: Request) -> dict[str, Any]:
    """Return the WSGI environment of a request, as moto's server makes it."""
    url = urlsplit(f"http://host{request.target}")
    host, _, port = request.headers.get("host", "localhost").rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
        "QUERY_STRING": url.query,
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": port if port.isdigit() else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "HTTP_HOST": "localhost",
    }
    preserved: dict[str, str] = {}
    for name, value in request.headers.items():
        key = _environ_key(name)
        if "_" in name:
            # WSGI has one name for `-` and `_`, and S3's metadata two: moto asks for the names.
            dashed = name.replace("_", "-")
            if not name.startswith("x-amz-meta-") or dashed in request.headers:
                continue
            preserved[key] = name
        environ[key] = value
    environ["moto.preserved_header_names"] = preserved
    return environ


def _environ_key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
