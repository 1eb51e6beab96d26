"""Faster bodies: a large one is encoded in one go, never decoded, and not copied on its way.

Between a client and moto in one process a body is bytes that nobody changes: those that the
client was given can be those that moto keeps.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

LARGE = 1 << 20  # bytes: what is not larger is one chunk, and not worth the trouble
_IN_MEMORY = 256 << 20  # bytes of large objects that need not be written to the disk

# Wrappers of bodies that are inside moto now, by the ids of their encoded forms.
_encoded: WeakValueDictionary[int, Any] = WeakValueDictionary()
_in_memory: WeakKeyDictionary[io.BytesIO, int] = WeakKeyDictionary()


def read(wrapped: Callable[..., bytes], body: Any, args: Any, kwargs: Any) -> bytes:
    """`AwsChunkedWrapper.read`: the same bytes, put together once."""
    return _encode(body) if _is_whole(body, args, kwargs) else wrapped(*args, **kwargs)


async def read_async(wrapped: Callable[..., Any], body: Any, args: Any, kwargs: Any) -> bytes:
    """`AioAwsChunkedWrapper.read`: the same bytes, put together once."""
    if _is_whole(body, args, kwargs):
        return _encode(body)
    encoded: bytes = await wrapped(*args, **kwargs)
    return encoded


def _is_whole(body: Any, args: Any, kwargs: Any) -> bool:
    """Return whether all of a large body is asked for, and is there."""
    raw = body._raw
    if args or kwargs or type(raw) is not io.BytesIO or not is_on():
        return False
    if body._complete or body._remaining or raw.tell():
        return False
    size = raw.seek(0, io.SEEK_END)
    raw.seek(0)
    return size > LARGE


def _encode(body: Any) -> bytes:
    """Return what the chunks of `_make_chunk` add up to."""
    raw: bytes = body._raw.read()  # no copy: the very bytes that the BytesIO was made of
    view, size = memoryview(raw), body._chunk_size
    parts: list[bytes | memoryview] = []
    for start in range(0, len(raw), size):
        chunk = view[start : start + size]
        parts += (b"%x\r\n" % len(chunk), chunk, b"\r\n")
    parts.append(b"0\r\n")
    if body._checksum:
        body._checksum.update(raw)
        checksum = f"{body._checksum_name}:{body._checksum.b64digest()}\r\n"
        parts.append(checksum.encode("ascii"))
    parts.append(b"\r\n")
    body._complete = True
    encoded = b"".join(parts)
    body.aiomoto_forms = encoded, raw
    _encoded[id(encoded)] = body
    return encoded


def decode(wrapped: Callable[..., bytes], _: Any, args: Any, kwargs: Any) -> bytes:
    """`S3Response._handle_encoded_body`: what was encoded a moment ago is still there."""
    return _decode(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _decode(wrapped: Callable[..., bytes], body: Any) -> bytes:
    encoded, raw = getattr(_encoded.get(id(body)), "aiomoto_forms", (None, b""))
    return raw if encoded is body else wrapped(body)


def key_init(wrapped: Callable[..., None], key: Any, args: Any, kwargs: Any) -> None:
    """`FakeKey.__init__`: large objects are kept as they came, not in temporary files.

    Unless there are many, or the user has said where moto is to begin with files.
    """
    if is_on():
        _key_init(wrapped, key, *args, **kwargs)
    else:
        wrapped(*args, **kwargs)


def _key_init(
    wrapped: Callable[..., None], key: Any, name: Any, value: Any, *args: Any, **kwargs: Any
) -> None:
    if type(value) is not bytes or len(value) <= LARGE or not _fits(len(value)):
        wrapped(name, value, *args, **kwargs)
        return
    wrapped(name, b"", *args, **kwargs)
    key._value_buffer.close()
    key._value_buffer = io.BytesIO(value)  # no copy, until somebody writes
    key.contentsize = len(value)
    _in_memory[key._value_buffer] = len(value)


def _fits(size: int) -> bool:
    if "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE" in os.environ:
        return False
    present = sum(size for buffer, size in [*_in_memory.items()] if not buffer.closed)
    return present + size <= _IN_MEMORY
