"""What mocks set and put back, whatever the order in which they leave."""

from __future__ import annotations

from itertools import permutations
from types import SimpleNamespace

import pytest

from aiomoto._layers import ABSENT, Attribute, Contents, Layer, Layers, Variable

THINGS = SimpleNamespace(a="found", b=SimpleNamespace(a="found"), c={"found": 1}, d={"found": 1})
# Each kind of slot twice, for two places, and two values.
SLOTS = {
    "variable": (
        lambda: Variable("AIOMOTO_TEST_A"),
        lambda: Variable("AIOMOTO_TEST_B"),
        ("one", ABSENT),
    ),
    "attribute": (lambda: Attribute(THINGS, "a"), lambda: Attribute(THINGS, "new"), (1, ABSENT)),
    "owner": (lambda: Attribute(THINGS, "a"), lambda: Attribute(THINGS.b, "a"), (1, ABSENT)),
    "contents": (lambda: Contents(THINGS.c), lambda: Contents(THINGS.d), ({"one": 1}, {})),
}


@pytest.mark.parametrize("order", [*permutations(range(3))])
@pytest.mark.parametrize("kind", SLOTS)
def test_last_to_leave_puts_back_what_the_first_had_found(kind, order, monkeypatch):
    monkeypatch.setenv("AIOMOTO_TEST_A", "found")
    first, second, (one, other) = SLOTS[kind]
    found = first().get(), second().get()
    layers = Layers(Layer(number) for number in range(3))
    for layer, value in zip([*layers], [one, other, one], strict=True):
        layer.set(first(), other)
        layer.set(first(), value)
        layer.set(second(), value)
    remaining = {layer.owner: layer for layer in layers}
    for number in order:
        layers.take_out(remaining.pop(number))
        top = [one, other, one][max(remaining)] if remaining else None
        assert (first().get(), second().get()) == ((top, top) if remaining else found)


def test_slots_of_different_kinds_are_different():
    for first, second, _ in SLOTS.values():
        assert first() == first()
        assert not first() == second()  # noqa: SIM201  # the operator that dictionaries use
    slots = [first() for first, _, _ in SLOTS.values()]
    assert slots[1] == slots[2]
    for slot, other in permutations((slots[0], slots[1], slots[3]), 2):
        assert not slot == other  # noqa: SIM201


def test_one_that_fails_does_not_keep_the_others_from_being_put_back():
    class Failing:
        def get(self):
            return 0

        def set(self, value):
            if value == 0:
                raise RuntimeError("no luck")

    places = SimpleNamespace(a=1, b=2)
    layer = Layer(None)
    layer.set(Attribute(places, "a"), ABSENT)
    layer.set(Failing(), 1)
    layer.set(Attribute(places, "b"), 3)
    with pytest.raises(RuntimeError, match="no luck"):
        layer.put_back()
    assert vars(places) == {"a": 1, "b": 2}
