"""LC103 undertrained."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.rules.api import UNSETTLED, Curve, Ending, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._pace import has_downward_trend
from tracker_diag.rules.curves._words import last, level, named
from tracker_diag.stats.extrapolation import Extrapolation

#: Share of the total improvement by which validation may lie above training and still be close to it.
TOGETHER = 0.05
#: Validation has turned, and is not still improving, where it has risen by so many standard errors
RISEN_ERRORS = 2.0
#: and by such a share of the total improvement: less does not matter.
RISEN = 0.02
#: Level of the test that the later half still falls.
FALLS = 0.01
#: Values of the longer curve from which on a fall that does not slow down is no chance: one order of 120. Share of
#: the earlier half's pace at which the later half falls as fast.
STEADY, AS_FAST = 5, 0.8
#: Times the present length from which on a higher learning rate is to be tried before more epochs.
TOO_LONG = 10.0
#: Part of the run that the finding points at, as one over it (a fifth), and how many values that are at least.
LAST, FEWEST = 5, 2


@rule(
    "LC103",
    "undertrained",
    seen_as=("My loss still falls when training ends",),
    unless=UNSETTLED,
    verdict=Verdict(90, "training longer pays"),
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
    """Training stopped while the loss was still improving.

    What it measures
    ----------------
    The rule estimates how much training twice as long would bring, with a 90% interval. It extends the curve by
    saturating shapes over the steps, or over the cumulative learning rate if that is logged, because a learning rate
    that is annealed to zero flattens any curve. The estimate is compared with the total improvement: from the first
    value, or from the loss of random guessing if that is known, to the best value. For a pretrained model whose loss of
    random guessing is unknown, the loss that is left is used instead if it is larger.

    The validation curve decides if there is one, because training loss can fall for ever. The training curve decides
    only if validation is still close to it and is too noisy or too short to tell, and training surely goes on.

    Two cases need less evidence:

    - A curve with five values or more needs no interval if each value is better than the one before, and the second
      half improved enough, at 80% or more of the pace of the first half.
    - If the expected gain is large enough but the lower end of the interval is not, the finding is an `info`. The
      second half must still fall significantly (1%).

    The finding is also an `info` if the learning rate was annealed to its end. There is none if early stopping ended
    the run.

    Why it matters
    --------------
    "A training loss that continues to decrease at the end of the plot indicates that the model is capable of further
    learning, and that the training process was halted prematurely."

    What to do
    ----------
    Train for as many steps as the finding says, and stretch the learning rate schedule to that length.

    Thresholds
    ----------
    minimum_gain : smallest expected gain from training twice as long, as a share of the total improvement.
    sure_gain : for a warning, the lower end of the 90% interval of that gain must be above this share.

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
    trees = "boosting" in traits
    train_longer = "grow more trees" if trees else "train longer"
    further = _whose(train, val, further, further_train, improvement, minimum_gain, sure_gain)
    span = (float(curve.x[-max(FEWEST, curve.x.size // LAST)]), float(curve.x[-1]))
    # Training by steps over a stream, as large-scale pretraining does, never settles; and what a schedule that has run
    # out would bring if it were stretched is a guess about another run.
    endless = params.get("max_steps") is not None and params.get("epochs") is None
    severity = Severity.INFO if active or endless or schedule_ran_out else Severity.WARNING
    gain, low, high = (
        (value / improvement for value in (further.gain, further.low, further.high)) if further else (0.0, 0.0, 0.0)
    )
    of = train if further is further_train and further is not None and train is not None else curve
    still = f"{named(of)} still {'rising' if of.flipped else 'falling'} at the end ({last(of)})"
    expected = (
        f"training twice as long should {'raise' if of.flipped else 'lower'} it by another {figure(further.gain, 2)} "
        f"(90% interval {figure(max(0.0, further.low), 2)} to {figure(further.high, 2)})"
        if further
        else ""
    )
    if further is not None and gain >= minimum_gain and low >= sure_gain:
        times = further.enough
        more = f"{'more than 100' if math.isinf(times) else f'about {figure(times, 2)}'} times as"
        more += " many trees" if trees else " many steps"
        return undertrained.finding(
            severity,
            0.9 if low > minimum_gain else 0.7,
            f"{still}: {expected}",
            f"{'grow' if trees else 'train for'} {more}: that should bring 90% of what can still be gained"
            if times < TOO_LONG
            else f"raise the learning rate first: at the present one, {more} bring 90% of what can still be gained",
            {"gain": gain, "gain_low": low, "gain_high": high, "times": times, "family": further.family},
            span,
        )
    if further is not None and gain >= minimum_gain and _falls_at_the_end(of):
        return undertrained.finding(
            Severity.INFO,
            0.5,
            f"{still}: {expected}",
            f"{train_longer} if that gain is worth the time",
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
            f"{named(curve)} {'rose' if curve.flipped else 'fell'} from {level(curve, float(curve.y[-2]))} to "
            f"{level(curve, float(curve.y[-1]))} between the last two values; "
            f"{'it' if len(courses) == 1 else 'both curves'} improved every time, and in the second half of the run at "
            f"least {100 * AS_FAST:.0f}% as fast as in the first",
            "grow several times as many trees" if trees else "train several times as long",
            {"last_step": step},
            span,
        )
    if further is None:
        return undertrained.skip(
            "the learning rate was annealed but not logged, or the curves have fewer than five values",
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
