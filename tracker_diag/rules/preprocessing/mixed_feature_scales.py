"""PP302 mixed-feature-scales."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Shape, Symptoms
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.rules.preprocessing._first_loss import first_loss_signs


@rule("PP302", "mixed-feature-scales", evidence="DC", unless=("boosting",))
def mixed_feature_scales(
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    dataset: Dataset | None = None,
    shape: Shape | None = None,
    input_scaling: object = None,
    learning_rate: float | None = None,
    *,
    prior: float = 0.03,
    apart: float = 100.0,
) -> Outcome:
    """Features differ in scale by orders of magnitude.

    What it measures
    ----------------
    The largest root mean square of a feature over the smallest, from a dataset profile; near-constant features and
    those of two values (indicators) are left out. Without a profile, what large inputs do to curves: a first loss many
    times the uninformed one, or a loss that is lost at once at a usual rate; that speaks for unscaled-inputs as well,
    and more.

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
    apart : ratio of scales from which it is a sign; two orders of magnitude, below which adaptive optimisers cope.

    References
    ----------
    Seminar: "Do not use normalisation blindly!", "Data Transformation". LeCun et al. (1998), Efficient BackProp, §4.3.
    """
    scales = _scales(dataset) if dataset else None
    if scales is None and shape is None:
        return Skip("PP302", "no scales of features, and no curves", WHAT_TO_LOG)
    signs: list[Sign] = []
    message = "the features may differ in scale by orders of magnitude"
    if scales is not None:
        (small, low), (large, high) = scales
        ratio = high / low
        message = f"{large} is of size {high:.3g}, {small} of {low:.3g}: {ratio:.3g} times"
        strength = next(
            (s for least, s in ((1e4, 1000.0), (1e3, 300.0), (apart, 25.0)) if ratio >= max(least, apart)), 0.05
        )
        signs.append(Sign(f"the features' sizes differ {ratio:.3g} times", strength, "data"))
    if params.get("pretrained"):
        signs.append(Sign("a pretrained model comes with its preprocessing", 0.1, "params"))
    if input_scaling:
        signs.append(Sign(f"the inputs are scaled ({input_scaling})", 0.1, "params"))
    if shape is not None:
        signs.extend(first_loss_signs(shape, symptoms, params, learning_rate))
    # Only beside a usual first loss: one that came down from far above says that the scales did cost something.
    if scales is not None and symptoms.verdict == "good-fit" and (shape is None or shape.first_excess <= 3):
        signs.append(Sign("the run learned all the same", 0.3))
    text = "ask of each whether its size is its unit or its importance; where it is the unit, standardise the features"
    return suspicion(
        "PP302",
        "mixed-feature-scales",
        prior=prior,
        signs=signs,
        message=message,
        advice=text,
        prescription=Prescription(
            text, (Change(names.get("input_scaling", "preprocessing.scaler"), input_scaling or None, "standard"),)
        ),
        settles=WHAT_TO_LOG,
    )


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
