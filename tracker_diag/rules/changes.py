"""Changes of parameters that several rules prescribe, and how they are put into words."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker_diag.core.finding import Change
from tracker_diag.evidence.symptoms import Symptoms

#: Epochs that rounding may make.
ROUNDED = 1e-6


def stop_at_best(
    symptoms: Symptoms, names: Mapping[str, str], epochs: float | None, slowed: float = 1.0
) -> tuple[Change, ...]:
    """Change the number of epochs to that after which validation was best.

    For a run that overfits this is the surest of all changes: the run itself showed where validation was best.

    Parameters
    ----------
    symptoms : Symptoms
        What the curves said.
    names : mapping of str to str
        Role to the run's own name.
    epochs : float or None
        For how many the run was to train.
    slowed : float
        By how many times the other changes that are prescribed slow training down: 2 means twice the steps.

    Returns
    -------
    tuple of Change
        Empty where the run does not overfit, or does not say for how many epochs it was to train.
    """
    turned = symptoms.findings.get("overfitting")
    if turned is None or turned.span is None or not epochs or turned.span[1] <= 0:
        return ()
    # Upwards: steps that count from 0 end one epoch before the number of epochs.
    best = max(1, math.ceil(slowed * epochs * turned.span[0] / turned.span[1] - ROUNDED))
    return (Change(names.get("epochs", "epochs"), epochs, best),) if best < epochs else ()


def in_words(changes: tuple[Change, ...]) -> str:
    """Say what is to change.

    Parameters
    ----------
    changes : tuple of Change
        All of numbers.

    Returns
    -------
    str
        ``lower epochs from 60 to 15``, several joined by "and".
    """
    return " and ".join(
        f"{'lower' if c.after < (c.before or 0) else 'raise'} {c.param} from {c.before or 0:g} to {c.after:g}"
        for c in changes
    )
