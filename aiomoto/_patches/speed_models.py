"""Faster sessions: a model file of botocore or boto3 is parsed once per process.

Every session gets a copy of its own, which it may change; the copying is put off until somebody
looks. Only the files that the two packages bring along are shared: what users write
(``AWS_DATA_PATH``, ``~/.aws/models``) is read afresh by every session.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from copy import deepcopy
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any

from aiomoto._patches.botocore import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

# Nodes with more entries than this, such as all shapes of a service, are copied entry by entry.
_SMALL = 32
# Bytes of JSON whose parsed form is kept; EC2's model, the largest, has 4 MB.
_BUDGET = 48 << 20

_lock = RLock()


class Copied(OrderedDict[str, Any]):
    """A node whose inner nodes are this copy's own."""

    def __reduce__(self) -> Any:
        return OrderedDict(self).__reduce__()

    def __deepcopy__(self, memo: dict[int, Any]) -> OrderedDict[str, Any]:
        made = memo[id(self)] = OrderedDict()
        for key, value in dict.items(self):
            made[key] = deepcopy(value, memo)
        return made


class Uncopied(Copied):
    """A node that still holds inner nodes of the shared original, and hands none of them out.

    The shared ones are known by their types, which are exactly OrderedDict and list.

    Attributes:
        written: the keys that were set since, whose values are the user's, whatever their types.
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
            if type(value) is OrderedDict and type(self) is Uncopied and key not in self._written():
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
        return self[key] if key in self else default


def _copying_first(name: str) -> Callable[..., Any]:
    method = getattr(Copied, name)

    def call(self: Uncopied, *args: Any, **kwargs: Any) -> Any:
        copy_all(self)
        return method(self, *args, **kwargs)

    return call


for _name in (
    "__delitem__",
    "__or__",
    "__ror__",
    "__ior__",
    "__reduce__",
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
    _class.__name__ = _class.__qualname__ = "OrderedDict"  # what a model shows when it is printed


def uncopied(value: Any) -> Any:
    """Return a copy of a shared value, whose inner nodes will be copied when they are needed."""
    if type(value) is OrderedDict:
        node = Copied(value)
        node.__class__ = Uncopied
        return node
    return [uncopied(item) for item in value] if type(value) is list else value


def original(node: Any) -> Any:
    """Return the shared original of a document that nobody has looked into, None otherwise."""
    if type(node) is not Uncopied or "written" in vars(node):
        return None
    return vars(node).get("original")


def peek(node: Any, *path: str) -> Any:
    """Return what stands in a node now, only to be read."""
    for key in path:
        node = dict.__getitem__(node, key)
    return node


def copy_all(node: Uncopied) -> None:
    """Copy the inner nodes of a node, which makes it an ordinary dictionary."""
    with _lock:
        if type(node) is not Uncopied:
            return
        written = vars(node).pop("written", ())
        for key, value in list(dict.items(node)):
            if type(value) in {OrderedDict, list} and key not in written:
                OrderedDict.__setitem__(node, key, uncopied(value))
        node.__class__ = Copied


class Documents:
    """Parsed files by their paths, the last used ones within a budget of bytes."""

    def __init__(self) -> None:
        self.parsed: OrderedDict[str, tuple[int, Any]] = OrderedDict()
        self.size = 0

    def get(self, path: str) -> Any:
        """Return a parsed file, None where it is not kept."""
        with _lock:
            if path not in self.parsed:
                return None
            self.parsed.move_to_end(path)
            return self.parsed[path][1]

    def keep(self, path: str, document: Any) -> None:
        """Keep a parsed file; it must not be changed from now on."""
        with _lock:
            size, _ = self.parsed.pop(path, (0, None))
            self.parsed[path] = os.path.getsize(path), document
            self.size += self.parsed[path][0] - size
            while self.size > _BUDGET:
                self.size -= self.parsed.popitem(last=False)[1][0]


documents = Documents()
services: dict[tuple[str, ...], list[str]] = {}


def load_file(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`JSONFileLoader._load_file`: a copy of what was parsed before."""
    if not is_on():
        return wrapped(*args, **kwargs)
    return _load_file(wrapped, *args, **kwargs)


def _load_file(wrapped: Callable[..., Any], full_path: str, open_method: Any) -> Any:
    if not full_path.startswith(_shipped()):
        return wrapped(full_path, open_method)
    document = documents.get(full_path)
    if document is None:
        document = wrapped(full_path, open_method)
        if document is None:
            return None
        documents.keep(full_path, document)
    made = uncopied(document)
    if type(made) is Uncopied:
        made.original = document
    return made


def _shipped() -> tuple[str, ...]:
    """Name the folders of the models that botocore and boto3 bring along."""
    return _folders("botocore", *(("boto3",) if "boto3" in sys.modules else ()))


@cache
def _folders(*names: str) -> tuple[str, ...]:
    return tuple(os.path.join(os.path.dirname(sys.modules[name].__file__), "data", "") for name in names)


def list_available_services(wrapped: Callable[..., Any], loader: Any, args: Any, kwargs: Any) -> Any:
    """`Loader.list_available_services`: the folders of the packages are read once."""
    from botocore.loaders import JSONFileLoader

    if not is_on() or type(loader.file_loader) is not JSONFileLoader:
        return wrapped(*args, **kwargs)
    own = ("list_available_services", *args, *(x for pair in sorted(kwargs.items()) for x in pair))
    if own in loader._cache:
        return wrapped(*args, **kwargs)
    paths = [path for path in loader.search_paths if os.path.isdir(path)]
    if not {os.path.join(path, '') for path in paths} <= {*_shipped()}:
        return wrapped(*args, **kwargs)
    key = (*own, *paths)
    if key in services:
        loader._cache[own] = [*services[key]]  # where the original looks first
    found = wrapped(*args, **kwargs)
    services[key] = [*found]
    return found
