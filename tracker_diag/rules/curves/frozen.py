"""LC111 frozen."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.evidence.identical import SAME, SEVERAL, Identical
from tracker_diag.evidence.saturation import AtClip
from tracker_diag.rules.api import Curve, FloatArray, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._words import level, named

#: Share of the uninformed level (of the largest value, where that is unknown) below which a loss is at zero.
AT_ZERO = 1e-4
#: Share of a perfect score above which a constant score is on a plateau; share by which an error must have fallen.
HALF, FALLEN = 0.5, 0.2
#: Steps before a constant stretch that become ever smaller, and share of the largest value that the last of them is at
#: most, where a model has converged.
SMOOTH, NEXT_TO_NOTHING = 4, 1e-3
#: Decimals from which on a loss does not count as rounded, and what binary numbers make of such a value; steps
#: of its rounding by which it has moved before rounding makes it constant.
MOST_DIGITS, ROUNDING, MANY_ROUNDINGS = 6, 1e-12, 10.0
#: Values that a lone loss must have to count as constant where there are fewer than four.
OF_ONE_LOSS = 3
LOOK_AT_GRADIENTS = (
    "log the gradient norm: zero means dead units or detached parameters, tiny means vanishing gradients (depth, "
    "initialisation), a normal one means that the learning rate is too small or the optimiser was given other "
    "parameters than the model's"
)
LOOK_AT_EVALUATION = (
    "check that the model that is evaluated is the one that is trained; if it is, check that the updates change its "
    "weights"
)
LOOK_AT_COLUMNS = (
    "check the columns and the minimum leaf size (min_child_weight, min_data_in_leaf): no tree finds a split"
)


@rule(
    "LC111",
    "frozen",
    seen_as=("My loss is flat from the start", "My loss does not change at all"),
    verdict=Verdict(
        20,
        "the loss is constant, so nothing else can be measured",
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
    """The training or validation loss does not change from one epoch to the next.

    What it measures
    ----------------
    The rule reports a training curve whose last values agree to one part in a million. They must be at least four
    values and half of the run, logged while the learning rate was at least a hundredth of its peak. If no training
    curve was logged, the validation curve is used. Some constant values are fine: a loss at 0, a perfect score, a score
    that first rose to more than half of a perfect one, and an error that first fell by a fifth.

    Two or three values are enough if every loss and score of training and validation is constant to its last digit.
    Working training changes a loss by about 1% from one record to the next, so a loss with d digits repeats by chance
    once in 10^(d − 2) times. Therefore 8.1 three times is no evidence, and 2.5186 three times is. Two values must come
    from the training loss and another metric, because a model that is evaluated twice also repeats its values.

    Training can fluctuate because of its batches, dropout or augmentation although the weights do not change. Then the
    validation curves show it: both loss and score keep one value for four records or more.

    Three cases are not reported:

    - A loss that was rounded before it was logged, and first fell by more than ten units of its last digit. It may
      still change by less than that digit shows.
    - A loss whose changes became smaller and smaller before they stopped. It has converged, as the loss of a convex
      model does.
    - Boosted trees that improved on their first loss. There may be nothing left to split.

    Two values are also enough if the loss is, from the first value on, the largest that the framework can show for one
    prediction because it clips the logarithm. That is 87.3365 if it clips at the smallest number of single precision,
    and 16.118 or 15.942 in Keras.

    Why it matters
    --------------
    "If you find that your training error does not change from epoch to epoch it may be that all your neurons have
    died." The optimiser runs but the weights do not change. Reasons are dead units, a learning rate that is zero or far
    too small, frozen or detached parameters, or a loss that does not depend on the weights.

    What to do
    ----------
    Log the gradient norm. Zero means dead units or detached parameters. Tiny means vanishing gradients, from the depth
    or the initialisation. If it is normal, the learning rate is too small, or the optimiser was given other parameters.
    If only validation is constant, check that the model that is evaluated is the one that is trained.

    Thresholds
    ----------
    same : values that differ by no more than this share of the value count as equal. It is larger than the rounding of
        single precision.
    minimum_share : share of the run that must be constant.
    minimum_decades : how unlikely it must be that two or three values repeat by chance, in powers of ten. 5 means one
        in a hundred thousand.

    References
    ----------
    Seminar: "Network contains Bad Gradients".
    """
    if at_clip is not None and at_clip.from_the_start:
        return _frozen_at_clip(at_clip)
    if course is None and "boosting" in traits:
        return frozen.skip("two or three records of boosted trees may come from one model")
    if course is None:
        return _of_few_values(any_curve, settled_from, identical, minimum_decades)
    x, y = course.finite
    if settled_from is not None:
        y = y[x <= settled_from]
        x = x[: y.size]
    if y.size < MINIMUM:
        return frozen.skip(
            "fewer than four values while the learning rate was above 1% of its peak",
            "log the training loss at every epoch",
        )
    if "boosting" in traits and y[-1] < y[0]:
        return frozen.skip("the trees have improved, and may have nothing left to split")
    size = float(np.abs(y).max())
    if size == 0 or _at_best(course, float(y[-1]), abs(baseline) if baseline is not None else size):
        return None
    if identical is not None and identical.loss.role == "val_loss" and identical.values >= MINIMUM:
        return _validation_stands(identical)
    rounded = _resolution(y)
    if course.role.endswith("loss") and rounded > same * size and float(np.ptp(y)) > MANY_ROUNDINGS * rounded:
        return frozen.skip(
            f"{course.name} is rounded to {figure(rounded)}, so equal values may hide smaller changes",
            "log the loss unrounded",
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
        f"{named(course)} stuck at {level(course, float(y[-1]), 6)} for the last {y.size - first} values",
        LOOK_AT_COLUMNS if "boosting" in traits else LOOK_AT_GRADIENTS,
        {"value": course.shown(float(y[-1])), "share": share, "first_step": float(x[first])},
        (float(x[first]), float(x[-1])),
    )


def _validation_stands(found: Identical) -> Outcome:
    """Validation loss and score never change, though training fluctuates by its batches or its dropout."""
    x, y = found.loss.finite
    return frozen.finding(
        Severity.ERROR,
        0.9,
        f"{named(found.loss)} stuck at {level(found.loss, float(y[-1]), 6)} for all {y.size} values, as is the "
        "validation score, while training fluctuates",
        LOOK_AT_EVALUATION,
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
    """Whether the last steps before it were ever smaller ones, down to next to nothing: a model that converged.

    Weights that die or are held stop from one step to the next.
    """
    steps = np.abs(np.diff(y))[-SMOOTH:]
    return steps.size == SMOOTH and bool((np.diff(steps) < 0).all() and steps[-1] < NEXT_TO_NOTHING * size)


def _of_few_values(
    curve: Curve, settled_from: float | None, identical: Identical | None, minimum_decades: float
) -> Outcome:
    """What two or three values say."""
    if identical is None:
        return frozen.skip("fewer than four values, and they differ", "log the training loss at every epoch")
    of_training = identical.loss.role == "train_loss" and identical.metrics > 1
    if not (identical.values >= OF_ONE_LOSS or of_training) or identical.decades < minimum_decades:
        return frozen.skip(
            f"{curve.name} has only {identical.values} values, and with so few digits they may be equal by chance",
            "log the loss unrounded, at every epoch",
        )
    if settled_from is not None:
        return frozen.skip("fewer than four values while the learning rate was above 1% of its peak")
    x, y = identical.loss.finite
    others = ", and every other loss and score is constant too" if identical.metrics > 1 else ""
    return frozen.finding(
        Severity.ERROR,
        0.9,
        f"{named(identical.loss)} stuck at {level(identical.loss, float(y[-1]), 6)} for {_all(y.size)} values{others}",
        LOOK_AT_GRADIENTS,
        {"value": float(y[-1]), "share": 1.0, "first_step": float(x[0])},
        (float(x[0]), float(x[-1])),
    )


def _all(values: int) -> str:
    return "both" if values == SEVERAL else f"all {values}"


def _frozen_at_clip(found: AtClip) -> Outcome:
    last = float(found.loss.finite[0][-1])
    return frozen.finding(
        Severity.ERROR,
        0.97,
        f"{named(found.loss)} stuck at {figure(found.value, 6)} for {_all(found.values)} values, the largest loss "
        "that the framework can show: every prediction is wrong with full confidence, so gradients vanish",
        "lower the learning rate, scale the inputs to unit variance, and compute the loss from logits",
        {"value": found.value, "share": 1.0, "first_step": found.since},
        (found.since, last),
    )


def _at_best(curve: Curve, end: float, nothing: float) -> bool:
    """Whether it ends where it has nowhere to go: a loss at zero, a score at one."""
    if curve.flipped:
        return bool(np.isclose(curve.share(end), 1.0))
    return abs(end) < AT_ZERO * nothing


def _has_come_to_rest(score: Curve, start: float, end: float) -> bool:
    """Whether a score rose above half of a perfect one, or an error fell by a fifth, before it became constant.

    Scores count examples: on a plateau they are constant, though the loss still moves.
    """
    return end < start and (score.share(end) > HALF if score.flipped else end < (1 - FALLEN) * start)
