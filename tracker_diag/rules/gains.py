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
    """What to change: "lower lr from 0.043 to 0.0011", "reduce layers from 9 to 4".

    Of parameters that always changed together nobody knows which one did it: all are to be taken over.
    """
    if alternative.tied:
        whose = f" of run '{clean(alternative.matched.name, LONGEST_NAME)}'" if alternative.matched else ""
        return f"take over the values{whose} for {_names(alternative)}"
    # "Lower layers" would be those near the input.
    down = "reduce" if isinstance(alternative.before, int) else "lower"
    verb = {1: "raise", -1: down, 0: "change"}[alternative.direction]
    name = clean(alternative.parameter, LONGEST_NAME)
    return f"{verb} {name} from {value(alternative.before)} to {value(alternative.after)}"


def differs(alternative: Alternative) -> str:
    """By what the other run differs: "with lr 0.0011 instead of 0.043 and nothing else changed"."""
    a = alternative
    if len(a.tied) > 1:
        return f"with other values of {_names(a)}"
    other = f"with {clean(a.parameter, LONGEST_NAME)} {value(a.after)} instead of {value(a.before)}"
    return other + (f" ({_names(a, 1)} changed with it)" if a.tied else " and nothing else changed")


def shows(gain: Gain, measure: Measure) -> str:
    """What shows it: "with lr 0.0011 instead of 0.043 and nothing else changed, run 'X' ended at 1.91"."""
    a = gain.alternative
    other = differs(a)
    if a.matched is None:
        return f"{other}, a model fitted to all runs predicts about {figure(measure.shown(a.value), 2)}"
    who = clean(a.matched.name, LONGEST_NAME)
    if a.runs == 1:
        return f"{other}, run '{who}' ended at {figure(measure.shown(a.matched.value), 4)}"
    ends = figure(measure.shown(a.value), 4)
    return f"{other}, {a.runs} runs (such as '{who}') ended at {ends} on average"


def _names(alternative: Alternative, skip: int = 0) -> str:
    """The parameters that changed together, in words: "alpha, batch_size and epochs"."""
    names = [clean(name, LONGEST_NAME) for name in (alternative.parameter, *alternative.tied)][skip:]
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
