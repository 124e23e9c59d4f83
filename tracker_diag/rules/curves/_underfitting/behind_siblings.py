"""On a plateau far above comparable runs of the experiment, in training and in validation."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import BesideSiblings, Curve, Severity
from tracker_diag.rules.curves._rest import ALPHA, last_third
from tracker_diag.rules.curves._underfitting.sighting import Sighting

ADVICE = "start from the settings of the best comparable run, which are known to work"


def behind_siblings(beside: BesideSiblings | None, train: Curve | None, far: float) -> Sighting | None:
    """Both losses are far above those of the best comparable run, and on a plateau.

    Parameters
    ----------
    beside : BesideSiblings or None
        How the run ended beside comparable ones.
    train : Curve or None
        The training curve.
    far : float
        As a share of the total improvement of the best run.
    """
    if beside is None or train is None or not beside.far(far) or not beside.train_behind >= far:
        return None
    rest = far / 3 * beside.unit
    if not all(last_third(c, rest).p_rest < ALPHA for c in (train, beside.curve) if c is not None and c.long_enough):
        return None
    own, best = (figure(beside.comparison.measure.shown(x), 4) for x in (beside.comparison.train, beside.best.train))
    training = f"training loss ended at {own} in this run and at {best} in the best one"
    message = f"{beside.in_words}; {training} ({beside.as_of})"
    return Sighting(Severity.WARNING, 0.9, message, ADVICE)
