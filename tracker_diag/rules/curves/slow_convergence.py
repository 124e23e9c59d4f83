"""LC110 slow-convergence."""

from __future__ import annotations

from typing import Any

from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course

CODE, NAME = "LC110", "slow-convergence"


@rule(CODE, NAME, evidence="C")
def slow_convergence(
    train: Course,
    further: Any,
    scale: float,
    active: bool,
    val: Course | None = None,
    *,
    minimum_times: float = 5.0,
    minimum_gain: float = 0.35,
) -> Outcome:
    """Improves significantly, but at this pace needs many times the steps it was given.

    What it measures
    ----------------
    The same extrapolation as for `undertrained`: the length at which nine tenths of the expected improvement are reached, and what twice the training
    would bring.

    Why it matters
    --------------
    A small learning rate "might converge to the global minimum but it takes a huge amount of time". More epochs are the wrong remedy then.

    What to do
    ----------
    Raise the learning rate three- to tenfold before adding epochs; check that the inputs are scaled and that clipping does not set the step.

    Thresholds
    ----------
    minimum_times : length, in multiples of the present one, at which nine tenths of the expected improvement are reached.
    minimum_gain : what doubling would bring, at the lower end of its interval, in units of the improvement achieved.

    References
    ----------
    Seminar: "Learning Rate" (small learning rate). Domhan et al. (2015), IJCAI.
    """
    if further is None:
        return Skip(
            CODE,
            "the learning rate was annealed and not logged, or the curve is too short to carry on",
            "log the learning rate at every epoch",
        )
    if further.low < minimum_gain * scale or further.enough < minimum_times:
        return None
    course = val or train
    return Finding(
        CODE,
        NAME,
        Severity.INFO if active else Severity.WARNING,
        0.8,
        f"at this pace the run needs {'over 100' if further.enough > 100 else f'{further.enough:g}'} times its steps; twice the steps would bring "
        f"{further.gain / scale:.0%} of the improvement achieved",
        "raise the learning rate three- to tenfold before adding epochs",
        {"times": further.enough, "gain": further.gain / scale},
        (float(course.x[0]), float(course.x[-1])),
    )
