"""PP305 skewed-feature."""

from __future__ import annotations

from typing import Any

from tracker_diag.core.numbers import figure
from tracker_diag.core.profile_schema import Feature
from tracker_diag.rules.api import WHAT_TO_LOG, Change, Dataset, LikelihoodRatio, Outcome, Prescription, Symptoms, rule
from tracker_diag.rules.preprocessing._features import MOST_CHANGES

#: Share of its skewness that a transform may leave: one that leaves more does not straighten the feature.
LEFT_OF_SKEW = 0.5


class Likelihoods:
    """What speaks for a skew that hurts, and against it."""

    MANY = LikelihoodRatio(4.0, "{part:share} of the features are skewed ({count} of {varying})", "data")
    FEW = LikelihoodRatio(2.0, "{part:share} of the features are skewed ({count} of {varying})", "data")
    LEARNED = LikelihoodRatio(0.5, "the run learned anyway")


@rule("PP305", "skewed-feature", seen_as=("Something is odd about my data",), likelihoods=Likelihoods)
def skewed_feature(
    dataset: Dataset,
    symptoms: Symptoms,
    traits: frozenset[str],
    *,
    prior: float = 0.02,
    skewed: float = 2.0,
    many: float = 0.25,
) -> Outcome:
    """A feature looks like a skewed Gaussian, which a power transform would straighten.

    What it measures
    ----------------
    The rule looks for features of a dataset profile with a skewness beyond `skewed` that a transform brings below half.
    The transform is Box-Cox (for values above 0) or Yeo-Johnson, with the fitted lambda. Discrete features and images
    are left out. Features that a logarithm straightens belong to exponential-feature. Boosting is left out too, because
    a monotone transform does not change it.

    Why it matters
    --------------
    Standardising does not remove skew. Most examples stay crowded in one place, and the few far from it dominate the
    gradient.

    What to do
    ----------
    "A skewed Gaussian: consider adjusting the skew with a Box-Cox transform". Use the lambda that the message gives,
    fitted on training data only.

    Thresholds
    ----------
    prior : prior odds of this cause among runs that someone is worried about. Networks cope with some skew, so the odds
        are small.
    skewed : smallest skewness that counts; 2 is that of an exponential distribution.
    many : share of skewed features from which on it is a stronger sign.

    References
    ----------
    Seminar: "Data Transformation", the table of scalers under "Do not use normalisation blindly!". Box & Cox (1964), J.
    R. Stat. Soc. B 26:211. Yeo & Johnson (2000), Biometrika 87:954.
    """
    if "boosting" in traits or dataset.kind == "image":
        return skewed_feature.skip("does not apply to images, nor to trees, which ignore monotone transforms")
    if not dataset.features:
        return skewed_feature.skip("no dataset profile describes the features", WHAT_TO_LOG)
    found = [f for f in dataset.features if f.varies and _mendable(f, skewed) and not f.logarithmic]
    if not found:
        return None
    found.sort(key=lambda f: (-abs(f.skewness or 0.0), f.label))
    varying = max(1, sum(f.varies for f in dataset.features))
    share = len(found) / varying
    row = Likelihoods.MANY if share >= many else Likelihoods.FEW
    observations = [row(count=len(found), varying=varying, part=share)]
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    worst = found[0]
    how = _transform(worst)
    text = (
        f"apply a {how['transform'].title()} transform with lambda {figure(how['lambda'], 2)} to {worst.label}, "
        "fitted on training data only" + (f"; likewise to {len(found) - 1} more" if len(found) > 1 else "")
    )
    return skewed_feature.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{worst.label} has skewness {figure(worst.skewness or 0.0)}, "
        f"and {figure(worst.skewness_after or 0.0, 2)} after a {how['transform'].title()} transform",
        advice=text,
        prescription=Prescription(
            text, tuple(Change(f"preprocessing.{f.label}", None, _transform(f)) for f in found[:MOST_CHANGES])
        ),
        settles="train once with a power transform of these features",
    )


def _mendable(f: Feature, skewed: float) -> bool:
    if f.skewness is None or f.skewness_after is None or (f.box_cox is None and f.yeo_johnson is None):
        return False
    return abs(f.skewness) >= skewed and abs(f.skewness_after) <= LEFT_OF_SKEW * abs(f.skewness)


def _transform(f: Feature) -> dict[str, Any]:
    if f.box_cox is not None:
        return {"transform": "box-cox", "lambda": round(f.box_cox, 3)}
    return {"transform": "yeo-johnson", "lambda": round(f.yeo_johnson or 0.0, 3)}
