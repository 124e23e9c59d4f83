"""BO1001 too-few-rounds."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tracker_diag.core.numbers import figure, times
from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.rules.api import (
    Change,
    Curve,
    LikelihoodRatio,
    Outcome,
    Prescription,
    Severity,
    Symptoms,
    higher,
    in_words,
    rule,
)
from tracker_diag.stats.extrapolation import Extrapolation

#: Times as many rounds that are proposed if nothing says how many would do,
TWICE = 2.0
#: and at most, whatever the extrapolation says: so far ahead it is a guess.
AT_MOST = 10.0
#: Share of a residual that is left by enough rounds if each tree fits it in full; and the share above which they have
#: hardly begun.
DONE, HARDLY_BEGUN = 0.01, 0.5
#: A usual learning rate, in case it is too low for any realistic number of rounds.
USUAL = 0.1


class Likelihoods:
    """What speaks for too few rounds, and against it."""

    STILL_FALLS = LikelihoodRatio(80.0, "the loss still falls when the rounds run out")
    FALLS_EACH_ROUND = LikelihoodRatio(80.0, "the training loss fell at each of the {rounds} recorded values")
    FALLS_A_LITTLE = LikelihoodRatio(5.0, "the loss may still fall slightly when the rounds run out")
    RATE_TOO_LOW = LikelihoodRatio(
        6.0,
        "{rounds} at learning rate {rate:figure} leave {left:share} of the error or more, even if every tree fitted "
        "it perfectly",
        "params",
    )


@rule(
    "BO1001",
    "too-few-rounds",
    seen_as=("My loss still falls when training ends", "My loss falls, but very slowly"),
    likelihoods=Likelihoods,
    cured_by=higher("n_estimators"),
)
def too_few_rounds(
    symptoms: Symptoms,
    traits: frozenset[str],
    names: Mapping[str, str],
    active: bool,
    train_loss: Curve | None,
    n_estimators: int | None,
    learning_rate: float | None,
    further: Extrapolation | None,
    early_stopping: object | None,
    *,
    prior: float = 0.05,
) -> Outcome:
    """Boosting was still improving when the rounds ran out.

    What it measures
    ----------------
    Whether the curves of boosted trees still fall at the end (`undertrained`, `slow-convergence`), and how many more
    rounds the extrapolation asks for.

    It also measures how much of the error the learning rate leaves: at a learning rate of η, R rounds leave (1 − η)^R
    of an error that each tree fits in full. If that is more than half and the learning rate is below 0.1, the rule
    proposes a learning rate of 0.1 first, since more rounds cost time. If that is more than half, it is also enough
    that each recorded training loss is lower than the one before: at so low a learning rate, no other rule may see the
    loss fall. Runs that are still going are left out.

    Why it matters
    --------------
    Each tree adds a small share of what it has found. If the rounds run out too early, the model stays close to the
    mean, however good each tree is.

    What to do
    ----------
    Use more rounds (n_estimators, num_boost_round, iterations), and early stopping on validation. If the learning rate
    is too low for the rounds, raise it.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Underfitting" (continues to decrease). Friedman (2001), Greedy function approximation, Annals of
    Statistics 29:1189, §5: the rate and the number of rounds stand for each other.
    """
    if "boosting" not in traits or active:
        return None
    left = (1 - learning_rate) ** n_estimators if n_estimators and learning_rate and learning_rate < 1 else 0.0
    found = [symptoms.findings[name] for name in ("undertrained", "slow-convergence") if symptoms.has(name)]
    if any(f.severity.rank >= Severity.WARNING.rank for f in found):
        observations = [Likelihoods.STILL_FALLS()]
    elif left > HARDLY_BEGUN and train_loss is not None and _falls_each_round(train_loss):
        observations = [Likelihoods.FALLS_EACH_ROUND(rounds=train_loss.finite[1].size)]
    elif found:
        observations = [Likelihoods.FALLS_A_LITTLE()]
    else:
        return None
    rounds = f"{figure(n_estimators)} round{'' if n_estimators == 1 else 's'}" if n_estimators else "the last round"
    if left > HARDLY_BEGUN:
        observations.append(Likelihoods.RATE_TOO_LOW(rate=learning_rate, rounds=rounds, left=left))
    prescription = _prescription(names, n_estimators, learning_rate, left, further, early_stopping)
    settles = "train once with twice as many trees"
    if prescription.changes:
        first = prescription.changes[0]
        settles = f"train once with {first.param} {figure(first.after)}"
    rate = f" at learning rate {figure(learning_rate)}" if learning_rate else ""
    return too_few_rounds.hypothesis(
        prior=prior,
        observations=observations,
        message=f"loss was still falling after {rounds}{rate}",
        advice=prescription.text,
        prescription=prescription,
        settles=settles,
    )


def _falls_each_round(loss: Curve) -> bool:
    values = loss.finite[1]
    return values.size > MINIMUM and bool((np.diff(values) < 0).all())


def _prescription(
    names: Mapping[str, str],
    rounds: int | None,
    rate: float | None,
    left: float,
    further: Extrapolation | None,
    early_stopping: object | None,
) -> Prescription:
    """A usual learning rate if it is so low that the rounds hardly begin, and as many rounds as the rate asks for."""
    longer = min(further.enough, AT_MOST) if further and further.enough > 1 else TWICE
    stop = "" if early_stopping else ", and use early stopping on validation"
    if not rounds:
        return Prescription(f"train about {times(longer)} as many trees{stop}")
    changes: list[Change] = []
    if rate and left > HARDLY_BEGUN and rate < USUAL:
        changes.append(Change(names.get("learning_rate", "learning_rate"), rate, USUAL))
        needed = _rounds_for(USUAL)
    else:
        needed = max(math.ceil(longer * rounds), _rounds_for(rate) if rate else 0)
    if needed > rounds:
        changes.append(Change(names.get("n_estimators", "n_estimators"), rounds, needed))
    return Prescription(in_words(tuple(changes)) + stop, tuple(changes))


def _rounds_for(rate: float) -> int:
    """Rounds that leave next to nothing of a residual that each tree fits in full."""
    return math.ceil(math.log(DONE) / math.log1p(-rate)) if 0 < rate < 1 else 0
