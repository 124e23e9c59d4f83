"""LC111 frozen."""

from __future__ import annotations

import numpy as np

from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.evidence.identical import SAME, Identical
from tracker_diag.evidence.saturation import AtClip
from tracker_diag.rules.api import Curve, FloatArray, Outcome, Severity, Verdict, rule

#: Share of what knowing nothing costs (of the largest value, where that is unknown) below which a loss is at zero.
AT_ZERO = 1e-4
#: Share of a perfect score above which a score that stands has come to rest; share by which an error must have fallen.
HALF, FALLEN = 0.5, 0.2
#: Steps before a stand that become ever smaller, and share of the largest value that the last of them is at most, where
#: a model has converged.
SMOOTH, NEXT_TO_NOTHING = 4, 1e-3
#: Decimals from which on a loss does not count as rounded, and what binary numbers make of such a value; steps
#: of its rounding by which it has moved before it stands by rounding.
MOST_DIGITS, ROUNDING, MANY_ROUNDINGS = 6, 1e-12, 10.0
#: Values that a lone loss must have to be known to stand where there are fewer than four.
OF_ONE_LOSS = 3
LOOK_AT_GRADIENTS = (
    "log the gradient norm: zero means dead units or detached parameters, tiny a rate or an initialisation that is too "
    "small"
)
LOOK_AT_COLUMNS = (
    "no tree finds a split: look at the columns, and at what a leaf must hold (min_child_weight, min_data_in_leaf)"
)


@rule(
    "LC111",
    "frozen",
    seen_as=("My loss is flat from the start", "My loss does not change at all"),
    verdict=Verdict(
        20,
        "nothing moves, so nothing else can be measured",
        dismisses=True,
        wasted="from",
    ),
)
def frozen(
    any_curve: Curve,
    course: Curve | None,
    baseline: float | None,
    settled_from: float | None,
    pretrained: object | None,
    identical: Identical | None,
    at_clip: AtClip | None,
    judgeable: bool,
    traits: frozenset[str],
    *,
    same: float = SAME,
    minimum_share: float = 0.5,
    minimum_decades: float = 5.0,
) -> Outcome:
    """The training loss does not change from one epoch to the next.

    What it measures
    ----------------
    Whether at least the last four values of the training curve (of the held-out curve where no training curve was
    logged), and half of the run, are equal to one in a million, while the learning rate was at least a hundredth of
    its peak. Excepted are a loss at 0, a perfect
    score, a score that rose to more than half of a perfect one before it stood, and an error that fell by a fifth
    before it did.

    Two or three values are enough where every loss and score of training and validation has one value to its last
    digit. A loss of d digits repeats itself by chance once in 10^(d − 2) times, since a training that works moves it by
    about a per cent from one record to the next; 8.1 three times is no evidence, 2.5186 three times is. Two values
    must be those of the training loss and of another metric: a model that is evaluated twice repeats itself, too.

    Where training moves, by its batches, its dropout or its augmentation, loss and score of validation show it, four
    values of each. A loss that was rounded before it was logged, and fell by more than ten steps of that rounding,
    has come to rest within it: nothing is said; nor of a loss whose last steps before it stood were ever smaller, as
    those of a convex model are. Boosted trees that have come below their first loss may stand: with nothing left to
    split they add nothing.

    Two are also enough for a loss that stands from its first value on at the most that one answer can cost, where the
    framework clips the logarithm: 87.3365 (the smallest number of single precision), 16.118 and 15.942 (Keras).

    Why it matters
    --------------
    "If you find that your training error does not change from epoch to epoch it may be that all your neurons have
    died." The optimiser runs and nothing moves: dead units, a rate of zero or far too small, frozen or detached
    parameters, a loss that does not depend on the weights.

    What to do
    ----------
    Look at the gradient norm of the first step: zero means dead or detached, tiny means a rate or an initialisation
    that is too small.

    Thresholds
    ----------
    same : share of the value by which two values may differ and still be the same; above the rounding of single
        precision.
    minimum_share : share of the run that must stand still.
    minimum_decades : powers of ten by which chance must be too small to repeat two or three values; 5 is one in a
        hundred thousand.

    References
    ----------
    Seminar: "Network contains Bad Gradients".
    """
    if at_clip is not None and at_clip.from_the_start:
        return _frozen_at_clip(at_clip)
    if course is None and "boosting" in traits:
        return frozen.skip("two or three records of trees may be of one model")
    if course is None:
        return _of_few_values(any_curve, settled_from, identical, minimum_decades)
    x, y = course.finite
    if settled_from is not None:
        y = y[x <= settled_from]
        x = x[: y.size]
    if y.size < MINIMUM:
        return frozen.skip(
            "fewer than four values while the rate was above a hundredth of its peak",
            "log the training loss at every epoch",
        )
    if "boosting" in traits and y[-1] < y[0]:
        return frozen.skip("trees that have learned, and find nothing more to split, add nothing")
    size = float(np.abs(y).max())
    if size == 0 or _at_best(course, float(y[-1]), abs(baseline) if baseline is not None else size):
        return None
    if identical is not None and identical.loss.role == "val_loss" and identical.values >= MINIMUM:
        return _validation_stands(identical)
    rounded = _resolution(y)
    if course.role.endswith("loss") and rounded > same * size and float(np.ptp(y)) > MANY_ROUNDINGS * rounded:
        return frozen.skip(
            f"{course.name} is logged to {rounded:g}: values that are the same may differ by less",
            "log the loss with all its digits",
        )
    moved = np.flatnonzero(np.abs(y - y[-1]) > same * size)
    first = int(moved[-1]) + 1 if moved.size else 0
    share = 1 - first / y.size
    if y.size - first < MINIMUM or share < minimum_share or _came_to_rest_smoothly(y[: first + 1], size):
        return None
    if course.role.endswith("score") and _has_come_to_rest(course, float(y[0]), float(y[-1])):
        return None
    return frozen.finding(
        Severity.ERROR,
        0.7 if pretrained else 0.97,
        f"{course.said} stands at {course.shown(float(y[-1])):.6g} without "
        f"changing over the last {y.size - first} values",
        LOOK_AT_COLUMNS if "boosting" in traits else LOOK_AT_GRADIENTS,
        {"value": course.shown(float(y[-1])), "share": share, "first_step": float(x[first])},
        (float(x[first]), float(x[-1])),
    )


def _validation_stands(found: Identical) -> Outcome:
    """Loss and score of validation never change, though training moves by its batches or its dropout."""
    x, y = found.loss.finite
    return frozen.finding(
        Severity.ERROR,
        0.9,
        f"the validation loss stands at {float(y[-1]):.6g} over all {y.size} values, and its score with it, while "
        "training jitters",
        LOOK_AT_GRADIENTS,
        {"value": float(y[-1]), "share": 1.0, "first_step": float(x[0])},
        (float(x[0]), float(x[-1])),
    )


def _resolution(y: FloatArray) -> float:
    """The power of ten that all values are multiples of: to what they were rounded; 0 from six decimals on."""
    for digits in range(MOST_DIGITS):
        if bool((np.abs(y - np.round(y, digits)) <= ROUNDING * np.abs(y)).all()):
            return 10.0**-digits
    return 0.0


def _came_to_rest_smoothly(y: FloatArray, size: float) -> bool:
    """Whether the last steps before it stood were ever smaller ones, down to next to nothing: a model that converged.

    What dies, or is held, stands from one step to the next.
    """
    steps = np.abs(np.diff(y))[-SMOOTH:]
    return steps.size == SMOOTH and bool((np.diff(steps) < 0).all() and steps[-1] < NEXT_TO_NOTHING * size)


def _of_few_values(
    curve: Curve, settled_from: float | None, identical: Identical | None, minimum_decades: float
) -> Outcome:
    """What two or three values say."""
    if identical is None:
        return frozen.skip("fewer than four values, which are not all the same", "log the training loss at every epoch")
    of_training = identical.loss.role == "train_loss" and identical.metrics > 1
    if not (identical.values >= OF_ONE_LOSS or of_training) or identical.decades < minimum_decades:
        return frozen.skip(
            f"{curve.name} has {identical.values} values, the same at the precision at which they were logged: "
            "that may be chance",
            "log the loss with all its digits, at every epoch",
        )
    if settled_from is not None:
        return frozen.skip("fewer than four values while the rate was above a hundredth of its peak")
    x, y = identical.loss.finite
    others = "; no other loss or score changes" if identical.metrics > 1 else ""
    return frozen.finding(
        Severity.ERROR,
        0.9,
        f"{identical.loss.said} stands at {float(y[-1]):.6g} without changing over all {y.size} values{others}",
        LOOK_AT_GRADIENTS,
        {"value": float(y[-1]), "share": 1.0, "first_step": float(x[0])},
        (float(x[0]), float(x[-1])),
    )


def _frozen_at_clip(found: AtClip) -> Outcome:
    last = float(found.loss.finite[0][-1])
    return frozen.finding(
        Severity.ERROR,
        0.97,
        f"{found.loss.said} stands at {found.value:.6g} over all {found.values} values, the most that one answer can "
        "cost: all are wrong and given with certainty, where the gradient is nearly nothing",
        "lower the learning rate, scale the inputs to unit variance, and use a loss from logits",
        {"value": found.value, "share": 1.0, "first_step": found.since},
        (found.since, last),
    )


def _at_best(curve: Curve, end: float, nothing: float) -> bool:
    """Whether it ends where it has nowhere to go: a loss at zero, a score at one."""
    if curve.flipped:
        return bool(np.isclose(curve.share(end), 1.0))
    return abs(end) < AT_ZERO * nothing


def _has_come_to_rest(score: Curve, start: float, end: float) -> bool:
    """Whether a score has risen above half of a perfect one, or an error has fallen by a fifth, before it stood.

    Scores count examples: one that has come to rest stands, though the loss still moves.
    """
    return end < start and (score.share(end) > HALF if score.flipped else end < (1 - FALLEN) * start)
