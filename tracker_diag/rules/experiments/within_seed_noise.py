"""EX904 within-seed-noise."""

from __future__ import annotations

import math

from tracker_diag.comparison.comparison import LONGEST_NAME
from tracker_diag.core.outgoing import clean
from tracker_diag.rules.api import BesideSiblings, Outcome, Severity, rule


@rule("EX904", "within-seed-noise", seen_as=("Two runs differ a little, and I do not know whether it means anything",))
def within_seed_noise(beside_siblings: BesideSiblings, *, errors: float = 2.0, fewest: int = 6) -> Outcome:
    """Differs from the best comparable run by no more than runs that differ in their seed alone.

    What it measures
    ----------------
    The distance of the last validation loss (a score, where no loss was logged) from that of the best comparable run,
    against the noise between runs of one setting that differ in their seed alone. Said only of a run that is not the
    best itself nor another run of its setting, and not of those that were broken off.

    Null: no difference between the two settings. The noise is the median absolute deviation of runs from the mean of
    their setting, in the better half of the settings that were repeated, taken for the standard deviation of normal
    values; two runs differ by the square root of two times as much.

    Runs are taken to be independent of each other; those without a finite value are not counted. That the best was
    picked out of many makes the distance look larger: the remark is made too seldom rather than too often. Each
    renewal, when runs have ended, is a look of its own: two settings that are not told apart are not shown to be equal.

    Why it matters
    --------------
    A better value that another seed would undo is no better value: repeat a run with other seeds before believing it.

    What to do
    ----------
    Prefer the simpler or cheaper of the two settings, or run both with more seeds.

    Thresholds
    ----------
    errors : standard deviations of the difference between two runs within which there is none to speak of.
    fewest : runs that repeat a setting, from which on the noise is known well enough.

    References
    ----------
    Bouthillier et al. (2021), MLSys: Accounting for variance in machine learning benchmarks.
    """
    beside, found = beside_siblings, beside_siblings.comparison
    apart = found.value - beside.best.value
    if found.between_seeds is None or found.repeated < fewest or found.same_setting or not apart > 0:
        return None
    if apart > errors * math.sqrt(2) * found.between_seeds:
        return None
    name = clean(beside.best.name, LONGEST_NAME)
    return within_seed_noise.finding(
        Severity.INFO,
        0.8,
        f"ends {apart:.2g} behind the best of {found.runs} comparable runs, {name}; runs that differ in their seed "
        f"alone differ by {math.sqrt(2) * found.between_seeds:.2g} ({beside.as_of})",
        "take the simpler of the two settings, or run both with more seeds",
        {"behind": apart, "noise": found.between_seeds, "repeated": found.repeated, "best": beside.best.id},
    )
