"""DS201 constant-input."""

from __future__ import annotations

from tracker_diag.rules.api import (
    WHAT_TO_LOG,
    Dataset,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Symptoms,
    Watched,
    rule,
)

#: Share of the examples that are constant from which on the input is: less is what some real images are.
MOST = 0.5
#: Share of a batch's examples that equal its first from which on all but few do.
ALL_BUT_FEW = 0.9


class Likelihoods:
    """What speaks for an input that is constant, and against it."""

    SAME = LikelihoodRatio(10000.0, "{share:.0%} of a batch's other examples equal its first", "data")
    NOT_SAME = LikelihoodRatio(0.01, "{share:.0%} of a batch's other examples equal its first", "data")
    CONSTANT = LikelihoodRatio(200.0, "{share:.0%} of the examples are constant", "data")
    VARIED = LikelihoodRatio(0.05, "{share:.0%} of the examples are constant", "data")
    STAYS_AT_NOTHING = LikelihoodRatio(6.0, "the loss begins and stays where a model that sees no input is")
    ANSWERS_VARY = LikelihoodRatio(0.1, "the answers change from one evaluation to the next")
    ENDS_AT_NOTHING = LikelihoodRatio(1.5, "the loss ends where a model that sees no input is")


@rule(
    "DS201",
    "constant-input",
    seen_as=(
        "My loss is flat from the start",
        "My loss does not change at all",
        "Accuracy is stuck at chance",
        "The network always says the same class",
    ),
    likelihoods=Likelihoods,
)
def constant_input(
    features: Features,
    symptoms: Symptoms,
    traits: frozenset[str],
    dataset: Dataset | None,
    answers_vary: bool | None,
    watched: Watched | None,
    *,
    prior: float = 0.035,
) -> Outcome:
    """Inputs are all zeros, or every example is the same.

    What it measures
    ----------------
    The share of constant and of all-zero examples in a dataset profile; what share of the examples of a batch are the
    same, where a callback looked at batches; and a loss that begins and stays at the
    prior's entropy, as it does when the network can learn nothing but how often each answer occurs. Trees that find no
    split add nothing at all, so that of boosting only a frozen curve shows it.

    Why it matters
    --------------
    "Images with all zeros? Using the same image over and over?" A wrong path or a broken decoder feeds constants, and
    nothing complains.

    What to do
    ----------
    Look at a batch as the network gets it: its minimum, maximum, and a picture.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (check your input data).
    """
    observations: list[Observation] = []
    same = watched.median("input_same") if watched else None
    if same is not None:
        observations.append((Likelihoods.SAME if same > ALL_BUT_FEW else Likelihoods.NOT_SAME)(share=same))
    share = _constant(dataset) if dataset else None
    if share is not None:
        observations.append((Likelihoods.CONSTANT if share > MOST else Likelihoods.VARIED)(share=share))
    trees = "boosting" in traits
    if trees and not symptoms.has("frozen"):
        if share is None or share <= MOST:
            return None
    elif features.starts_at_baseline:
        observations.append(Likelihoods.STAYS_AT_NOTHING())
    elif features.stuck_at_baseline:
        observations.append(Likelihoods.ENDS_AT_NOTHING())
    elif (share is None or share <= MOST) and (same is None or same <= ALL_BUT_FEW):
        return None
    if answers_vary:
        observations.append(Likelihoods.ANSWERS_VARY())
    return constant_input.hypothesis(
        prior=prior,
        observations=observations,
        message=f"the {'trees seem' if trees else 'network seems'} to see no input",
        advice="look at the columns as the trees get them: minimum, maximum, number of values"
        if trees
        else "look at a batch as the network gets it: minimum, maximum, one picture or row",
        settles=WHAT_TO_LOG,
    )


def _constant(dataset: Dataset) -> float | None:
    known = (x for x in (dataset.train.constant_share, dataset.train.zero_share) if x is not None)
    return max(known, default=None)
