"""Faster answers: a date that many of them have is parsed once."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import TYPE_CHECKING, Any

from aiomoto._dispatch import is_on
from aiomoto._memo import remember

if TYPE_CHECKING:
    from collections.abc import Callable

# Nothing of these is left to the moment at which they are read.
_COMPLETE = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    re.ASCII,
)


def parse_timestamp(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`_parse_timestamp_with_tzinfo`: a date is read once, and answers repeat theirs."""
    if not (is_on() and args and type(args[0]) is str and _COMPLETE.fullmatch(args[0])):
        return wrapped(*args, **kwargs)
    key = parse_timestamp, args, time.tzname, time.timezone, dt.datetime  # which tests replace
    return remember(key, lambda: wrapped(*args, **kwargs))
