"""Inputs that set validation against training."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.metric import PER_CENT_ABOVE
from tracker_diag.stats.gap import Gap, gap
from tracker_diag.stats.multiplicity import adjusted


@rule_input(missing="no training and validation curve to compare", evidence="C", unit="same as the curves")
def end_gap(train: Curve, val: Curve) -> Gap | None:
    """Validation over training at the end."""
    return gap(val.y, train.y)


@rule_input(missing="no training and validation score found", evidence="C", unit="share of the better score")
def score_gap(train: Curve | None, train_score: Curve, val_score: Curve) -> float | None:
    """Distance of the scores at the end; None for errors, or without losses beside."""
    ours, theirs = train_score, val_score
    if ours is train or not ours.flipped or not (ours.long_enough and theirs.long_enough):
        return None
    best = max(abs(ours.tail), abs(theirs.tail))
    return gap(theirs.y, ours.y).value / best if best > 0 else None


@rule_input(missing="no validation accuracy found", evidence="C", unit="share of a perfect score")
def score_gap_at_most(val: Curve | None, val_score: Curve) -> float | None:
    """Distance of the accuracies at the end, at most: however good training is, it is no better than perfect."""
    if val_score is val or not val_score.long_enough:
        return None
    if val_score.accuracy:
        return 1 - val_score.share(val_score.tail)
    if val_score.metric.kind != "error rate" or val_score.flipped:
        return None
    return val_score.tail / (100 if float(val_score.y.max()) > PER_CENT_ABOVE else 1)


@rule_input(missing="no training and validation curve to compare", evidence="C", unit="p-value")
def rises(train: Curve | None, held_out: Curve | None) -> Mapping[str, float]:
    """p-values of "at rest since its minimum" for the training and the validation curve, adjusted for asking both.

    The family is fixed: ``train`` and ``val``, the two tests that can call a settled run ill. Benjamini and Hochberg.
    """
    courses = {"train": train, "val": held_out}
    return adjusted({side: math.nan if c is None else c.turning.p for side, c in courses.items()})
