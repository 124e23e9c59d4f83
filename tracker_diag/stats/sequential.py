"""Tests that stay valid however often a growing run is looked at."""

from __future__ import annotations

from dataclasses import dataclass

FIRST = 8

#: Shares of the error probability: all looks at a run that is going, and the one at a run that has ended.
GOING, ENDED = 0.2, 0.8


@dataclass(frozen=True, slots=True)
class InterimAnalysis:
    """What may be judged of a run that is still going.

    Attributes
    ----------
    points : int
        Length of the curve to judge: the last rung of the ladder that it has passed.
    share : float
        Share of the error probability that may be spent at this rung.
    """

    points: int
    share: float


def look(n: int) -> InterimAnalysis | None:
    """Find the last rung of a geometric ladder of lengths, and its share of the error probability.

    A curve of n points is judged at the largest of 8, 12, 16, 24, 32, 48, … that it has reached. At rung k = 1, 2, … a
    test may spend 0.2 / (k (k + 1)) of its level, and the look at a run that has ended may spend 0.8 of it. The shares
    add up to 0.2 over all rungs, and to one with the last look.

    By the union bound, the probability that *any* look rejects a true null is therefore at most the level. This holds
    for looks at any time, in any number, during the run or after it, because looks between two rungs see the same data
    and can add nothing. Between rungs the answer does not change, so it cannot flicker either. Most runs are looked at
    when they have ended, and that look loses little: a level of 0.8% in place of 1%.

    Parameters
    ----------
    n : int
        Points so far.

    Returns
    -------
    InterimAnalysis or None
        None below the first rung.

    References
    ----------
    Robbins (1970) Ann. Math. Statist. 41:1397; Howard, Ramdas, McAuliffe and Sekhon (2021) Annals of Statistics
    49:1055, "stitching" over geometrically spaced epochs; the schedule 1/(k(k+1)) telescopes to one.

    Examples
    --------
    >>> from tracker_diag.stats.sequential import look
    >>> look(20).points, look(23).points, look(24).points
    (16, 16, 24)
    >>> look(24).share
    0.01
    """
    if n < FIRST:
        return None
    points, k = FIRST, 1
    while True:
        following = points * 3 // 2 if k % 2 else points // 3 * 4
        if following > n:
            return InterimAnalysis(points, GOING / (k * (k + 1)))
        points, k = following, k + 1
