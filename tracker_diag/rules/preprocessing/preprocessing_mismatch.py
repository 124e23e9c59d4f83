"""PP307 preprocessing-mismatch."""

from __future__ import annotations

from tracker_diag.rules.api import (
    Curve,
    Dataset,
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Relation,
    Symptoms,
    Watched,
    rule,
)
from tracker_diag.rules.from_to import beside_guessing, ends, from_to, reference

#: First validation loss over the first training loss from which it is off: it should lie below.
FIRST_FAR_ABOVE = 1.5
#: Times the baseline between which the first training loss is in its usual place, and can be compared with.
USUAL_FIRST = (0.9, 3.0)
#: Share of the run that training takes for half of its improvement, above which its pace is ordinary.
ORDINARY_PACE = 0.03
#: Uninformed levels above knowing nothing from which validation is confidently wrong.
CONFIDENTLY_WRONG = 2.0
#: The same from which it is so as inputs far outside of training's leave it: labels learned by heart end below.
FAR_OUTSIDE = 8.0
#: Gap at the end, as a share of the baseline, above which validation stays far behind.
FAR_APART = 0.3
#: Times what guessing gets right below which validation's answers are wrong for a reason of the labels.
FAR_BELOW_GUESSING = 0.5
#: Share of training's score above which that of validation is close to it.
CLOSE_SCORE = 0.85


#: Times the bounds of what is the same, beyond which inputs are of another scale.
FAR = 2.0
#: Gap at the end, as a share of the baseline, up to which other inputs do validation no harm.
STAYS_WITH = 0.1
#: Share of the training examples, beyond that of validation's, that blank ones are where they make the difference.
MANY_BLANK = 0.15


class Likelihoods:
    """What speaks for preprocessing that differs, and against it."""

    OTHER_INPUTS = LikelihoodRatio(
        2000.0,
        "network inputs are {mean:figure} ± {deviation:figure} (mean ± std) in training, "
        "{eval_mean:figure} ± {eval_deviation:figure} in evaluation",
        "data",
    )
    SOMEWHAT_OTHER_INPUTS = LikelihoodRatio(
        300.0,
        "network inputs are {mean:figure} ± {deviation:figure} (mean ± std) in training, "
        "{eval_mean:figure} ± {eval_deviation:figure} in evaluation",
        "data",
    )
    SAME_INPUTS = LikelihoodRatio(
        0.1,
        "network inputs are {mean:figure} ± {deviation:figure} (mean ± std) in training, "
        "{eval_mean:figure} ± {eval_deviation:figure} in evaluation",
        "data",
    )
    SHIFTED = LikelihoodRatio(
        300.0, "the dataset profile shows different input distributions in training and validation", "data"
    )
    KEEPS_UP = LikelihoodRatio(0.05, "validation keeps up with training anyway")
    BLANK_EXAMPLES = LikelihoodRatio(0.02, "{part:share} of the training examples are blank, which explains it", "data")
    FIRST_FAR_ABOVE = LikelihoodRatio(
        20.0,
        "the first validation loss is {val_first:times} the first training loss, but it should be lower, because "
        "it is measured after the first updates",
        own=True,
    )
    BLIND = LikelihoodRatio(4.0, "validation never gets much better than {level}, while training does")
    SMOOTH = LikelihoodRatio(2.0, "training learns smoothly at an ordinary pace")
    CONFIDENTLY_WRONG = LikelihoodRatio(3.0, "validation loss ends at {wrong:times} {level}")
    FAR_OUTSIDE = LikelihoodRatio(
        5.0,
        "validation loss ends at {wrong:times} {level}, as happens with inputs far outside the training range",
        own=True,
    )
    SCORES_CLOSE = LikelihoodRatio(5.0, "training and validation scores are close, although their losses are far apart")
    FAR_BEHIND = LikelihoodRatio(1.5, "validation ends far behind training ({ends})")
    BELOW_GUESSING = LikelihoodRatio(
        0.1,
        "validation accuracy is {accuracy}, but if validation were preprocessed differently, it would be near random "
        "guessing",
    )
    CLOSE = LikelihoodRatio(0.3, "validation ends close to training")


@rule("PP307", "preprocessing-mismatch", seen_as=("Validation is far worse than training",), likelihoods=Likelihoods)
def preprocessing_mismatch(
    features: Features | None,
    symptoms: Symptoms,
    explained: Explained | None,
    traits: frozenset[str],
    val: Curve | None,
    val_score: Curve | None,
    train_score: Curve | None,
    times_guessing: float | None,
    watched: Watched | None,
    shifted: bool | None,
    relation: Relation | None,
    dataset: Dataset | None,
    *,
    prior: float = 0.03,
    apart: float = 0.5,
    wider: float = 1.5,
) -> Outcome:
    """Training and validation, or input and ground truth, are preprocessed differently.

    What it measures
    ----------------
    The rule looks for a validation loss that is too high from the first epoch on: the first one lies well above the
    first training loss, although it should lie below it, because training loss is a mean over the epoch and validation
    comes after it. The rule also looks for validation that shows no learning while training learns smoothly at an
    ordinary pace. A gap at the end counts too, but not for trees, which memorise their training set.

    If a callback recorded the network's inputs, the rule compares their mean and standard deviation in training and in
    evaluation. It also compares the distributions of both sets in a dataset profile. Such a difference is ignored if
    validation examples have the label of their nearest training examples: both are scaled alike then.

    Why it matters
    --------------
    "Same pre-processing steps for input and truth?" A scaler may be fitted twice, an augmentation left on, or a colour
    order swapped. The network then gets inputs that it was not trained on, and its validation loss says nothing.

    What to do
    ----------
    Run training examples through the validation pipeline. Their loss should be close to the training loss.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    apart : largest difference between the input means of training and evaluation that is still accepted, in standard
        deviations of the training inputs.
    wider : largest factor between the standard deviations of training and evaluation inputs that is still accepted.

    References
    ----------
    Seminar: "Dataset issues" (make sure input and output match). Breck et al. (2019), Data validation for machine
    learning, MLSys: training-serving skew.
    """
    trees = "boosting" in traits
    compared = "columns, their order and encoding" if trees else "scaling, colour order, tokeniser and augmentation"
    text = f"run training examples through the validation pipeline, and compare {compared}"
    inputs = _inputs(watched, apart, wider)
    if inputs is None and shifted and not (relation is not None and relation.across):
        inputs = Likelihoods.SHIFTED()
    if inputs is not None and inputs.ratio > 1:
        against = [] if dataset is None else _blank(dataset)
        if symptoms.verdict == "good-fit" or (features is not None and features.apart < STAYS_WITH):
            against.append(Likelihoods.KEEPS_UP())
        return _found([inputs, *against], inputs.text, text, prior)
    if features is None or explained is None or val is None:
        return None
    if symptoms.has("diverged", "frozen") or features.stuck_at_baseline:
        return None
    observations = _seen(features, explained, train_score, val_score, trees=trees)
    if observations and times_guessing is not None and times_guessing < FAR_BELOW_GUESSING:
        observations.append(Likelihoods.BELOW_GUESSING(accuracy=beside_guessing(times_guessing)))
    if observations and inputs is not None:
        observations.append(inputs)
    off = next((s.text for s in observations if s.key == Likelihoods.FIRST_FAR_ABOVE.key), from_to(explained))
    return _found(observations, f"{off}: validation may be preprocessed differently", text, prior)


def _inputs(watched: Watched | None, apart: float, wider: float) -> Observation | None:
    """What reached the network in evaluation, beside training."""
    if watched is None:
        return None
    mean, deviation = watched.median("input_mean"), watched.median("input_std")
    eval_mean, eval_deviation = watched.median("eval_input_mean"), watched.median("eval_input_std")
    if mean is None or eval_mean is None or not deviation or not eval_deviation:
        return None
    distance, ratio = abs(mean - eval_mean) / deviation, eval_deviation / deviation
    if distance < apart and 1 / wider < ratio < wider:
        row = Likelihoods.SAME_INPUTS
    else:
        # Augmentation and noise change inputs somewhat, on purpose.
        somewhat = distance < FAR * apart and 1 / (FAR * wider) < ratio < FAR * wider
        row = Likelihoods.SOMEWHAT_OTHER_INPUTS if somewhat else Likelihoods.OTHER_INPUTS
    return row(mean=mean, deviation=deviation, eval_mean=eval_mean, eval_deviation=eval_deviation)


def _blank(dataset: Dataset) -> list[Observation]:
    """That blank examples on one side make the difference."""
    shares = [max(side.constant_share or 0.0, side.zero_share or 0.0) for side in (dataset.train, dataset.validation)]
    return [Likelihoods.BLANK_EXAMPLES(part=shares[0])] if shares[0] - shares[1] > MANY_BLANK else []


def _found(observations: list[Observation], message: str, text: str, prior: float) -> Outcome:
    return preprocessing_mismatch.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        settles="evaluate once on training examples that went through the validation pipeline: their loss should be "
        "close to the training loss",
    )


def _seen(
    features: Features, explained: Explained, train_score: Curve | None, val_score: Curve | None, *, trees: bool
) -> list[Observation]:
    """What the curves say: how validation begins, and how far it follows training."""
    observations: list[Observation] = []
    low, high = USUAL_FIRST
    level = reference(explained)
    # Where chance level is unknown, validation's own first value stands in for it.
    usual = low < features.first.times < high if explained.known else features.first.times < high
    if features.val_first > FIRST_FAR_ABOVE and usual:
        observations.append(Likelihoods.FIRST_FAR_ABOVE(val_first=features.val_first))
    if features.val_blind:
        observations.append(Likelihoods.BLIND(level=level))
        if features.memorised and not trees and features.quick > ORDINARY_PACE:
            observations.append(Likelihoods.SMOOTH())
        if features.val_wrong > FAR_OUTSIDE and not trees:
            observations.append(Likelihoods.FAR_OUTSIDE(wrong=1 + features.val_wrong, level=level))
        elif features.val_wrong > CONFIDENTLY_WRONG and not trees:
            observations.append(Likelihoods.CONFIDENTLY_WRONG(wrong=1 + features.val_wrong, level=level))
    elif features.apart > FAR_APART and not trees:
        observations.append(
            Likelihoods.SCORES_CLOSE()
            if _scores_close(train_score, val_score)
            else Likelihoods.FAR_BEHIND(ends=ends(explained))
        )
    elif observations:
        observations.append(Likelihoods.CLOSE())
    return observations


def _scores_close(train_score: Curve | None, val_score: Curve | None) -> bool:
    if train_score is None or val_score is None or not (train_score.long_enough and val_score.long_enough):
        return False
    return val_score.flipped and val_score.tail < CLOSE_SCORE * train_score.tail
