"""PP304 non-finite-input."""

from __future__ import annotations

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Learned, Shape
from tracker_diag.core.profile_schema import Side
from tracker_diag.core.rule import Outcome, rule


@rule("PP304", "non-finite-input", evidence="D", unless=("boosting",))
def non_finite_input(
    dataset: Dataset,
    shape: Shape | None = None,
    learned: Learned | None = None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """The inputs hold NaN or infinite values.

    What it measures
    ----------------
    Examples with values that are not finite, on either side of a dataset profile, and the features they lie in. A run
    that learned, and stayed finite, cannot have been fed these: then the profile is of data before they were cleaned.
    Trees and boosting take missing values.

    Why it matters
    --------------
    A single NaN in a batch makes the loss, every gradient and, after one step, every weight NaN. "Using faulty data or
    dirty data can lead to making bad predictions."

    What to do
    ----------
    Find where they come from (a division by a zero deviation, a logarithm of zero, a missing field); then fill, or
    leave out, those examples, in training and validation alike.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.

    References
    ----------
    Seminar: "Do not use normalisation blindly!", "Dataset issues".
    """
    if not dataset.features and dataset.train.non_finite is None:
        return Skip("PP304", "no feature is described", WHAT_TO_LOG)
    found = [
        (name, bad, side.rows_read or side.rows)
        for name, side in (("training", dataset.train), ("validation", dataset.validation))
        if (bad := _bad(side))
    ]
    columns = [f.label for f in dataset.features if f.missing or f.infinite]
    if not found and not columns:
        return None
    places = "; ".join(
        f"{bad:,} of {n:,} {name} examples" if n else f"{bad:,} {name} examples" for name, bad, n in found
    )
    places = places or f"{len(columns)} features"
    trained = bool(columns) or found[0][0] == "training"
    signs = [Sign(f"{places} hold values that are not finite", 1000.0 if trained else 200.0, "data")]
    if shape is not None and shape.lost_at is not None:
        signs.append(Sign("the loss is not finite either", 10.0))
    elif learned is not None and learned.most > 0.2:
        # A network that was fed them has no finite loss: the profile is of other data.
        signs.append(Sign("the run learned, with a finite loss", 0.01))
    text = "fill or leave out the values that are not finite, in training and validation alike" + (
        f"; they lie in {', '.join(columns[:3])}{' and others' if len(columns) > 3 else ''}" if columns else ""
    )
    return suspicion(
        "PP304",
        "non-finite-input",
        prior=prior,
        signs=signs,
        message=f"{places} hold NaN or infinite values",
        advice=text,
        prescription=Prescription(text, (Change("preprocessing.missing", None, "median"),)),
        settles="assert that a batch is finite just before it enters the network",
    )


def _bad(side: Side) -> int:
    return side.non_finite_rows or side.non_finite or 0
