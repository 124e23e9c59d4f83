"""EX902 tiny-subset-control."""

from __future__ import annotations

import math

from tracker_diag.comparison.comparison import LONGEST_NAME
from tracker_diag.core.controlled import TINY_SUBSET
from tracker_diag.core.numbers import figure
from tracker_diag.core.outgoing import clean
from tracker_diag.evidence.baseline import first_value
from tracker_diag.rules.api import Comparison, Curve, Outcome, Severity, rule


@rule("EX902", "tiny-subset-control", seen_as=("My loss is flat from the start",))
def tiny_subset_control(comparison: Comparison, train_loss: Curve, *, learned: float = 0.5) -> Outcome:
    """A control run could not memorise a few examples.

    What it measures
    ----------------
    The rule compares the last training loss of a control run with the first training loss of this run. The control is
    the run of the same experiment whose tag `diag.control` says `tiny-subset`. The rule says nothing if the loss of
    this run, or of another comparable one, fell as far as the threshold asks of the control.

    Why it matters
    --------------
    "Try to overfit your model with small dataset": if a network cannot memorise two dozen examples, the fault is in the
    network, the loss or the optimiser. More data or more epochs will not help.

    What to do
    ----------
    Remove dropout, weight decay and augmentation. Then check the loss, the output layer and the learning rate.

    Thresholds
    ----------
    learned : the control counts as having memorised its examples if its last loss is at most this share of this run's
        first training loss.

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
        f"control run '{clean(control.name, LONGEST_NAME)}' did not memorise its few examples: its training loss ended "
        f"at {figure(ended)} (the loss of this run began at {figure(start)})",
        "look for the fault in the network, the loss or the optimiser, not in the data: remove dropout and weight "
        "decay, then check the loss, the output layer and the learning rate",
        {"ended": ended, "start": start},
    )
