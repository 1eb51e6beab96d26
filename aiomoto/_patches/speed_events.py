"""Faster sessions and clients: botocore's event system is copied only where it is changed."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from aiomoto._dispatch import is_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SHARED = "aiomoto_shared"  # an attribute of tries whose nodes belong to others too


class Names(dict[str, str]):
    """An aliaser's cache of names, which finds out by itself what is not in it."""

    def __init__(self, aliases: dict[str, str]) -> None:
        self._aliases = aliases

    def __contains__(self, name: object) -> bool:
        if not dict.__contains__(self, name):
            from botocore.hooks import EVENT_ALIASES

            if self._aliases is not EVENT_ALIASES and self._aliases != EVENT_ALIASES:
                return False
            self[cast("str", name)] = _aliased(cast("str", name))
        return True


def aliaser_init(wrapped: Callable[..., None], aliaser: Any, args: Any, kwargs: Any) -> None:
    """`EventAliaser.__init__`: a name is the same for all aliasers with botocore's own aliases."""
    wrapped(*args, **kwargs)
    if is_on():
        aliaser._alias_name_cache = Names(aliaser._event_aliases)


@lru_cache(maxsize=4096)
def _aliased(event_name: str) -> str:
    from botocore.hooks import EventAliaser

    aliaser = EventAliaser(None)
    aliaser._alias_name_cache = {}
    alias: str = aliaser._alias_event_name(event_name)
    return alias


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


_prepared: dict[type, tuple[Any, Any]] = {}


def register_builtin_handlers(
    wrapped: Callable[..., None], session: Any, args: Any, kwargs: Any
) -> None:
    """`Session._register_builtin_handlers`: done once for all sessions that do it alike."""
    from botocore.hooks import HierarchicalEmitter

    emitter = session._original_handler
    if not is_on() or not isinstance(emitter, HierarchicalEmitter) or not _is_empty(emitter):
        wrapped(*args, **kwargs)
        return
    depends_on = _depends_on(session, session._events, emitter)
    found = _prepared.get(type(emitter))
    if found is not None and found[0] == depends_on:
        emitter._handlers = found[1].__copy__()
        return
    wrapped(*args, **kwargs)
    if not emitter._unique_id_handlers:  # those are not in the trie alone
        _prepared[type(emitter)] = depends_on, emitter._handlers.__copy__()


def _is_empty(emitter: Any) -> bool:
    root = emitter._handlers._root
    return not (root["children"] or root["values"] or emitter._unique_id_handlers)


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


class Nothing:
    """Awaited it gives None, as most handlers do, at once."""

    def __await__(self) -> Iterator[None]:
        return iter(())


_nothing = Nothing()


def resolve_awaitable(wrapped: Callable[..., Any], _: Any, args: Any, kwargs: Any) -> Any:
    """`resolve_awaitable`: no coroutine and no look-up of types for a None."""
    if args == (None,) and is_on():
        return _nothing
    return wrapped(*args, **kwargs)
