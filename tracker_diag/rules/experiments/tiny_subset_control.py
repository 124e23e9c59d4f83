"""EX902 tiny-subset-control."""

from __future__ import annotations

import math

from tracker_diag.comparison.comparison import LONGEST_NAME
from tracker_diag.core.controlled import TINY_SUBSET
from tracker_diag.core.outgoing import clean
from tracker_diag.evidence.baseline import first_value
from tracker_diag.rules.api import Comparison, Curve, Outcome, Severity, rule


@rule("EX902", "tiny-subset-control", seen_as=("My loss is flat from the start",))
def tiny_subset_control(comparison: Comparison, train_loss: Curve, *, learned: float = 0.5) -> Outcome:
    """A control could not learn a few examples by heart.

    What it measures
    ----------------
    The last training loss of the run of the same experiment whose tag `diag.control` says `tiny-subset`, against the
    first training loss of this run. Nothing is said where this run, or another comparable one, has learned as much.

    Why it matters
    --------------
    "Try to overfit your model with small dataset": if it cannot learn two dozen examples by heart, the trouble is in
    the network, the loss or the optimiser, and neither more data nor more epochs will mend it.

    What to do
    ----------
    Take out dropout, weight decay and augmentation, then look at the loss, the output layer and the rate.

    Thresholds
    ----------
    learned : share of the first training loss below which the control has learned some of its examples.

    References
    ----------
    Seminar: "Dataset problems", "Try to overfit your model with small dataset".
    """
    control = comparison.controls.get(TINY_SUBSET)
    if control is None or comparison.measure.role != "val_loss" or not train_loss.long_enough:
        return None
    ended = control.train if math.isfinite(control.train) else control.value
    start = first_value(train_loss)
    best = math.inf if comparison.best is None else comparison.best.value
    if not start > 0 or (math.isfinite(ended) and ended <= learned * start):
        return None
    if min(best, train_loss.best) <= learned * start:
        # A network that learns all of the data can learn a few of them: the control was given something else.
        return None
    return tiny_subset_control.finding(
        Severity.WARNING,
        0.85,
        f"run {clean(control.name, LONGEST_NAME)}, trained on a few examples, ends at a loss of {ended:.4g}, where "
        f"this run began at {start:.4g}: it did not learn them by heart",
        "the trouble is in the network, the loss or the optimiser, not in the data: take out dropout and weight decay, "
        "then look at the loss, the output layer and the rate",
        {"ended": ended, "start": start},
    )
