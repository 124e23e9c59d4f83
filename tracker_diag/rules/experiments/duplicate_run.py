"""EX905 duplicate-run."""

from __future__ import annotations

from tracker_diag.comparison.comparison import LONGEST_NAME
from tracker_diag.core.outgoing import clean
from tracker_diag.rules.api import Comparison, Outcome, Severity, rule


@rule("EX905", "duplicate-run")
def duplicate_run(comparison: Comparison) -> Outcome:
    """Another run has the same parameters, and ended with the same values.

    What it measures
    ----------------
    Whether a comparable run has the same parameters throughout, the seed among them, and whether the last values of all
    its metrics, of which a validation loss has to be one, are the same to the digit. A listing does not hold the
    curves; that all of them end alike by chance is next to impossible.

    Why it matters
    --------------
    A copy is no repetition: as one more seed it makes noise look smaller than it is.

    What to do
    ----------
    Give each repetition a seed of its own, and keep one of the two.

    Thresholds
    ----------
    None: the values are the same to the digit, or they are not.

    References
    ----------
    Bouthillier et al. (2021), MLSys: Accounting for variance in machine learning benchmarks.
    """
    twin = comparison.twin
    if twin is None or comparison.measure.role != "val_loss":
        return None
    return duplicate_run.finding(
        Severity.INFO,
        0.95,
        f"run {clean(twin.name, LONGEST_NAME)} has the same parameters and ended with the same value of every metric",
        "give each repetition a seed of its own, and count the two as one",
        {"twin": twin.id},
    )
