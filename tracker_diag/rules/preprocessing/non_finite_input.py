"""PP304 non-finite-input."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.profile_schema import Side
from tracker_diag.rules.api import (
    WHAT_TO_LOG,
    Change,
    Dataset,
    Explained,
    Features,
    FloatArray,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Watched,
    rule,
)
from tracker_diag.rules.preprocessing._features import LEARNED, NAMED


class Likelihoods:
    """What speaks for NaN or infinite values in the inputs, and against them."""

    IN_BATCHES = LikelihoodRatio(20000.0, "{percent:figure}% of the values in the batches are NaN or infinite", "data")
    IN_TRAINING = LikelihoodRatio(1000.0, "there are NaN or infinite values in {places}", "data")
    IN_VALIDATION = LikelihoodRatio(200.0, "there are NaN or infinite values in {places}", "data")
    LOST = LikelihoodRatio(10.0, "the loss blew up or became NaN as well")
    # A network that was fed them has no finite loss: the profile is of other data.
    LEARNED = LikelihoodRatio(0.01, "the run learned, with a finite loss")


@rule(
    "PP304",
    "non-finite-input",
    seen_as=("My loss is NaN or infinite", "Something is odd about my data"),
    unless=("boosting",),
    likelihoods=Likelihoods,
)
def non_finite_input(
    dataset: Dataset | None,
    features: Features | None,
    explained: Explained | None,
    watched: Watched | None,
    *,
    prior: float = 0.03,
) -> Outcome:
    """The inputs hold NaN or infinite values.

    What it measures
    ----------------
    If a callback recorded batches, the rule takes the share of NaN or infinite values in them. Otherwise it takes the
    number of training and validation examples with such values from a dataset profile, and names the features.

    A run that learned with a finite loss cannot have been fed such values. Then the profile describes the data before
    they were cleaned. The rule does not apply to trees and boosting, which accept missing values.

    Why it matters
    --------------
    A single NaN in a batch makes the loss and every gradient NaN, and after one step every weight. "Using faulty data
    or dirty data can lead to making bad predictions."

    What to do
    ----------
    Find out where the values come from: a division by a standard deviation of 0, the logarithm of 0, or a missing
    field. Then replace them or leave out those examples, in training and validation alike.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.

    References
    ----------
    Seminar: "Do not use normalisation blindly!", "Dataset issues".
    """
    share = max(
        (
            float(values.max())
            for name in ("input_non_finite", "label_non_finite")
            if (values := _seen(watched, name)).size
        ),
        default=None,
    )
    if share is not None and share > 0:
        seen = Likelihoods.IN_BATCHES(percent=100 * share)
        return _finding([seen], seen.text, [], prior)
    if dataset is None and share is not None:
        return None
    if dataset is None or (not dataset.features and dataset.train.non_finite is None):
        return non_finite_input.skip("no dataset profile describes the features", WHAT_TO_LOG)
    found = _found(dataset)
    columns = [f.label for f in dataset.features if f.missing or f.infinite]
    if not found and not columns:
        return None
    count = len(columns)
    places = " and ".join(found.values()) or f"{count:,} feature{'' if count == 1 else 's'}"
    row = Likelihoods.IN_TRAINING if columns or "training" in found else Likelihoods.IN_VALIDATION
    observations = [row(places=places)]
    if features is not None and features.lost_at is not None:
        observations.append(Likelihoods.LOST())
    elif explained is not None and explained.most > LEARNED:
        observations.append(Likelihoods.LEARNED())
    return _finding(observations, f"NaN or infinite values in {places}", columns, prior)


def _seen(watched: Watched | None, signal: str) -> FloatArray:
    return np.empty(0) if watched is None else watched.values(signal)


def _finding(observations: list[Observation], message: str, columns: list[str], prior: float) -> Outcome:
    """The finding, and what to do."""
    text = "replace NaN and infinite values, or leave out those examples, in training and validation alike"
    if columns:
        more = f" and {len(columns) - NAMED} more" if len(columns) > NAMED else ""
        text += f" (affected feature{'' if len(columns) == 1 else 's'}: {', '.join(columns[:NAMED])}{more})"
    return non_finite_input.hypothesis(
        prior=prior,
        observations=observations,
        message=message,
        advice=text,
        prescription=Prescription(text, (Change("preprocessing.missing", None, "median"),)),
        settles="assert that each batch is finite just before it enters the network",
    )


def _found(dataset: Dataset) -> dict[str, str]:
    """How many examples of each side hold such values, in words; sides without any are left out."""
    found = {}
    for name, side in (("training", dataset.train), ("validation", dataset.validation)):
        bad, read = _bad(side), side.rows_read or side.rows
        if bad:
            found[name] = f"{bad:,} of {read:,} {name} examples" if read else f"{bad:,} {name} examples"
    return found


def _bad(side: Side) -> int:
    return side.non_finite_rows or side.non_finite or 0
