"""LC107 validation-easier."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._compared import compared_steps, end_level
from tracker_diag.rules.curves._words import named, of_fall
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
    The rule measures how far the training loss ends above the validation loss, as a share of the total improvement,
    with its 95% interval. (Total improvement: from the first value, or from the loss of random guessing if that is
    known, to the best value of both curves.)

    Dropout, augmentation, mixup and label smoothing are switched off in validation, so they raise only the training
    loss. Averaging over an epoch does the same while the loss still falls. If one of them may be in use, the training
    loss must be higher than the validation loss by a factor that none of them can cause.

    While the run is still going, the finding is an `info`: early on the improvement is small, so any difference looks
    large beside it.

    Why it matters
    --------------
    "Validation loss is lower than the training loss: the validation dataset may be easier for the model to predict
    than the training dataset." It then does not tell how the model will perform on new data.

    What to do
    ----------
    Evaluate the training examples in evaluation mode first: dropout, augmentation and averaging over the epoch raise
    the training loss. Then sample the validation set at random from the same source, stratified by class. Check that it
    contains no training examples.

    Thresholds
    ----------
    minimum_gap : smallest distance that is reported, as a share of the total improvement. The lower end of the interval
        is compared.
    beyond_dropout : if the training loss is more than this many times the validation loss, dropout and the like cannot
        explain the difference.
    negligible : smallest distance that is reported in that case, as a share of the total improvement.

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
        f"{named(val)} ends at {end_level(val, found.upper)}, {named(train)} at {end_level(train, found.lower)}: "
        f"validation is better by {figure(-found.value)}, which is {of_fall(-found.value, improvement, train, val)}",
        "evaluate the training examples in evaluation mode first, since dropout, augmentation and averaging over the "
        "epoch raise the training loss; then sample the validation set at random from the same source, stratified by "
        "class, and check that it contains no training examples",
        {"gap": found.value / improvement, "val": val.shown(found.upper), "train": train.shown(found.lower)},
        compared_steps(val),
    )
