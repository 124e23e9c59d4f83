"""A squared error that rests at 1, as that of the mean of standardised targets does."""

from __future__ import annotations

from tracker_diag.rules.api import Explained, Severity
from tracker_diag.rules.curves._underfitting.sighting import Sighting


def at_variance(variance_of_standardised: float | None, explained: Explained) -> Sighting | None:
    """Training rests at the variance of standardised targets; validation's may vary less, and its error be lower."""
    if variance_of_standardised is None or not explained.known:
        return None
    return Sighting(
        Severity.ERROR,
        0.85,
        f"the training loss rests at {explained.at(explained.train):.4g}, and always answering the mean of "
        f"standardised targets costs {variance_of_standardised:g}",
    )
