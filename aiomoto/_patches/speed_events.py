"""Faster sessions and clients: botocore's event system is copied only where it is changed."""

from __future__ import annotations

import sys
from functools import lru_cache
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from aiomoto._patches.botocore import is_on

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARED = "aiomoto_shared"  # an attribute of tries whose nodes belong to others too
_VARARGS, _VARKEYWORDS = 0x04, 0x08  # CPython's flags of code objects


def accepts_kwargs(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`accepts_kwargs`: the code of a plain function says it."""
    func = args[0] if is_on() and not kwargs else None
    if type(func) is MethodType:
        func = func.__func__
    if type(func) is not FunctionType or vars(func).keys() - {"__wrapped__"}:
        return wrapped(*args, **kwargs)  # it may say otherwise of itself: __signature__
    code = func.__code__
    if not code.co_flags & _VARKEYWORDS:
        return None
    return code.co_varnames[
        code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & _VARARGS)
    ]


def alias_event_name(wrapped: Callable[..., str], aliaser: Any, args: Any, kwargs: Any) -> str:
    """`EventAliaser._alias_event_name`: the same for all aliasers with botocore's own aliases."""
    if not is_on() or kwargs:
        return wrapped(*args, **kwargs)
    (event_name,) = args
    known: dict[str, str] = aliaser._alias_name_cache
    if event_name not in known:
        from botocore.hooks import EVENT_ALIASES

        aliases = aliaser._event_aliases
        if aliases is not EVENT_ALIASES and aliases != EVENT_ALIASES:
            return wrapped(event_name)
        known[event_name] = _aliased(event_name)
    return known[event_name]


@lru_cache(maxsize=4096)
def _aliased(event_name: str) -> str:
    from botocore.hooks import EventAliaser

    original: Callable[..., str] = EventAliaser._alias_event_name.__wrapped__
    return original(EventAliaser(None), event_name)


def copy_trie(wrapped: Callable[..., Any], trie: Any, args: Any, kwargs: Any) -> Any:
    """`_PrefixTrie.__copy__`: the copy has the same nodes, until one of the two changes."""
    if not is_on():
        return wrapped(*args, **kwargs)
    made = type(trie)()
    vars(trie)[_SHARED] = True
    vars(made).update(vars(trie))
    return made


def change_trie(wrapped: Callable[..., Any], trie: Any, args: Any, kwargs: Any) -> Any:
    """`_PrefixTrie.append_item`, `remove_item`: on nodes of the trie's own."""
    if _SHARED in vars(trie):
        _own_path(trie, *args, **kwargs)
    return wrapped(*args, **kwargs)


def _own_path(trie: Any, key: str, *_: Any, **__: Any) -> None:
    """Copy the nodes on the way to a key: nothing else will be changed."""
    node = root = _copied(trie._root)
    for part in key.split("."):
        child = node["children"].get(part)
        if child is None:
            break
        node["children"][part] = node = _copied(child)
    trie._root = root


def _copied(node: dict[str, Any]) -> dict[str, Any]:
    values = node["values"]
    return {
        **node,
        "children": {**node["children"]},
        "values": values and type(values)(*(part.copy() for part in values)),
    }


_prepared: dict[type, tuple[Any, Any, dict[str, str]]] = {}


def register_builtin_handlers(
    wrapped: Callable[..., None], session: Any, args: Any, kwargs: Any
) -> None:
    """`Session._register_builtin_handlers`: done once for all sessions that do it alike."""
    aliaser = session._events
    emitter = aliaser._emitter
    if not is_on() or vars(emitter._handlers) != _EMPTY or emitter._unique_id_handlers:
        wrapped(*args, **kwargs)
        return
    depends_on = _depends_on(session, aliaser, emitter)
    found = _prepared.get(type(emitter))
    if found is not None and found[0] == depends_on:
        _, trie, names = found
        emitter._handlers = trie.__copy__()
        aliaser._alias_name_cache.update(names)
        return
    wrapped(*args, **kwargs)
    if not emitter._unique_id_handlers:
        trie = emitter._handlers.__copy__()
        _prepared[type(emitter)] = depends_on, trie, {**aliaser._alias_name_cache}


_EMPTY = {"_root": {"chunk": None, "children": {}, "values": None}}


def _depends_on(session: Any, aliaser: Any, emitter: Any) -> Any:
    """Return all that decides what is registered and how: users replace some of it."""
    from botocore.handlers import BUILTIN_HANDLERS

    aio = sys.modules.get("aiobotocore.hooks")
    return (
        [*BUILTIN_HANDLERS],
        aio and {**aio._HANDLER_MAPPING},
        {**aliaser._event_aliases},
        type(session).register,
        *(getattr(type(aliaser), name) for name in _REGISTERING),
        *(getattr(type(emitter), name) for name in _REGISTERING),
        type(emitter)._verify_and_register,
        type(emitter)._register_section,
    )


_REGISTERING = ("register", "register_first", "register_last")
