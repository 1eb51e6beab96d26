"""Reading HTTP/1 requests and writing the responses, as bytes on a connection."""

from __future__ import annotations

import re
from email.utils import formatdate
from http.client import responses as reasons
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

MAX_LINE = 65536  # bytes; presigned URLs with session tokens are long
MAX_HEADERS = 1000
MAX_BODY = 5 * 1024**3 + MAX_LINE  # bytes; what S3 takes in one request, and aws-chunked's frame

_ONE_PIECE = 16384  # bytes; up to here the copy is cheaper than a second system call
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/1\.(\d)")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEX = re.compile(rb"[0-9A-Fa-f]{1,16}")


class Request(NamedTuple):
    """One request.

    Attributes:
        method: such as ``GET``.
        target: path and query as sent, percent-encoded.
        headers: by their names in lower case; repeated ones are joined by commas.
        body: with HTTP's own chunks taken apart; aws-chunked is left as it is.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Response(NamedTuple):
    """One response; length, date and connection headers are the server's business."""

    status: int
    headers: Iterable[tuple[str, Any]]
    body: bytes


class MalformedError(Exception):
    """What came is no HTTP request that this server takes; ``status`` says so to the client."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def text(status: int, message: str) -> Response:
    """Return a response of plain text."""
    return Response(status, [("content-type", "text/plain; charset=utf-8")], message.encode())


def read_request(connection: socket.socket, reader: Any) -> tuple[Request, bool]:
    """Read one request; return it, and whether the connection stays open after it.

    Raises:
        MalformedError: it is no HTTP/1 request, or too large.
        ConnectionError: the client closed in the middle.
    """
    line = _line(reader) or _line(reader)  # an empty line in front is to be ignored
    words = _REQUEST_LINE.fullmatch(line)
    if words is None:
        raise MalformedError(400, "the request line is not `METHOD target HTTP/1.1`")
    method, target, minor = words[1].decode("ascii"), _target(words[2]), words[3]
    headers = _headers(reader)
    if target[0] != "/":  # the absolute form, whose authority stands for Host
        try:
            parts = urlsplit(target)
        except ValueError as error:
            raise MalformedError(400, f"the target is no URL: {error}") from None
        headers["host"] = parts.netloc
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if "100-continue" in headers.pop("expect", "").lower():
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _body(reader, headers)
    connecting = headers.pop("connection", "").lower()
    keep = "keep-alive" in connecting if minor == b"0" else "close" not in connecting
    return Request(method, target, headers, body), keep


def _line(reader: Any) -> bytes:
    line: bytes = reader.readline(MAX_LINE + 1)
    if not line.endswith(b"\n"):
        if len(line) > MAX_LINE:
            raise MalformedError(431, f"a line is longer than {MAX_LINE} bytes")
        raise ConnectionError("closed in the middle of a request")
    return line.rstrip(b"\r\n")


def _target(raw: bytes) -> str:
    if not re.match(rb"/|https?://[^/?#]", raw):
        raise MalformedError(400, "the target is neither a path nor an http URL")
    # Some clients send UTF-8 as it is.
    encoded = re.sub(rb"[^\x21-\x7e]", lambda found: b"%%%02X" % ord(found[0]), raw)
    return encoded.decode("ascii")


def _headers(reader: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(MAX_HEADERS + 1):
        line = _line(reader).decode("latin-1")
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise MalformedError(400, "a header is not `Name: value`")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    raise MalformedError(431, f"there are more than {MAX_HEADERS} headers")


def _body(reader: Any, headers: dict[str, str]) -> bytes:
    coding = headers.pop("transfer-encoding", "").lower()
    if coding:
        if coding != "chunked":
            raise MalformedError(501, f"the transfer coding {coding!r} is not chunked")
        body = _chunks(reader)
        headers["content-length"] = str(len(body))
        return body
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise MalformedError(400, "Content-Length is no number")
    return _exactly(reader, int(length))


def _chunks(reader: Any) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while True:
        size = _line(reader).partition(b";")[0].strip()
        if not _HEX.fullmatch(size):
            raise MalformedError(400, "the size of a chunk is no hexadecimal number")
        if not int(size, 16):
            break
        total += int(size, 16)
        chunks.append(_exactly(reader, int(size, 16), total))
        if _line(reader):
            raise MalformedError(400, "a chunk is longer than its size")
    while _line(reader):
        pass  # trailers: nobody needs them
    return b"".join(chunks)


def _exactly(reader: Any, size: int, total: int = 0) -> bytes:
    if max(size, total) > MAX_BODY:
        raise MalformedError(413, f"the body is larger than {MAX_BODY} bytes")
    data: bytes = reader.read(size)  # into one buffer, whatever its size
    if len(data) < size:
        raise ConnectionError("closed in the middle of a body")
    return data


def response_head(method: str, response: Response, *, keep: bool) -> tuple[bytes, bytes]:
    """Return a response's head, with a small body right behind it, and the rest of its body."""
    status, headers, body = response
    lines = [f"HTTP/1.1 {status} {reasons.get(status, '')}"]
    names = set()
    length: object = len(body)
    for name, value in headers:
        lower = name.lower()
        if lower == "content-length":
            if method == "HEAD":
                length = value
        elif lower not in {"connection", "transfer-encoding"}:
            names.add(lower)
            lines.append(f"{name}: {value}")
    if status in {204, 304}:
        body = b""
    else:
        lines.append(f"Content-Length: {length}")
    if "date" not in names:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    if method == "HEAD":
        body = b""
    head = "\r\n".join([*(re.sub(r"[\r\n\0]+", " ", line) for line in lines), "", ""])
    try:
        raw = head.encode("latin-1")
    except UnicodeEncodeError:
        raw = head.encode()
    return (raw + body, b"") if len(body) <= _ONE_PIECE else (raw, body)
