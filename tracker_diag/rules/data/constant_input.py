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
    """What speaks for a constant input, and against it."""

    SAME = LikelihoodRatio(
        10000.0, "{share:share} of the other examples in a batch are identical to its first one", "data"
    )
    NOT_SAME = LikelihoodRatio(
        0.01, "{share:share} of the other examples in a batch are identical to its first one", "data"
    )
    CONSTANT = LikelihoodRatio(200.0, "{share:share} of the examples consist of a single repeated value", "data")
    VARIED = LikelihoodRatio(0.05, "{share:share} of the examples consist of a single repeated value", "data")
    STAYS_AT_NOTHING = LikelihoodRatio(6.0, "the loss starts at chance level and stays there")
    ANSWERS_VARY = LikelihoodRatio(0.1, "the predictions change from one evaluation to the next")
    ENDS_AT_NOTHING = LikelihoodRatio(1.5, "the loss ends at chance level")


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
    From a dataset profile, the rule takes the share of examples that consist of a single repeated value, such as all
    zeros. If a callback recorded batches, it takes the share of examples in a batch that are equal.

    From the curves, it checks whether the loss starts and stays at chance level (the entropy of the class shares). A
    network without usable input can learn only how often each class occurs, so its loss ends there. For boosting, only
    an unchanged (frozen) curve is a sign, because trees that find no split do not change the loss at all.

    Why it matters
    --------------
    "Images with all zeros? Using the same image over and over?" A wrong path or a broken decoder can feed constants to
    the network, and nothing raises an error.

    What to do
    ----------
    Look at a batch as the network gets it: print its minimum and maximum, and show one image or row.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

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
    seen = next((s.text for s in observations if s.ratio > 1), "")
    return constant_input.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{seen}: the {'trees' if trees else 'network'} may be getting no usable input",
        advice="print the minimum, maximum and number of distinct values of each column as the trees get it"
        if trees
        else "print the minimum and maximum of one batch as the network gets it, and look at one image or row",
        settles=WHAT_TO_LOG,
    )


def _constant(dataset: Dataset) -> float | None:
    known = (x for x in (dataset.train.constant_share, dataset.train.zero_share) if x is not None)
    return max(known, default=None)
