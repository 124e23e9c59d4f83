"""PP303 near-constant-feature."""

from __future__ import annotations

from tracker_diag.core.profile_schema import Feature
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
    rule,
)
from tracker_diag.rules.preprocessing._features import LEARNED, NAMED

#: Share of the run before which a loss is lost at once: one batch with such a feature is enough.
AT_ONCE = 0.05
#: Features that a prescription drops: more are no list that anybody reads.
MOST_DROPPED = 20


class Likelihoods:
    """What speaks for a near-constant feature that normalising blows up, and against it."""

    ROUNDING = LikelihoodRatio(8.0, "the only variation of {shown} is rounding errors", "data")
    NEVER_VARIES = LikelihoodRatio(3.0, "{features} constant or nearly so", "data")
    DIVIDED = LikelihoodRatio(2.0, "features are divided by their standard deviation ({scaling})", "params", own=True)
    NEVER_A_NUMBER = LikelihoodRatio(60.0, "the loss was never finite")
    LOST_AT_ONCE = LikelihoodRatio(25.0, "the loss blew up immediately")
    LEARNED = LikelihoodRatio(0.3, "the run learned anyway")


@rule(
    "PP303",
    "near-constant-feature",
    seen_as=("My loss is NaN or infinite", "Something is odd about my data"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def near_constant_feature(
    dataset: Dataset,
    features: Features | None,
    explained: Explained | None,
    input_scaling: object | None,
    *,
    prior: float = 0.02,
) -> Outcome:
    """A feature's standard deviation is near zero, so normalising it can produce NaN.

    What it measures
    ----------------
    From a dataset profile, the rule takes features whose standard deviation is at most a millionth of their root mean
    square. It also checks whether the loss blew up in the first steps.

    A feature that never varies, such as a border pixel, is harmless if the scaler guards against division by 0. By
    itself it is a weak sign. If rounding errors are the only variation, normalising scales them up to a standard
    deviation of 1.

    Why it matters
    --------------
    "Be careful with features that have such a small range that their standard deviation becomes (close to) zero - these
    will produce instabilities or NaNs if you normalize them."

    What to do
    ----------
    Drop the feature, or add a small constant to the standard deviation that divides it.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Do not use normalisation blindly!".
    """
    if not dataset.features and dataset.columns.near_constant is None:
        return near_constant_feature.skip("no dataset profile describes the features", WHAT_TO_LOG)
    flat = [f for f in dataset.features if f.kind != "category" and (f.near_constant or f.std == 0)]
    count = max(len(flat), dataset.columns.near_constant or 0)
    if not count:
        return None
    rounding = [f for f in flat if f.std]
    shown = _labels(rounding or flat, NAMED)
    constant = "1 feature is" if count == 1 else f"{count:,} features are"
    observations = [
        Likelihoods.ROUNDING(shown=", ".join(shown)) if rounding else Likelihoods.NEVER_VARIES(features=constant)
    ]
    if input_scaling:
        observations.append(Likelihoods.DIVIDED(scaling=input_scaling))
    observations += _seen(features, explained)
    text = "drop near-constant features, or add a small constant to the standard deviation before you divide by it"
    dropped = _labels(rounding or flat, MOST_DROPPED)
    changes = (Change("preprocessing.drop_features", None, dropped),) if dropped else ()
    return near_constant_feature.hypothesis(
        prior=prior,
        observations=observations,
        message=f"{constant} constant or nearly so" + (f": {', '.join(shown)}" if shown else ""),
        advice=text,
        prescription=Prescription(text, changes),
        settles="count NaN and infinite values after normalising",
    )


def _labels(features: list[Feature], most: int) -> list[str]:
    return [f.label for f in features[:most]]


def _seen(features: Features | None, explained: Explained | None) -> list[Observation]:
    """What the curves say: whether the loss blew up in the first steps."""
    if features is not None and features.lost_at is not None and features.lost_at < AT_ONCE:
        return [Likelihoods.NEVER_A_NUMBER() if features.lost_at == 0 else Likelihoods.LOST_AT_ONCE()]
    if explained is not None and explained.most > LEARNED:
        return [Likelihoods.LEARNED()]
    return []
