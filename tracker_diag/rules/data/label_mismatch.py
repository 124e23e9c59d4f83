"""DS203 label-mismatch."""

from __future__ import annotations

from tracker_diag.evidence.features import FAR_OFF
from tracker_diag.rules.api import Explained, Features, LikelihoodRatio, Observation, Outcome, Relation, Symptoms, rule

#: Share of the run needed for half of the improvement above which training is slow: memorising takes longer than
#: learning what holds for other examples as well.
SLOW = 0.06
#: Share of the baseline loss that training has explained where it knows its examples completely.
COMPLETE = 0.95
#: Uninformed levels above knowing nothing from which on validation is confidently wrong.
CONFIDENTLY_WRONG = 2
#: Times the first training loss from which on the first validation loss is off, where training's own is not far off.
OFF_AT_FIRST = 1.5
#: Times what guessing gets right below which validation's answers are wrong for a reason.
FAR_BELOW_GUESSING = 0.5
#: Training examples below which they may be too few for anything to hold elsewhere.
FEW = 200


class Likelihoods:
    """What speaks for inputs and labels that do not belong together, and against it."""

    BROKEN = LikelihoodRatio(
        3000.0,
        "the nearest neighbours of {rows:,} training examples say nothing of their labels, those in validation do",
        "data",
    )
    SIDES_DISAGREE = LikelihoodRatio(
        1000.0,
        "neighbours share their labels within training and within validation, but not across the two",
        "data",
    )
    NOWHERE = LikelihoodRatio(
        4.0, "the nearest neighbours of {rows:,} training examples say nothing of their labels", "data"
    )
    RELATED = LikelihoodRatio(0.02, "neighbouring training examples share their labels, beyond chance", "data")
    BLIND = LikelihoodRatio(8.0, "validation never gained on knowing nothing, while training did")
    SLOWLY = LikelihoodRatio(2.5, "training learns slowly, as by heart", own=True)
    FAST = LikelihoodRatio(0.4, "training learned fast, or completely")
    CONFIDENTLY_WRONG = LikelihoodRatio(
        0.5, "validation is confidently wrong: its loss ends far above that of knowing nothing"
    )
    OFF_AT_FIRST = LikelihoodRatio(0.5, "validation is off from the first epoch on")
    CAME_DOWN = LikelihoodRatio(5.0, "the loss came down to the uninformed level and stayed there")
    BELOW_GUESSING = LikelihoodRatio(
        30.0, "validation is right {share:.2g} times as often as guessing, and training learns", own=True
    )
    FEW = LikelihoodRatio(0.3, "{count} training examples may simply be too few", "params")


@rule(
    "DS203",
    "label-mismatch",
    seen_as=("My loss is flat from the start", "Accuracy is stuck at chance"),
    likelihoods=Likelihoods,
)
def label_mismatch(
    features: Features | None,
    symptoms: Symptoms,
    explained: Explained | None,
    traits: frozenset[str],
    n_train: int | None,
    times_guessing: float | None,
    relation: Relation | None,
    shifted: bool | None,
    *,
    prior: float = 0.035,
) -> Outcome:
    """Inputs and labels are not paired, or are shuffled apart.

    What it measures
    ----------------
    A validation loss that never falls below that of knowing nothing while training slowly goes below it: what is
    learned is by heart, and there is no relation to be found.

    And a validation accuracy less than half of what guessing gets right while training does well: the network knows
    the answers, and validation numbers the classes in another order, as two generators or encoders do that were each
    fitted to their own folder.

    A dataset profile says more: whether the nearest other examples share an example's label, beyond what permuted
    labels do. Where they do on validation and not in training, the labels of training were shuffled apart.

    Why it matters
    --------------
    "Do input samples have the correct labels? Are input and ground truth data shuffled the same way?"

    What to do
    ----------
    Look at ten examples with their labels as the network gets them; shuffle inputs and labels by one permutation.
    Number the classes once, on the training data, and use that for validation.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match). Zhang et al. (2017), ICLR: networks fit random
    labels, only more slowly.
    """
    message = "nothing that training learns holds for validation: labels and inputs may not belong together"
    seen = "trees get" if "boosting" in traits else "network gets"
    advice = f"look at ten examples with their labels as the {seen} them; shuffle inputs and labels by one permutation"
    if relation is not None and (relation.broken_in_training or (relation.sides_disagree and not shifted)):
        row = Likelihoods.BROKEN if relation.broken_in_training else Likelihoods.SIDES_DISAGREE
        observations = [row(rows=relation.rows)]
        if not relation.broken_in_training:
            message = "training and validation may number their classes differently"
            advice = "number the classes once, on the training data, and print that numbering for both"
    elif symptoms.has("diverged", "frozen") or features is None or explained is None:
        return None
    elif times_guessing is not None and times_guessing < FAR_BELOW_GUESSING:
        observations = [Likelihoods.BELOW_GUESSING(share=times_guessing)]
        message = "validation is wrong more often than guessing: its classes may be numbered in another order"
        advice = "number the classes once, on the training data, and print that numbering for training and validation"
    elif features.val_blind:
        observations = _blind(features, explained)
    elif features.stuck_at_baseline and not features.starts_at_baseline and not features.above:
        observations = [Likelihoods.CAME_DOWN()]
    else:
        return None
    if relation is not None and relation.nowhere:
        observations.append(Likelihoods.NOWHERE(rows=relation.rows))
    elif relation is not None and relation.train and not relation.sides_disagree:
        observations.append(Likelihoods.RELATED())
    if n_train is not None and n_train < FEW:
        observations.append(Likelihoods.FEW(count=n_train))
    return label_mismatch.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=advice,
        settles="run once with shuffled labels: if nothing changes, the labels are wrong now",
    )


def _blind(features: Features, explained: Explained) -> list[Observation]:
    """What a validation that never gained says."""
    slow = features.quick > SLOW and explained.train < COMPLETE
    observations = [Likelihoods.BLIND(), Likelihoods.SLOWLY() if slow else Likelihoods.FAST()]
    if features.val_wrong > CONFIDENTLY_WRONG:
        observations.append(Likelihoods.CONFIDENTLY_WRONG())
    if features.val_first > OFF_AT_FIRST and features.first.times < FAR_OFF:
        observations.append(Likelihoods.OFF_AT_FIRST())
    return observations
