"""Changes of parameters that several rules prescribe, and how they are put into words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker_diag.core.finding import Change
from tracker_diag.core.numbers import figure
from tracker_diag.evidence.symptoms import Symptoms

#: Epochs that rounding may make.
ROUNDED = 1e-6
#: Digits of a parameter's value: as many as trackers show.
DIGITS = 6


def stop_at_best(
    symptoms: Symptoms, names: Mapping[str, str], epochs: float | None, slowed: float = 1.0
) -> tuple[Change, ...]:
    """Lower the number of epochs to the one after which validation was best.

    For a run that overfits, this is the safest change: the run itself showed where validation was best.

    Parameters
    ----------
    symptoms : Symptoms
        What the curves showed.
    names : mapping of str to str
        From the role to the run's own parameter name.
    epochs : float or None
        The planned number of epochs.
    slowed : float
        By how much the other prescribed changes slow training down: 2 means twice as many steps.

    Returns
    -------
    tuple of Change
        Empty if the run does not overfit, or does not log the number of epochs.
    """
    turned = symptoms.findings.get("overfitting")
    if turned is None or turned.span is None or not epochs or turned.span[1] <= 0:
        return ()
    # Upwards: steps that count from 0 end one epoch before the number of epochs.
    best = max(1, math.ceil(slowed * epochs * turned.span[0] / turned.span[1] - ROUNDED))
    return (Change(names.get("epochs", "epochs"), epochs, best),) if best < epochs else ()


def in_words(changes: tuple[Change, ...]) -> str:
    """Say what to change.

    Parameters
    ----------
    changes : tuple of Change
        Of numbers only; ``before`` may be None, for a value that is not logged.

    Returns
    -------
    str
        ``reduce epochs from 60 to 15``, or ``set dropout to 0.3`` if the present value is not logged; several are
        joined by "and".

    Examples
    --------
    >>> from tracker_diag.core.finding import Change
    >>> from tracker_diag.rules.api import in_words
    >>> in_words((Change("lr", 1, 1e-5), Change("dropout", None, 0.3)))
    'reduce lr from 1 to 1e-5 and set dropout to 0.3'
    """
    return " and ".join(map(_in_words, changes))


def _in_words(change: Change) -> str:
    after = figure(change.after, DIGITS)
    if change.before is None:
        return f"set {change.param} to {after}"
    verb = "reduce" if change.after < change.before else "raise"
    return f"{verb} {change.param} from {figure(change.before, DIGITS)} to {after}"
