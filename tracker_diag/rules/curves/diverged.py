"""LC108 diverged."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course

CODE, NAME = "LC108", "diverged"


@rule(CODE, NAME, evidence="C")
def diverged(
    curves_exist: bool,
    any_train: Course | None = None,
    any_val: Course | None = None,
    traits: frozenset[str] = frozenset(),
    *,
    blow_up: float = 1.0,
    times: float = 2.0,
) -> Outcome:
    """The loss became NaN or infinite, or blew up and stayed up.

    What it measures
    ----------------
    Whether the training or validation loss ends in values that are not finite; or whether the last quarter of the
    training loss lies above everything that went before its best value, by more than all that had been gained.

    Why it matters
    --------------
    "Find the highest value for the learning rate which doesn't make the error explode": beyond it, each update
    overshoots by more than the last one. What was trained up to then is lost, and every step after it is wasted.
    Single infinite values of a gradient norm under mixed precision are the loss scaler at work and are not looked at;
    single holes in a loss from which it recovers are no divergence.

    What to do
    ----------
    Lower the learning rate tenfold, or warm it up; check the inputs for NaN and for features with a standard
    deviation of zero; clip the gradient once the rate is found.

    Thresholds
    ----------
    blow_up : in units of the improvement that had been achieved. 1 means: worse than at the start by as much as had
        been gained.
    times : and the end must be so many times the start; a quarter more is not a blow-up.

    References
    ----------
    Seminar: "How to find best learning rate?", "Do not use normalisation blindly!". Schoop, Huang and Hartmann
    (2021), UMLAUT, CHI; Zhang et al. (2021), AUTOTRAINER, ICSE: NaN as the mark of explosion.
    """
    for course, side in ((any_train, "training"), (any_val, "validation")):
        if course is None:
            continue
        found = course.divergence
        if found.lost is not None:
            step = float(course.steps[found.lost])
            share = 1 - found.lost / course.steps.size
            return Finding(
                CODE,
                NAME,
                Severity.ERROR,
                1.0,
                f"the {side} loss is not finite from step {step:g} on: {share:.0%} of the logged steps",
                "lower the learning rate tenfold or warm it up; check the inputs for NaN and constant features",
                {"first_step": step, "share": share, "metric": course.name},
                (step, float(course.steps[-1])),
            )
    course = any_train or any_val
    if course is None or not course.long_enough:
        return Skip(CODE, "fewer than four values", "log the training loss at every epoch")
    if traits & {"adversarial", "reinforcement", "annealed"}:
        return Skip(CODE, f"losses of {', '.join(sorted(traits))} training rise by design")
    found = course.divergence
    values = course.finite[1]
    end = float(np.median(values[-max(1, values.size // 4) :]))
    grown = end > times * course.start if course.start > 0 else end > course.start
    if course is any_train and found.blown is not None and found.factor > 1 + blow_up and grown:
        step = float(course.steps[found.blown])
        return Finding(
            CODE,
            NAME,
            Severity.ERROR,
            0.95,
            f"the training loss blew up at step {step:g} and stayed up: from {course.shown(float(values.min())):.4g} "
            f"to {course.shown(end):.4g}",
            "lower the learning rate tenfold or warm it up",
            {"first_step": step, "factor": found.factor, "metric": course.name},
            (step, float(course.steps[-1])),
        )
    return None
