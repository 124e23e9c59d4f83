"""BO1002 too-many-rounds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.core.numbers import share as percent
from tracker_diag.rules.api import (
    Change,
    Curve,
    Ending,
    LikelihoodRatio,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    lower,
    rule,
)

#: One over the part of what follows the best round that is looked at.
LATER = 2


class Likelihoods:
    """What speaks for too many rounds, and against it."""

    TURNED = LikelihoodRatio(
        80.0, "validation got worse after its best round, and {part:share} of the rounds came after it"
    )
    STAYS_ABOVE = LikelihoodRatio(
        60.0,
        "in the second half of the rounds after the best one, validation is never better than {later:figure} (best: "
        "{best:figure}), which loses at least {rise:share} of its improvement",
    )
    STOPPING = LikelihoodRatio(0.2, "early stopping is configured", "params")
    BY_PATIENCE = LikelihoodRatio(0.02, "early stopping ended the run")


@rule(
    "BO1002",
    "too-many-rounds",
    seen_as=("Validation gets worse while training gets better",),
    likelihoods=Likelihoods,
    cured_by=lower("n_estimators"),
)
def too_many_rounds(
    val: Curve,
    improvement: float,
    symptoms: Symptoms,
    traits: frozenset[str],
    names: Mapping[str, str],
    n_estimators: int | None,
    early_stopping: object | None,
    ending: Ending | None,
    *,
    prior: float = 0.05,
    minimum_share: float = 0.2,
    minimum_rise: float = 0.1,
) -> Outcome:
    """Boosting went on after validation had begun to get worse.

    What it measures
    ----------------
    The share of the rounds that came after the best one on validation, if validation has risen significantly since
    (`overfitting`) or has left its best for good. In the second case, every value in the second half of the
    rounds after the best one must be worse by a share of the improvement (`minimum_rise`). This finds a turn in the
    first rounds, where the tests of `overfitting` have too few values. It is safe because a round changes a sum of
    trees only a little, so such a curve is smooth. Early stopping that is switched on, or that ended the run, speaks
    against this cause.

    Why it matters
    --------------
    Each round after the turn fits details that only the training examples have. The final model is worse than a cheaper
    one.

    What to do
    ----------
    Stop at the best round: use early_stopping_rounds on validation data, or as many rounds as were best.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    minimum_share : the rule reports if this share of the run or more came after the best round.
    minimum_rise : in the second case, validation must lose this share of its improvement (from the first value to the
        best). Sound runs with early stopping lose less while they wait.

    References
    ----------
    Seminar: "Overfitting". Prechelt (1998), Early stopping — but when?, LNCS 1524:55; Zhang and Yu (2005), Boosting
    with early stopping, Annals of Statistics 33:1538.
    """
    if "boosting" not in traits or symptoms.has("diverged", "frozen"):
        return None
    turn, shown = val.turning, symptoms.has("overfitting")
    x, y = val.finite
    # Where the rise is shown, at the place that was shown: the lowest value of a noisy curve is noise.
    best = int(np.searchsorted(x, turn.step, side="right")) - 1 if shown else int(np.argmin(y))
    share = 1 - (best + 1) / y.size
    if share < minimum_share:
        return None
    if shown:
        observations = [Likelihoods.TURNED(part=share)]
    else:
        later = y[best + 1 + (y.size - best - 1) // LATER :]
        rise = float(later.min() - y[best]) / improvement if later.size else 0.0
        if rise < minimum_rise:
            return None
        observations = [
            Likelihoods.STAYS_ABOVE(rise=rise, later=val.shown(float(later.min())), best=val.shown(float(y[best])))
        ]
    if ending is not None and ending.by_patience:
        observations.append(Likelihoods.BY_PATIENCE())
    elif early_stopping:
        observations.append(Likelihoods.STOPPING())
    rounds = best + 1
    if x[-1] - x[0] >= y.size:
        # Not every round was recorded: the steps count them.
        rounds = int(x[best] - x[0]) + 1
    name = names.get("n_estimators", "n_estimators")
    changes = (Change(name, n_estimators, rounds),) if n_estimators and rounds < n_estimators else ()
    at = figure(float(x[best]), 6)
    text = f"stop at step {at}, after {best + 1} of {y.size} recorded rounds"
    text += f": {in_words(changes)}" if changes else ""
    text += ", or set early_stopping_rounds"
    return too_many_rounds.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{percent(share)} of the rounds came after the best validation loss, at step {at}",
        advice=text,
        prescription=Prescription(text, changes),
        span=(float(x[best]), float(x[-1])),
        verdict="overfitting",
    )
