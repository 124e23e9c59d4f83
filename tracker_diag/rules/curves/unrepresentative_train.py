"""LC105 unrepresentative-train."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.numbers import figure, share
from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._compared import compared_steps, end_level
from tracker_diag.rules.curves._never_rose import never_rose
from tracker_diag.rules.curves._pace import has_downward_trend
from tracker_diag.rules.curves._words import best, end, level, named, of_fall
from tracker_diag.stats.gap import Gap

#: Share of its second value that the training loss has lost where it memorised (the first is of an epoch before
#: the end of which validation was not asked), and values that both curves must have.
BY_HEART, VALUES = 0.8, 8
#: Share of the way from guessing to perfect within which an accuracy is that of guesses, and accuracy up to which it
#: may be where nobody knows between how many classes.
AT_CHANCE, LOW = 0.05, 0.55


@rule(
    "LC105",
    "unrepresentative-train",
    seen_as=("Validation is far worse than training",),
    unless=(*UNSETTLED, "boosting"),
    verdict=Verdict(60, "a gap this large outweighs what longer training could bring"),
)
def unrepresentative_train(
    train: Curve,
    held_out: Curve,
    val: Curve | None,
    improvement: float,
    effect_unit: float,
    end_gap: Gap | None,
    rises: Mapping[str, float],
    error_share: float,
    active: bool,
    score_gap: float | None,
    score_gap_at_most: float | None,
    n_classes: int | None,
    pretrained: object | None,
    *,
    minimum_gap: float = 0.25,
    minimum_score_gap: float = 0.2,
    clear_score_gap: float = 0.3,
    risen: float = 0.06,
    alpha: float = 0.01,
) -> Outcome:
    """Both curves improve, but a large gap between training and validation remains.

    What it measures
    ----------------
    The rule measures the gap between validation and training at the end, as a share of the total improvement. (Total
    improvement: from the first value, or from the loss of random guessing if that is known, to the best value of both
    curves.) The 95% interval of the gap must lie above the threshold.

    If training and validation both log a score, the scores must show the gap too: a loss that is high because the model
    is overconfident does not make the data unrepresentative. If only validation logs an accuracy, there is no finding
    if that accuracy is so close to 1 that no such gap is possible. If the loss of random guessing is unknown, the gap
    is compared with the larger of two numbers: the total improvement, and the loss that is left at the end. (The first
    epoch may have learned nearly everything.)

    If there is no validation loss but an accuracy, the rule asks whether the model memorised the training set while
    that accuracy stayed at chance level.

    While the run is still going, the finding is an `info`: early on the improvement is small, so any gap looks large
    beside it.

    Why it matters
    --------------
    "The training dataset does not provide sufficient information to learn the problem, relative to the validation
    dataset": what the model learned on the training examples does not hold for other examples.

    Boosted trees usually fit their training set far better than new examples, so the rule does not apply to them.

    What to do
    ----------
    Check that training and validation are sampled and preprocessed alike. Then add training examples or augmentation,
    and regularise.

    Thresholds
    ----------
    minimum_gap : smallest gap that is reported, as a share of the total improvement. Sound networks that fit their
        training set perfectly leave gaps of up to a quarter.
    minimum_score_gap : smallest difference of the scores (accuracy, F1 and the like) at the end, as a share of the
        better one; below it nothing is reported.
    clear_score_gap : from this difference on the scores alone are enough, provided that the losses differ at all.
        Dropout raises the training loss and can hide a gap that the scores show.
    risen : if validation has risen since its best value by this share of the total improvement or more, the problem is
        overfitting.
    alpha : level of the test of that rise. Null hypothesis: the curve has been on a plateau since its minimum.

    References
    ----------
    Seminar: "Unrepresentative Train Dataset".
    """
    if val is None or end_gap is None:
        if pretrained or not _for_nothing(train, held_out, n_classes, alpha):
            return None
        return _by_score(train, held_out, active=active)
    # A validation curve that has turned is the matter of overfitting, ignored or not.
    if val.turning.rise >= risen * improvement and rises["val"] < alpha * error_share:
        return None
    found = end_gap
    part = found.value / improvement
    apart = score_gap_at_most if score_gap is None else score_gap
    wide = found.low / effect_unit >= minimum_gap and (apart is None or apart >= minimum_score_gap)
    clear = score_gap is not None and score_gap >= clear_score_gap and found.low > 0
    if not wide and not clear:
        return None
    scores = (
        f"; the validation score is {share(score_gap)} lower than the training score"
        if score_gap is not None and score_gap > 0
        else ""
    )
    return unrepresentative_train.finding(
        Severity.INFO if active else Severity.WARNING,
        min(0.97, 0.6 + part / 2),
        f"{named(val)} ends at {end_level(val, found.upper)}, {named(train)} at {end_level(train, found.lower)}: the "
        f"gap of {figure(found.value)} is {of_fall(found.value, improvement, train, val)}{scores}",
        "check that training and validation are sampled and preprocessed alike; then add training examples or "
        "augmentation",
        {
            "gap": part,
            "gap_low": found.low / improvement,
            "gap_high": found.high / improvement,
            "val": val.shown(found.upper),
            "train": train.shown(found.lower),
        },
        compared_steps(val),
    )


def _for_nothing(train: Curve, score: Curve, n_classes: int | None, alpha: float) -> bool:
    """Whether training learned its examples by heart while validation's accuracy stayed that of guesses."""
    y = train.finite[1]
    if train.flipped or min(y.size, score.finite[1].size) < VALUES or not float(y.min()) > 0:
        return False
    if not score.accuracy or not never_rose(score) or train.tail >= (1 - BY_HEART) * float(y[1]):
        return False
    if n_classes and n_classes > 1:
        return score.share(score.best) < 1 / n_classes + AT_CHANCE * (1 - 1 / n_classes)
    return score.share(score.best) <= LOW and not has_downward_trend(score.x, score.y, alpha)


def _by_score(train: Curve, score: Curve, *, active: bool) -> Outcome:
    first, highest = level(score, score.start, 3), best(score, digits=3)
    return unrepresentative_train.finding(
        Severity.INFO if active else Severity.WARNING,
        0.7,
        f"{named(score)} hardly rose (first value {first}, best {highest}) while {named(train)} fell from "
        f"{level(train, float(train.finite[1][1]))} (second value) to {end(train)}: the model memorises "
        "the training set",
        "check that training and validation are sampled and preprocessed alike, and that labels match their inputs",
        {"val": score.shown(score.best), "train": train.tail},
        compared_steps(score),
    )
