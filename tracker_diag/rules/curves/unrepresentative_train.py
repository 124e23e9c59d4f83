"""LC105 unrepresentative-train."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._compared import compared_steps
from tracker_diag.rules.curves._never_rose import never_rose
from tracker_diag.rules.curves._pace import has_downward_trend
from tracker_diag.rules.curves._share import of_improvement
from tracker_diag.stats.gap import Gap

#: Share of its second value that the training loss has lost where it learned by heart (the first is of an epoch before
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
    verdict=Verdict(60, "a gap this large outweighs what more steps could bring"),
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
    """Both curves improve, and a large gap remains between them.

    What it measures
    ----------------
    The distance of validation over training at the end, in units of the improvement achieved, with a 95 % interval
    that must lie wholly above the threshold. Where both sides log a score, it has to show the gap too: a loss that is
    high for being too sure of itself does not make the data unrepresentative; nor where validation alone logs an
    accuracy that lies nearer to a perfect one than such a gap. Where only the start of the curves says
    what knowing nothing costs, the unit is at least the loss that is left at the end: a first epoch may have learned
    nearly all. Where validation logged an accuracy alone, whether training learned by heart while it stayed that of
    guesses. While the run is still going it is an `info`: early on little has been achieved, and shares of it are
    large.

    Why it matters
    --------------
    "The training dataset does not provide sufficient information to learn the problem, relative to the validation
    dataset": what was learned on the training examples holds there and not elsewhere.

    Trees learn their training set by heart as a matter of course, so boosting is left out.

    What to do
    ----------
    More training examples, or augmentation; check that both sides are drawn and preprocessed alike; then regularise.

    Thresholds
    ----------
    minimum_gap : in units of the improvement achieved. Sound modern training of networks that interpolate their
        training set leaves gaps of up to a quarter.
    minimum_score_gap : distance of the scores (accuracy, F1 and the like) at the end, as a share of the better one.
    clear_score_gap : the same; from here on the scores alone decide, with losses apart at all: a training loss raised
        by dropout hides a gap that the scores show.
    risen : rise of validation since its best, in units of the improvement achieved, from which on it has not settled.
    alpha : level of the test "at rest since its minimum" beside it.

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
    share = found.value / improvement
    apart = score_gap_at_most if score_gap is None else score_gap
    wide = found.low / effect_unit >= minimum_gap and (apart is None or apart >= minimum_score_gap)
    clear = score_gap is not None and score_gap >= clear_score_gap and found.low > 0
    if not wide and not clear:
        return None
    scores = f"; the scores are {score_gap:.0%} apart" if score_gap is not None and score_gap > 0 else ""
    return unrepresentative_train.finding(
        Severity.INFO if active else Severity.WARNING,
        min(0.97, 0.6 + share / 2),
        f"a gap of {of_improvement(share)} remains: validation "
        f"{val.shown(found.upper):.4g}, training {train.shown(found.lower):.4g}{scores}",
        "add training examples or augmentation; check that both sides are drawn and preprocessed alike",
        {
            "gap": share,
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
    first, second, last = score.shown(score.start), float(train.finite[1][1]), train.tail
    return unrepresentative_train.finding(
        Severity.INFO if active else Severity.WARNING,
        0.7,
        f"{train.said} falls from {second:.4g} at its second value to {last:.4g}, while {score.said} goes from "
        f"{first:.3g} to {score.shown(score.best):.3g} at best: what is learned holds for nothing else",
        "check that both sides are drawn and preprocessed alike, and that labels belong to their inputs",
        {"val": score.shown(score.best), "train": last},
        compared_steps(score),
    )
