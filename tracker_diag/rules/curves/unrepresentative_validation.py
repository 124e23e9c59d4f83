"""LC106 unrepresentative-validation."""

from __future__ import annotations

import math

import numpy as np

from tracker_diag.core.numbers import figure, times
from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._words import level, named

#: Swings count as noise up to so many times the noise: beyond, they are the course of the curve.
SWING_OVER_NOISE = 3.0
#: Accuracy at which the message states the standard error, and the variance of one answer there (0.9 · 0.1).
ACCURACY, VARIANCE = 0.9, 0.09
#: Noise beside few examples that is worth a word, as a share of the total improvement.
NOTED = 0.02
#: Times the noise of training beyond which the factor says nothing.
HARDLY = 100.0


@rule(
    "LC106",
    "unrepresentative-validation",
    seen_as=("Validation is noisy",),
    unless=UNSETTLED,
    verdict=Verdict(70, "validation is too noisy or too small for the verdicts below"),
)
def unrepresentative_validation(
    train: Curve,
    val: Curve,
    improvement: float,
    effect_unit: float,
    active: bool,
    n_val_seen: int | None,
    *,
    minimum_noise: float = 0.08,
    times_training: float = 3.0,
    few: int = 30,
) -> Outcome:
    """Validation fluctuates far more than training, or has too few examples to be informative.

    What it measures
    ----------------
    The rule takes the noise around the trend in the second half of the validation curve. It compares that noise with
    the noise of the training curve and with the total improvement. (Total improvement: from the first value, or from
    the loss of random guessing if that is known, to the best value of both curves.)

    It also looks at the number of validation examples. This number is read from a parameter or a dataset, or worked out
    from the accuracy: with n examples, every accuracy is a multiple of 1/n.

    While the run is still going, the finding is an `info`: early on the improvement is small, so any noise looks large
    beside it.

    Why it matters
    --------------
    "The validation dataset does not provide sufficient information to evaluate the ability of the model to
    generalise." Every choice based on such a curve (when to stop, which learning rate, which model) is random.

    A *fixed* small validation set causes bias rather than noise, and noise also comes from the learning rate and from
    batch normalisation. Therefore noise is judged only if the number of examples is unknown. If it is known, it alone
    decides.

    What to do
    ----------
    Hold out more examples, or cross-validate. The standard error of an accuracy p over n examples is √(p(1−p)/n).

    Thresholds
    ----------
    minimum_noise : smallest standard deviation of the noise that is reported, as a share of the total improvement.
    times_training : smallest ratio of validation noise to training noise that is reported.
    few : with fewer validation examples than this, the curve says almost nothing: the standard error of an accuracy of
        0.9 is then above 0.05.

    References
    ----------
    Seminar: "Unrepresentative Validation Dataset".
    """
    noise, other = val.late_noise.sigma, train.late_noise.sigma
    swing = val.oscillation.amplitude if val.oscillation else noise
    jitter = max(noise, min(swing, SWING_OVER_NOISE * noise)) / improvement
    small = n_val_seen is not None and n_val_seen < few
    jittery = jitter * improvement > minimum_noise * effect_unit and noise > times_training * other
    if not small and not (jittery and n_val_seen is None):
        return None
    middle = level(val, float(np.median(val.y[val.y.size // 2 :])), 3)
    fluctuates = f"{named(val)} fluctuates by ±{figure(jitter * improvement)} around {middle} in its second half"
    if small:
        error = math.sqrt(VARIANCE / n_val_seen) if n_val_seen else 1.0
        message = (
            f"validation has only {n_val_seen} example{'' if n_val_seen == 1 else 's'}: even an accuracy of "
            f"{ACCURACY:g} would be uncertain by ±{error:.2f} (standard error)"
        )
        message += f"; {fluctuates}" if jitter > NOTED else ""
    else:
        message = f"{fluctuates}, " + (
            f"while {named(train)} hardly fluctuates"
            if noise > HARDLY * other
            else f"{times(noise / other)} as much as {named(train)}"
        )
    return unrepresentative_validation.finding(
        Severity.INFO if active else Severity.WARNING,
        0.95 if small else 0.7,
        message,
        "hold out more validation examples, or cross-validate; log the number of examples as n_val",
        {"noise": jitter, "train_noise": other / improvement, "n_val": n_val_seen},
        (float(val.x[val.x.size // 2]), float(val.x[-1])),
    )
