"""PP306 exponential-feature."""

from __future__ import annotations

import math
import sys

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Symptoms
from tracker_diag.core.profile_schema import Feature
from tracker_diag.core.rule import Outcome, rule


@rule("PP306", "exponential-feature", evidence="D")
def exponential_feature(
    dataset: Dataset,
    symptoms: Symptoms,
    traits: frozenset[str],
    *,
    prior: float = 0.02,
    magnitudes: float = 3.0,
) -> Outcome:
    """A feature is exponential, or spreads over orders of magnitude: take its logarithm.

    What it measures
    ----------------
    Features of a dataset profile that are never negative, spread over more than an order of magnitude (95 % quantile
    over 5 %), and whose fitted Box-Cox lambda is within 0.35 of 0, the logarithm; for an exponential distribution it
    is 0.27. Discrete features are left out, images too, and boosting, which no monotone transform changes.

    Why it matters
    --------------
    Equal ratios mean equal things in such a feature. Left as it is, most examples lie within rounding of zero.

    What to do
    ----------
    "An exponential distribution: consider a log transform"; log(1 + x) where zeros occur.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    magnitudes : orders of magnitude between the 5 and 95 % quantiles from which it is a stronger sign.

    References
    ----------
    Seminar: "Data Transformation". Box & Cox (1964), J. R. Stat. Soc. B 26:211.
    """
    if "boosting" in traits or dataset.kind == "image":
        return Skip("PP306", "neither images nor trees are transformed")
    if not dataset.features:
        return Skip("PP306", "no feature is described", WHAT_TO_LOG)
    found = [f for f in dataset.features if f.varies and f.logarithmic]
    if not found:
        return None
    found.sort(key=lambda f: (-_span(f), f.label))
    worst = found[0]
    wide = math.log10(_span(worst)) >= magnitudes
    signs = [Sign(f"{worst.label} and {len(found) - 1} more spread like an exponential", 5.0 if wide else 2.5, "data")]
    if len(found) == 1:
        signs = [Sign(f"{worst.label} spreads like an exponential", 5.0 if wide else 2.5, "data")]
    if symptoms.verdict == "good-fit":
        signs.append(Sign("the run learned all the same", 0.5))
    text = f"take {_transform(worst)} of {worst.label}" + (
        f"; likewise {len(found) - 1} more" if len(found) > 1 else ""
    )
    middle = f"{worst.quantiles[1]:.3g} to {worst.quantiles[5]:.3g}" if worst.quantiles else ""
    return suspicion(
        "PP306",
        "exponential-feature",
        prior=prior,
        signs=signs,
        message=f"nine tenths of {worst.label} lie from {middle}, skewness {worst.skewness:.3g}",
        advice=text,
        prescription=Prescription(
            text, tuple(Change(f"preprocessing.{f.label}", None, _transform(f)) for f in found[:10])
        ),
        settles="train once with the logarithm of the named features",
    )


def _span(f: Feature) -> float:
    # Of what is so small that a billionth of it is no number, the spread cannot be told.
    if f.quantiles is None or f.quantiles[5] < 1e9 * sys.float_info.min:
        return 1.0
    return f.quantiles[5] / max(f.quantiles[1], 1e-9 * f.quantiles[5])


def _transform(f: Feature) -> str:
    return "log" if f.min is not None and f.min > 0 else "log1p"
