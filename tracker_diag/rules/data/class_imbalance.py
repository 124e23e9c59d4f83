"""DS206 class-imbalance."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

from tracker_diag.core.numbers import figure
from tracker_diag.core.profile_schema import Target
from tracker_diag.rules.api import (
    WHAT_TO_LOG,
    Change,
    Curve,
    Dataset,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)

#: Ratios of the most to the least frequent class from which on it is large and extreme.
LARGE, EXTREME = 100, 1000
#: Share of the errors of always answering the most frequent class that an accuracy has undone: less is no more than
#: that answer, more is far more.
NO_MORE, FAR_MORE = 0.05, 0.5
#: Values that are left out, and values at which an accuracy stands.
FIRST, STANDS = 1, 5
#: Share of validation's first loss at which training's begins where it holds something easier, and of itself to which
#: it goes.
BELOW_VALIDATION, TO_NOTHING = 0.8, 0.5
#: Classes of a target of which two counts are all.
TWO = 2
#: Letters of a parameter, and parameters, that are read.
LETTERS, PARAMETERS = 200, 5000

_BALANCED_BY = ("weighted", "balanced", "oversampl", "undersampl", "smote", "class_balanc")


class Likelihoods:
    """What speaks for classes of too different frequency, and against it."""

    EXTREME = LikelihoodRatio(80.0, "the largest class has {examples:times} as many examples as the smallest", "data")
    LARGE = LikelihoodRatio(20.0, "the largest class has {examples:times} as many examples as the smallest", "data")
    IMBALANCED = LikelihoodRatio(3.0, "the largest class has {examples:times} as many examples as the smallest", "data")
    MAJORITY = LikelihoodRatio(
        12.0, "accuracy {accuracy:figure}% is no better than always predicting the largest class ({share:figure}%)"
    )
    FAR_ABOVE = LikelihoodRatio(
        0.2, "accuracy {accuracy:figure}% is far better than always predicting the largest class ({share:figure}%)"
    )
    ONE_CLASS_FOR_ALL = LikelihoodRatio(
        150.0,
        "validation accuracy is exactly {share:figure}% at each of the last {values} evaluations, as if one class were "
        "always predicted, while training loss starts below validation loss ({first:figure} against {val:figure}) and "
        "falls to {last:figure}",
        own=True,
    )
    GOOD_FIT = LikelihoodRatio(0.5, "the curves show a good fit")


@rule(
    "DS206",
    "class-imbalance",
    seen_as=("The network always says the same class", "Something is odd about my data"),
    likelihoods=Likelihoods,
)
def class_imbalance(
    dataset: Dataset | None,
    symptoms: Symptoms,
    logged_params: Mapping[str, Any],
    params: Mapping[str, Any],
    names: Mapping[str, str],
    val_score: Curve | None,
    train_score: Curve | None,
    train_loss: Curve | None,
    val_loss: Curve | None,
    *,
    prior: float = 0.05,
    imbalance: float = 10.0,
    vocabulary: int = 500,
) -> Outcome:
    """One class has many times more examples than another, and the loss is not balanced for it.

    What it measures
    ----------------
    The rule divides the number of examples of the largest class by that of the smallest. The counts come from a dataset
    profile. It also checks whether the accuracy ends no higher than always predicting the largest class would give.

    Without a profile, the rule looks at the curves. It reports a run if all values of validation accuracy after the
    first (five or more) are exactly equal, and neither 0 nor 1. Meanwhile, training loss must start at least 20% below
    the validation loss and fall to half of its first value or less. The network then predicts the largest class of the
    training set for every validation example.

    The rule says nothing if the classes are weighted or resampled, or if the run uses focal loss. It also skips targets
    with several labels per example, and vocabularies, because words are never equally frequent.

    Why it matters
    --------------
    "Are there a 1000 class A images for every class B image? Balance loss function or try other class imbalance
    approaches." With such data, always predicting A is the easiest way to lower the loss.

    What to do
    ----------
    Weight the loss by the inverse class frequency, or sample the classes evenly. Judge the model by balanced accuracy
    or F1.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    imbalance : smallest ratio of the largest class to the smallest that counts as a sign. A ratio of 100 is a stronger
        sign, and 1000 (the number in the quote above) is the strongest.
    vocabulary : number of classes above which they are assumed to be words.

    References
    ----------
    Seminar: "Dataset issues" (reduce class imbalance), "Dataset problems" (use balanced datasets). Buda et al. (2018),
    Neural Networks 106:249, on oversampling.
    """
    text = "weight the loss by inverse class frequency, or sample the classes evenly; judge the model by balanced "
    text += "accuracy or F1"
    before = params.get("class_weight")
    remedy = Prescription(text, (Change(names.get("class_weight", "class_weight"), before, "balanced"),))
    counts = dataset is not None and (dataset.target.class_counts or dataset.target.largest_class is not None)
    one = None if counts or _balanced(params, logged_params) else _one_class_for_all(val_score, train_loss, val_loss)
    if one is not None:
        observation, stuck = one
        return class_imbalance.hypothesis(
            prior=prior,
            observations=[observation],
            message=f"{stuck}: the network probably predicts the same class for every example",
            advice=text,
            prescription=remedy,
            settles=WHAT_TO_LOG,
        )
    if dataset is None:
        return class_imbalance.skip("class counts are not known", WHAT_TO_LOG)
    target = dataset.target
    if target.kind in ("multilabel", "regression"):
        return class_imbalance.skip(f"{target.kind} targets do not have one class per example")
    if (target.n_classes or 0) > vocabulary:
        return class_imbalance.skip(
            f"{target.n_classes:,} classes look like a vocabulary, where uneven counts are normal"
        )
    counted = _counts(target)
    if counted is None:
        return class_imbalance.skip("class counts are not known", WHAT_TO_LOG)
    most, least, total = counted
    ratio = most / max(1, least)
    if most < imbalance * max(1, least) or _balanced(params, logged_params):
        return None
    row = Likelihoods.EXTREME if ratio >= EXTREME else Likelihoods.LARGE if ratio >= LARGE else Likelihoods.IMBALANCED
    observations = [row(examples=ratio)]
    score = val_score or train_score
    if score is not None and total:
        observations += _beside(score, most / total)
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.GOOD_FIT())
    return class_imbalance.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{most:,} examples in the largest class, "
        + (f"{least:,} in the smallest: {ratio:,.0f} to 1" if least else "none in the smallest"),
        advice=text,
        prescription=remedy,
        settles="log the recall of the smallest class",
    )


def _one_class_for_all(score: Curve | None, train: Curve | None, val: Curve | None) -> tuple[Observation, str] | None:
    """Whether validation accuracy never changes although training learns from its first value on, and in words."""
    if score is None or train is None or val is None or not score.accuracy or not train.long_enough:
        return None
    values, ours, theirs = score.finite[1][FIRST:], train.finite[1], val.finite[1]
    if values.size < STANDS or np.ptp(values) > 0 or not theirs.size or theirs[0] <= 0 or ours[0] <= 0:
        return None
    share, first, last = score.share(float(values[0])), float(ours[0] / theirs[0]), float(ours[-1] / ours[0])
    if not 0 < share < 1 or first > BELOW_VALIDATION or last > TO_NOTHING:
        return None
    observation = Likelihoods.ONE_CLASS_FOR_ALL(
        share=100 * share,
        values=values.size,
        first=float(ours[0]),
        val=float(theirs[0]),
        last=float(ours[-1]),
    )
    return observation, f"validation accuracy stuck at {figure(100 * share)}% for the last {values.size} evaluations"


def _beside(score: Curve, share: float) -> list[Observation]:
    """What an accuracy says beside the share of the largest class."""
    if not score.accuracy or score.metric.kind != "accuracy" or not score.long_enough:
        return []
    accuracy = score.share(score.tail)
    lift = (accuracy - share) / max(1e-9, 1 - share)
    if lift < NO_MORE:
        return [Likelihoods.MAJORITY(accuracy=100 * accuracy, share=100 * share)]
    return [Likelihoods.FAR_ABOVE(accuracy=100 * accuracy, share=100 * share)] if lift > FAR_MORE else []


def _counts(target: Target) -> tuple[int, int, int | None] | None:
    """Most and fewest examples of a class, and all of them."""
    if target.class_counts and len(target.class_counts) > 1:
        counts = target.class_counts.values()
        return max(counts), min(counts), sum(counts)
    if target.largest_class is None or target.smallest_class is None:
        return None
    total = target.largest_class + target.smallest_class if target.n_classes == TWO else None
    return target.largest_class, target.smallest_class, total


def _balanced(params: Mapping[str, Any], logged_params: Mapping[str, Any]) -> bool:
    weight = params.get("class_weight")
    if weight and weight != 1 and str(weight).lower() not in ("none", "false", "1", "1.0", "uniform"):
        return True
    if params.get("loss_function") == "focal":
        return True
    texts = (
        f"{k}={v}".lower() if isinstance(v, str) and len(v) < LETTERS else ""
        for k, v in islice(logged_params.items(), PARAMETERS)
    )
    on = (t for t in texts if not t.endswith(("=false", "=none", "=0")))
    return any(word in t for t in on for word in _BALANCED_BY)
