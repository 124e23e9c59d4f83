"""A squared error that levels off at 1, that of always predicting the mean of standardised targets."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import Explained, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting


def at_variance(variance_of_standardised: float | None, explained: Explained) -> Sighting | None:
    """Training is at the variance of standardised targets; those of validation may vary less, so its error is lower."""
    if variance_of_standardised is None or not explained.known:
        return None
    return Sighting(
        Severity.ERROR,
        0.85,
        f"training loss ends at {figure(explained.at(explained.train), 4)}, the loss of always predicting the mean of "
        f"standardised targets ({figure(variance_of_standardised)})",
    )
