"""Where the curves of a run end, in words for the messages of rules."""

from __future__ import annotations

import math

from tracker_diag.core.numbers import figure
from tracker_diag.evidence.baseline import Explained


def at_the_end(explained: Explained) -> str:
    """Say where validation and training end, beside chance level where it is known.

    Parameters
    ----------
    explained : Explained
        How much of the loss at chance level each curve explains. The values named are means of a curve's last tenth.

    Returns
    -------
    str
        ``validation loss ends near 2.31, training loss near 0.12 (chance level 2.3)``.
    """
    sign, measure = (-1, "score") if explained.bottom < 0 else (1, "loss")
    sides = {"validation": explained.val, "training": explained.train}
    ends = [
        f"{side} {measure} {'' if position else 'ends '}near {figure(sign * explained.at(share))}"
        for position, (side, share) in enumerate(x for x in sides.items() if not math.isnan(x[1]))
    ]
    level = f" (chance level {figure(sign * explained.baseline)})" if explained.known else ""
    return ", ".join(ends) + level


def reference(explained: Explained) -> str:
    """Name the level that shares are of: chance level where it is known, else where the curves start.

    Parameters
    ----------
    explained : Explained
        How much of that level each curve explains.

    Returns
    -------
    str
        ``chance level`` or ``the initial level``.
    """
    return "chance level" if explained.known else "the initial level"
