"""At rest far above what comparable runs of the experiment reach, in training as in validation."""

from __future__ import annotations

from tracker_diag.rules.api import BesideSiblings, Curve, Severity
from tracker_diag.rules.curves._rest import ALPHA, last_third
from tracker_diag.rules.curves._underfitting.sighting import Sighting

ADVICE = "see what the comparable run that ends best was given: its values are known to work"


def behind_siblings(beside: BesideSiblings | None, train: Curve | None, far: float) -> Sighting | None:
    """Both losses are far above those of the best comparable run, and have come to rest.

    Parameters
    ----------
    beside : BesideSiblings or None
        How the run ended beside comparable ones.
    train : Curve or None
        The training curve.
    far : float
        In units of the improvement of the best run.
    """
    if beside is None or train is None or not beside.far(far) or not beside.train_behind >= far:
        return None
    rest = far / 3 * beside.unit
    if not all(last_third(c, rest).p_rest < ALPHA for c in (train, beside.curve) if c is not None and c.long_enough):
        return None
    own, best = (beside.comparison.measure.shown(x) for x in (beside.comparison.train, beside.best.train))
    message = f"{beside.in_words}; in training they end at {own:.4g} and {best:.4g} ({beside.as_of})"
    return Sighting(Severity.WARNING, 0.9, message, ADVICE)
