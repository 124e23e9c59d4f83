"""LC106 unrepresentative-validation."""

from __future__ import annotations

import math

from tracker_diag.core.numbers import figure, times
from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._words import named, of_improvement

#: Swings count as noise up to so many times the noise: beyond, they are the course of the curve.
SWING_OVER_NOISE = 3.0
#: Accuracy at which the message states the standard error, and the variance of one answer there (0.9 · 0.1).
ACCURACY, VARIANCE = 0.9, 0.09
#: Noise beside few examples that is worth a word, as a share of the total improvement.
NOTED = 0.02


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
    The rule takes the noise of the second half of the validation curve around its trend. It compares that noise with
    the noise of training and with the total improvement, which runs from the first value, or from the baseline where it
    is known, to the best value.

    It also looks at the number of validation examples. That is configured, or it follows from the values of an
    accuracy, which are multiples of one over the number of examples.

    While the run is still going the finding is an `info`: little has improved early on, so shares of it are large.

    Why it matters
    --------------
    "The validation dataset does not provide sufficient information to evaluate the ability of the model to
    generalise." Every choice based on such a curve (when to stop, which learning rate, which model) is random.

    A *fixed* small validation set causes bias rather than noise, and noise also comes from the learning rate and from
    batch normalisation. Therefore noise with many examples is not reported: the number of examples decides if it is
    known.

    What to do
    ----------
    Hold out more examples, or cross-validate. The standard error of an accuracy p over n examples is √(p(1−p)/n).

    Thresholds
    ----------
    minimum_noise : smallest standard deviation of the noise that is reported, as a share of the total improvement.
    times_training : how many times that of the training curve it must be.
    few : number of validation examples below which a curve says almost nothing: the standard error of an accuracy of
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
    fluctuates = f"{named(val)} fluctuates by ±{figure(jitter * improvement)} ({of_improvement(jitter)})"
    if small:
        error = math.sqrt(VARIANCE / n_val_seen) if n_val_seen else 1.0
        message = (
            f"validation has only {n_val_seen} example{'' if n_val_seen == 1 else 's'}: an accuracy of {ACCURACY:g} "
            f"would have a standard error of {error:.2f}"
        )
        message += f"; {fluctuates}" if jitter > NOTED else ""
    else:
        message = f"{fluctuates}, " + (
            f"{times(noise / other)} as much as training" if other else "training not at all"
        )
    return unrepresentative_validation.finding(
        Severity.INFO if active else Severity.WARNING,
        0.95 if small else 0.7,
        message,
        "hold out more validation examples, or cross-validate; log the number of examples as n_val",
        {"noise": jitter, "train_noise": other / improvement, "n_val": n_val_seen},
        (float(val.x[val.x.size // 2]), float(val.x[-1])),
    )
