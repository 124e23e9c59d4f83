"""What the run holds about its data."""

from __future__ import annotations

import re

from tracker_diag.core.dataset import WHAT_TO_LOG, Dataset, read_dataset
from tracker_diag.core.run import Run
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.keras_fit import fitted_by_keras
from tracker_diag.roles.resolve import Roles

#: Names that XGBoost gives to the sets to evaluate, whichever they are, where it is told none.
_UNTOLD = re.compile(r"validation_\d+\b")


@rule_input(missing="no dataset description found", log=WHAT_TO_LOG, evidence="D")
def declared_dataset(run: Run, roles: Roles) -> Dataset | None:
    """The dataset profile joined with the declared inputs, whatever they say."""
    return read_dataset(run.profile, run.datasets, validated=_validated(roles), held_out=_held_out(run, roles))


@rule_input(missing="the logged dataset holds no statistics", log=WHAT_TO_LOG)
def dataset(declared_dataset: Dataset) -> Dataset | None:
    """What the dataset profile and the declared inputs say; None where that is nothing."""
    return None if declared_dataset.silent else declared_dataset


def _validated(roles: Roles) -> bool:
    """Whether a curve was meant for validation: by its name, or because training was stopped by it."""
    names = [roles.metrics[role].name for role in ("val_loss", "val_score") if role in roles.metrics]
    return any(not _UNTOLD.match(name) for name in names) or bool(names and roles.params.get("early_stopping"))


def _held_out(run: Run, roles: Roles) -> float:
    """The share that Keras's ``fit`` splits off for validation, of the arrays that autologging declares as a whole."""
    share = roles.params.get("val_fraction")
    keras = roles.names.get("val_fraction") == "validation_split" and fitted_by_keras(run.params)
    return float(share) if keras and isinstance(share, int | float) and 0 < share < 1 else 0.0
