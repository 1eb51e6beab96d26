"""Whether the patches of a module still stand: asked on every enter, so it has to be quick."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aiomoto._layers import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType


class Standing(NamedTuple):
    """What was found in each place on the way to the targets of a module, when all was well."""

    module: ModuleType
    places: list[tuple[Mapping[str, Any], str, Any]]

    def holds(self, module: object) -> bool:
        """Return whether a module is the same one, and nothing in these places has changed."""
        if module is not self.module:
            return False
        for names, name, value in self.places:  # noqa: SIM110  # `all` takes twice the time
            if names.get(name, ABSENT) is not value:
                return False
        return True


def look(module: ModuleType, targets: Iterable[str]) -> Standing:
    """Note what is found on the way to each target, such as ``Endpoint._send``."""
    places = []
    for target in targets:
        names: Mapping[str, Any] = vars(module)
        for name in target.split("."):
            value = names.get(name, ABSENT)
            places.append((names, name, value))
            names = getattr(value, "__dict__", {})
    return Standing(module, places)
