"""What the run holds about its data."""

from __future__ import annotations

from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset, read_dataset
from tracker_diag.core.run import Run
from tracker_diag.evidence.registry import rule_input


@rule_input(missing="no dataset", log=WHAT_TO_LOG, evidence="D")
def declared_dataset(run: Run) -> Dataset | None:
    """The dataset profile joined with the declared inputs, whatever they say."""
    return read_dataset(run.profile, run.datasets)


@rule_input(missing="the declared dataset holds no facts", log=WHAT_TO_LOG)
def dataset(declared_dataset: Dataset) -> Dataset | None:
    """What the dataset profile and the declared inputs say; None where that is nothing."""
    return None if declared_dataset.silent else declared_dataset
