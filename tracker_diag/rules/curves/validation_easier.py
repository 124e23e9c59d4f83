"""LC107 validation-easier."""

from __future__ import annotations

from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._compared import compared_steps
from tracker_diag.rules.curves._words import level, named, of_improvement
from tracker_diag.stats.gap import Gap


@rule(
    "LC107",
    "validation-easier",
    seen_as=("Validation is better than training", "Results are too good to be true"),
    unless=UNSETTLED,
    verdict=Verdict(100, "training went well, but validation does not tell how the model will perform on new data"),
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
    """Validation loss stays below training loss by more than dropout or epoch averages can explain.

    What it measures
    ----------------
    The rule measures how far training ends above validation, as a share of the total improvement, with its 95%
    interval. The total improvement runs from the first value, or from the baseline where it is known, to the best
    value.

    Dropout, augmentation, mixup and label smoothing are switched off in validation, so they raise only the training
    loss. Averaging over an epoch does the same while the loss still falls. If one of them is configured, or if the run
    does not say that none is, training must lie above validation by a factor that none of them can cause.

    While the run is still going the finding is an `info`: little has improved early on, so shares of it are large.

    Why it matters
    --------------
    "Validation loss is lower than the training loss: the validation dataset may be easier for the model to predict
    than the training dataset." It then does not tell how the model will perform on new data.

    What to do
    ----------
    Sample the validation set at random from the same source, stratified by class. Check that it contains no training
    examples.

    Thresholds
    ----------
    minimum_gap : smallest distance that is reported, as a share of the total improvement, at the lower end of its
        interval.
    beyond_dropout : ratio of training to validation loss from which on noise in training cannot explain the difference.
    negligible : smallest distance that is reported, in the same way, if that ratio is exceeded.

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
            "validation is better than training, which dropout or augmentation may explain",
            "log the training loss in evaluation mode",
        )
    return validation_easier.finding(
        Severity.INFO if active else Severity.WARNING,
        0.75,
        f"{named(val)} {level(val, found.upper)} is better than {named(train)} {level(train, found.lower)} by "
        f"{of_improvement(-found.value / improvement)}",
        "sample the validation set at random from the same source, stratified by class; check that it contains no "
        "training examples",
        {"gap": found.value / improvement, "val": val.shown(found.upper), "train": train.shown(found.lower)},
        compared_steps(val),
    )
