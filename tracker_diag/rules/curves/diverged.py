"""LC108 diverged."""

from __future__ import annotations

import numpy as np

from tracker_diag.core.numbers import figure, share
from tracker_diag.evidence.curve import MINIMUM
from tracker_diag.evidence.lost import Lost
from tracker_diag.evidence.saturation import AtClip
from tracker_diag.roles.role_names import what_to_log
from tracker_diag.rules.api import Curve, FloatArray, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._words import at, level, named

#: Kinds of training whose losses rise by design.
RISING = frozenset({"adversarial", "reinforcement", "annealed"})
#: Times the highest of validation's values that the last ones lie at: it rests on fewer examples than training.
VALIDATION_TIMES = 10.0
#: Part of the run whose median is its end, as one over it: a quarter.
END = 4
LOWER = "lower the learning rate by a factor of 10, or add a warm-up"
GO_BACK = "resume from the checkpoint before the jump, with a lower learning rate or with gradient clipping"


@rule(
    "LC108",
    "diverged",
    seen_as=("My loss is NaN or infinite", "My loss explodes"),
    verdict=Verdict(
        10,
        "NaN or infinite values leave nothing else to judge",
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
    """The loss became NaN or infinite, or blew up and did not recover.

    What it measures
    ----------------
    Each of these is an error:

    - The training or validation loss ends in values that are NaN or infinite. One such value is enough if it is the
      last.
    - The loss started lower and ends, for two values or more, at the largest loss that the framework can show for one
      prediction because it clips the logarithm. That is 87.3365 if it clips at the smallest number of single precision,
      and 16.118 or 15.942 in Keras.
    - The last quarter of the training loss lies above all values before its best one, by more than the improvement up
      to then.

    It is a warning if the training loss ends more than twice as high as all its earlier values, or the validation loss
    more than ten times as high. One last value is enough.

    Why it matters
    --------------
    "Find the highest value for the learning rate which doesn't make the error explode": above that value, each update
    overshoots further than the one before. The model that was trained up to then is lost, and every later step is
    wasted.

    With mixed precision, single infinite gradient norms come from the loss scaler, so the rule does not look at them. A
    single missing value from which the loss recovers is not a divergence either.

    What to do
    ----------
    Lower the learning rate by a factor of 10, or add a warm-up. Check the inputs for NaN and for features with a
    standard deviation of zero. Clip the gradient once the learning rate is right.

    Thresholds
    ----------
    blow_up : how far above its start the loss must end, as a multiple of the improvement up to then. With 1, a loss
        that fell from 2 to 0.5 must end above 3.5.
    times : how many times as high as its first value the loss must also be at the end. A quarter more is not a blow-up.

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
            f"{lost.said} is NaN or infinite from step {at(lost.first_step)} on ({share(lost.share)} of the "
            "logged steps)"
            if lost.values > 1
            else f"{lost.said} is NaN or infinite at step {at(lost.first_step)}, the last one logged",
            lower if trees else f"{lower}; check the inputs for NaN and for constant features",
            {"first_step": lost.first_step, "share": lost.share, "metric": lost.name},
            (lost.first_step, lost.last_step),
        )
    if at_clip is not None and at_clip.loss.start < at_clip.value and not at_clip.from_the_start:
        loss = at_clip.loss
        return diverged.finding(
            Severity.ERROR,
            0.97,
            f"{named(loss)} went from {level(loss, loss.start)} to {figure(at_clip.value, 6)} at step "
            f"{at(at_clip.since)} and stayed there; that is the largest loss that the framework can show, because it "
            "clips the logarithm",
            f"{LOWER}; scale the inputs to unit variance",
            {"first_step": at_clip.since, "metric": loss.name},
            (at_clip.since, float(loss.finite[0][-1])),
        )
    if any_curve is None:
        return diverged.skip("no loss was logged", what_to_log("train_loss"))
    if not any_curve.long_enough:
        return diverged.skip("the loss has fewer than four values", "log the training loss at every epoch")
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
        f"{named(train)} blew up from {level(train, lowest)} to {level(train, end)} at step {at(step)} and did not "
        "recover",
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
    last_ones = "at the last value" if steps.size == 1 else f"over the last {steps.size} values"
    return diverged.finding(
        Severity.WARNING,
        0.7,
        f"{named(curve)} jumped to {level(curve, last)} {last_ones}, far above all earlier ones (first "
        f"{level(curve, first)}, lowest {level(curve, float(y.min()))})",
        advice,
        {"first_step": float(steps[0]), "factor": last / first, "metric": curve.name},
        (float(steps[0]), float(steps[-1])),
    )
