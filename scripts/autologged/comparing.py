"""The description that was read of a network, against the network that was trained."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracker_diag.core.model import Model


@dataclass(frozen=True)
class Compared:
    """What a comparison showed.

    Attributes
    ----------
    facts : int
        That the trained network has.
    differences : tuple of str
        The facts that were read otherwise, in words.
    """

    facts: int
    differences: tuple[str, ...]


def compare(trained: Mapping[str, Any], model: Model | None, params: Mapping[str, Any]) -> Compared:
    """Compare what is known of a live network with what was read of it.

    Parameters
    ----------
    trained : mapping
        Facts of the live network, in the form in which ``Run.from_dict`` takes a model, with ``notes`` for the number
        of notes, and ``params`` for parameters. None stands for what must not be told. What it does not name is not
        compared.
    model : Model or None
        As described.
    params : mapping
        Of the run.
    """
    seen = list(_facts(trained, {**told(model or Model()), "params": params}, ""))
    return Compared(len(seen), tuple(difference for difference in seen if difference))


def told(model: Model) -> dict[str, Any]:
    """Give a description in the form in which ``Run.from_dict`` takes it, but of its notes the number."""
    return {
        "framework": model.framework,
        "layers": [{"type": layer.type, **layer.settings} for layer in model.layers],
        "loss": model.loss,
        "loss_settings": dict(model.loss_settings),
        "optimizer": model.optimizer,
        "output_shape": model.output_shape,
        "outputs": model.outputs,
        "trainable_parameters": model.trainable_parameters,
        "notes": len(model.notes),
    }


def _facts(trained: Any, read: Any, place: str) -> Iterator[str]:
    """One text for each fact, empty where it was read as it is."""
    if isinstance(trained, Mapping) and isinstance(read, Mapping):
        for key, value in trained.items():
            yield from _facts(value, read.get(key), f"{place}.{key}" if place else key)
    elif isinstance(trained, list | tuple) and isinstance(read, list | tuple):
        yield _difference(len(trained), len(read), f"length of {place}")
        for i, (value, known) in enumerate(zip(trained, read, strict=False)):
            yield from _facts(value, known, f"{place}[{i}]")
    else:
        yield _difference(trained, read, place)


def _difference(trained: Any, read: Any, place: str) -> str:
    return "" if _equal(trained, read) else f"{place}: {trained!r} was trained, {read!r} is read"


def _equal(trained: Any, read: Any) -> bool:
    if isinstance(trained, float) and isinstance(read, int | float):
        return math.isclose(trained, read, rel_tol=1e-6)
    return type(trained) is type(read) and bool(trained == read)
