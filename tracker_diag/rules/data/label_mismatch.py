"""DS203 label-mismatch."""

from __future__ import annotations

from tracker_diag.evidence.features import FAR_OFF
from tracker_diag.rules.api import Explained, Features, LikelihoodRatio, Observation, Outcome, Relation, Symptoms, rule
from tracker_diag.rules.from_to import beside_guessing, from_to, reference

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
        "nearest neighbours share labels in validation, but in training no more often than by chance "
        "({rows:,} examples checked)",
        "data",
    )
    SIDES_DISAGREE = LikelihoodRatio(
        1000.0,
        "nearest neighbours share labels within training and within validation, but not across the two",
        "data",
    )
    NOWHERE = LikelihoodRatio(
        4.0,
        "nearest neighbours share labels no more often than by chance ({rows:,} training examples checked)",
        "data",
    )
    RELATED = LikelihoodRatio(0.02, "nearest neighbours in training share labels more often than by chance", "data")
    BLIND = LikelihoodRatio(8.0, "validation never gets much better than {level}, while training does")
    SLOWLY = LikelihoodRatio(2.5, "training loss falls slowly, as it does when a model memorises", own=True)
    FAST = LikelihoodRatio(0.4, "training loss fell {how}; with wrong labels to memorise, it usually falls more slowly")
    CONFIDENTLY_WRONG = LikelihoodRatio(
        0.5, "validation loss ends at {wrong:times} {level}, which rather points to different preprocessing"
    )
    OFF_AT_FIRST = LikelihoodRatio(
        0.5,
        "the first validation loss is already {first:times} the first training loss, which rather points to "
        "different preprocessing",
    )
    CAME_DOWN = LikelihoodRatio(5.0, "the loss ends near chance level, although it did not start there")
    BELOW_GUESSING = LikelihoodRatio(30.0, "validation accuracy is {accuracy}, while training learns", own=True)
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
    """Inputs and labels are not paired, or were shuffled separately.

    What it measures
    ----------------
    The rule looks for a validation loss that never falls below chance level while the training loss slowly does. Such a
    model memorises, because there is no relation between inputs and labels to learn. (Chance level is the loss of
    random guessing, or of always predicting the mean.)

    It also looks for a validation accuracy below half of that of random guessing while training does well. Then the
    network knows the answers, but validation numbers the classes in another order. This happens if two generators or
    encoders are each fitted to their own folder.

    A dataset profile says more: whether nearest neighbours share a label more often than they would with permuted
    labels. If they do in validation and not in training, the training labels were shuffled separately from their
    inputs.

    Why it matters
    --------------
    "Do input samples have the correct labels? Are input and ground truth data shuffled the same way?" With
    wrong pairs there is nothing to learn, and the network can only memorise.

    What to do
    ----------
    Look at 10 examples with their labels as the network gets them. If you
    shuffle, use the same permutation for inputs and labels.
    Build the class-to-index mapping once, on the training data, and reuse it for validation.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match). Zhang et al. (2017), ICLR: networks fit random labels,
    only more slowly.
    """
    seen = "trees get" if "boosting" in traits else "network gets"
    advice = (
        f"look at 10 examples with their labels as the {seen} them; if you shuffle, use the same permutation for "
        "inputs and labels"
    )
    settles = "train once with shuffled labels: if the curves stay the same, the labels are already wrong"
    numbering = "build the class-to-index mapping once, on the training data, and reuse it for validation"
    compare = "print the class-to-index mapping of training and of validation, and compare them"
    if relation is not None and (relation.broken_in_training or (relation.sides_disagree and not shifted)):
        row = Likelihoods.BROKEN if relation.broken_in_training else Likelihoods.SIDES_DISAGREE
        observations = [row(rows=relation.rows)]
        message = "training labels are unrelated to their inputs: they may have been shuffled separately"
        if not relation.broken_in_training:
            message = "training and validation may number their classes differently"
            advice, settles = numbering, compare
    elif symptoms.has("diverged", "frozen") or features is None or explained is None:
        return None
    elif times_guessing is not None and times_guessing < FAR_BELOW_GUESSING:
        observations = [Likelihoods.BELOW_GUESSING(accuracy=beside_guessing(times_guessing))]
        accuracy = beside_guessing(times_guessing)
        message = f"validation accuracy is {accuracy}: validation may number its classes differently"
        advice, settles = numbering, compare
    elif features.val_blind:
        observations = _blind(features, explained)
        message = f"{from_to(explained)}: inputs and labels may be mismatched"
    elif features.stuck_at_baseline and not features.starts_at_baseline and not features.above:
        observations = [Likelihoods.CAME_DOWN()]
        message = f"{from_to(explained)}: inputs and labels may be mismatched"
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
        settles=settles,
    )


def _blind(features: Features, explained: Explained) -> list[Observation]:
    """What a validation curve that shows no learning says."""
    slow = features.quick > SLOW and explained.train < COMPLETE
    level = reference(explained)
    how = "to almost nothing" if explained.train >= COMPLETE else "quickly"
    observations = [Likelihoods.BLIND(level=level), Likelihoods.SLOWLY() if slow else Likelihoods.FAST(how=how)]
    if features.val_wrong > CONFIDENTLY_WRONG:
        observations.append(Likelihoods.CONFIDENTLY_WRONG(wrong=1 + features.val_wrong, level=level))
    if features.val_first > OFF_AT_FIRST and features.first.times < FAR_OFF:
        observations.append(Likelihoods.OFF_AT_FIRST(first=features.val_first))
    return observations
