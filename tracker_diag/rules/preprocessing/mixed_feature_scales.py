"""PP302 mixed-feature-scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.numbers import figure, times
from tracker_diag.evidence.features import FAR_OFF
from tracker_diag.rules.api import (
    WHAT_TO_LOG,
    Change,
    Dataset,
    Explained,
    Features,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    Watched,
    rule,
)
from tracker_diag.rules.preprocessing._first_loss import FirstLoss, first_loss

#: Largest feature over the smallest from which the ratio is a stronger sign: four and three orders of magnitude, which
#: the usual differences of units do not make.
TEN_THOUSAND_TIMES, THOUSAND_TIMES = 1e4, 1e3

#: Share of what knowing nothing costs from which on, left at the end, a run falls short.
LEFT = 0.2


class Likelihoods(FirstLoss):
    """What speaks for features that differ in scale, and against it."""

    TEN_THOUSAND_APART = LikelihoodRatio(1000.0, "the largest feature scale is {ratio:times} the smallest", "data")
    THOUSAND_APART = LikelihoodRatio(300.0, "the largest feature scale is {ratio:times} the smallest", "data")
    APART = LikelihoodRatio(25.0, "the largest feature scale is {ratio:times} the smallest", "data")
    ALIKE = LikelihoodRatio(0.05, "the largest feature scale is only {ratio:times} the smallest", "data")
    PRETRAINED = LikelihoodRatio(0.1, "a pretrained model comes with its own preprocessing", "params")
    SCALED = LikelihoodRatio(0.1, "the inputs are scaled ({scaling})", "params")
    FALLS_SHORT = LikelihoodRatio(
        4.0, "the best loss is still {left:share} of chance level, as happens when features of small scale are ignored"
    )
    LEARNED = LikelihoodRatio(0.3, "the run learned anyway")


@rule(
    "PP302",
    "mixed-feature-scales",
    seen_as=("My loss falls, but very slowly", "Something is odd about my data"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def mixed_feature_scales(
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    dataset: Dataset | None,
    features: Features | None,
    input_scaling: object | None,
    learning_rate: float | None,
    explained: Explained | None,
    watched: Watched | None,
    *,
    prior: float = 0.03,
    apart: float = 100.0,
) -> Outcome:
    """Features differ in scale by orders of magnitude.

    What it measures
    ----------------
    The rule divides the scale (root mean square) of the largest feature by that of the smallest. The scales come from a
    dataset profile, or from the batches that a callback looked at. Near-constant features and features with two values
    (indicators) are left out.

    The rule also looks for what large inputs do to curves: a first loss many times chance level, or a loss that blows
    up immediately at a normal learning rate. Both are stronger signs of unscaled-inputs. If a profile
    shows different scales, the rule also counts a run whose first loss is normal and whose best is still at least 20%
    of chance level.

    Why it matters
    --------------
    "Large scale features in the input will dominate the network and cause larger changes downstream." The gradient of a
    weight is proportional to its input, so no single learning rate suits all weights.

    What to do
    ----------
    "Is the range of a feature small or large because it is an (un-)important feature (don't re-scale), or because it
    has some small or large unit in comparison to other features (re-scale)?" Answer that for the named features first.
    Then standardise those whose range only reflects a unit (mean 0, standard deviation 1). Trees and boosting need no
    scaling.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    apart : smallest ratio of the largest scale to the smallest that counts as a sign. The default is two orders of
        magnitude, because adaptive optimisers cope with less.

    References
    ----------
    Seminar: "Do not use normalisation blindly!", "Data Transformation". LeCun et al. (1998), Efficient BackProp, §4.3.
    """
    scales = _scales(dataset) if dataset else None
    in_batches = watched.median("input_scale_ratio") if watched is not None else None
    if scales is None and in_batches is not None:
        # Batches tell the ratio alone.
        scales = ("", 1.0), ("", in_batches)
    if scales is None and features is None:
        return mixed_feature_scales.skip("no feature scales, and no curves", WHAT_TO_LOG)
    observations: list[Observation] = []
    ratio = 1.0
    message = ""
    if scales is not None:
        (small, low), (large, high) = scales
        ratio = high / low
        if ratio >= apart:
            message = (
                f"{large} has scale {figure(high)}, but {small} only {figure(low)}: {times(ratio)} as large"
                if large
                else f"largest column of a batch has {times(ratio)} the scale of the smallest"
            )
        observations.append(_row(ratio, apart)(ratio=ratio))
    if params.get("pretrained"):
        observations.append(Likelihoods.PRETRAINED())
    if input_scaling:
        observations.append(Likelihoods.SCALED(scaling=input_scaling))
    usual = features is None or features.first.times <= FAR_OFF
    left = 1 - explained.most if explained is not None and explained.known else 0.0
    if scales is not None and not input_scaling and usual and LEFT <= left < 1 and ratio >= apart:
        # Small features that go unheard leave the first loss where it is.
        observations.append(Likelihoods.FALLS_SHORT(left=left))
    elif features is not None:
        seen = first_loss(features, symptoms, params, learning_rate)
        observations.append(seen)
        message = message or f"{seen.text}: feature scales may differ by orders of magnitude"
    # Only beside a usual first loss: one that came down from far above says that the scales did cost something.
    if scales is not None and symptoms.verdict == "good-fit" and usual and left < LEFT:
        observations.append(Likelihoods.LEARNED())
    text = (
        "standardise each feature (mean 0, standard deviation 1), unless its larger range is meant to give it "
        "more weight"
    )
    name = names.get("input_scaling", "preprocessing.scaler")
    return mixed_feature_scales.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text, (Change(name, input_scaling or None, "standard"),)),
        settles=WHAT_TO_LOG,
    )


def _row(ratio: float, apart: float) -> LikelihoodRatio:
    """What the largest feature over the smallest says."""
    if ratio >= max(TEN_THOUSAND_TIMES, apart):
        return Likelihoods.TEN_THOUSAND_APART
    if ratio >= max(THOUSAND_TIMES, apart):
        return Likelihoods.THOUSAND_APART
    return Likelihoods.APART if ratio >= apart else Likelihoods.ALIKE


def _scales(dataset: Dataset) -> tuple[tuple[str, float], tuple[str, float]] | None:
    """Name and size of the smallest and of the largest feature, over all columns where the profile has that."""
    columns = dataset.columns
    if columns.smallest_scale and columns.largest_scale and columns.smallest_scale <= columns.largest_scale:
        return (
            (columns.smallest_scale_name or "the smallest feature", columns.smallest_scale),
            (columns.largest_scale_name or "the largest feature", columns.largest_scale),
        )
    sizes = sorted(((f.label, f.size) for f in dataset.features if f.varies and f.size), key=lambda pair: pair[1])
    return (sizes[0], sizes[-1]) if len(sizes) > 1 else None
