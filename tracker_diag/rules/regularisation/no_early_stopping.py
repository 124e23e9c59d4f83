"""RG803 no-early-stopping."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import (
    Curve,
    Explained,
    Features,
    LikelihoodRatio,
    Outcome,
    Prescription,
    Symptoms,
    in_words,
    lower,
    rule,
    stop_at_best,
)

#: Share of chance level that validation explains at its best if it learned before it turned.
LEARNED = 0.1


class Likelihoods:
    """What speaks for a run that went on too long, and against it."""

    #: From 3, if nothing came after the best checkpoint, to 6, if all did: the longer, the less it is chance.
    WENT_ON = LikelihoodRatio(3.0, "{part:share} of the run came after the best checkpoint", most=6.0)
    LEARNED_BEFORE = LikelihoodRatio(1.5, "validation had improved before it got worse")
    STOPPING = LikelihoodRatio(0.3, "early stopping is configured", "params")
    ALL_EPOCHS = LikelihoodRatio(1.5, "the number of epochs is configured, but no early stopping", "params")


@rule(
    "RG803",
    "no-early-stopping",
    seen_as=("Validation gets worse while training gets better",),
    unless=("boosting",),
    likelihoods=Likelihoods,
    cured_by=lower("epochs", "max_steps"),
)
def no_early_stopping(
    features: Features,
    symptoms: Symptoms,
    held_out: Curve,
    explained: Explained | None,
    names: Mapping[str, str],
    epochs: float | None,
    early_stopping: object | None,
    *,
    prior: float = 0.03,
    minimum_share: float = 0.3,
) -> Outcome:
    """Training went on past the best checkpoint.

    What it measures
    ----------------
    The share of the run that came after the best validation step, if validation has risen significantly since. (The
    lowest point of a plateau is noise, and does not count.) If validation had improved before it got worse, there is
    a checkpoint worth keeping. For boosting, the rule `too-many-rounds` reports this.

    Why it matters
    --------------
    Training after the turn costs time and makes the model worse. If the best checkpoint is not kept, the worse model is
    the result.

    What to do
    ----------
    Stop when validation has not improved for a tenth of the run, and restore the best checkpoint.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    minimum_share : the rule reports if this share of the run or more came after the best step.

    References
    ----------
    Seminar: "Overfitting". Prechelt (1998), Early stopping — but when?, LNCS 1524:55.
    """
    if not symptoms.has("overfitting"):
        return None
    # What certainly came after it decides; what came after the likeliest step is reported.
    if float((held_out.x > held_out.turning.high_step).mean()) < minimum_share:
        return None
    share = float((held_out.x > held_out.turning.step).mean())
    at = held_out.best_logged[0]
    went_on = Likelihoods.WENT_ON(times=1 + share, part=float((held_out.x > at).mean()))
    observations = [went_on]
    if explained is not None and explained.val_best > LEARNED:
        observations.append(Likelihoods.LEARNED_BEFORE())
    if early_stopping:
        observations.append(Likelihoods.STOPPING())
    elif epochs:
        observations.append(Likelihoods.ALL_EPOCHS())
    changes = stop_at_best(symptoms, names, epochs)
    text = f"stop at step {figure(at, 6)} and keep that checkpoint" + (f": {in_words(changes)}" if changes else "")
    return no_early_stopping.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{went_on.message} at step {figure(at, 6)}",
        advice=text,
        prescription=Prescription(text, changes),
        span=(at, float(held_out.x[-1])),
    )
