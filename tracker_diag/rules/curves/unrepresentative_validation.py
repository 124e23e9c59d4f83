"""LC106 unrepresentative-validation."""

from __future__ import annotations

import math

from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._share import of_improvement

#: Swings count as jitter up to so many times the noise: beyond, they are the course of the curve.
SWING_OVER_NOISE = 3.0
#: Accuracy at which the message states the standard error, and the variance of one answer there (0.9 · 0.1).
ACCURACY, VARIANCE = 0.9, 0.09
#: Jitter beside few examples that is worth a word, in units of the improvement achieved.
NOTED = 0.02
#: Ratio of validation's jitter to training's that is shown where training has none.
MOST_TIMES = 99


@rule(
    "LC106",
    "unrepresentative-validation",
    seen_as=("Validation is noisy",),
    unless=UNSETTLED,
    verdict=Verdict(70, "validation says too little for the finer verdicts"),
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
    """Validation moves noisily around training, or rests on too few examples to say anything.

    What it measures
    ----------------
    The noise of the second half of the validation curve, detrended, against that of training and against the
    improvement achieved; and the number of validation examples, as configured or as the steps of an accuracy give it
    away (its values are multiples of one over the number of examples). While the run is still going it is an `info`:
    early on little has been achieved, and shares of it are large.

    Why it matters
    --------------
    "The validation dataset does not provide sufficient information to evaluate the ability of the model to
    generalise." Every choice that is made by such a curve — when to stop, which rate, which model — is made by lot. A
    *fixed* small validation set gives bias more than jitter; jitter also comes from the rate and from batch
    normalisation. So jitter alone, with many examples, is no such finding: the size decides where it is known.

    What to do
    ----------
    Hold out more examples (a standard error of an accuracy p is √(p(1−p)/n)), or cross-validate.

    Thresholds
    ----------
    minimum_noise : standard deviation of the jitter, in units of the improvement achieved.
    times_training : the same over that of the training curve.
    few : validation examples below which a curve says next to nothing: the standard error of an accuracy of 0.9 is
        above 0.05.

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
    if small:
        error = math.sqrt(VARIANCE / n_val_seen) if n_val_seen else 1.0
        message = (
            f"validation rests on {n_val_seen} examples, so that an accuracy of {ACCURACY:g} "
            f"would have a standard error of {error:.2f}"
        )
        message += f"; the curve jitters by {of_improvement(jitter)}" if jitter > NOTED else ""
    else:
        message = (
            f"the validation curve jitters by {of_improvement(jitter)}, "
            f"{noise / other if other else MOST_TIMES:.0f} times as much as training"
        )
    return unrepresentative_validation.finding(
        Severity.INFO if active else Severity.WARNING,
        0.95 if small else 0.7,
        message,
        "hold out more validation examples, or cross-validate; log their number as n_val",
        {"noise": jitter, "train_noise": other / improvement, "n_val": n_val_seen},
        (float(val.x[val.x.size // 2]), float(val.x[-1])),
    )
