"""OP410 warm-up-too-long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.core.numbers import share as percent
from tracker_diag.core.run import Series
from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.words import read
from tracker_diag.rules.api import Change, Ending, LikelihoodRatio, Outcome, Prescription, Symptoms, in_words, rule

#: Fewest values of a logged learning rate that show a rise.
FEWEST_RATES = 5
#: Share of its peak from which on the learning rate counts as warmed up, and the largest share of it that a warm-up
#: starts at.
REACHED, BEGINS_AT = 0.95, 0.5
#: Share of the run that a warm-up takes in practice, and that is proposed.
USUAL_SHARE = 0.1
#: Largest number that is a share; a larger one counts percent, or epochs.
ONE = 1.0


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A warm-up as configured.

    Attributes
    ----------
    name : str
        Name of the parameter.
    length, total : float
        Length of the warm-up and of the run, in the same unit; the run is 1 if the length is a share.
    """

    name: str
    length: float
    total: float


class Likelihoods:
    """What speaks for a warm-up that was too long, and against it."""

    STILL_RISING = LikelihoodRatio(100.0, "the learning rate was still rising after {part:share} of the run")
    CONFIGURED = LikelihoodRatio(10.0, "warm-up takes {part} of the run ({name} is {length:figure})", "params")
    QUICKENS = LikelihoodRatio(3.0, "the loss fell {fold:times} as far in the second half of the run as in the first")


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
    """Most of the run went by before the learning rate reached its peak.

    What it measures
    ----------------
    When the logged learning rate first reached 95% of its highest value, as a share of the run. It must have started
    at half of that value or less and never fallen before. If none is logged: the configured warm-up, compared with the
    configured length of the run, in steps, in epochs or as a share.

    The rule applies to runs that were undertrained, slow, underfitted or frozen. It also counts for this cause if the
    loss fell at least 1.5 times as far in the second half of the run as in the first, since a loss normally slows down.
    Runs that are still going or were cut short are left out, since they may have been planned to be longer.

    Why it matters
    --------------
    "Training process was halted prematurely": at a small share of the learning rate the weights hardly move. A warm-up
    is meant to steady the first steps only, not the whole training.

    What to do
    ----------
    Warm up over 5–10% of the run. Or train longer, if the number of warm-up steps is right.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    most : a warm-up over more than this share of the run is too long. A one-cycle schedule with its peak at half of the
        run reaches 95% of the peak before that.
    quickens : it counts for this cause if the loss falls at least this many times as far in the second half of the run
        as in the first.

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
        observations.append(Likelihoods.STILL_RISING(part=share))
    elif warm_up is not None:
        part = percent(warm_up.length / warm_up.total) if warm_up.length < warm_up.total else "all"
        observations.append(Likelihoods.CONFIGURED(name=warm_up.name, length=warm_up.length, part=part))
    fold = _quickens(course)
    if fold is not None and fold >= quickens:
        observations.append(Likelihoods.QUICKENS(fold=fold))
    target = None
    if warm_up is not None:
        target = round(USUAL_SHARE * warm_up.total, 3) if warm_up.total <= ONE else int(USUAL_SHARE * warm_up.total)
    changes = () if warm_up is None or target is None else (Change(warm_up.name, warm_up.length, target),)
    text = f"{in_words(changes) or f'warm up over {percent(USUAL_SHARE)} of the run'}, or train longer"
    return warm_up_too_long.hypothesis(
        prior=prior,
        observations=observations,
        message=observations[0].message,
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the learning rate at every epoch" if share is None else f"run once with {_shorter(changes)}",
        verdict="slow-convergence",
    )


def _shorter(changes: tuple[Change, ...]) -> str:
    if not changes:
        return f"a warm-up over {percent(USUAL_SHARE)} of the run"
    return f"{changes[0].param} {figure(changes[0].after)}"


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
