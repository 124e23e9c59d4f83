"""LC108 diverged."""

from __future__ import annotations

import numpy as np

from tracker_diag.rules.api import Curve, Outcome, Severity, Verdict, rule

#: Kinds of training whose losses rise by design.
RISING = frozenset({"adversarial", "reinforcement", "annealed"})
#: Part of the run whose median is its end, as one over it: a quarter.
END = 4


@rule(
    "LC108",
    "diverged",
    seen_as=("My loss is NaN or infinite", "My loss explodes"),
    verdict=Verdict(
        10,
        "values that are not finite leave nothing else to judge",
        dismisses=True,
        wasted="from",
    ),
)
def diverged(
    any_curve: Curve,
    traits: frozenset[str],
    any_train: Curve | None,
    any_val: Curve | None,
    *,
    blow_up: float = 1.0,
    times: float = 2.0,
) -> Outcome:
    """The loss became NaN or infinite, or blew up and stayed up.

    What it measures
    ----------------
    Whether a cross-entropy, which cannot be below 0, falls below -1. Whether the training or validation loss ends in
    values that are not finite; or whether the last quarter of the training loss lies above everything that went before
    its best value, by more than all that had been gained.

    Why it matters
    --------------
    "Find the highest value for the learning rate which doesn't make the error explode": beyond it, each update
    overshoots by more than the last one. What was trained up to then is lost, and every step after it is wasted.
    Single infinite values of a gradient norm under mixed precision are the loss scaler at work and are not looked at;
    single holes in a loss from which it recovers are no divergence.

    What to do
    ----------
    Lower the learning rate tenfold, or warm it up; check the inputs for NaN and for features with a standard
    deviation of zero; clip the gradient once the rate is found. For a cross-entropy below 0, mend targets or outputs.

    Thresholds
    ----------
    blow_up : in units of the improvement that had been achieved. 1 means: worse than at the start by as much as had
        been gained.
    times : and the end must be so many times the start; a quarter more is not a blow-up.

    References
    ----------
    Seminar: "How to find best learning rate?", "Do not use normalisation blindly!". Schoop, Huang and Hartmann
    (2021), UMLAUT, CHI; Zhang et al. (2021), AUTOTRAINER, ICSE: NaN as the mark of explosion.
    """
    for curve, side in ((any_train, "training"), (any_val, "validation")):
        if curve is None:
            continue
        lost = curve.divergence.lost
        if lost is not None:
            step = float(curve.steps[lost])
            share = 1 - lost / curve.steps.size
            return diverged.finding(
                Severity.ERROR,
                1.0,
                f"the {side} loss is not finite from step {step:g} on: {share:.0%} of the logged steps",
                "lower the learning rate tenfold or warm it up; check the inputs for NaN and constant features",
                {"first_step": step, "share": share, "metric": curve.name},
                (step, float(curve.steps[-1])),
            )
    for curve in (any_train, any_val):
        below = None if curve is None else curve.below_zero
        if curve is not None and below is not None:
            return diverged.finding(
                Severity.ERROR,
                0.95,
                f"{curve.name} is a cross-entropy, which cannot be below 0, and it falls to {below:.4g}",
                "give it targets between 0 and 1, and outputs that are probabilities or logits, as it asks for",
                {"lowest": below, "metric": curve.name},
            )
    if not any_curve.long_enough:
        return diverged.skip("fewer than four values", "log the training loss at every epoch")
    if traits & RISING:
        return diverged.skip(f"losses of {', '.join(sorted(traits))} training rise by design")
    if any_train is None:
        return None
    found = any_train.divergence
    values = any_train.finite[1]
    end = float(np.median(values[-max(1, values.size // END) :]))
    grown = end > times * any_train.start if any_train.start > 0 else end > any_train.start
    if found.blown is None or found.factor <= 1 + blow_up or not grown:
        return None
    step = float(any_train.steps[found.blown])
    lowest = float(values.min())
    return diverged.finding(
        Severity.ERROR,
        0.95,
        f"the training loss blew up at step {step:g} and stayed up: from {any_train.shown(lowest):.4g} "
        f"to {any_train.shown(end):.4g}",
        "lower the learning rate tenfold or warm it up",
        {"first_step": step, "factor": found.factor, "metric": any_train.name},
        (step, float(any_train.steps[-1])),
    )
