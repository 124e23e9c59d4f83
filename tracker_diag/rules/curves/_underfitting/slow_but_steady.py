"""A run that moves little, but steadily: not the matter of LC102."""

from __future__ import annotations

from tracker_diag.rules.api import Curve
from tracker_diag.rules.curves._falls import falls
from tracker_diag.stats.extrapolation import Extrapolation

#: Times its length that a run needs to be slow, and what twice its length surely brings, as a share of what it has
#: improved: the defaults of slow-convergence.
MANY_TIMES, GOES_ON = 5.0, 0.25


def slow_but_steady(val: Curve | None, further: Extrapolation | None, alpha: float) -> bool:
    """Whether validation falls significantly and without slowing down: that is the matter of slow-convergence."""
    if val is None or further is None or further.enough < MANY_TIMES:
        return False
    return falls(val, alpha) and further.low > GOES_ON * (val.start - val.best)
