"""LC102 underfitting."""

from __future__ import annotations

from tracker_diag.evidence.guess import Beside
from tracker_diag.evidence.symptoms import BY_SIBLINGS
from tracker_diag.rules.api import UNSETTLED, BesideSiblings, Curve, Explained, Outcome, Verdict, rule
from tracker_diag.rules.curves._pace import slow_but_steady
from tracker_diag.rules.curves._underfitting.at_variance import at_variance
from tracker_diag.rules.curves._underfitting.bad_start import bad_start
from tracker_diag.rules.curves._underfitting.behind_siblings import behind_siblings
from tracker_diag.rules.curves._underfitting.early_rest import early_rest
from tracker_diag.rules.curves._underfitting.few_values import few_values
from tracker_diag.rules.curves._underfitting.flat_line import flat_line, relative_fall
from tracker_diag.rules.curves._underfitting.guessing import guessing
from tracker_diag.rules.curves._underfitting.hardly_moves import hardly_moves
from tracker_diag.rules.curves._underfitting.known_baseline import known_baseline
from tracker_diag.rules.curves._underfitting.one_answer import one_answer
from tracker_diag.rules.curves._underfitting.score_at_chance import back_at_chance, never_above_chance, score_at_chance
from tracker_diag.rules.curves._underfitting.standing_accuracy import standing_accuracy
from tracker_diag.rules.curves._underfitting.standing_loss import standing_loss
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.trend import trend

#: Layers from which on one is hidden.
TWO_LAYERS = 2
#: Share of right answers below which an accuracy that is flat is low.
HALF = 0.5


@rule(
    "LC102",
    "underfitting",
    seen_as=(
        "My loss is flat from the start",
        "Accuracy is stuck at chance",
        "Training and validation loss both stay high",
    ),
    unless=UNSETTLED,
    verdict=Verdict(
        30,
        "nothing was learned, so there is no improvement to compare other effects with",
        dismisses=True,
    ),
)
def underfitting(
    main_curve: Curve,
    course: Curve | None,
    explained: Explained | None,
    error_share: float,
    active: bool,
    train: Curve | None,
    val: Curve | None,
    further: Extrapolation | None,
    train_score: Curve | None,
    val_score: Curve | None,
    train_loss: Curve | None,
    val_loss: Curve | None,
    n_classes: int | None,
    standing_from_start: bool | None,
    restless: float | None,
    score_learned: bool | None,
    traits: frozenset[str],
    score_explained: float | None,
    variance_explained: float | None,
    variance_of_standardised: float | None,
    hidden_units: float | None,
    layers: float | None,
    n_updates: int | None,
    pretrained: object | None,
    beside_siblings: BesideSiblings | None,
    *,
    minimum_learned: float = 0.05,
    high_loss: float = 0.25,
    moved: float = 0.02,
    rest: float = 0.015,
    few_updates: int = 500,
    far_behind: float = 0.15,
    alpha: float = 0.01,
) -> Outcome:
    """The model does not even learn the training set: its loss stays flat, or high and noisy.

    What it measures
    ----------------
    The baseline is the level of a model that ignores its input: ln k for a cross-entropy over k classes, the variance
    of the target for a squared error, or the accuracy of random guessing. If it is known, the rule computes how far the
    better of the two curves comes at its best, as a share of the way from the baseline to a perfect value.

    If the baseline is unknown, or less than a quarter of that way is covered, the rule asks two questions:

    - Are both accuracies constant? If the baseline is unknown, the losses must then be at least the entropy of a
      constant prediction that is right as often.
    - Did the training curve ever move by more than its noise, or by more than 2% of its level? The test is Mann–Kendall
      with the Hamed–Rao correction. If the baseline is unknown, a curve with large noise decides nothing.

    If the baseline is unknown, these signs also show a model that does not use its input:

    - A score whose name tells its uninformed level (R², explained variance, a correlation, kappa, ROC AUC) never rises
      above that level, or returns to it and stays there.
    - The losses began a billion times higher than they end, fell in the first quarter of the run, and did not move
      after that.
    - An accuracy takes only two values, which add up to 1, and switches between them.
    - The accuracies are low, do not rise significantly, and correct less than a twentieth of their first errors.
      Meanwhile the loss falls to the level of such guesses (between −ln of the accuracy and three times that; or the
      mean squared error of such guesses). The model only becomes less confident. This needs both training and
      validation accuracy, or a validation accuracy and a training loss if nothing else was logged.
    - Both losses of a network with hidden layers reach their final level within a few hundred updates, and validation
      does not fall further. An output bias is learned that quickly. Learning from the input takes much longer and
      follows a power law of the steps.
    - If the number of updates is unknown, both losses stay at one common level from their second value on, for ten
      values or more, without any fall.

    These signs are not used in three cases: for pretrained models, while the run is still going, and if a score shows
    more than a constant prediction can reach.

    Some levels can be recognised although no baseline was logged:

    - A loss that reaches ln k within the first fifth of the run and stays within 0.3% of it, for a whole k up to ten,
      is that of random guessing among k classes. None of 427 sound runs does this. If the accuracy is that of guessing,
      three values are enough.
    - A constant accuracy, with a loss at the entropy of that share, is that of always predicting the larger class.
    - If R² is logged as well as a squared error, the two give the variance of the target.
    - A training error that stays within 0.4% of 1 is that of always predicting the mean of standardised targets.

    The rule also compares the run with other runs of the experiment. A run that has levelled off could have learned
    more if both its training and its validation loss end far above those of the best comparable run.

    Why it matters
    --------------
    "Underfitting refers to a model that cannot learn the training dataset." A network that ends at the level of a
    constant prediction does not use its input. The problem is then in the data, the learning rate, the initialisation
    or the units. More regularisation does not help.

    What to do
    ----------
    Try to overfit a few examples first. If even that fails, check the data, the learning rate and the initialisation
    before you enlarge the model. Then check the causes in the order of the report.

    Thresholds
    ----------
    minimum_learned : share of the way from the baseline to a perfect value below which nothing was learned. Up to twice
        as much in training still counts as nothing if validation has less than this share.
    high_loss : share of that way below which a flat curve counts as high. It is not lower because ln k is only an upper
        bound if the classes are uneven.
    moved : smallest movement that counts, as a share of the curve's own level, if the baseline is unknown; the noise
        may be twice as large. Fine-tuning starts low and flat, so for a pretrained model only a known baseline counts.
    rest : a curve counts as constant if nine tenths of its values are within this share of its level.
    few_updates : number of updates within which both losses must reach their final level.
    far_behind : smallest distance of both losses from those of the best comparable run, as a share of the total
        improvement of that best run.
    alpha : level of the trend test, and of the sign test that a curve falls at every step.

    References
    ----------
    Seminar: "Underfitting". Mann (1945); Hamed and Rao (1998) for the trend; Viering and Loog (2023), IEEE TPAMI
    45:7799, for how curves of learning go on.
    """
    if course is None or explained is None:
        sides = ((train_loss, train_score), (val_loss, val_score))
        seen = few_values(sides, n_classes) if course is None and not active else None
        if seen is None:
            return underfitting.skip("the loss has too few finite values, or values below the lowest possible one")
        steps = main_curve.finite[0]
        ends = (float(steps[0]), float(steps[-1]))
        return underfitting.finding(seen.severity, seen.confidence, seen.message, seen.advice, span=ends)
    whole_run = (float(course.x[0]), float(course.x[-1]))
    behind = behind_siblings(beside_siblings, train, far_behind) if not active else None
    if behind is not None:
        compared = {BY_SIBLINGS: beside_siblings.comparison.runs if beside_siblings else 0}
        return underfitting.finding(
            behind.severity, behind.confidence, behind.message, behind.advice, compared, whole_run
        )
    if explained.known and explained.most >= high_loss:
        return None
    drift = trend(course.x, course.y)
    seen = at_variance(variance_of_standardised, explained) or known_baseline(course, explained, minimum_learned)
    if seen is not None:
        if active and drift.slope < 0:
            return underfitting.skip("the run is still at the level of a model that ignores its input, but improving")
        evidence = {"learned": explained.most, "uninformed": course.shown(explained.baseline)}
        return underfitting.finding(seen.severity, seen.confidence, seen.message, seen.advice, evidence, whole_run)
    if pretrained and not explained.known:
        return underfitting.skip(
            "a pretrained model starts low and flat, and the loss of random guessing is unknown",
            "log the number of classes",
        )
    if slow_but_steady(val, further, alpha * error_share):
        return None
    scores = _beside((train, train_score), (val, val_score))
    losses = [loss for loss in (train_loss, val_loss) if loss is not None and loss.long_enough]
    seen = standing_accuracy(scores, losses, explained.known)
    # A score by itself that is flat may be as high as it gets; a flat loss has gained nothing.
    low = course.accuracy and course.share(course.best) < HALF
    flat = restless is None and not score_learned
    if seen is None and flat and (explained.known or course.role.endswith("loss") or low):
        seen = flat_line(course, val, drift, explained.known, moved, alpha * error_share)
    deep = (hidden_units or 0) >= 1 or (layers or 0) >= TWO_LAYERS
    shallow = not deep and (hidden_units is not None or layers is not None)
    if seen is None and not active:
        stood = bool(standing_from_start) and not shallow and "boosting" not in traits
        seen = (
            score_at_chance(score_explained, variance_explained, minimum_learned)
            or never_above_chance(val_score, (score_explained, variance_explained), minimum_learned, high_loss)
            or back_at_chance((train_score, val_score))
            or one_answer((train_score, val_score))
            or guessing(scores, _alone(train_loss, val_loss, train_score, val_score), alpha)
            or (early_rest(train, val, scores, n_updates, few_updates, rest) if deep and train is not None else None)
            or (
                standing_loss(train, val, scores, n_updates, few_updates, rest) if stood and train is not None else None
            )
            or bad_start(losses, (train_score, val_score))
            or (hardly_moves(train, val) if not shallow and "boosting" not in traits else None)
        )
    if seen is None:
        return None
    evidence = {"fall": relative_fall(course), "p_trend": drift.p, "noise": course.noise.sigma}
    return underfitting.finding(seen.severity, seen.confidence, seen.message, seen.advice, evidence, whole_run)


def _alone(
    train_loss: Curve | None, val_loss: Curve | None, train_score: Curve | None, val_score: Curve | None
) -> Beside | None:
    """The training loss and the validation score, where neither side logged the other."""
    if train_loss is None or val_score is None or val_loss is not None or train_score is not None:
        return None
    return (train_loss, val_score) if train_loss.long_enough else None


def _beside(*sides: tuple[Curve | None, Curve | None]) -> tuple[Beside, ...]:
    """The losses that have a score beside them, with it; none where the run is judged by the scores themselves."""
    return tuple((loss, score) for loss, score in sides if loss is not None and score is not None and score is not loss)
