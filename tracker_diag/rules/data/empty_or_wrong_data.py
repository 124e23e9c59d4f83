"""DS214 empty-or-wrong-data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.case import Sign, suspicion
from tracker_diag.core.dataset import Dataset
from tracker_diag.core.finding import Change, Prescription
from tracker_diag.core.observed import Learned, Symptoms
from tracker_diag.core.rule import Outcome, rule

#: Labels by which losses are commonly told to leave an example out.
IGNORED = (-100, -1, 255)


@rule("DS214", "empty-or-wrong-data", evidence="DP")
def empty_or_wrong_data(
    dataset: Dataset,
    symptoms: Symptoms,
    params: Mapping[str, Any],
    names: Mapping[str, str],
    learned: Learned | None = None,
    *,
    prior: float = 0.02,
    unseen: float = 0.01,
) -> Outcome:
    """There are no examples, one class only, or labels outside the declared classes.

    What it measures
    ----------------
    From a dataset profile, declared inputs and parameters: sides without examples, targets of a single class, labels
    below 0 or at or above the declared number of classes, validation labels that training lacks, far fewer classes
    than declared, another number of features than declared. Labels that commonly mean "leave out" (-100, -1, 255) are
    allowed, and one output for two classes.

    Why it matters
    --------------
    "Correct data & label path?" A pattern that matches no file, a label file of another version, classes counted from
    1: each gives a run that fails, or one that succeeds at the wrong task.

    What to do
    ----------
    Print the path, the number of examples and the set of labels at the start of the run, and stop where they are not
    as declared.

    Thresholds
    ----------
    prior : odds of this cause among runs somebody worries about.
    unseen : share of validation examples with a label that training lacks, from which it is a sign.

    References
    ----------
    Seminar: "Dataset issues" (check your input data; make sure input and output match).
    """
    changes: list[Change] = []
    signs = [
        Sign(f"there are no {name} examples", strength, "data")
        for name, side, strength in (("training", dataset.train, 3000.0), ("validation", dataset.validation, 300.0))
        if side.rows == 0
    ]
    target = dataset.target
    # One output unit with a sigmoid is two classes.
    declared = max(2, int(n)) if isinstance(n := params.get("n_classes"), int | float) and n >= 1 else None
    if target.kind == "classification":
        if target.n_classes == 1:
            signs.append(Sign("all targets are of one class", 500.0, "data"))
        low, high = target.smallest_label, target.largest_label
        if low is not None and low < 0 and low not in IGNORED:
            signs.append(Sign(f"the smallest label is {low}", 100.0, "data"))
        if declared is not None and high is not None and high >= declared and high not in IGNORED:
            from_one = low == 1 and high == declared
            text = f"labels go up to {high}, {declared} classes are declared" + (
                ", counted from 1?" if from_one else ""
            )
            signs.append(Sign(text, 300.0, "data"))
            if not from_one:
                changes.append(Change(names.get("n_classes", "n_classes"), declared, high + 1))
        read = dataset.train.rows_read or dataset.train.rows or 0
        if declared and target.n_classes and target.n_classes <= declared / 2 and read >= 20 * declared:
            signs.append(Sign(f"{target.n_classes} of {declared} declared classes occur", 10.0, "data"))
        held = dataset.validation.rows_read or dataset.validation.rows or 0
        if held and target.unseen and target.unseen / held >= unseen:
            signs.append(Sign(f"{target.unseen:,} validation examples have a label that training lacks", 20.0, "data"))
    wanted, columns = params.get("n_features"), dataset.columns.count
    if dataset.kind == "table" and isinstance(wanted, int) and columns and wanted != columns:
        signs.append(Sign(f"{columns} features, where {wanted} are declared", 4.0, "data"))
    if not signs:
        return None
    said = "; ".join(s.text for s in signs)
    if learned is not None and learned.most > 0.2 and not symptoms.has("diverged"):
        # Nothing can be learned from no examples: the profile is of other data than the run was fed.
        signs.append(Sign("the run learned all the same", 0.01))
    text = (
        "check the paths of data and labels; stop at the start of a run where examples and labels are not as declared"
    )
    return suspicion(
        "DS214",
        "empty-or-wrong-data",
        prior=prior,
        signs=signs,
        message=said,
        advice=text,
        prescription=Prescription(text, tuple(changes)),
        settles="log the number of examples and the set of labels at the start",
    )
