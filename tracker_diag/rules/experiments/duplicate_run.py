"""EX905 duplicate-run."""

from __future__ import annotations

from tracker_diag.comparison.comparison import LONGEST_NAME
from tracker_diag.core.outgoing import clean
from tracker_diag.rules.api import Comparison, Outcome, Severity, rule


@rule("EX905", "duplicate-run")
def duplicate_run(comparison: Comparison) -> Outcome:
    """Another run has the same parameters and ended with the same values.

    What it measures
    ----------------
    The rule checks whether a comparable run has exactly the same parameters, including the seed. The last values of all
    metrics must also be equal to the last digit, and a validation loss must be among them. The rule does not compare
    whole curves, but it is next to impossible that all of them end at the same values by chance.

    Why it matters
    --------------
    A copy is not a repetition. Counted as one more seed, it makes noise look smaller than it is.

    What to do
    ----------
    Give each repetition its own seed, and keep only one of the two runs.

    Thresholds
    ----------
    None: the values are equal to the last digit, or they are not.

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
        f"run '{clean(twin.name, LONGEST_NAME)}' has the same parameters, and every metric ended at the same value",
        "give each repetition its own seed, and count these two runs as one",
        {"twin": twin.id},
    )
