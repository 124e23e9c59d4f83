"""DS214 empty-or-wrong-data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.profile_schema import Side
from tracker_diag.rules.api import (
    Change,
    Dataset,
    Explained,
    LikelihoodRatio,
    Observation,
    Outcome,
    Prescription,
    Symptoms,
    rule,
)

#: Labels by which losses are commonly told to leave an example out.
IGNORED = (-100, -1, 255)
#: Share of the baseline that a run has explained which was fed other data than the profile describes.
LEARNED = 0.2
#: Share of the declared classes up to which few of them occur, and examples for each class that are read to say so.
FEW_CLASSES, EXAMPLES_OF_EACH = 0.5, 20
#: Classes that one output unit with a sigmoid stands for.
OF_ONE_UNIT = 2


class Likelihoods:
    """What speaks for empty or wrong data, and against it."""

    NO_TRAINING = LikelihoodRatio(3000.0, "the training set is empty (0 examples)", "data")
    NO_VALIDATION = LikelihoodRatio(300.0, "the validation set is empty (0 examples)", "data")
    ONE_CLASS = LikelihoodRatio(500.0, "all targets belong to one class", "data")
    NEGATIVE_LABEL = LikelihoodRatio(100.0, "the smallest label is {low}, which is below 0", "data")
    LABEL_BEYOND = LikelihoodRatio(
        300.0, "labels go up to {high}, but the run is configured for {declared} classes", "data"
    )
    COUNTED_FROM_ONE = LikelihoodRatio(
        300.0, "labels run from 1 to {high}, but {declared} classes are usually numbered from 0 to {last}", "data"
    )
    FEW_CLASSES = LikelihoodRatio(10.0, "only {found} of the {declared} configured classes occur in the data", "data")
    UNSEEN_LABELS = LikelihoodRatio(
        20.0, "{count:,} of {rows:,} validation examples have a label that never occurs in training", "data"
    )
    OTHER_FEATURES = LikelihoodRatio(
        4.0, "the data have {found} features, but the run is configured for {declared}", "data"
    )
    LEARNED = LikelihoodRatio(0.01, "the run learned anyway")


_PATHS = "check the paths of data and labels"
#: What to do about each observation.
_REMEDIES = {
    Likelihoods.NO_TRAINING.key: _PATHS,
    Likelihoods.NO_VALIDATION.key: _PATHS,
    Likelihoods.ONE_CLASS.key: _PATHS,
    Likelihoods.NEGATIVE_LABEL.key: "map the labels to whole numbers from 0 on",
    Likelihoods.LABEL_BEYOND.key: "correct the number of classes, or map the labels to whole numbers from 0 on",
    Likelihoods.COUNTED_FROM_ONE.key: "subtract 1 from the labels, or set the number of classes to {classes}",
    Likelihoods.FEW_CLASSES.key: "check that the label file belongs to these data",
    Likelihoods.UNSEEN_LABELS.key: "build the class-to-index mapping once, and keep every class in training",
    Likelihoods.OTHER_FEATURES.key: "set the number of features to {found}, or check which columns are read",
}


@rule("DS214", "empty-or-wrong-data", seen_as=("Something is odd about my data",), likelihoods=Likelihoods)
def empty_or_wrong_data(
    dataset: Dataset,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    explained: Explained | None,
    *,
    prior: float = 0.02,
    unseen: float = 0.01,
) -> Outcome:
    """There are no examples, only one class, or labels outside the configured classes.

    What it measures
    ----------------
    The rule compares a dataset profile and the logged datasets with the run's parameters. It reports a training or
    validation set without examples, and targets that all belong to one class. It reports labels below 0, labels at or
    above the configured number of classes, and validation labels that never occur in training. It also reports data
    with far fewer classes, or another number of features, than the run is configured for.

    Labels that commonly mean "ignore this example" (-100, -1, 255) are allowed. So is one output unit for two
    classes.

    Why it matters
    --------------
    "Correct data & label path?" A file pattern may match nothing, a label file may be outdated, or classes may be
    numbered from 1. Each of these makes a run fail, or makes it succeed at the wrong task.

    What to do
    ----------
    Print the path, the number of examples and the set of labels at the start of the run. Stop the run if they are not
    as expected.

    Thresholds
    ----------
    prior : odds of this cause in a run that has a problem, before any evidence.
    unseen : smallest share of validation examples with a label unknown to training that counts as a sign.

    References
    ----------
    Seminar: "Dataset issues" (check your input data; make sure input and output match).
    """
    observations = [
        row()
        for row, side in ((Likelihoods.NO_TRAINING, dataset.train), (Likelihoods.NO_VALIDATION, dataset.validation))
        if side.rows == 0
    ]
    n = params.get("n_classes")
    declared = max(OF_ONE_UNIT, int(n)) if isinstance(n, int | float) and n >= 1 else None
    changes: tuple[Change, ...] = ()
    if dataset.target.kind == "classification":
        labels = _labels(dataset, declared)
        observations += [*labels, *_classes(dataset, declared, unseen)]
        high = dataset.target.largest_label
        if declared and high is not None and any(s.key == "LABEL_BEYOND" for s in labels):
            changes = (Change(names.get("n_classes", "n_classes"), declared, high + 1),)
    wanted, columns = params.get("n_features"), dataset.columns.count
    if dataset.kind == "table" and isinstance(wanted, int) and columns and wanted != columns:
        observations.append(Likelihoods.OTHER_FEATURES(found=columns, declared=wanted))
    if not observations:
        return None
    said = "; ".join(s.text for s in observations)
    if explained is not None and explained.most > LEARNED and not symptoms.has("diverged"):
        # Nothing can be learned from no examples: the profile is of other data than the run was fed.
        observations.append(Likelihoods.LEARNED())
    seen = [s.key for s in observations if s.key in _REMEDIES]
    remedies = dict.fromkeys(_REMEDIES[key].format(classes=(declared or 0) + 1, found=columns) for key in seen)
    text = "; ".join([*remedies, "at the start of a run, assert the number of examples, classes and features"])
    return empty_or_wrong_data.hypothesis(
        prior=prior,
        observations=observations,
        message=said,
        advice=text,
        prescription=Prescription(text, changes),
        settles="log the number of examples and the set of labels at the start of the run",
    )


def _labels(dataset: Dataset, declared: int | None) -> list[Observation]:
    """What the range of the labels says."""
    target, observations = dataset.target, []
    low, high = target.smallest_label, target.largest_label
    if target.n_classes == 1:
        observations.append(Likelihoods.ONE_CLASS())
    if low is not None and low < 0 and low not in IGNORED:
        observations.append(Likelihoods.NEGATIVE_LABEL(low=low))
    if declared is not None and high is not None and high >= declared and high not in IGNORED:
        row = Likelihoods.COUNTED_FROM_ONE if low == 1 and high == declared else Likelihoods.LABEL_BEYOND
        observations.append(row(high=high, declared=declared, last=declared - 1))
    return observations


def _classes(dataset: Dataset, declared: int | None, unseen: float) -> list[Observation]:
    """What the classes that occur say, on either side."""
    target, observations = dataset.target, []
    enough = declared is not None and _read(dataset.train) >= EXAMPLES_OF_EACH * declared
    if declared and enough and target.n_classes and target.n_classes <= FEW_CLASSES * declared:
        observations.append(Likelihoods.FEW_CLASSES(found=target.n_classes, declared=declared))
    held = _read(dataset.validation)
    if held and target.unseen and target.unseen / held >= unseen:
        observations.append(Likelihoods.UNSEEN_LABELS(count=target.unseen, rows=held))
    return observations


def _read(side: Side) -> int:
    return side.rows_read or side.rows or 0
