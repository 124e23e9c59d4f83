"""OP410 warm-up-too-long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.run import Series
from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.words import read
from tracker_diag.rules.api import Change, Ending, LikelihoodRatio, Outcome, Prescription, Symptoms, rule

#: Values of a logged rate that show a rise.
FEWEST_RATES = 5
#: Share of the highest rate from which on it is reached, and the most that a warm-up begins at: less of a rise is none.
REACHED, BEGINS_AT = 0.95, 0.5
#: Share of the run that a warm-up takes in practice, and what is proposed.
USUAL_SHARE = 0.1
#: Largest share that is one; a larger number counts percent, or epochs.
ONE = 1.0


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A warm-up as configured.

    Attributes
    ----------
    name : str
        The parameter's.
    length, total : float
        Of the warm-up and of the run, in the same unit; a share is of 1.
    """

    name: str
    length: float
    total: float


class Likelihoods:
    """What speaks for a warm-up that was too long, and against it."""

    STILL_RISING = LikelihoodRatio(100.0, "the learning rate was still rising at {share:.0%} of the run")
    CONFIGURED = LikelihoodRatio(10.0, "{name} is {length:g} of {total:g}", "params")
    QUICKENS = LikelihoodRatio(
        3.0, "the loss fell {fold:.3g} times as far in the second half of the run as in the first"
    )


@rule(
    "OP410",
    "warm-up-too-long",
    seen_as=("My loss falls, but very slowly", "My loss still falls when training ends"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def warm_up_too_long(
    course: Curve,
    symptoms: Symptoms,
    rate_curve: Series | None,
    params: Mapping[str, Any],
    numeric_params: Mapping[str, float],
    names: Mapping[str, str],
    n_updates: int | None,
    active: bool,
    ending: Ending | None,
    *,
    prior: float = 0.03,
    most: float = 0.5,
    quickens: float = 1.5,
) -> Outcome:
    """Most of the run went by before the learning rate came to its height.

    What it measures
    ----------------
    When the logged learning rate first came to 95 % of its highest value, having begun at half of it or less and never
    fallen before, as a share of the run; or the configured warm-up against the configured length, in steps, in epochs
    or as a share. It is told of runs that were undertrained, slow, underfitted or frozen. A loss that falls half as far
    again in the second half of the run as in the first speaks for it too, since a loss else slows down. A run that goes
    on, or was cut short, may have been planned longer.

    Why it matters
    --------------
    "Training process was halted prematurely": at a small share of the rate the weights hardly move, and what is meant
    to steady the first steps becomes the training.

    What to do
    ----------
    Warm up over a twentieth to a tenth of the run; or train longer, where the steps of the warm-up are right.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    most : share of the run from which on a warm-up is too long; a triangle of one cycle, whose peak is
        at half, comes to 95 % of it before that.
    quickens : times as far as in the first half that the loss falls in the second.

    References
    ----------
    Seminar: "Learning Rate", "Underfitting". Goyal et al. (2017), Accurate, large minibatch SGD: five epochs of 90.
    """
    slow = symptoms.has("undertrained", "slow-convergence", "underfitting", "frozen")
    if not slow or active or (ending is not None and (ending.cut_short or ending.failed)):
        return None
    share = _reached_at(rate_curve) if rate_curve is not None else None
    warm_up = next(
        (w for w in _configured(params, numeric_params, names, n_updates) if w.length > most * w.total), None
    )
    if share is not None:
        # What was logged is what happened.
        warm_up = warm_up if share > most else None
    if warm_up is None and (share is None or share <= most):
        return None
    observations = []
    if share is not None:
        observations.append(Likelihoods.STILL_RISING(share=share))
    elif warm_up is not None:
        observations.append(Likelihoods.CONFIGURED(name=warm_up.name, length=warm_up.length, total=warm_up.total))
    fold = _quickens(course)
    if fold is not None and fold >= quickens:
        observations.append(Likelihoods.QUICKENS(fold=fold))
    target, text = None, f"warm up over {USUAL_SHARE:.0%} of the run, or train longer"
    if warm_up is not None:
        target = round(USUAL_SHARE * warm_up.total, 3) if warm_up.total <= ONE else int(USUAL_SHARE * warm_up.total)
        text = f"lower {warm_up.name} from {warm_up.length:g} to {target:g}, or train longer"
    changes = () if warm_up is None or target is None else (Change(warm_up.name, warm_up.length, target),)
    message = (
        f"the learning rate was still rising at {share:.0%} of the run"
        if share is not None
        else "the learning rate was warmed up for most of the run"
    )
    return warm_up_too_long.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the learning rate at every epoch",
        verdict="slow-convergence",
    )


def _reached_at(rate_curve: Series) -> float | None:
    """Share of the run after which the rate was reached; None where it never rose."""
    good = np.isfinite(rate_curve.values)
    steps, rates = rate_curve.steps[good], rate_curve.values[good]
    if rates.size < FEWEST_RATES or not float(rates.max()) > 0 or not steps[-1] > steps[0]:
        return None
    reached = int(np.argmax(rates >= REACHED * rates.max()))
    rise = rates[: reached + 1]
    if not rise[0] <= BEGINS_AT * rates.max() or (np.diff(rise) < 0).any():
        return None
    return float((steps[reached] - steps[0]) / (steps[-1] - steps[0]))


def _configured(
    params: Mapping[str, Any], numeric_params: Mapping[str, float], names: Mapping[str, str], n_updates: int | None
) -> Iterator[WarmUp]:
    """Every way in which a warm-up is set against a length in its own unit."""
    length, name = params.get("warmup_steps"), names.get("warmup_steps", "")
    if isinstance(length, int | float) and length > 0:
        total = params.get("epochs") if "epoch" in read(name).words else params.get("max_steps") or n_updates
        if isinstance(total, int | float) and total > 0 and params.get("gradient_accumulation") in (None, 1):
            yield WarmUp(name, float(length), float(total))
    for key, length in numeric_params.items():
        if {"warmup", "fraction"} <= read(key).words and length > 0:
            # A number above 1 is no share; of all that it may mean, percent is the least.
            yield WarmUp(key, length, ONE if length <= ONE else 100.0)


def _quickens(course: Curve) -> float | None:
    """How many times as far the loss fell in the second half as in the first; None where it rose in either."""
    x = course.x
    middle = course.at((float(x[0]) + float(x[-1])) / 2)
    first, second = course.start - middle, middle - course.tail
    return second / first if first > 0 and second > 0 else None
