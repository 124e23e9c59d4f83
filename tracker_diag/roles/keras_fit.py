"""Parameters as MLflow's autologging leaves those of Keras's ``fit``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: What Keras takes for a batch where it is told nothing.
BATCH_SIZE = 32
#: Further parameters of ``fit``; autologging logs them all, whether they were given or not.
_OTHERS = frozenset({"steps_per_epoch", "validation_batch_size", "initial_epoch", "class_weight"})
_TELLING = 2


def fitted_by_keras(names: Iterable[str]) -> bool:
    """Tell whether these are parameters of Keras's ``fit``: at least two that others hardly log."""
    return len(_OTHERS.intersection(names)) >= _TELLING


def default_batch_size(values: Mapping[str, Any]) -> int | None:
    """Give the size of batches that Keras took by itself.

    Parameters
    ----------
    values : mapping of str to value
        As `tracker_diag.roles.params.flatten` gives them.

    Returns
    -------
    int or None
        None where a size was given, or the data came in batches, as they do where the steps of an epoch were.
    """
    untold = "batch_size" in values and values["batch_size"] is None and values.get("steps_per_epoch") is None
    return BATCH_SIZE if untold and fitted_by_keras(values) else None
