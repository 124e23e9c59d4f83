"""Says in words which value of a parameter does better, and which runs show it."""

from __future__ import annotations

from typing import Any

from tracker_diag.comparison.comparison import LONGEST_NAME, Alternative
from tracker_diag.comparison.sibling import Measure
from tracker_diag.core.numbers import figure
from tracker_diag.core.outgoing import clean
from tracker_diag.evidence.beside_siblings import Gain
from tracker_diag.rules.changes import DIGITS


def value(x: Any) -> str:
    """A parameter's value as a sentence shows it."""
    return figure(x, DIGITS) if isinstance(x, int | float) and not isinstance(x, bool) else clean(x, LONGEST_NAME)


def change(alternative: Alternative) -> str:
    """What to change: "lower lr from 0.043 to 0.0011"."""
    verb = {1: "raise", -1: "lower", 0: "change"}[alternative.direction]
    name = clean(alternative.parameter, LONGEST_NAME)
    return f"{verb} {name} from {value(alternative.before)} to {value(alternative.after)}"


def shows(gain: Gain, measure: Measure) -> str:
    """What shows it: "run X differs only in lr (0.0011 instead of 0.043) and ends at 1.91"."""
    a = gain.alternative
    names = " and ".join(clean(name, LONGEST_NAME) for name in (a.parameter, *a.tied))
    differs = f"{value(a.after)} instead of {value(a.before)}"
    if a.matched is None:
        about = figure(measure.shown(a.value), 2)
        return f"a model fitted to all runs predicts about {about} for {names} {differs}, all else unchanged"
    who = clean(a.matched.name, LONGEST_NAME)
    if a.runs == 1:
        ends = figure(measure.shown(a.matched.value), 4)
        return f"run {who} differs only in {names} ({differs}) and ends at {ends}"
    ends = figure(measure.shown(a.value), 4)
    return f"{a.runs} runs such as {who} differ only in {names} ({differs}) and end at {ends} on average"
