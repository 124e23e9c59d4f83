"""LC107 validation-easier."""

from __future__ import annotations

from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._compared import compared_steps
from tracker_diag.rules.curves._share import of_improvement
from tracker_diag.stats.gap import Gap


@rule(
    "LC107",
    "validation-easier",
    seen_as=("Validation is better than training", "Results are too good to be true"),
    unless=UNSETTLED,
    verdict=Verdict(100, "a run that got where it was going, and validation that does not say how it will do"),
)
def validation_easier(
    train: Curve,
    val: Curve,
    improvement: float,
    end_gap: Gap,
    active: bool,
    dropout: float | None,
    augmentation: object | None,
    mixup: object | None,
    label_smoothing: object | None,
    *,
    minimum_gap: float = 0.1,
    beyond_dropout: float = 6.0,
    negligible: float = 0.02,
) -> Outcome:
    """Validation loss stays below training loss beyond what dropout and averaging over the epoch explain.

    What it measures
    ----------------
    The distance of training over validation at the end, in units of the improvement achieved, with its interval.
    Dropout, augmentation, mixup and label smoothing are switched off in validation and raise the training loss alone;
    so does averaging over an epoch while the loss still falls. Where one of them is configured, or nothing says that
    none is, training must lie above validation by a factor that no such noise brings about. While the run is still
    going it is an `info`: early on little has been achieved, and shares of it are large.

    Why it matters
    --------------
    "Validation loss is lower than the training loss: the validation dataset may be easier for the model to predict
    than the training dataset." Then it does not tell how the model will do.

    What to do
    ----------
    Draw the validation set at random from the same source, stratified; check for training examples among it.

    Thresholds
    ----------
    minimum_gap : in units of the improvement achieved.
    beyond_dropout : training over validation loss, from which on noise in training no longer explains the difference.
    negligible : in units of the improvement achieved; where that factor is exceeded the distance need only be more,
        at the safe end of its interval.

    References
    ----------
    Seminar: "Unrepresentative Validation Dataset". Srivastava et al. (2014), JMLR 15:1929, dropout.
    """
    found = end_gap
    # Near zero it is the ratio of two losses that noise has to explain; its share of the improvement says little there.
    far = found.upper >= 0 and found.lower > beyond_dropout * found.upper
    if -found.high / improvement < (negligible if far else minimum_gap):
        return None
    if not far and (augmentation or mixup or label_smoothing or dropout is None or dropout > 0):
        return validation_easier.skip(
            "validation is below training, as dropout or augmentation would have it",
            "log the training loss in evaluation mode",
        )
    return validation_easier.finding(
        Severity.INFO if active else Severity.WARNING,
        0.75,
        f"validation ends at {val.shown(found.upper):.4g}, training at {train.shown(found.lower):.4g}: "
        f"{of_improvement(-found.value / improvement)} apart",
        "draw the validation set at random from the same source, stratified; check for training examples among it",
        {"gap": found.value / improvement, "val": val.shown(found.upper), "train": train.shown(found.lower)},
        compared_steps(val),
    )
