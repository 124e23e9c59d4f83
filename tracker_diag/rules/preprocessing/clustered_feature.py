"""PP308 clustered-feature."""

from __future__ import annotations

from tracker_diag.core.numbers import share
from tracker_diag.rules.api import WHAT_TO_LOG, Change, Dataset, LikelihoodRatio, Outcome, Prescription, Symptoms, rule
from tracker_diag.rules.preprocessing._features import MOST_CHANGES


class Likelihoods:
    """What speaks for clusters that make learning hard, and against them."""

    SEVERAL = LikelihoodRatio(3.0, "{count} features fall into separate clusters", "data")
    ONE = LikelihoodRatio(2.0, "one feature falls into separate clusters", "data")
    LEARNED = LikelihoodRatio(0.5, "the run learned anyway")


@rule("PP308", "clustered-feature", seen_as=("Something is odd about my data",), likelihoods=Likelihoods)
def clustered_feature(
    dataset: Dataset,
    symptoms: Symptoms,
    traits: frozenset[str],
    *,
    prior: float = 0.02,
    gap: float = 0.2,
) -> Outcome:
    """A feature falls into separate clusters, with nothing between them.

    What it measures
    ----------------
    In a dataset profile, the rule looks for features whose values form two or more groups, each with at least 5% of the
    values. The empty space between two groups must be wider than the interquartile range of either. Discrete features
    are left out, because they are already binned. The rule does not apply to images, nor to boosting, whose trees split
    at gaps by themselves.

    Why it matters
    --------------
    Networks assume that "a point between two data points is a mix of these two data points". "Having big
    discontinuities in the data space, or large clusters of separated data which represent the same thing, is going to
    make the learning task much more difficult."

    What to do
    ----------
    First check whether a placeholder (-999 for "missing") or a mixture of units causes the gap. "Can you make a feature
    discrete or binned in some way?" If it is neither, add the cluster number as a feature, and subtract from each value
    the mean of its cluster.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence. The odds are
        small, because clusters are often the signal itself.
    gap : smallest gap that counts, as a share of the range from the 1% to the 99% quantile.

    References
    ----------
    Seminar: "Neural Networks make only a few basic assumptions about the data they take as input", "Data
    Transformation".
    """
    if "boosting" in traits or dataset.kind == "image":
        return clustered_feature.skip("does not apply to images, nor to trees, which split at gaps by themselves")
    if not dataset.features:
        return clustered_feature.skip("no dataset profile describes the features", WHAT_TO_LOG)
    found = [f for f in dataset.features if f.varies and (f.clusters or 0) > 1 and f.gap is not None and f.gap >= gap]
    if not found:
        return None
    found.sort(key=lambda f: (-(f.gap or 0.0), f.label))
    worst = found[0]
    empty = share(worst.gap or 0.0)
    row = Likelihoods.SEVERAL if len(found) > 1 else Likelihoods.ONE
    observations = [row(count=len(found))]
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    text = (
        f"find out why {worst.label} falls into separate clusters (a placeholder such as -999, or two units of "
        f"measure); then bin {worst.label}, or add the cluster number as a feature"
    )
    changes = tuple(Change(f"preprocessing.{f.label}", None, "bins") for f in found[:MOST_CHANGES])
    return clustered_feature.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{worst.label} falls into {worst.clusters} clusters, with nothing in between for {empty} of its range",
        advice=text,
        prescription=Prescription(text, changes),
        settles=f"train once with {worst.label} binned",
    )
