"""`pyarrow.fs` while a mock is active, whose `S3FileSystem` is Cython's and cannot be patched.

The stated exception to "patch once, toggle a flag": names that hold the class are made to hold
another while a mock is active, in `pyarrow.fs` and in the modules of the user.
"""

from __future__ import annotations

import copyreg
import sys
from operator import itemgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pyarrow import _s3fs

from aiomoto import _readers
from aiomoto._dispatch import is_on
from aiomoto._patches.pyarrow import make
from aiomoto.errors import AiomotoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_native: Any = _s3fs.S3FileSystem


class _Kind(type):
    """The class of the class below, which is to be taken for pyarrow's."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an instance: of pyarrow's own class, unless this is a subclass of the user's."""
        if cls is S3FileSystem:
            return make(_native, *args, **kwargs)
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        """Take pyarrow's instances for instances of the class below."""
        if cls is S3FileSystem:
            return isinstance(instance, _native)
        return super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        """Take pyarrow's class for the class below."""
        if cls is S3FileSystem:
            return issubclass(subclass, _native)
        return super().__subclasscheck__(subclass)


class S3FileSystem(_native, metaclass=_Kind):  # type: ignore[misc]  # pyarrow is not typed
    """pyarrow's, which leads to the mock while one is active; users may subclass it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        make(super().__init__, *args, **kwargs)


for _name in ("__doc__", "__module__"):
    setattr(S3FileSystem, _name, getattr(_native, _name))


def _reduce(cls: type) -> str | tuple[Any, ...]:
    """Pickle the class as pyarrow's own, and a subclass of the user's by its name."""
    return (itemgetter(0), ((_native,),)) if cls is S3FileSystem else cls.__qualname__


copyreg.pickle(_Kind, _reduce)


class Names:
    """A slot that is all global names that hold pyarrow's class, or an instance of before.

    A module is looked through once: what it binds later is what `pyarrow.fs` holds then.
    """

    def __init__(self) -> None:
        own = (_s3fs, sys.modules[__name__])
        self._seen = {module.__name__: id(module) for module in own}
        self._known: list[tuple[ModuleType, str]] = []

    def get(self) -> list[tuple[ModuleType, str, Any]]:
        """Return the names with what they hold."""
        for name, module in sys.modules.copy().items():  # other threads import
            if self._seen.get(name) != id(module) and isinstance(module, ModuleType):
                if not getattr(module.__spec__, "_initializing", False):
                    self._seen[name] = id(module)
                self._known += [(module, key) for key in _holders(vars(module).copy())]
        found = [(module, key, vars(module).get(key)) for module, key in self._known]
        return [place for place in found if _is_native(place[2])]

    def set(self, found: list[tuple[ModuleType, str, Any]] | None) -> None:
        """Put back what was found, or have the names hold what leads to the mock."""
        for module, key, value in self.get() if found is None else found:
            setattr(module, key, _led(value) if found is None else value)


def _is_native(value: Any) -> bool:
    return value is _native or type(value) is _native


def _holders(names: dict[str, Any]) -> Iterator[str]:
    # The quick look first: modules are many.
    if id(_native) in map(id, names.values()) or id(_native) in map(id, map(type, names.values())):
        yield from (key for key, value in names.items() if _is_native(value))


def _led(value: Any) -> Any:
    """Return what stands for pyarrow's class, or for an instance, while a mock is active."""
    if value is _native:
        return S3FileSystem
    _, (kwargs,) = value.__reduce__()
    try:
        return make(_native, **kwargs)
    except AiomotoError as error:  # not here, where a mock is entered, but where it is used
        return _Refused(error)


class _Refused:
    """Stands for an instance of before that cannot be led: any use of it says why."""

    def __init__(self, error: AiomotoError) -> None:
        object.__setattr__(self, "error", error)

    def __getattribute__(self, name: str) -> Any:
        raise object.__getattribute__(self, "error")


_readers.wear(Names(), None)


def resolve_s3_region(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`resolve_s3_region`: moto's word, where pyarrow would ask AWS."""
    return _resolve_s3_region(*args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _resolve_s3_region(bucket: str) -> str:
    import boto3
    from botocore.exceptions import ClientError

    client = boto3.Session().client("s3", region_name="us-east-1")
    try:
        location = client.get_bucket_location(Bucket=bucket)["LocationConstraint"]
    except ClientError as error:
        raise OSError(f"Bucket {bucket!r} not found: {error}") from error
    return location or "us-east-1"
