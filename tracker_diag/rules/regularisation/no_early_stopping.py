"""RG803 no-early-stopping."""

from __future__ import annotations

from collections.abc import Mapping

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

#: Share of the baseline loss that validation explains at its best where it learned before it turned.
LEARNED = 0.1


class Likelihoods:
    """What speaks for a run that went on too long, and against it."""

    #: From 3, where nothing came after the best checkpoint, to 6, where all did: the longer, the less it is chance.
    WENT_ON = LikelihoodRatio(3.0, "{share:.0%} of the run came after the best checkpoint", most=6.0)
    LEARNED_BEFORE = LikelihoodRatio(1.5, "validation had learned before it turned")
    STOPPING = LikelihoodRatio(0.3, "early stopping is configured", "params")
    ALL_EPOCHS = LikelihoodRatio(1.5, "epochs are configured, and early stopping is not", "params")


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
    """Trained on past the best checkpoint.

    What it measures
    ----------------
    The share of the run that came after the best validation step, where validation has risen significantly since: the
    lowest point of a plateau is noise, and is not counted. Validation that had learned before it turned left a
    checkpoint worth keeping. Of boosting the rule `too-many-rounds` says it.

    Why it matters
    --------------
    What comes after the turn costs time and makes the model worse; without a kept checkpoint it is the model one has.

    What to do
    ----------
    Stop when validation has not improved for a tenth of the run, and restore the best checkpoint.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    minimum_share : share of the run after the best step.

    References
    ----------
    Seminar: "Overfitting". Prechelt (1998), Early stopping — but when?, LNCS 1524:55.
    """
    if not symptoms.has("overfitting"):
        return None
    # What surely came after it decides, what came after the likeliest step is told.
    if float((held_out.x > held_out.turning.high_step).mean()) < minimum_share:
        return None
    share = float((held_out.x > held_out.turning.step).mean())
    observations = [Likelihoods.WENT_ON(times=1 + share, share=share)]
    if explained is not None and explained.val_best > LEARNED:
        observations.append(Likelihoods.LEARNED_BEFORE())
    if early_stopping:
        observations.append(Likelihoods.STOPPING())
    elif epochs:
        observations.append(Likelihoods.ALL_EPOCHS())
    at = held_out.turning.step
    changes = stop_at_best(symptoms, names, epochs)
    text = f"stop at step {at:g} and keep that checkpoint" + (f": {in_words(changes)}" if changes else "")
    return no_early_stopping.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{share:.0%} of the run came after the best checkpoint at step {at:g}",
        advice=text,
        prescription=Prescription(text, changes),
        span=(at, float(held_out.x[-1])),
    )
