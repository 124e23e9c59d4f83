"""PP303 near-constant-feature."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Learned, Shape
from tracker_diag.core.rule import Outcome, rule


@rule("PP303", "near-constant-feature", evidence="DC", unless=("boosting",))
def near_constant_feature(
    dataset: Dataset,
    shape: Shape | None = None,
    learned: Learned | None = None,
    input_scaling: object = None,
    *,
    prior: float = 0.02,
) -> Outcome:
    """A feature's standard deviation is near zero: normalising it makes NaN.

    What it measures
    ----------------
    Features whose standard deviation is at most a millionth of their root mean square, from a dataset profile, and
    whether the loss was lost from the first steps on. A feature that never varies at all is harmless where the scaler
    guards against it (border pixels): alone it is hardly a sign. One that varies by rounding alone is blown up to unit
    scale.

    Why it matters
    --------------
    "Be careful with features that have such a small range that their standard deviation becomes (close to) zero -
    these will produce instabilities or NaNs if you normalize them."

    What to do
    ----------
    Drop the feature, or add a small constant to the standard deviation that it is divided by.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Do not use normalisation blindly!".
    """
    if not dataset.features and dataset.columns.near_constant is None:
        return Skip("PP303", "no feature is described", WHAT_TO_LOG)
    flat = [f for f in dataset.features if f.kind != "category" and (f.near_constant or f.std == 0)]
    count = max(len(flat), dataset.columns.near_constant or 0)
    if not count:
        return None
    rounding = [f for f in flat if f.std]
    shown = ", ".join(f.label for f in (rounding or flat)[:3])
    if rounding:
        signs = [Sign(f"{shown} varies by rounding alone", 8.0, "data")]
    else:
        signs = [Sign(f"{count} features never vary", 3.0, "data")]
    if input_scaling:
        signs.append(Sign(f"features are divided by their deviation ({input_scaling})", 2.0, "params"))
    if shape is not None and shape.lost_at is not None and shape.lost_at < 0.05:
        never = shape.lost_at == 0
        signs.append(
            Sign("the loss was never a number" if never else "the loss was lost at once", 60.0 if never else 25.0)
        )
    elif learned is not None and learned.most > 0.2:
        signs.append(Sign("the run learned all the same", 0.3))
    text = "drop these features, or add a small constant to the deviation they are divided by"
    dropped = tuple(f.label for f in (rounding or flat)[:20])
    changes = (Change("preprocessing.drop_features", None, list(dropped)),) if dropped else ()
    return suspicion(
        "PP303",
        "near-constant-feature",
        prior=prior,
        signs=signs,
        message=f"{count} of the features hardly vary" + (f": {shown}" if shown else ""),
        advice=text,
        prescription=Prescription(text, changes),
        settles="count the values that are not finite after normalising",
    )
