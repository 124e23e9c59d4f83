"""From where to where the curves of a run went, in words for the messages of rules."""

from __future__ import annotations

import math

from tracker_diag.core.numbers import figure, share
from tracker_diag.evidence.baseline import Explained


def from_to(explained: Explained) -> str:
    """Say where validation and training started and ended, beside chance level where it is known.

    Parameters
    ----------
    explained : Explained
        How much of the loss at chance level each curve explains. The values named are those of its first and last
        windows, so that they are close to the logged ones and not equal to them.

    Returns
    -------
    str
        ``validation loss stayed at about 2.31, training loss went from about 2.3 to 0.12 (chance level 2.3)``.
    """
    sign, measure = (-1, "score") if explained.bottom < 0 else (1, "loss")
    sides = {
        "validation": (explained.val_start, explained.val),
        "training": (explained.start, explained.train),
    }
    known = ((side, shares) for side, shares in sides.items() if not math.isnan(shares[1]))
    courses: list[str] = []
    for side, shares in known:
        start, end = (figure(sign * explained.at(share)) for share in shares)
        course = f"stayed at about {end}" if start == end else f"went from about {start} to {end}"
        courses.append(f"{side} {measure} {course}")
    level = f" (chance level {figure(sign * explained.baseline)})" if explained.known else ""
    return ", ".join(courses) + level


def reference(explained: Explained) -> str:
    """Name the level that shares are of: chance level where it is known, else where the curves start.

    Parameters
    ----------
    explained : Explained
        How much of that level each curve explains.

    Returns
    -------
    str
        ``chance level`` or ``the initial level (2.3)``.
    """
    if explained.known:
        return "chance level"
    return f"the initial level ({figure(abs(explained.baseline))})"


def ends(explained: Explained) -> str:
    """Say where validation and training ended.

    Parameters
    ----------
    explained : Explained
        How much of the loss at chance level each curve explains, of both.

    Returns
    -------
    str
        ``1.17 against 0.709``: validation first.
    """
    val, train = (figure(abs(explained.at(part))) for part in (explained.val, explained.train))
    return f"{val} against {train}"


def beside_guessing(times_guessing: float) -> str:
    """Say how far an accuracy lies below that of random guessing.

    Parameters
    ----------
    times_guessing : float
        The accuracy over that of random guessing, below 1.

    Returns
    -------
    str
        ``0, below random guessing`` or ``only 23% of that of random guessing``.
    """
    return f"only {share(times_guessing)} of that of random guessing" if times_guessing else "0, below random guessing"
