"""What the labels of a set of examples are: classes and how often each, or numbers and how far they spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tracker_diag.controls.examples import labels
from tracker_diag.profile.table import Labels
from tracker_diag.profile.targets import codes
from tracker_diag.profile.targets import target as described


@dataclass(frozen=True, slots=True, eq=False)
class LabelFacts:
    """Labels that were read.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        Which examples they belong to.
    classes : ndarray of int, shape (m,), or None
        Codes of their classes; None where they are no classes.
    numbers : ndarray of float, shape (m,) or (m, outputs), or None
        None where they are no numbers that are to be met.
    """

    rows: NDArray[np.intp]
    classes: NDArray[np.intp] | None = None
    numbers: NDArray[np.float64] | None = None


def label_facts(part: Any, target: tuple[str, ...]) -> LabelFacts | None:
    """Read the labels of a set; None where they cannot be read."""
    found = labels(part, target)
    if found is None:
        return None
    rows, values = found
    kind = described(Labels(values, len(values)), None).kind
    if kind == "classification":
        code = values.argmax(axis=1) if values.ndim == 2 else codes(Labels(values, len(values)))
        return LabelFacts(rows, classes=code)
    if kind == "regression":
        return LabelFacts(rows, numbers=values.astype(np.float64))
    return LabelFacts(rows)


def entropy(classes: NDArray[np.intp]) -> float:
    """The cross-entropy of guessing by frequency, in nats."""
    share = np.unique(classes, return_counts=True)[1] / classes.size
    return float(-(share * np.log(share)).sum())
