"""The rows of HTTP libraries: plain requests to AWS, presigned URLs above all, are the mock's."""

from __future__ import annotations

from aiomoto._patches.rows import Row, row

_WHY = "a presigned URL would be asked of AWS"

ROWS: tuple[Row, ...] = (
    *(
        row(
            f"{core}._sync.connection_pool",
            "ConnectionPool.handle_request",
            "self request",
            "httpcore:handle_request",
            "guard",
            _WHY,
        )
        for core in ("httpcore", "httpcore2")
    ),
    *(
        row(
            f"{core}._async.connection_pool",
            "AsyncConnectionPool.handle_async_request",
            "self request",
            "httpcore:handle_async_request",
            "guard",
            _WHY,
        )
        for core in ("httpcore", "httpcore2")
    ),
    row(
        "aiohttp.connector",
        "BaseConnector.connect",
        "self req traces timeout",
        "aiohttp:connect",
        "guard",
        _WHY,
    ),
    *(
        row(module, f"{name}.connect", "self", "http_client:connect", "guard", _WHY)
        for module in ("http.client", "urllib3.connection")
        for name in ("HTTPConnection", "HTTPSConnection")
    ),
    row(
        "http.client",
        "HTTPConnection.putrequest",
        "self method url skip_host skip_accept_encoding",
        "http_client:putrequest",
        "guard",
        "a connection that was made before the mock leads to AWS",
    ),
)
