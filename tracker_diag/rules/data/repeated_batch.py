"""DS202 repeated-batch."""

from __future__ import annotations

from tracker_diag.rules.api import Explained, Features, LikelihoodRatio, Observation, Outcome, Symptoms, rule

#: Share of the baseline loss that training must have explained to have learned a batch.
LEARNED = 0.5
#: Share of the run in which half of the improvement comes at once, and from which on it does not.
AT_ONCE, NOT_AT_ONCE = 0.06, 0.1
#: Uninformed levels that validation stays behind where what was learned holds for nothing else,
BEHIND = 0.3
#: and those it lay behind at its best where it never fell with training.
APART_AT_BEST = 0.25
#: Times the first training loss that validation's is, and baselines below which training's is, where the first
#: epoch already learned a batch.
FIRST_BEHIND, FIRST_BELOW = 1.2, 0.9
#: Share of the baseline loss that validation gains after its first value where it learned,
GAINED = 0.25
#: and has explained at its best where it learned well.
LEARNED_WELL = 0.8


class Likelihoods:
    """What speaks for one batch over and over, and against it."""

    AT_ONCE = LikelihoodRatio(4.0, "half of what training gained came within {share:.0%} of the run")
    EXPLAINED = LikelihoodRatio(1.5, "training explains nearly everything")
    NOT_AT_ONCE = LikelihoodRatio(0.3, "half of what training gained took longer than a tenth of the run")
    BEHIND = LikelihoodRatio(4.0, "validation stays {share:.0%} of the uninformed loss behind")
    NEVER_FELL = LikelihoodRatio(3.0, "validation never fell with training")
    FELL_AT_FIRST = LikelihoodRatio(0.1, "validation fell with training at first")
    KEEPS_UP = LikelihoodRatio(0.05, "validation keeps up")
    FIRST_EPOCH_AT_ONCE = LikelihoodRatio(
        4.0, "in the first epoch already training is far below validation, and soon at its end", own=True
    )
    FIRST_EPOCH = LikelihoodRatio(4.0, "in the first epoch already training is far below validation")
    MANY_EXAMPLES = LikelihoodRatio(3.0, "{count} training examples are not memorised that fast", "params")
    FEW_EXAMPLES = LikelihoodRatio(0.2, "{count} training examples are soon memorised", "params")
    LEARNED_LATER = LikelihoodRatio(0.3, "validation learned much after its first epoch")
    LEARNED_WELL = LikelihoodRatio(0.1, "validation was learned well at its best")


@rule(
    "DS202",
    "repeated-batch",
    seen_as=("Validation is far worse than training",),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def repeated_batch(
    features: Features,
    symptoms: Symptoms,
    explained: Explained,
    n_train: int | None,
    *,
    prior: float = 0.03,
    many: int = 300,
) -> Outcome:
    """The same batch over and over.

    What it measures
    ----------------
    A training loss that falls to nothing within the first few per cent of the run while validation gains little: as
    many examples as there are said to be cannot be memorised that fast.

    Why it matters
    --------------
    "Using the same image or batch over and over?" A generator that is not advanced, a loader that is rebuilt for each
    step: training looks perfect.

    What to do
    ----------
    Log a hash of each batch, or print the first labels of three batches in a row.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    many : training examples that take more than a few epochs to memorise.

    References
    ----------
    Seminar: "Dataset issues" (check the data loader).
    """
    if (
        symptoms.has("diverged", "frozen")
        or features.stuck_at_baseline
        or not explained.train > LEARNED
        or not features.memorised
    ):
        return None
    observations = [Likelihoods.AT_ONCE(share=features.quick) if features.quick <= AT_ONCE else Likelihoods.EXPLAINED()]
    if features.quick > NOT_AT_ONCE:
        observations.append(Likelihoods.NOT_AT_ONCE())
    observations += _behind(features)
    if n_train is not None:
        observations.append((Likelihoods.MANY_EXAMPLES if n_train >= many else Likelihoods.FEW_EXAMPLES)(count=n_train))
    if explained.val_best - explained.val_start > GAINED:
        observations.append(Likelihoods.LEARNED_LATER())
    if explained.val_best > LEARNED_WELL:
        observations.append(Likelihoods.LEARNED_WELL())
    return repeated_batch.hypothesis(
        prior=prior,
        observations=observations,
        message="training learns as if it saw few examples again and again",
        advice="print the first labels of three batches in a row; advance or rebuild the loader once an epoch",
        settles="log a hash of each batch",
    )


def _behind(features: Features) -> list[Observation]:
    """What validation beside training says."""
    if features.apart > BEHIND:
        observations = [
            Likelihoods.BEHIND(share=features.apart),
            Likelihoods.NEVER_FELL() if features.parted > APART_AT_BEST else Likelihoods.FELL_AT_FIRST(),
        ]
    else:
        observations = [Likelihoods.KEEPS_UP()]
    if features.val_first > FIRST_BEHIND and features.first_excess < FIRST_BELOW:
        at_once = features.quick <= AT_ONCE
        observations.append(Likelihoods.FIRST_EPOCH_AT_ONCE() if at_once else Likelihoods.FIRST_EPOCH())
    return observations
