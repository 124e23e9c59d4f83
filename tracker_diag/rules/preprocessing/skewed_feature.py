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
    """A feature looks like a skewed Gaussian, and a power transform would remove most of the skew.

    What it measures
    ----------------
    In a dataset profile, the rule looks for features with a skewness of `skewed` or more, above or below 0, that a
    transform reduces to half or less. The transform is Box-Cox (for values above 0) or Yeo-Johnson, with the fitted
    lambda. Discrete features are left out. Features for which a logarithm is enough are reported by exponential-feature
    instead. The rule does not apply to images, nor to boosting, which a monotone transform does not change.

    Why it matters
    --------------
    Standardising does not remove skew. Most examples stay crowded in one place, and the few far from it dominate the
    gradient.

    What to do
    ----------
    "A skewed Gaussian: consider adjusting the skew with a Box-Cox transform". The advice names
    the lambda; fit it on training data only.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence. The odds are
        small, because networks cope with some skew.
    skewed : smallest skewness that counts; 2 is that of an exponential distribution.
    many : with this share of skewed features or more, it is a stronger sign.

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
    worst, more = found[0], len(found) - 1
    how = _transform(worst)
    text = (
        f"transform {worst.label} by {how['transform'].title()} (lambda about {figure(how['lambda'], 2)}; fit it on "
        "training data only)" + (f", and do the same for {more} more feature{'' if more == 1 else 's'}" if more else "")
    )
    return skewed_feature.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{worst.label} has skewness {figure(worst.skewness or 0.0)}, "
        f"which a {how['transform'].title()} transform brings to {figure(worst.skewness_after or 0.0, 2)}",
        advice=text,
        prescription=Prescription(
            text, tuple(Change(f"preprocessing.{f.label}", None, _transform(f)) for f in found[:MOST_CHANGES])
        ),
        settles=f"train once with {worst.label} transformed",
    )


def _mendable(f: Feature, skewed: float) -> bool:
    if f.skewness is None or f.skewness_after is None or (f.box_cox is None and f.yeo_johnson is None):
        return False
    return abs(f.skewness) >= skewed and abs(f.skewness_after) <= LEFT_OF_SKEW * abs(f.skewness)


def _transform(f: Feature) -> dict[str, Any]:
    if f.box_cox is not None:
        return {"transform": "box-cox", "lambda": round(f.box_cox, 3)}
    return {"transform": "yeo-johnson", "lambda": round(f.yeo_johnson or 0.0, 3)}
