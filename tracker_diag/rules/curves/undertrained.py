"""LC103 undertrained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.rules.api import UNSETTLED, Curve, Ending, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._pace import has_downward_trend
from tracker_diag.rules.curves._share import of_improvement
from tracker_diag.stats.extrapolation import Extrapolation

#: Share of the improvement achieved by which validation may lie above training and not have left it.
TOGETHER = 0.05
#: Validation has turned, and is not still improving, where it has risen by so many standard errors
RISEN_ERRORS = 2.0
#: and by such a share of the improvement achieved: less matters to nobody.
RISEN = 0.02
#: Level of the test that the later half still falls.
FALLS = 0.01
#: Values of the longer curve from which on a fall that does not slow down is no chance: one order of 120. Share of
#: the earlier half's pace at which the later half falls as fast.
STEADY, AS_FAST = 5, 0.8
#: Part of the run that the finding points at, as one over it (a fifth), and how many values that are at least.
LAST, FEWEST = 5, 2


@rule(
    "LC103",
    "undertrained",
    seen_as=("My loss still falls when training ends",),
    unless=UNSETTLED,
    verdict=Verdict(90, "more of the same pays"),
)
def undertrained(
    course: Curve,
    improvement: float,
    effect_unit: float,
    further: Extrapolation | None,
    active: bool,
    params: Mapping[str, Any],
    train: Curve | None,
    val: Curve | None,
    held_out: Curve | None,
    held_out_unit: float | None,
    further_train: Extrapolation | None,
    schedule_ran_out: bool | None,
    ending: Ending | None,
    traits: frozenset[str],
    *,
    minimum_gain: float = 0.1,
    sure_gain: float = 0.05,
) -> Outcome:
    """Still improving at the end: halted prematurely.

    What it measures
    ----------------
    What twice the training would bring, extrapolated by saturating curves over the cumulative learning rate where it
    is logged (a rate annealed to zero flattens any curve), in units of the improvement achieved, with a 90 %
    interval; with a pretrained model whose baseline is unknown, in units of the loss that is left, if that is
    more. The validation curve decides where there is one: training loss falls for ever. Only where validation has
    not left training and is too noisy or too short to tell, and training surely goes on, training decides. Where the
    learning rate was annealed and has run out it is an `info`; where early stopping ended the run, nothing is said. A
    curve needs no interval where five values or more are each better than the one before, and the second half has
    brought enough, at no less than four fifths of the pace of the first. Where enough is expected, the lower end of the
    interval is next to nothing, and the later half still falls significantly (1 %), that is an `info`.

    Why it matters
    --------------
    "A training loss that continues to decrease at the end of the plot indicates that the model is capable of further
    learning, and that the training process was halted prematurely."

    What to do
    ----------
    Train on for as long as the finding says, with the same schedule stretched.

    Thresholds
    ----------
    minimum_gain : expected further improvement, in units of that achieved.
    sure_gain : the lower end of the interval must lie above this for a warning.

    References
    ----------
    Seminar: "Underfitting" (continues to decrease). Domhan et al. (2015), IJCAI; Viering and Loog (2023), IEEE TPAMI
    45:7799.
    """
    curve = val or course
    if params.get("pretrained"):
        # Fine-tuning begins where most is learned already: what it adds is no unit.
        improvement = effect_unit
    alone = held_out if held_out is not val else None
    if _turned(curve, improvement) or (alone is not None and held_out_unit and _turned(alone, held_out_unit)):
        return None
    if ending is not None and ending.by_patience:
        return None
    train_on = "grow more trees" if "boosting" in traits else "train on"
    further = _whose(train, val, further, further_train, improvement, minimum_gain, sure_gain)
    span = (float(curve.x[-max(FEWEST, curve.x.size // LAST)]), float(curve.x[-1]))
    # Training by steps over a stream, as large-scale pretraining does, never settles; and what a schedule that has run
    # out would bring if it were stretched is a guess about another run.
    endless = params.get("max_steps") is not None and params.get("epochs") is None
    severity = Severity.INFO if active or endless or schedule_ran_out else Severity.WARNING
    gain, low, high = (
        (value / improvement for value in (further.gain, further.low, further.high)) if further else (0.0, 0.0, 0.0)
    )
    if further is not None and gain >= minimum_gain and low >= sure_gain:
        times = further.enough
        more = "more than a hundred times" if math.isinf(times) else f"about {times:g} times"
        return undertrained.finding(
            severity,
            0.9 if low > minimum_gain else 0.7,
            f"still improving: training twice as long is expected to bring another {gain:.0%} "
            f"of the improvement achieved ({low:.0%} to {high:.0%})",
            f"{train_on}: {more} the present length reaches nine tenths of what can be expected",
            {"gain": gain, "gain_low": low, "gain_high": high, "times": times, "family": further.family},
            span,
        )
    of = train if further is further_train and further is not None and train is not None else curve
    if further is not None and gain >= minimum_gain and _falls_at_the_end(of):
        return undertrained.finding(
            Severity.INFO,
            0.5,
            f"{of.said} was still {'rising' if of.flipped else 'falling'} when it stopped: training twice as "
            f"long is expected to bring another {gain:.0%} of the improvement achieved, and may bring {low:.0%} to "
            f"{high:.0%}",
            f"{train_on}, if the figure is worth the time",
            {"gain": gain, "gain_low": low, "gain_high": high},
            span,
        )
    courses = [c for c in (train, val) if c is not None]
    if max(c.y.size for c in courses) >= STEADY and all(
        _falls_steadily(c, minimum_gain * improvement) for c in courses
    ):
        step = (float(curve.y[-2]) - float(curve.y[-1])) / improvement
        return undertrained.finding(
            severity,
            0.7,
            f"stopped in mid-fall: each value of {' and of '.join(c.said for c in courses)} is better than the one "
            "before, and the second half falls at four fifths of the pace of the first, or faster; "
            f"the last step of {curve.said} alone brought {of_improvement(step)}",
            f"{train_on}, several times as {'many' if 'boosting' in traits else 'long'}",
            {"last_step": step},
            span,
        )
    if further is None:
        return undertrained.skip(
            "the learning rate was annealed and not logged, or the curves have fewer than five values",
            "log the learning rate at every epoch",
        )
    return None


def _turned(curve: Curve, unit: float) -> bool:
    """Whether it has risen from its best, beyond its error."""
    return curve.turning.rise > RISEN_ERRORS * curve.turning.error and curve.turning.rise > RISEN * unit


def _whose(
    train: Curve | None,
    val: Curve | None,
    further: Extrapolation | None,
    further_train: Extrapolation | None,
    improvement: float,
    minimum_gain: float,
    sure_gain: float,
) -> Extrapolation | None:
    """What decides: validation; training where validation has not left it, and is too noisy or too short to tell."""
    if train is None or val is None or further_train is None or val.tail - train.tail >= TOGETHER * improvement:
        return further
    if further is None:
        return further_train if float(val.y[-1]) == float(val.y.min()) else None
    noisy = further.low < sure_gain * improvement and further.high >= minimum_gain * improvement
    return further_train if noisy and minimum_gain * improvement <= further_train.low else further


def _falls_at_the_end(curve: Curve) -> bool:
    """Whether the later half of a curve falls beyond its noise."""
    half = curve.y.size // 2
    if half < MINIMUM:
        return False
    return has_downward_trend(curve.x[half:], curve.y[half:], FALLS)


def _falls_steadily(curve: Curve, least: float) -> bool:
    """Whether each value is better than the one before, and the later half falls as fast as the earlier, by enough."""
    x, y = curve.x, curve.y
    middle = y.size // 2
    if not (np.diff(y) < 0).all() or y[middle] - y[-1] < least:
        return False
    # Paces side by side without dividing: steps may be as small as numbers go.
    way = float(x[-1] - x[0])
    early, late = (x[middle] - x[0]) / way, (x[-1] - x[middle]) / way
    return bool((y[middle] - y[-1]) * early >= AS_FAST * (y[0] - y[middle]) * late)
