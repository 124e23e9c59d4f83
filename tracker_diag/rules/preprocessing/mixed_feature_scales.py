"""PP302 mixed-feature-scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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

    TEN_THOUSAND_APART = LikelihoodRatio(1000.0, "the features' sizes differ by a factor of {ratio:.3g}", "data")
    THOUSAND_APART = LikelihoodRatio(300.0, "the features' sizes differ by a factor of {ratio:.3g}", "data")
    APART = LikelihoodRatio(25.0, "the features' sizes differ by a factor of {ratio:.3g}", "data")
    ALIKE = LikelihoodRatio(0.05, "the features' sizes differ by a factor of {ratio:.3g}", "data")
    PRETRAINED = LikelihoodRatio(0.1, "a pretrained model comes with its preprocessing", "params")
    SCALED = LikelihoodRatio(0.1, "the inputs are scaled ({scaling})", "params")
    FALLS_SHORT = LikelihoodRatio(
        4.0, "{left:.0%} of what knowing nothing costs is left, as where small features go unheard"
    )
    LEARNED = LikelihoodRatio(0.3, "the run learned all the same")


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
    The largest root mean square of a feature over the smallest, from a dataset profile, or of the columns of the
    batches that a callback looked at; near-constant features and
    those of two values (indicators) are left out. And what large inputs do to curves: a first loss many times the
    baseline, or a loss that is lost at once at a usual rate; that speaks for unscaled-inputs as well, and more. Beside
    a profile, a run that begins as usual and leaves a fifth or more of the baseline speaks for it as well.

    Why it matters
    --------------
    "Large scale features in the input will dominate the network and cause larger changes downstream." The gradient of a
    weight is proportional to its input, so one learning rate cannot suit them all.

    What to do
    ----------
    "Is the range of a feature small or large because it is an (un-)important feature (don't re-scale), or because it
    has some small or large unit in comparison to other features (re-scale)?" Ask that of the named features first;
    then standardise each. Trees and boosting need no scaling.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    apart : ratio of scales from which it is a sign; two orders of magnitude, below which adaptive optimisers
        cope.

    References
    ----------
    Seminar: "Do not use normalisation blindly!", "Data Transformation". LeCun et al. (1998), Efficient BackProp, §4.3.
    """
    scales = _scales(dataset) if dataset else None
    in_batches = watched.median("input_scale_ratio") if watched is not None else None
    if scales is None and in_batches is not None:
        scales = ("the smallest column of a batch", 1.0), ("the largest", in_batches)
    if scales is None and features is None:
        return mixed_feature_scales.skip("no scales of features, and no curves", WHAT_TO_LOG)
    observations: list[Observation] = []
    ratio = 1.0
    message = "the features may differ in scale by orders of magnitude"
    if scales is not None:
        (small, low), (large, high) = scales
        ratio = high / low
        message = f"{large} is of size {high:.3g}, {small} of {low:.3g}: {ratio:.3g} times"
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
        observations.append(first_loss(features, symptoms, params, learning_rate))
    # Only beside a usual first loss: one that came down from far above says that the scales did cost something.
    if scales is not None and symptoms.verdict == "good-fit" and usual and left < LEFT:
        observations.append(Likelihoods.LEARNED())
    text = "ask of each whether its size is its unit or its importance; where it is the unit, standardise the features"
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
