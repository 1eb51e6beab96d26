"""The patch table: one row for each function of another distribution that aiomoto wraps.

Data only. `aiomoto._patches` applies it; `aiomoto._hook.TARGETS` repeats its module names.
"""

from __future__ import annotations

from aiomoto._patches import (
    rows_aws,
    rows_data,
    rows_endpoints,
    rows_http,
    rows_readers,
    rows_speed,
)
from aiomoto._patches.rows import RANGES, REQUIRED, SOME, Row, specifier

__all__ = ["RANGES", "REQUIRED", "ROWS", "SOME", "Row", "specifier"]

ROWS: tuple[Row, ...] = (
    *rows_aws.ROWS,
    *rows_endpoints.ROWS,
    *rows_data.ROWS,
    *rows_http.ROWS,
    *rows_speed.ROWS,
    *rows_readers.ROWS,
)
