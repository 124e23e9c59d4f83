"""One description of a network from several sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from tracker_diag.core.model import Model

#: Parts that are taken from one source together: settings say nothing without the loss that they are of.
_TOGETHER = (
    ("framework",),
    ("loss", "loss_settings"),
    ("optimizer",),
    ("output_shape",),
    ("trainable_parameters",),
    # Last: of several frameworks, that of the layers.
    ("layers", "outputs", "framework"),
)
_NOTHING = Model()


def merged(sources: Iterable[Model | None]) -> Model | None:
    """Join what several sources say of one network.

    Parameters
    ----------
    sources : iterable of Model or None
        The surest first: each part is taken from the first that tells it. Notes are those of all.

    Returns
    -------
    Model or None
        None where none of them says anything.
    """
    known = [source for source in sources if source is not None]
    parts: dict[str, Any] = {}
    for together in _TOGETHER:
        parts |= {part: told for part, told in _first(known, together).items() if told is not None or part not in parts}
    found = Model(**parts, notes=tuple(dict.fromkeys(chain.from_iterable(source.notes for source in known))))
    return found if found != _NOTHING else None


def _first(known: Sequence[Model], together: Sequence[str]) -> dict[str, Any]:
    tells = (source for source in known if getattr(source, together[0]) != getattr(_NOTHING, together[0]))
    source = next(tells, _NOTHING)
    return {part: getattr(source, part) for part in together}
