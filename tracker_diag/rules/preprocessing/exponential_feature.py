"""PP306 exponential-feature."""

from __future__ import annotations

import math
import sys

from tracker_diag.core.numbers import figure
from tracker_diag.core.profile_schema import Feature
from tracker_diag.rules.api import WHAT_TO_LOG, Change, Dataset, LikelihoodRatio, Outcome, Prescription, Symptoms, rule
from tracker_diag.rules.preprocessing._features import MOST_CHANGES

#: Places of the 5 and the 95% quantile among those of a profile.
AT_5, AT_95 = 1, 5
#: Share of the 95% quantile that the 5% quantile counts as at least: where it is zero there would be no ratio.
LEAST = 1e-9


class Likelihoods:
    """What speaks for a feature that wants its logarithm, and against it."""

    SEVERAL_FAR = LikelihoodRatio(
        5.0, "{worst} and {more} more have a long right tail that a logarithm shortens", "data"
    )
    SEVERAL = LikelihoodRatio(2.5, "{worst} and {more} more have a long right tail that a logarithm shortens", "data")
    ONE_FAR = LikelihoodRatio(5.0, "{worst} has a long right tail that a logarithm shortens", "data")
    ONE = LikelihoodRatio(2.5, "{worst} has a long right tail that a logarithm shortens", "data")
    LEARNED = LikelihoodRatio(0.5, "the run learned anyway")


@rule("PP306", "exponential-feature", seen_as=("Something is odd about my data",), likelihoods=Likelihoods)
def exponential_feature(
    dataset: Dataset,
    symptoms: Symptoms,
    traits: frozenset[str],
    *,
    prior: float = 0.02,
    magnitudes: float = 3.0,
) -> Outcome:
    """A feature has a long right tail, or spans orders of magnitude, and its logarithm would suit better.

    What it measures
    ----------------
    In a dataset profile, the rule looks for features that are never negative and whose 95% quantile is more than ten
    times the 5% quantile. Their fitted Box-Cox lambda must be within 0.35 of 0: lambda 0 is the logarithm, and an
    exponential distribution has 0.27. Discrete features are left out. The rule does not apply to images, nor to
    boosting, which a monotone transform does not change.

    Why it matters
    --------------
    In such a feature, it is usually the ratio of two values that matters, not their difference. Without a transform,
    most examples lie very close to 0 compared with the largest ones.

    What to do
    ----------
    "An exponential distribution: consider a log transform". Use log(1 + x) if zeros occur.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    magnitudes : with this many orders of magnitude or more between the 5% and 95% quantiles, it is a stronger sign.

    References
    ----------
    Seminar: "Data Transformation". Box & Cox (1964), J. R. Stat. Soc. B 26:211.
    """
    if "boosting" in traits or dataset.kind == "image":
        return exponential_feature.skip("does not apply to images, nor to trees, which ignore monotone transforms")
    if not dataset.features:
        return exponential_feature.skip("no dataset profile describes the features", WHAT_TO_LOG)
    found = [f for f in dataset.features if f.varies and f.logarithmic]
    if not found:
        return None
    found.sort(key=lambda f: (-_span(f), f.label))
    worst, more = found[0], len(found) - 1
    far = math.log10(_span(worst)) >= magnitudes
    observations = [_row(far, more)(worst=worst.label, more=more)]
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    new = "its logarithm" if _transform(worst) == "log" else f"log(1 + {worst.label})"
    text = f"replace {worst.label} by {new}"
    text += f", and do the same for {more} more feature{'' if more == 1 else 's'}" if more else ""
    changes = tuple(Change(f"preprocessing.{f.label}", None, _transform(f)) for f in found[:MOST_CHANGES])
    low, high = (figure(worst.quantiles[at]) if worst.quantiles else "" for at in (AT_5, AT_95))
    return exponential_feature.hypothesis(
        prior=prior,
        observations=observations,
        message=f"90% of the values of {worst.label} lie between {low} and {high} "
        f"(skewness {figure(worst.skewness or 0.0)})",
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"train once with {worst.label} replaced by {new}",
    )


def _row(far: bool, more: int) -> LikelihoodRatio:
    """What the worst feature and the number of the others say."""
    if more:
        return Likelihoods.SEVERAL_FAR if far else Likelihoods.SEVERAL
    return Likelihoods.ONE_FAR if far else Likelihoods.ONE


def _span(f: Feature) -> float:
    """How many times the 5% quantile the 95% quantile is."""
    # Of what is so small that a billionth of it is no number, the spread cannot be told.
    if f.quantiles is None or f.quantiles[AT_95] < sys.float_info.min / LEAST:
        return 1.0
    return f.quantiles[AT_95] / max(f.quantiles[AT_5], LEAST * f.quantiles[AT_95])


def _transform(f: Feature) -> str:
    return "log" if f.min is not None and f.min > 0 else "log1p"
