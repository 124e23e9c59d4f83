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
        "Training loss stops high, and validation with it",
    ),
    unless=UNSETTLED,
    verdict=Verdict(
        30,
        "nothing was learned, so there is no improvement to measure effects in",
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
    """Unable to learn the training set at all: a flat line, or noisy values of a high loss.

    What it measures
    ----------------
    Where the baseline is known (ln of the classes, the target's variance, chance accuracy): the share of it
    that the better of both curves has explained at its best. Where it is not known, or less than a quarter is
    explained: whether both accuracies stand still (where the level is not known, beside losses no smaller than the
    entropy that being right so often by a constant prediction costs), or whether the training curve ever moved by
    more than its noise (Mann–Kendall with the Hamed–Rao correction; noise that is large beside an unknown level says
    nothing), or by more than a fiftieth of its level.

    Where it is not known, more gives a network away that uses nothing of its input. A score that says by its name what
    knowing nothing is (R², explained variance, a correlation, kappa, the area under the ROC curve) never rises above
    that, or comes back to it and stays there. Losses came down from a start a thousand million times above where they
    have stood since the first quarter of the run. An accuracy takes two values that add up to 1, and changes between
    them. Accuracies, low ones (of both sides, or validation's where nothing else is beside the training loss), neither
    rise significantly nor undo a twentieth of the errors they began with, while the
    loss falls to what such guesses cost (−ln of the accuracy, up to three times it): the network only grows less sure
    of what it guesses. Or both losses of a network with hidden layers reach within a few hundred updates the level at
    which they end, and validation falls no further: a bias is learned that soon, while what is learned of the input
    goes on for long, as power laws of the steps do. Where nobody knows how many updates there were, the losses must
    stand from their second value on, ten values or more, at one level on both sides, without falling ever so little.
    Neither for pretrained models, nor where a score or an accuracy shows more than a constant prediction has. None of
    this while the run is still going.

    A level may give itself away. A loss that comes to ln k within the first fifth of the run and stands there to within
    .3 %, for a whole k up to ten, is that of guessing between k classes (of 427 sound runs none does); beside the
    accuracy of guessing three values are enough. An accuracy that does not move at all, beside a loss at the entropy of
    that share, is that of always naming the larger class. A squared error and R² beside it show the target's variance;
    one of the training examples that rests at 1, to within .4 %, is that of the mean of standardised targets.

    Beside other runs of the experiment: a run that is at rest, and whose training loss ends far above that of the best
    comparable run, as its validation loss does, could have learned more.

    Why it matters
    --------------
    "Underfitting refers to a model that cannot learn the training dataset." A network that ends where a constant
    prediction would be has used none of its input: the trouble is in the data, the rate, the initialisation or the
    units, not in a lack of regularisation.

    What to do
    ----------
    Try to overfit a few examples first: if that fails, the trouble lies deeper than capacity. Then look at the ranked
    causes.

    Thresholds
    ----------
    minimum_learned : share of the baseline. A twentieth is less than any use has been made of; nor has use
        been made of twice as much in training that validation has less than a twentieth of.
    high_loss : share of the baseline below which a flat curve counts as high: ln of the classes is an upper
        bound where classes are uneven.
    moved : share of the curve's own level, where the baseline is unknown; noise may be twice it. Fine-tuning
        starts low and flat: with a pretrained model, the known level alone may speak.
    rest : band around the level of a curve, as a share of it, that holds nine tenths of the values once it rests.
    few_updates : number of updates within which both losses come to rest.
    far_behind : distance of both losses from those of the best comparable run, in units of the improvement which that
        one achieved.
    alpha : level of the trend test, and of the sign test of a fall at every step.

    References
    ----------
    Seminar: "Underfitting". Mann (1945); Hamed and Rao (1998) for the trend; Viering and Loog (2023), IEEE TPAMI
    45:7799, for how curves of learning go on.
    """
    if course is None or explained is None:
        sides = ((train_loss, train_score), (val_loss, val_score))
        seen = few_values(sides, n_classes) if course is None and not active else None
        if seen is None:
            return underfitting.skip("too few finite values of the losses, or they are better than a perfect model's")
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
            return underfitting.skip("still at the level of knowing nothing, but on its way down")
        evidence = {"learned": explained.most, "uninformed": course.shown(explained.baseline)}
        return underfitting.finding(seen.severity, seen.confidence, seen.message, seen.advice, evidence, whole_run)
    if pretrained and not explained.known:
        return underfitting.skip(
            "a pretrained model starts low and flat, and the uninformed loss is not known",
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
