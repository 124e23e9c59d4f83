"""Inputs that set a run beside the control that was trained on random input."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tracker_diag.comparison.comparison import LONGEST_NAME, Comparison
from tracker_diag.core.controlled import RANDOM_INPUT
from tracker_diag.core.outgoing import clean
from tracker_diag.evidence.baseline import first_value
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input

#: Share of its own improvement by which a run has to end below the control, so that its input is of use.
OF_USE = 0.1
#: Share of it from which on the input clearly is.
CLEARLY = 0.5


@dataclass(frozen=True, slots=True)
class NoiseControl:
    """A run and its control on random input.

    Attributes
    ----------
    name : str
        What people call the control.
    own, control : float
        Last validation values, in the metric's own sign.
    lead : float
        By how much the run ends better than the control, in units of its own improvement.
    """

    name: str
    own: float
    control: float
    lead: float

    @property
    def as_good(self) -> bool:
        """Whether the control does as well: nothing of the input is used."""
        return self.lead < OF_USE

    @property
    def far_behind(self) -> bool:
        """Whether the control does far worse: the input is of use."""
        return self.lead > CLEARLY


@rule_input(
    missing="no control run on random input in the experiment", log="run tracker_diag.controls.random_input once"
)
def noise_control(comparison: Comparison, val_loss: Curve | None, val_score: Curve | None) -> NoiseControl | None:
    """How the run ended beside the control of its experiment that was trained on random input.

    None where the run does no better, and another one clearly does: the input is not to blame.
    """
    control = comparison.controls.get(RANDOM_INPUT)
    curve = val_loss if comparison.measure.role == "val_loss" else val_score
    if control is None or curve is None or not curve.long_enough or not math.isfinite(comparison.value):
        return None
    if not math.isfinite(control.value):
        return None
    gained = first_value(curve) - comparison.value
    apart = control.value - comparison.value
    shown = comparison.measure.shown
    # A run that has not improved is no better than noise, unless the control is the worse by that much.
    lead = apart / gained if gained > 0 else 0.0
    best = comparison.best
    most = 0.0 if best is None else first_value(curve) - best.value
    if lead < OF_USE and best is not None and most > 0 and control.value - best.value > CLEARLY * most:
        # Another run makes use of the same input: what is wrong with this one is something else.
        return None
    return NoiseControl(clean(control.name, LONGEST_NAME), shown(comparison.value), shown(control.value), lead)
