"""What a row of the patch table is, and the versions of each distribution that rows hold for."""

from __future__ import annotations

from typing import NamedTuple

# Roles without which a request could escape, or something could be left behind: a row of these
# that does not fit makes entering a mock fail. Rows of other roles are left out then.
REQUIRED = frozenset({"door", "guard", "state"})

# In front of a row's parameters: the function may have others beside them.
SOME = "..."


class Row(NamedTuple):
    """One patch.

    Attributes:
        module: the module whose import applies the row; its first part is the distribution.
        target: the function in it, such as ``Endpoint._send``.
        params: the names of all parameters, or behind SOME those that the wrapper relies on.
        wrapper: our function, ``module:name``, called as wrapt calls wrappers.
        role: what the patch is for (see the design: door, guard, endpoint, reader, state, speed).
        why: what would go wrong without it.
        low: the first supported version.
        high: the first version that is not supported any more; None where versions are dates,
            which say nothing of what has changed: then the structure decides alone.
        optional: versions without the target need no patch.
        copied: a function that other modules take by its name: theirs is replaced too.
    """

    module: str
    target: str
    params: tuple[str, ...]
    wrapper: str
    role: str
    why: str
    low: tuple[int, ...]
    high: tuple[int, ...] | None
    optional: bool = False
    copied: bool = False

    @property
    def dist(self) -> str:
        """The import name of the distribution, which holds ``__version__``."""
        return self.module.partition(".")[0]

    @property
    def supported(self) -> str:
        """The range as a version specifier, such as ``>=2.13,<4``."""
        return specifier(self.low, self.high)


def specifier(low: tuple[int, ...], high: tuple[int, ...] | None) -> str:
    """Return a range as a version specifier, such as ``>=2.13,<4``."""
    bounds = zip((">=", "<"), (low, high), strict=True)
    return ",".join(sign + ".".join(map(str, bound)) for sign, bound in bounds if bound)


# The ranges of pyproject.toml; a test compares the two.
RANGES: dict[str, tuple[tuple[int, ...], tuple[int, ...] | None]] = {
    "aiobotocore": ((2, 13), (4,)),
    "aiohttp": ((3, 8), None),
    "boto3": ((1, 34, 70), (2,)),
    "botocore": ((1, 34, 70), (2,)),
    "http": ((3, 10), None),  # the standard library's
    "httpcore": ((1,), None),
    "httpcore2": ((1,), None),
    "moto": ((5, 0), (6,)),
    "daft": ((0, 5), None),
    "deltalake": ((1, 6), None),
    "duckdb": ((1, 2), None),
    "lance": ((0, 33), None),
    "obstore": ((0, 7), None),
    "pandas": ((2, 2), (4,)),
    "polars": ((1, 31), None),
    "pyarrow": ((15,), None),
    "pyiceberg": ((0, 8), None),
    "s3fs": ((2024, 6), None),
    "urllib3": ((1, 26), None),
}


def row(  # noqa: PLR0913, PLR0917  # a row has this many fields
    module: str,
    target: str,
    params: str,
    wrapper: str,
    role: str,
    why: str,
    *,
    optional: bool = False,
    copied: bool = False,
) -> Row:
    low, high = RANGES[module.partition(".")[0]]
    return Row(
        module,
        target,
        tuple(params.split()),
        f"aiomoto._patches.{wrapper}",
        role,
        why,
        low,
        high,
        optional,
        copied,
    )
