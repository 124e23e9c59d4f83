"""How much the end of a curve moves, which shows a plateau."""

from __future__ import annotations

from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.rules.api import Curve
from tracker_diag.stats.plateau import Plateau, plateau

#: Level of the equivalence test that shows a plateau.
ALPHA = 0.05
#: Part of the run over which a plateau is shown, as one over it: a third.
LAST = 3


def last_third(curve: Curve, margin: float) -> Plateau:
    """How much the last third of a curve moves, against a margin in the curve's unit."""
    last = -max(MINIMUM, curve.y.size // LAST)
    return plateau(curve.x[last:], curve.y[last:], margin=margin)
