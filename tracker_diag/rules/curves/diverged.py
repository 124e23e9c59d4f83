"""LC108 diverged."""

from __future__ import annotations

import numpy as np

from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.evidence.lost import Lost
from tracker_diag.evidence.saturation import AtClip
from tracker_diag.rules.api import Curve, FloatArray, Outcome, Severity, Verdict, rule

#: Kinds of training whose losses rise by design.
RISING = frozenset({"adversarial", "reinforcement", "annealed"})
#: Times the highest of validation's values that the last ones lie at: it rests on fewer examples than training.
VALIDATION_TIMES = 10.0
#: Part of the run whose median is its end, as one over it: a quarter.
END = 4
LOWER = "lower the learning rate tenfold or warm it up"
GO_BACK = "go back to the checkpoint before; lower the learning rate, or clip the gradient; see whether it comes back"


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
    any_curve: Curve | None,
    traits: frozenset[str],
    any_train: Curve | None,
    any_val: Curve | None,
    lost: Lost | None,
    at_clip: AtClip | None,
    *,
    blow_up: float = 1.0,
    times: float = 2.0,
) -> Outcome:
    """The loss became NaN or infinite, or blew up and stayed up.

    What it measures
    ----------------
    Whether the training or validation loss ends in values that are not finite, a single one where no other was logged;
    whether it ends, over two values or more, at the most that one answer can cost where the framework clips the
    logarithm (87.3365, the smallest number of single precision; 16.118 and 15.942 in Keras), having begun below; or
    whether the last quarter of the training loss lies above everything that went before its best value, by more than
    all that had been gained. As a warning: whether the last values, be it one, lie at more than twice all that went
    before in training, at ten times in validation.

    Why it matters
    --------------
    "Find the highest value for the learning rate which doesn't make the error explode": beyond it, each update
    overshoots by more than the last one. What was trained up to then is lost, and every step after it is wasted.
    Single infinite values of a gradient norm under mixed precision are the loss scaler at work and are not looked at;
    single holes in a loss from which it recovers are no divergence.

    What to do
    ----------
    Lower the learning rate tenfold, or warm it up; check the inputs for NaN and for features with a standard
    deviation of zero; clip the gradient once the rate is found.

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
    trees = "boosting" in traits
    lower = "lower the learning rate: 0.3 or less is usual for trees" if trees else LOWER
    if lost is not None:
        return diverged.finding(
            Severity.ERROR,
            1.0,
            f"{lost.said} is not finite from step {lost.first_step:g} on: {lost.share:.0%} of the logged steps"
            if lost.values > 1
            else f"{lost.said} is not finite at step {lost.first_step:g}, the last that was logged",
            lower if trees else f"{lower}; check the inputs for NaN and constant features",
            {"first_step": lost.first_step, "share": lost.share, "metric": lost.name},
            (lost.first_step, lost.last_step),
        )
    if at_clip is not None and at_clip.loss.start < at_clip.value and not at_clip.from_the_start:
        loss = at_clip.loss
        return diverged.finding(
            Severity.ERROR,
            0.97,
            f"{loss.said} went from {loss.start:.4g} to {at_clip.value:.6g} at step {at_clip.since:g} and stayed: the "
            "most that one answer can cost, and infinite but for the clip of the logarithm",
            f"{LOWER}; scale the inputs to unit variance",
            {"first_step": at_clip.since, "metric": loss.name},
            (at_clip.since, float(loss.finite[0][-1])),
        )
    if any_curve is None or not any_curve.long_enough:
        return diverged.skip("fewer than four values", "log the training loss at every epoch")
    if traits & RISING:
        return diverged.skip(f"losses of {', '.join(sorted(traits))} training rise by design")
    stayed = _blown_up(any_train, blow_up, times, lower) if any_train is not None else None
    if stayed is not None:
        return stayed
    for curve, far in ((any_train, times), (any_val, VALIDATION_TIMES)):
        ended = None if curve is None else _ends_above(curve, far)
        if curve is not None and ended is not None:
            return _at_the_end(curve, ended, lower if trees else GO_BACK)
    return None


def _blown_up(train: Curve, blow_up: float, times: float, advice: str) -> Outcome:
    """A training loss of which the whole last quarter lies above all that went before its best."""
    found = train.divergence
    values = train.finite[1]
    end = float(np.median(values[-max(1, values.size // END) :]))
    grown = end > times * train.start if train.start > 0 else end > train.start
    if found.blown is None or found.factor <= 1 + blow_up or not grown:
        return None
    step = float(train.steps[found.blown])
    lowest = float(values.min())
    return diverged.finding(
        Severity.ERROR,
        0.95,
        f"the training loss blew up at step {step:g} and stayed up: from {train.shown(lowest):.4g} "
        f"to {train.shown(end):.4g}",
        advice,
        {"first_step": step, "factor": found.factor, "metric": train.name},
        (step, float(train.steps[-1])),
    )


def _ends_above(curve: Curve, times: float) -> FloatArray | None:
    """The last steps, up to a quarter, at which a loss lies so many times above all that went before."""
    x, y = curve.finite
    if y.size <= MINIMUM or not float(y.min()) > 0:
        return None
    last = np.arange(1, max(1, y.size // END) + 1)
    before, end = np.maximum.accumulate(y), np.minimum.accumulate(y[::-1])
    above = end[last - 1] > times * before[y.size - last - 1]
    return x[-int(last[above.argmax()]) :] if above.any() else None


def _at_the_end(curve: Curve, steps: FloatArray, advice: str) -> Outcome:
    """A loss that is far above its start in its last values, too few to say that it stays there."""
    _, y = curve.finite
    last, first = float(y[-1]), float(y[0])
    values = "value" if steps.size == 1 else f"{steps.size} values"
    lie = "lies" if steps.size == 1 else "lie"
    return diverged.finding(
        Severity.WARNING,
        0.7,
        f"the last {values} of {curve.said} {lie} above all that went before: it ends at {last:.4g}, began at "
        f"{first:.4g} and had come down to {float(y.min()):.4g}",
        advice,
        {"first_step": float(steps[0]), "factor": last / first, "metric": curve.name},
        (float(steps[0]), float(steps[-1])),
    )
