"""Faster bodies: a large object is encoded in one go, never decoded, and not copied on its way.

Between a client and moto in one process a body is bytes that nobody changes, so the same bytes
can be what the client was given and what moto keeps.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from aiomoto._patches.botocore import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE = 1 << 20  # bytes; AwsChunkedWrapper makes one chunk of what is not larger
_BUDGET = 256 << 20  # bytes of large objects that are kept in memory, not on the disk

# Wrappers of requests that are inside moto now, by the id of their encoded form.
_encoded: WeakValueDictionary[int, Any] = WeakValueDictionary()
_kept: WeakKeyDictionary[io.BytesIO, int] = WeakKeyDictionary()


def read_chunked(wrapped: Callable[..., bytes], body: Any, args: Any, kwargs: Any) -> bytes:
    """`AwsChunkedWrapper.read`: the same bytes, put together once."""
    if not is_on() or args or kwargs or not _is_fresh(body):
        return wrapped(*args, **kwargs)
    return _encode(body)


async def read_chunked_async(wrapped: Any, body: Any, args: Any, kwargs: Any) -> bytes:
    """`AioAwsChunkedWrapper.read`: the same."""
    if not is_on() or args or kwargs or not _is_fresh(body):
        encoded: bytes = await wrapped(*args, **kwargs)
        return encoded
    return _encode(body)


def _is_fresh(body: Any) -> bool:
    """Return whether nothing was read yet of a body that can be read at once."""
    raw = body._raw
    if type(raw) is not io.BytesIO or body._complete or body._remaining or raw.tell():
        return False
    size = raw.seek(0, io.SEEK_END)
    raw.seek(0)
    return size > _LARGE


def _encode(body: Any) -> bytes:
    """Read a body to its end, as `_make_chunk` does it chunk by chunk."""
    raw = body._raw.read()
    size, view = body._chunk_size, memoryview(raw)
    if body._checksum:
        body._checksum.update(raw)
    parts = []
    for start in range(0, len(raw), size):
        chunk = view[start : start + size]
        parts += [b"%x\r\n" % len(chunk), chunk, b"\r\n"]
    body._complete = True
    if body._checksum:
        checksum = body._checksum.b64digest()
        parts.append(f"0\r\n{body._checksum_name}:{checksum}\r\n\r\n".encode("ascii"))
    else:
        parts.append(b"0\r\n\r\n")
    encoded = b"".join(parts)
    body.aiomoto_bodies = encoded, raw
    _encoded[id(encoded)] = body
    return encoded


def decode(wrapped: Callable[..., bytes], _: Any, args: Any, kwargs: Any) -> bytes:
    """`S3Response._handle_encoded_body`: what was encoded a moment ago is still there."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _decode(wrapped, *args, **kwargs)


def _decode(wrapped: Callable[..., bytes], body: Any) -> bytes:
    wrapper = _encoded.get(id(body))
    if wrapper is not None:
        encoded, raw = wrapper.aiomoto_bodies
        if encoded is body:
            return raw
    return wrapped(body)


def request_from_primitives(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`Request.from_primitives`: werkzeug need not read what is there as a whole."""
    return _from_primitives(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _from_primitives(wrapped, method, url, headers, body=None):
    request = wrapped(method, url, headers, body)
    if type(body) is bytes and len(body) > _LARGE and request.mimetype not in _FORMS:
        request._cached_data = body
    return request


_FORMS = {"multipart/form-data", "application/x-www-form-urlencoded", "application/x-url-encoded"}


def key_init(wrapped, key, args, kwargs):
    if not is_on():
        return wrapped(*args, **kwargs)
    return _key_init(wrapped, key, *args, **kwargs)


def _key_init(wrapped, key, name, value, *args, **kwargs):
    size = len(value)
    if size <= _LARGE or type(value) is not bytes or "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE" in os.environ or size + sum(size for one, size in _kept.items() if not one.closed) > _BUDGET:
        return wrapped(name, value, *args, **kwargs)
    wrapped(name, b"", *args, **kwargs)
    key._value_buffer.close()
    key._value_buffer = io.BytesIO(value)
    key.contentsize = size
    _kept[key._value_buffer] = size
