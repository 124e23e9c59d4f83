"""EX904 within-seed-noise."""

from __future__ import annotations

import math

from tracker_diag.comparison.comparison import LONGEST_NAME
from tracker_diag.core.numbers import figure
from tracker_diag.core.outgoing import clean
from tracker_diag.rules.api import BesideSiblings, Outcome, Severity, rule


@rule("EX904", "within-seed-noise", seen_as=("Two runs differ a little, and I cannot tell whether it matters",))
def within_seed_noise(beside_siblings: BesideSiblings, *, errors: float = 2.0, fewest: int = 6) -> Outcome:
    """The run differs from the best comparable run by no more than seed noise.

    What it measures
    ----------------
    The rule takes the distance of the last validation loss (a score, if no loss was logged) from that of the best
    comparable run. It compares this distance with the noise between runs that differ only in their seed. The rule says
    nothing about the best run itself, other runs of its setting, or runs that were stopped early.

    Null hypothesis: the two settings do not differ. The noise is the median absolute deviation of runs from the mean of
    their setting, in the better half of the repeated settings. It is taken as the standard deviation of normal values.
    Two runs differ by the square root of two times as much.

    Runs are assumed to be independent of each other, and those without a finite value are not counted. The best run was
    picked out of many, which makes the distance look larger. The remark is therefore made too rarely rather than too
    often. The comparison is renewed when more runs have ended, and each renewal is a look of its own. Two settings that
    cannot be told apart are not shown to be equal.

    Why it matters
    --------------
    If another seed would undo an improvement, it is not an improvement. Repeat a run with other seeds before you
    believe it.

    What to do
    ----------
    Choose the simpler or cheaper of the two settings, or run both with more seeds.

    Thresholds
    ----------
    errors : two runs count as equal if they differ by no more than this number of standard deviations of the difference
        between two seeds.
    fewest : number of runs that must repeat a setting before the noise is known well enough.

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
    own, best = (figure(found.measure.shown(x), 4) for x in (found.value, beside.best.value))
    return within_seed_noise.finding(
        Severity.INFO,
        0.8,
        f"{found.measure.said} ended at {own}, and the best comparable run, '{name}', at {best}. The difference of "
        f"{figure(apart, 2)} may be chance: runs that differ only in their seed typically differ by "
        f"{figure(math.sqrt(2) * found.between_seeds, 2)} ({beside.as_of})",
        f"choose the simpler of this run's settings and those of '{name}', or run both with more seeds",
        {"behind": apart, "noise": found.between_seeds, "repeated": found.repeated, "best": beside.best.id},
    )
