"""LC111 frozen."""

from __future__ import annotations

import numpy as np

from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.rules.api import Curve, Outcome, Severity, Verdict, rule

#: Share of what knowing nothing costs (of the largest value, where that is unknown) below which a loss is at zero.
AT_ZERO = 1e-4
#: Share of a perfect score above which a score that stands has come to rest; share by which an error must have fallen.
HALF, FALLEN = 0.5, 0.2


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
    course: Curve,
    baseline: float | None,
    settled_from: float | None,
    pretrained: object | None,
    *,
    same: float = 1e-6,
    minimum_share: float = 0.5,
) -> Outcome:
    """The training loss does not change from one epoch to the next.

    What it measures
    ----------------
    Whether at least the last four values of the training curve (of the held-out curve where no training curve was
    logged), and half of the run, are equal to one in a million, while the learning rate was at least a hundredth of
    its peak. Excepted are a loss at 0, a score at its best, a
    score that rose above half of its best before it stood, and an error that fell by a fifth before it did.

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

    References
    ----------
    Seminar: "Network contains Bad Gradients".
    """
    x, y = course.finite
    if settled_from is not None:
        y = y[x <= settled_from]
        x = x[: y.size]
    if y.size < MINIMUM:
        return frozen.skip(
            "fewer than four values while the rate was above a hundredth of its peak",
            "log the training loss at every epoch",
        )
    size = float(np.abs(y).max())
    if size == 0 or _at_best(course, float(y[-1]), abs(baseline) if baseline is not None else size):
        return None
    moved = np.flatnonzero(np.abs(y - y[-1]) > same * size)
    first = int(moved[-1]) + 1 if moved.size else 0
    share = 1 - first / y.size
    if y.size - first < MINIMUM or share < minimum_share:
        return None
    if course.role.endswith("score") and _has_come_to_rest(course, float(y[0]), float(y[-1])):
        return None
    return frozen.finding(
        Severity.ERROR,
        0.7 if pretrained else 0.97,
        f"{course.said} stands at {course.shown(float(y[-1])):.6g} without "
        f"changing over the last {y.size - first} values",
        "log the gradient norm: zero means dead units or detached parameters, tiny "
        "a rate or an initialisation that is too small",
        {"value": course.shown(float(y[-1])), "share": share, "first_step": float(x[first])},
        (float(x[first]), float(x[-1])),
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
