"""Losses that began far above their level for most of the run: the fall only undoes a bad start."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracker_diag.evidence.baseline import lead
from tracker_diag.rules.api import Curve

#: Values that show it, share of the run after which all losses are constant, and share of their level within which the
#: medians of as many parts of what follows lie then.
VALUES, SINCE, MOVES, PARTS = 12, 0.25, 0.03, 3
#: Lead of a score at its end over the uninformed level, as a share of the way to perfect, that shows learning.
ABOVE = 0.05
#: Share of right answers that is no guess among more than two classes.
HALF = 0.5


def recovered(losses: Sequence[Curve]) -> float | None:
    """How many times its later level one of the losses began at, at most; None where one moves after a quarter."""
    times = []
    for loss in losses:
        y = loss.finite[1]
        if loss.flipped or y.size < VALUES or not float(y.min()) > 0:
            return None
        later = y[int(SINCE * y.size) :]
        level = float(np.median(later))
        if np.ptp([np.median(part) for part in np.array_split(later, PARTS)]) > MOVES * level:
            return None
        times.append(float(y[0]) / level)
    return max(times, default=None)


def ends_above_nothing(score: Curve) -> bool:
    """Whether a score ends above its uninformed level, which its name tells, or above half of a perfect accuracy."""
    if not score.flipped or not score.long_enough:
        return False
    nothing, perfect = score.metric.baseline, score.metric.best
    if nothing is None or perfect is None:
        return score.accuracy and score.share(score.tail) > HALF
    return lead(score.shown(score.tail), nothing, perfect) > ABOVE
