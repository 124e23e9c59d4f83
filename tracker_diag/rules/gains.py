"""Other values of a parameter, and what shows that they do better, in words."""

from __future__ import annotations

from typing import Any

from tracker_diag.comparison.comparison import LONGEST_NAME, Alternative
from tracker_diag.comparison.sibling import Measure
from tracker_diag.core.outgoing import clean
from tracker_diag.evidence.beside_siblings import Gain


def value(x: Any) -> str:
    """A value of a parameter."""
    return f"{x:g}" if isinstance(x, int | float) and not isinstance(x, bool) else clean(x, LONGEST_NAME)


def change(alternative: Alternative) -> str:
    """What to change: "lower lr from 0.043 to 0.0011"."""
    verb = {1: "raise", -1: "lower", 0: "change"}[alternative.direction]
    name = clean(alternative.parameter, LONGEST_NAME)
    return f"{verb} {name} from {value(alternative.before)} to {value(alternative.after)}"


def shows(gain: Gain, measure: Measure) -> str:
    """What shows it: "run X, which differs in lr alone (0.0011 instead of 0.043), ends at 1.91"."""
    a = gain.alternative
    names = " and ".join(clean(name, LONGEST_NAME) for name in (a.parameter, *a.tied))
    differs = f"{value(a.after)} instead of {value(a.before)}"
    one = a.matched is not None and a.runs == 1
    ends = f"{measure.shown(a.matched.value if one and a.matched is not None else a.value):.4g}"
    if a.matched is None:
        about = f"{measure.shown(a.value):.2g}"
        return f"with {names} {differs}, all else held, a surface through the runs expects about {about}"
    who = clean(a.matched.name, LONGEST_NAME)
    if one:
        return f"run {who}, which differs in {names} alone ({differs}), ends at {ends}"
    return f"{a.runs} runs such as {who}, which differ in {names} alone ({differs}), end at {ends} on average"
