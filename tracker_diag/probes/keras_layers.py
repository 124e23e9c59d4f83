"""The parts of a network of Keras, in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Activations that are no hidden layer's.
_AT_THE_END = ("linear", "softmax")


def parts(model: Any) -> Iterator[Any]:
    """All layers within a model, each once, before the layers within it."""
    met: set[int] = set()

    def within(layer: Any) -> Iterator[Any]:
        for inner in layer._layers:
            if id(inner) not in met:
                met.add(id(inner))
                yield inner
                yield from within(inner)

    yield from within(model)


def own_weights(layer: Any) -> list[Any]:
    """The variables of a layer that are trained, but for those of layers within it."""
    within = {id(v) for inner in layer._layers for v in inner.trainable_variables}
    return [v for v in layer.trainable_variables if id(v) not in within]


def activation_of(model: Any) -> str | None:
    """The most frequent activation of the layers of a network, in small letters; None where there is none."""
    found = [name for layer in parts(model) if (name := _activation(layer)) not in (None, *_AT_THE_END)]
    return max(sorted(set(found)), key=found.count) if found else None


def _activation(layer: Any) -> str | None:
    """By name: of a layer that applies one, and of one that is one."""
    applied = getattr(layer, "activation", None)
    name = getattr(applied, "__name__", None) or (type(applied).__name__ if applied is not None else None)
    if name is None and type(layer).__module__.startswith("keras.src.layers.activations"):
        name = type(layer).__name__
    return None if name is None else name.lower()
