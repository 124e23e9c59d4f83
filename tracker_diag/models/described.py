"""The network of a run, from all that describes it."""

from __future__ import annotations

from typing import Any

from tracker_diag.core.model import Layer, Model
from tracker_diag.core.plain import CUT
from tracker_diag.core.run import Run
from tracker_diag.models.configured import read_configured
from tracker_diag.models.merged import merged
from tracker_diag.models.summaries import read_summary

_STAND_FOR_OTHERS = ("Sequential", "Functional", "Model", "TimeDistributed", "Bidirectional", "RNN")


def described(run: Run) -> Model | None:
    """Describe the network of a run.

    Parameters
    ----------
    run : Run
        As an adapter or ``Run.from_dict`` reads it.

    Returns
    -------
    Model or None
        What its logged model, its summary and its parameters say, in this order; None where they say nothing. A logged
        model whose layers are not those of the summary is left out, with a note.
    """
    summed = read_summary(run.model_summary) if run.model_summary else None
    logged = run.model
    if logged is not None and summed is not None and _differ(logged, summed):
        logged = Model(notes=(*logged.notes, "the logged model differs from the model summary, so it was ignored"))
    return merged([logged, summed, read_configured(run.params)])


def _differ(logged: Model, summed: Model) -> bool:
    """Whether the last logged model is another network than the one whose summary was logged when it was trained.

    What stands in a summary for other layers (a nested model, a wrapper, a name that was cut) leaves it open.
    """
    sides = [[_sizes(layer) for layer in model.layers if _sizes(layer)] for model in (logged, summed)]
    if not all(sides) or any(layer.type in _STAND_FOR_OTHERS or CUT in layer.type for layer in summed.layers):
        return False
    return sides[0] != sides[1]


def _sizes(layer: Layer) -> tuple[Any, ...]:
    return tuple(layer.settings[key] for key in ("units", "filters") if key in layer.settings)
