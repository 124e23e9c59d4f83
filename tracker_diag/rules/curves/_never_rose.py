"""Whether a score by itself shows that nothing was learned."""

from __future__ import annotations

import numpy as np

from tracker_diag.evidence.baseline import OF_MORE_THAN_CLASSES
from tracker_diag.rules.api import Curve

#: Share of a perfect score up to which one is low, and share of what it began below that which it must have gained; or
#: how many times as high it must be.
LOW, GAINED, TIMES = 0.6, 0.05, 1.5
#: First values whose median is where it began: the noise of a single one hides that nothing came after.
FIRST = 3


def never_rose(score: Curve) -> bool:
    """Whether a low score has hardly come nearer to a perfect one than it began.

    Scores of rankings and of texts are always low, so they are left out.
    """
    if not score.flipped or score.metric.kind in OF_MORE_THAN_CLASSES or score.share(score.best) > LOW:
        return False
    start = score.share(float(np.median(score.finite[1][:FIRST])))
    least, best = GAINED * (1 - start), score.share(score.best)
    # The best of many noisy windows lies above the others.
    hardly = score.share(score.tail) - start < least and best - start < 2 * least
    return hardly and not best >= TIMES * start > 0
