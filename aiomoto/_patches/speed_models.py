"""Faster sessions: a model that botocore or boto3 brings along is parsed once per process.

Every session gets a copy of its own, which it may change; a part of it is copied when somebody
looks at it. What users write (``AWS_DATA_PATH``, ``~/.aws/models``) is read afresh by every
session, as ever.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from copy import deepcopy
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any

from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

# Nodes with more entries than this, such as all shapes of a service, are copied entry by entry.
_SMALL = 32
# Bytes of JSON whose parsed form is kept. EC2's model, the largest, has 4 MB, S3's 1.4 MB.
_BUDGET = 24 << 20

_INNER = frozenset({OrderedDict, list})  # what a parsed file holds beside plain values

_lock = RLock()


class Copied(OrderedDict[str, Any]):
    """A node of a session's own copy, with nodes of its own in it."""

    def __reduce__(self) -> Any:
        return OrderedDict(self).__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> OrderedDict[str, Any]:
        made = memo[id(self)] = OrderedDict()
        for key, value in dict.items(self):
            made[key] = deepcopy(value, memo)
        return made


class Uncopied(Copied):
    """A node of a session's own copy, with nodes of the shared original in it.

    It hands none of them out: whatever is asked for is copied first. They are known by their
    types, which are exactly OrderedDict and list.

    Attributes:
        written: the keys that were set since. Their values are the user's, whatever their types.
        original: of a whole document: what it is a copy of.
    """

    def __getitem__(self, key: str) -> Any:
        if len(self) > _SMALL:
            value = OrderedDict.__getitem__(self, key)
            if type(value) is OrderedDict:
                return self._copy_one(key)
            if type(value) is not list:
                return value
        copy_all(self)
        return self[key]

    def _copy_one(self, key: str) -> Any:
        with _lock:
            value = OrderedDict.__getitem__(self, key)
            if type(self) is Uncopied and type(value) is OrderedDict and key not in self._written():
                value = uncopied(value)
                OrderedDict.__setitem__(self, key, value)
            return value

    def __setitem__(self, key: str, value: Any) -> None:
        with _lock:
            if type(self) is Uncopied:
                self._written().add(key)
            OrderedDict.__setitem__(self, key, value)

    def _written(self) -> set[str]:
        written: set[str] = vars(self).setdefault("written", set())
        return written

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401  # that would be itself


def _copying_first(name: str) -> Callable[..., Any]:
    method = getattr(Copied, name)

    def call(self: Uncopied, *args: Any, **kwargs: Any) -> Any:
        copy_all(self)
        return method(self, *args, **kwargs)

    return call


for _name in (
    "__delitem__",
    "__ior__",
    "__or__",
    "__reduce__",
    "__ror__",
    "copy",
    "items",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
):
    setattr(Uncopied, _name, _copying_first(_name))
for _class in (Copied, Uncopied):
    _class.__name__ = _class.__qualname__ = "OrderedDict"  # which a printed model shows


def uncopied(value: Any) -> Any:
    """Return a copy of a shared value, whose inner nodes are copied when they are needed."""
    if type(value) is OrderedDict:
        node = Copied(value)
        if not _INNER.isdisjoint(map(type, value.values())):
            node.__class__ = Uncopied
        return node
    return [uncopied(item) for item in value] if type(value) is list else value


def copy_all(node: Uncopied) -> None:
    """Copy what is in a node, which makes it an ordinary dictionary."""
    with _lock:
        if type(node) is not Uncopied:
            return  # another thread was faster
        written = vars(node).pop("written", ())
        for key, value in list(dict.items(node)):
            if type(value) in _INNER and key not in written:
                OrderedDict.__setitem__(node, key, uncopied(value))
        node.__class__ = Copied  # type: ignore[assignment]  # of which it is a subclass


def original(node: Any) -> Any:
    """Return what a document is a copy of, None where somebody may have changed the copy."""
    if type(node) is not Uncopied or "written" in vars(node):
        return None
    return vars(node).get("original")


def peek(node: Any, *path: str) -> Any:
    """Return what stands in a node, shared or not, only to be read."""
    for key in path:
        node = dict.__getitem__(node, key)
    return node


class Documents:
    """Parsed files by their paths: those used last, within a budget of bytes."""

    def __init__(self) -> None:
        self.parsed: OrderedDict[str, tuple[int, Any]] = OrderedDict()

    def get(self, path: str) -> Any:
        """Return a parsed file, None where it is not kept."""
        with _lock:
            if path not in self.parsed:
                return None
            self.parsed.move_to_end(path)
            return self.parsed[path][1]

    def keep(self, path: str, document: Any) -> None:
        """Keep a parsed file, which must not be changed from now on."""
        size = os.path.getsize(path) * (8 if path.endswith(".gz") else 1)
        with _lock:
            self.parsed[path] = size, document
            total = sum(size for size, _ in self.parsed.values())
            while total > _BUDGET:
                total -= self.parsed.popitem(last=False)[1][0]


documents = Documents()


def load_file(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`JSONFileLoader._load_file`: a copy of what was parsed before."""
    return _load_file(wrapped, *args, **kwargs) if is_on() else wrapped(*args, **kwargs)


def _load_file(wrapped: Callable[..., Any], full_path: str, open_method: Any) -> Any:
    if not full_path.startswith(_shipped()):
        return wrapped(full_path, open_method)
    document = documents.get(full_path)
    if document is None:
        document = wrapped(full_path, open_method)
        if type(document) is not OrderedDict:
            return document  # None where there is no such file
        documents.keep(full_path, document)
    made = uncopied(document)
    vars(made)["original"] = document
    return made


def _shipped() -> tuple[str, ...]:
    """Name the folders of the models that botocore and boto3 bring along."""
    return _folders("botocore", *(("boto3",) if "boto3" in sys.modules else ()))


@cache
def _folders(*packages: str) -> tuple[str, ...]:
    files = (sys.modules[name].__file__ or "" for name in packages)
    return tuple(os.path.join(os.path.dirname(file), "data", "") for file in files)


_services: dict[tuple[str, ...], list[str]] = {}


def list_services(wrapped: Callable[..., Any], loader: Any, args: Any, kwargs: Any) -> Any:
    """`Loader.list_available_services`: the folders that never change are walked once."""
    from botocore.loaders import JSONFileLoader

    own = ("list_available_services", *args, *(x for pair in sorted(kwargs.items()) for x in pair))
    if not is_on() or own in loader._cache or type(loader.file_loader) is not JSONFileLoader:
        return wrapped(*args, **kwargs)
    folders = [os.path.join(path, "") for path in loader.search_paths if os.path.isdir(path)]
    if not {*folders} <= {*_shipped()}:
        return wrapped(*args, **kwargs)
    key = (*own, *folders)
    if key in _services:
        loader._cache[own] = [*_services[key]]  # where the original looks first
    found = wrapped(*args, **kwargs)
    _services[key] = [*found]
    return found
