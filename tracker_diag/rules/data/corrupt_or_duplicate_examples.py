"""DS210 corrupt-or-duplicate-examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset
from tracker_diag.core.finding import Change, Prescription, Skip
from tracker_diag.core.observed import Symptoms
from tracker_diag.core.profile_schema import Side
from tracker_diag.core.rule import Outcome, rule


@rule("DS210", "corrupt-or-duplicate-examples", evidence="D")
def corrupt_or_duplicate_examples(
    dataset: Dataset,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    *,
    prior: float = 0.03,
    repeated: float = 0.05,
    blank: float = 0.01,
    conflicting: float = 0.02,
) -> Outcome:
    """Examples are blank, repeated, contradictory, or without a target.

    What it measures
    ----------------
    From a dataset profile: exact copies among the training examples, copies that carry different labels, examples that
    are one number throughout, targets that are missing or not finite. Copies and blanks are no sign where the table
    can hardly help repeating itself (all features discrete, with few combinations), or where classes are resampled on
    purpose; blank examples none where most are (constant-input says that), or where the columns are mostly zeros by
    nature.

    Why it matters
    --------------
    "Remove duplicates/corrupt images." Copies count several times in the loss and end up on both sides of a split;
    copies with different labels put a floor under the loss; a missing target makes it NaN.

    What to do
    ----------
    Look at the examples counted here, and leave out the copies and the blank ones before splitting.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    repeated : share of copies below which they hardly matter.
    blank : share of blank examples likewise.
    conflicting : share of examples whose copies have another label.

    References
    ----------
    Seminar: "Become one with the data", "Dataset issues" (have enough relevant data). Barz & Denzler (2020), J.
    Imaging 6:41, on duplicates in CIFAR.
    """
    side, target = dataset.train, dataset.target
    read = side.rows_read or side.rows
    if not read or (side.duplicates is None and target.non_finite is None):
        return Skip("DS210", "the examples are not described", WHAT_TO_LOG)
    signs: list[Sign] = []
    if target.non_finite:
        signs.append(Sign(f"{target.non_finite:,} targets are missing or not finite", 300.0, "data"))
    share = (side.conflicts or 0) / read
    if share >= conflicting:
        strength = 30.0 if share > 0.2 else 6.0
        signs.append(Sign(f"{share:.0%} of the examples have a copy with another label", strength, "data"))
    copies = (side.duplicates or 0) / read
    few = _few_combinations(dataset, read)
    if copies >= repeated and not few and not params.get("class_weight"):
        signs.append(Sign(f"{copies:.0%} of the examples are copies of others", 15.0 if copies > 0.5 else 4.0, "data"))
    blanks = _blank(side)
    if blank <= blanks <= 0.9 and not few and not _sparse(dataset):
        signs.append(Sign(f"{blanks:.0%} of the examples are blank", 15.0 if blanks > 0.2 else 4.0, "data"))
    if not signs:
        return None
    said = "; ".join(s.text for s in signs)
    if symptoms.verdict == "good-fit":
        signs.append(Sign("the run learned all the same", 0.1))
    text = (
        "look at the examples counted here; leave out blank ones, copies and those without a target, before splitting"
    )
    return suspicion(
        "DS210",
        "corrupt-or-duplicate-examples",
        prior=prior,
        signs=signs,
        message=said,
        advice=text,
        prescription=Prescription(text, (Change("data.drop_duplicates", None, True),) if copies >= repeated else ()),
        settles="look at the twenty examples that occur most often",
    )


def _blank(side: Side) -> float:
    return max(side.constant_share or 0.0, side.zero_share or 0.0)


def _few_combinations(dataset: Dataset, rows: int) -> bool:
    """Whether the features have so few combinations of values that copies are to be expected."""
    if dataset.kind == "image" or not dataset.features:
        return False
    if (dataset.columns.count or 0) > len(dataset.features):
        return False
    combinations = 1
    for feature in dataset.features:
        combinations *= max(1, feature.distinct or rows)
        if combinations > 10 * rows:
            return False
    return True


def _sparse(dataset: Dataset) -> bool:
    """Whether most columns are zero in most examples, as counts of words are."""
    known = [f for f in dataset.features if f.quantiles is not None]
    return (
        bool(known)
        and dataset.kind != "image"
        and (sum(f.quantiles is not None and f.quantiles[3] == 0 for f in known) > len(known) / 2)
    )
