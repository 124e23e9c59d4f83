"""PP305 skewed-feature."""

from __future__ import annotations

from typing import Any

from tracker_diag.core.profile_schema import Feature
from tracker_diag.rules.api import WHAT_TO_LOG, Change, Dataset, LikelihoodRatio, Outcome, Prescription, Symptoms, rule
from tracker_diag.rules.preprocessing._features import MOST_CHANGES

#: Share of its skewness that a transform may leave: one that leaves more does not straighten the feature.
LEFT_OF_SKEW = 0.5


class Likelihoods:
    """What speaks for a skew that costs something, and against it."""

    MANY = LikelihoodRatio(4.0, "{count} features ({share:.0%}) are skewed", "data")
    FEW = LikelihoodRatio(2.0, "{count} features ({share:.0%}) are skewed", "data")
    LEARNED = LikelihoodRatio(0.5, "the run learned all the same")


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
    Features of a dataset profile with a skewness beyond `skewed` that Box-Cox (above zero) or Yeo-Johnson, with the
    fitted lambda, brings below half. Discrete features are left out, and so are those that a logarithm mends
    (exponential-feature), images, and boosting, which no monotone transform changes.

    Why it matters
    --------------
    Standardising leaves the skew: most examples crowd at one place, and the few far out set the gradient.

    What to do
    ----------
    "A skewed Gaussian: consider adjusting the skew with a Box-Cox transform", with the lambda given, fitted on
    training alone.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about; networks cope with some skew, so it stays small.
    skewed : skewness; 2 is that of an exponential distribution.
    many : share of the features from which it is a stronger sign.

    References
    ----------
    Seminar: "Data Transformation", the table of scalers under "Do not use normalisation blindly!". Box & Cox (1964),
    J. R. Stat. Soc. B 26:211. Yeo & Johnson (2000), Biometrika 87:954.
    """
    if "boosting" in traits or dataset.kind == "image":
        return skewed_feature.skip("neither images nor trees are transformed")
    if not dataset.features:
        return skewed_feature.skip("no feature is described", WHAT_TO_LOG)
    found = [f for f in dataset.features if f.varies and _mendable(f, skewed) and not f.logarithmic]
    if not found:
        return None
    found.sort(key=lambda f: (-abs(f.skewness or 0.0), f.label))
    share = len(found) / max(1, sum(f.varies for f in dataset.features))
    row = Likelihoods.MANY if share >= many else Likelihoods.FEW
    observations = [row(count=len(found), share=share)]
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    worst = found[0]
    how = _transform(worst)
    text = (
        f"transform {worst.label} by {how['transform']} with lambda {how['lambda']:.2g}, fitted on training alone"
        + (f"; likewise {len(found) - 1} more" if len(found) > 1 else "")
    )
    return skewed_feature.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{worst.label} has a skewness of {worst.skewness:.3g}, "
        f"{worst.skewness_after:.2g} after {how['transform']}",
        advice=text,
        prescription=Prescription(
            text, tuple(Change(f"preprocessing.{f.label}", None, _transform(f)) for f in found[:MOST_CHANGES])
        ),
        settles="train once with a power transform of the named features",
    )


def _mendable(f: Feature, skewed: float) -> bool:
    if f.skewness is None or f.skewness_after is None or (f.box_cox is None and f.yeo_johnson is None):
        return False
    return abs(f.skewness) >= skewed and abs(f.skewness_after) <= LEFT_OF_SKEW * abs(f.skewness)


def _transform(f: Feature) -> dict[str, Any]:
    if f.box_cox is not None:
        return {"transform": "box-cox", "lambda": round(f.box_cox, 3)}
    return {"transform": "yeo-johnson", "lambda": round(f.yeo_johnson or 0.0, 3)}
