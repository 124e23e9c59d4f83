"""Inputs that set curves against what knowing nothing costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tracker_diag.comparison.comparison import Comparison
from tracker_diag.core.dataset import Dataset
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.nats import in_unit
from tracker_diag.evidence.registry import first_of, rule_input

#: By how much a curve may be better than perfect, as a share of the range from uninformed to perfect: rounding.
BEYOND_PERFECT = 0.02
#: The first value counts at most as this many times the second.
FIRST_OVER_SECOND = 3.0
#: Times training's beginning from which on validation's is not that of knowing nothing, which costs both the same: a
#: sum in place of a mean is no larger than the examples are many.
FAR_APART = 1e6
#: Standard deviations of its noise by which a curve has moved beyond doubt.
LEFT_BY = 4.0
#: Share of a perfect score by which a score has risen that shows learning.
ROSE = 0.2
TWO_CLASSES = 2
#: Times a level down to which a loss has come near it; share of itself by which a loss has fallen.
NEAR, FELL = 1.5, 0.1
#: Scores of networks that find more than a class: boxes, masks, texts.
OF_MORE_THAN_CLASSES = ("precision of a ranking", "overlap", "overlap of texts")


@dataclass(frozen=True, slots=True)
class Explained:
    """How much of the baseline loss a run has explained.

    Shares of it: 0 nothing, 1 all, negative worse than knowing nothing.

    Attributes
    ----------
    baseline : float
        What knowing nothing costs: of accuracy, that of guessing; of squared error, the target's variance (of its
        root, the deviation); of cross-entropy, the entropy of the class shares, or ln of the classes where only their
        number is known. Where none is known, the start of the curves.
    bottom : float
        What knowing all would cost: 0 for a loss, minus one (or a hundred) for an accuracy, turned as curves are.
    known : bool
        Whether the level is known, not taken from the start of the curves.
    start, train, train_best : float
        Of the training curve: first value, end, lowest window; NaN where there is none.
    val_start, val, val_best : float
        Of the validation curve.
    """

    baseline: float
    bottom: float
    known: bool
    start: float
    train: float
    train_best: float
    val_start: float
    val: float
    val_best: float

    def at(self, share: float) -> float:
        """Give the value of the turned curve at which this share is explained.

        Parameters
        ----------
        share : float
            Of the baseline loss.

        Returns
        -------
        float
            In the curve's unit; lower is better.
        """
        return self.baseline - share * (self.baseline - self.bottom)

    @property
    def most(self) -> float:
        """The best of both curves."""
        return float(np.nanmax([self.train_best, self.val_best]))


@rule_input(missing="too few finite values of the training loss", evidence="C")
def main_curve(any_curve: Curve, train: Curve | None, val: Curve | None) -> Curve:
    """The training curve, else the validation curve; one that is too short, where no other is there."""
    return train or val or any_curve


@rule_input(missing="chance-level accuracy is not known", unit="same as the score, with the sign turned")
def chance_accuracy(
    main_curve: Curve,
    train_score: Curve | None,
    val_score: Curve | None,
    n_classes: int | None,
    classes_shown: int | None,
) -> float | None:
    """Minus the accuracy of guessing, where the curves are accuracies."""
    classes = n_classes or classes_shown
    if main_curve not in (train_score, val_score) or not main_curve.accuracy or not classes:
        return None
    return -main_curve.whole / classes


@rule_input(missing="class counts not found", unit="same as the loss")
def entropy_of_classes(
    main_curve: Curve, dataset: Dataset, label_smoothing: float | None, class_weight: object | None
) -> float | None:
    """The entropy of the class shares, where the curves are cross-entropies in which classes are not weighted."""
    counted = dataset.target.class_counts
    if not counted or len(counted) <= 1 or label_smoothing or class_weight or not main_curve.metric.of_classes:
        return None
    counts = np.array([n for n in counted.values() if n > 0], dtype=np.float64)
    shares = counts / counts.sum()
    return in_unit(float(-(shares @ np.log(shares))), main_curve) or None


@rule_input(missing="number of classes not found", unit="same as the loss")
def log_of_classes(
    main_curve: Curve,
    n_classes: int | None,
    classes_shown: int | None,
    label_smoothing: float | None,
    class_weight: object | None,
    loss_function: str | None,
    train_score: Curve | None,
    val_score: Curve | None,
) -> float | None:
    """The logarithm of the number of classes, where the curves are plain cross-entropies over them.

    They are not where classes are weighted, where each class is a question of its own (a binary cross-entropy over
    many), where boxes or masks are sought besides, and where the validation score rises while the loss says that
    nothing is learned.
    """
    classes = n_classes or classes_shown
    if not classes or label_smoothing or class_weight or not main_curve.metric.of_classes:
        return None
    if loss_function == "binary_cross_entropy" and classes > TWO_CLASSES:
        return None
    level = in_unit(math.log(classes), main_curve)
    scores = [s for s in (train_score, val_score) if s is not None]
    if any(s.metric.kind in OF_MORE_THAN_CLASSES for s in scores):
        return None
    learned = main_curve.long_enough and main_curve.best < level
    if main_curve.metric.kind == "loss" and not learned and _goes_on_falling(main_curve, level):
        # Nobody called it a cross-entropy: it is summed, or of words and not of these classes.
        return None
    return None if not learned and val_score is not None and rises(val_score) else level


def _goes_on_falling(loss: Curve, level: float) -> bool:
    """Whether a loss that never came near a level fell all the same: by a tenth of itself, beyond its noise."""
    if not loss.long_enough or loss.best < NEAR * level:
        return False
    return loss.start - loss.tail > max(FELL * abs(loss.start), LEFT_BY * loss.noise.sigma)


def rises(score: Curve) -> bool:
    """Say whether a score, as logged, rose by more than its noise makes of it, and by a fifth of a perfect one.

    Parameters
    ----------
    score : Curve
        Of either side.

    Returns
    -------
    bool
        False for one in which lower is better.
    """
    if not score.flipped or not score.long_enough:
        return False
    return score.start - score.best > max(ROSE * score.whole, LEFT_BY * score.noise.sigma)


@rule_input(missing="no level at which several runs of the experiment are stuck", unit="same as the loss")
def level_of_siblings(main_curve: Curve, comparison: Comparison) -> float | None:
    """The level at which comparable runs of different settings stand, where the loss begins near it.

    What several networks of different settings end at, in training as in validation, is what is left to one that uses
    nothing of its input; the best comparable run has to be a fifth below.
    """
    level = comparison.level
    of_losses = comparison.measure.role == "val_loss" and main_curve.role.endswith("loss") and main_curve.long_enough
    if level is None or not of_losses:
        return None
    return level if level / NEAR <= first_value(main_curve) <= NEAR * level else None


first_of(
    "baseline",
    {
        "chance_accuracy": "random guessing",
        "target_variance": "always predicting the mean",
        "variance_of_standardised": "always predicting the mean of standardised targets",
        "entropy_of_classes": "always predicting the class frequencies",
        "log_of_classes": "random guessing",
        "level_of_siblings": "several stuck runs of the experiment",
    },
    missing="the loss of a model that ignores its input is not known",
    log="n_classes",
    unit="same as the curves, with the sign turned where higher is better",
)


@rule_input(missing="too few finite values of the training loss", evidence="C", unit="same as the curves")
def beginning(main_curve: Curve, train: Curve | None, val: Curve | None) -> float | None:
    """Level at which the curves begin: the higher of both; training's, where validation's is a million times that.

    A first value that falls away at once counts no more than three times the second: a first epoch that begins far
    above knowing nothing (a bad initialisation) would otherwise make everything after it look settled.
    """
    ours, theirs = (None if curve is None else first_value(curve) for curve in (train, val))
    if ours is not None and theirs is not None and theirs > FAR_APART * ours > 0:
        return ours
    return max((first for first in (ours, theirs) if first is not None), default=None)


def first_value(curve: Curve) -> float:
    """Give the first value of a curve; one that falls away at once counts no more than three times the second.

    Parameters
    ----------
    curve : Curve
        Of two values or more.

    Returns
    -------
    float
        In the curve's unit, turned so that lower is better.
    """
    first, second = float(curve.y[0]), float(curve.y[1])
    return min(first, FIRST_OVER_SECOND * second) if second > 0 else first


@rule_input(missing="the curves begin at, or go below, the lowest possible loss", evidence="C", unit="shares")
def explained(train: Curve | None, val: Curve | None, beginning: float, baseline: float | None) -> Explained | None:
    """How much of the baseline loss, or of the errors of chance, the run has explained."""
    level = beginning if baseline is None else baseline
    bottom = next((-c.whole for c in (train, val) if c and c.flipped), 0.0)
    if level <= bottom or any(c.best < bottom - BEYOND_PERFECT * (level - bottom) for c in (train, val) if c):
        return None

    def share(value: float | None) -> float:
        return math.nan if value is None else (level - value) / (level - bottom)

    return Explained(
        baseline=level,
        bottom=bottom,
        known=baseline is not None,
        start=share(train.start if train else None),
        train=share(train.tail if train else None),
        train_best=share(train.best if train else None),
        val_start=share(val.start if val else None),
        val=share(val.tail if val else None),
        val_best=share(val.best if val else None),
    )


@rule_input(
    missing="no score with a known chance level",
    evidence="C",
    unit="share of the way from chance level to a perfect score",
)
def score_explained(train_score: Curve | None, val_score: Curve | None) -> float | None:
    """Share of a perfect score's lead over knowing nothing that a score has at its best."""
    found = []
    for curve in (train_score, val_score):
        if curve is None or not curve.flipped or not curve.long_enough:
            continue
        nothing, perfect = curve.metric.baseline, curve.metric.best
        if nothing is not None and perfect is not None:
            found.append(lead(curve.shown(curve.best), nothing, perfect))
    return max(found, default=None)


def lead(value: float, nothing: float, perfect: float) -> float:
    """Give how far a score has come from what knowing nothing gives to a perfect one.

    Parameters
    ----------
    value, nothing, perfect : float
        As logged; the last two differ.

    Returns
    -------
    float
        A share: 0 nothing, 1 perfect.
    """
    return (value - nothing) / (perfect - nothing)
