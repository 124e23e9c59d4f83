"""DS210 corrupt-or-duplicate-examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.profile_schema import Side
from tracker_diag.rules.api import (
    WHAT_TO_LOG,
    Change,
    Dataset,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)

#: Share of the examples whose labels conflict, and of those that are blank, from which on it is a large one.
MANY = 0.2
#: Share of copies from which on most examples are copies.
MOST = 0.5
#: Share of blank examples above which blank is what the data is like, and of copies above which few are left.
NEARLY_ALL = 0.9
#: Times as seldom as in training that blank examples of validation are where something blanked those of training.
SELDOM = 5
#: Combinations of feature values for each example below which copies are to be expected.
COMBINATIONS = 10
#: Place of the median among the quantiles of a profile.
MEDIAN = 3


class Likelihoods:
    """What speaks for corrupt or duplicate examples, and against them."""

    TARGETS_MISSING = LikelihoodRatio(300.0, "{targets} missing or not finite", "data")
    MANY_CONFLICTS = LikelihoodRatio(
        30.0, "{share:share} of the examples have a duplicate with a different label", "data"
    )
    CONFLICTS = LikelihoodRatio(6.0, "{share:share} of the examples have a duplicate with a different label", "data")
    NEARLY_ALL_COPIES = LikelihoodRatio(
        1000.0, "{share:share} of the examples are duplicates: only {left:,} different examples remain", "data"
    )
    MOSTLY_COPIES = LikelihoodRatio(15.0, "{share:share} of the examples are duplicates of others", "data")
    COPIES = LikelihoodRatio(4.0, "{share:share} of the examples are duplicates of others", "data")
    BLANK_IN_TRAINING_ALONE = LikelihoodRatio(
        1000.0,
        "{share:share} of the training examples are blank, but only {other:share} of the validation examples",
        "data",
    )
    MANY_BLANK = LikelihoodRatio(15.0, "{share:share} of the examples are blank (a single repeated value)", "data")
    BLANK = LikelihoodRatio(4.0, "{share:share} of the examples are blank (a single repeated value)", "data")
    LEARNED = LikelihoodRatio(0.1, "the run learned anyway")


_REPAIR, _DEDUPLICATE, _UNBLANK = (
    ("correct the labels of duplicates that contradict each other", "print duplicates that have different labels"),
    ("remove duplicates", "look at the most frequent examples, and at how they are loaded"),
    ("repair or remove blank examples", "look at 20 of the blank examples, and at the files they come from"),
)
#: What to do about each observation, and what to look at to be sure.
_REMEDIES = {
    Likelihoods.TARGETS_MISSING.key: (
        "remove the examples whose target is missing or not finite",
        "print the rows whose target is missing, NaN or infinite",
    ),
    Likelihoods.MANY_CONFLICTS.key: _REPAIR,
    Likelihoods.CONFLICTS.key: _REPAIR,
    Likelihoods.NEARLY_ALL_COPIES.key: _DEDUPLICATE,
    Likelihoods.MOSTLY_COPIES.key: _DEDUPLICATE,
    Likelihoods.COPIES.key: _DEDUPLICATE,
    Likelihoods.BLANK_IN_TRAINING_ALONE.key: _UNBLANK,
    Likelihoods.MANY_BLANK.key: _UNBLANK,
    Likelihoods.BLANK.key: _UNBLANK,
}


@rule("DS210", "corrupt-or-duplicate-examples", seen_as=("Something is odd about my data",), likelihoods=Likelihoods)
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
    From a dataset profile, the rule counts four things in the training set: exact duplicates, duplicates with different
    labels, blank examples (a single repeated value, such as all zeros), and targets that are missing or not finite.

    Duplicates and blank examples do not count if all features are discrete and have so few combinations that a table
    of this length must repeat itself. Duplicates do not count if classes are resampled on purpose. Blank examples do
    not count if most columns are zero by nature. If nearly all examples are blank, constant-input reports it instead.

    Why it matters
    --------------
    "Remove duplicates/corrupt images." Duplicates count several times in the loss, and they can end up in both training
    and validation. Duplicates with different labels keep the loss above 0 for any model. A missing target makes the
    loss NaN.

    What to do
    ----------
    Look at the examples that the finding speaks of. Remove duplicates, blank examples and examples without a target
    before you split the data. Correct labels that contradict each other.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    repeated : share of duplicates below which they hardly matter.
    blank : share of blank examples below which they hardly matter.
    conflicting : smallest share of examples with a differently labelled duplicate that counts as a sign.

    References
    ----------
    Seminar: "Become one with the data", "Dataset issues" (have enough relevant data). Barz & Denzler (2020), J. Imaging
    6:41, on duplicates in CIFAR.
    """
    side, target = dataset.train, dataset.target
    read = side.rows_read or side.rows
    if not read or (side.duplicates is None and target.non_finite is None):
        return corrupt_or_duplicate_examples.skip("no dataset profile describes the examples", WHAT_TO_LOG)
    observations: list[Observation] = []
    if target.non_finite:
        count = target.non_finite
        observations.append(
            Likelihoods.TARGETS_MISSING(targets="1 target is" if count == 1 else f"{count:,} targets are")
        )
    conflicts = (side.conflicts or 0) / read
    if conflicts >= conflicting:
        observations.append(
            (Likelihoods.MANY_CONFLICTS if conflicts > MANY else Likelihoods.CONFLICTS)(share=conflicts)
        )
    copies = (side.duplicates or 0) / read
    few = _few_combinations(dataset, read)
    if copies >= repeated and not few and not params.get("class_weight"):
        observations.append(_copied(copies, read))
    blanks = _blank(side)
    alone = _blank_in_training_alone(blanks, dataset.validation)
    if alone is not None:
        observations.append(alone)
    elif blank <= blanks <= NEARLY_ALL and not few and not _sparse(dataset):
        observations.append((Likelihoods.MANY_BLANK if blanks > MANY else Likelihoods.BLANK)(share=blanks))
    if not observations:
        return None
    said = "; ".join(s.text for s in observations)
    if symptoms.verdict == "good-fit":
        observations.append(Likelihoods.LEARNED())
    found = [_REMEDIES[s.key] for s in observations if s.key in _REMEDIES]
    text = "before you split the data, " + " and ".join(dict.fromkeys(remedy for remedy, _ in found))
    return corrupt_or_duplicate_examples.hypothesis(
        prior=prior,
        observations=observations,
        message=said,
        advice=text,
        prescription=Prescription(text, (Change("data.drop_duplicates", None, True),) if copies >= repeated else ()),
        settles=found[0][1],
    )


def _copied(copies: float, read: int) -> Observation:
    """What duplicates say; where nearly all are duplicates, few examples are learned many times."""
    if copies > NEARLY_ALL:
        return Likelihoods.NEARLY_ALL_COPIES(share=copies, left=round((1 - copies) * read))
    return (Likelihoods.MOSTLY_COPIES if copies > MOST else Likelihoods.COPIES)(share=copies)


def _blank_in_training_alone(share: float, validation: Side) -> Observation | None:
    """What blank examples say where validation has hardly any: they are not what the data are like."""
    known = validation.constant_share is not None or validation.zero_share is not None
    if not share > MANY or not known or _blank(validation) >= share / SELDOM:
        return None
    return Likelihoods.BLANK_IN_TRAINING_ALONE(share=share, other=_blank(validation))


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
        if combinations > COMBINATIONS * rows:
            return False
    return True


def _sparse(dataset: Dataset) -> bool:
    """Whether most columns are zero in most examples, as counts of words are."""
    medians = [f.quantiles[MEDIAN] for f in dataset.features if f.quantiles is not None]
    return bool(medians) and dataset.kind != "image" and medians.count(0) > len(medians) / 2
