"""The conditions of a good fit: each says in words what was not shown, or None."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tracker_diag.evidence.baseline import lead
from tracker_diag.evidence.lost import Lost
from tracker_diag.rules.api import Achieved, BesideSiblings, Curve, Ending, Explained
from tracker_diag.rules.curves._never_rose import never_rose
from tracker_diag.rules.curves._recovered import ends_above_nothing, recovered
from tracker_diag.rules.curves._rest import ALPHA, last_third
from tracker_diag.rules.curves._share import of_improvement
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.plateau import Plateau

#: Values from which on a curve that goes on says more than that it is too short.
ENOUGH = 8
#: Share of what was gained that a curve may end above its best and not have turned.
RISEN = 0.15
#: Share of what is left to improve that is next to nothing.
LITTLE = 0.03
#: Standard errors by which such a rise is beyond noise.
ERRORS = 2.0
#: Share of the logarithm of what was gained that a curve may have lost at its end and have kept it.
LOST_IN_LOGS = 0.25
#: Gap in units of the improvement achieved that near scores do not excuse.
FAR = 0.75
#: Values after the first that are all the same where every example gets one answer.
LONG = 12
#: Share of a perfect score by which a score moves that stands; share of the way from chance to perfect at chance.
STANDS, AT_CHANCE = 1e-4, 0.05
#: Share of right answers below which an accuracy counts something else than classes.
HARDLY_EVER = 0.01
#: Share of a perfect score by which a score ends below its best and has got worse.
WORSE = 0.1
#: Times where they stand for most of the run that losses began, and what they began at, from which on the fall is that
#: of a bad start.
BAD_START, HIGH = 1000.0, 100.0
#: Share of a perfect score by which a score still rises over the last third.
RISING = 0.05


def rest(
    moves: Plateau,
    curve: Curve,
    score: Curve | None,
    further: Extrapolation | None,
    little: float,
    schedule_ran_out: bool | None,
    ending: Ending | None,
) -> str | None:
    """The end is at rest, or as good as nothing more is to be gained, or the schedule has run out."""
    if ending is not None and ending.by_patience:
        return None
    if score is not None and _still_rises(score):
        return f"{score.said} was still rising when the run stopped: train on"
    # Carried on from a handful of values that fall to the last, a curve comes to rest by assumption.
    told = curve.y.size >= ENOUGH or not bool((np.diff(curve.y[-3:]) < 0).all())
    if moves.p_rest < ALPHA or (told and further is not None and further.high < little):
        return None
    if schedule_ran_out:
        return None
    if moves.high < 0:
        return f"{curve.said} was still {'rising' if curve.flipped else 'falling'} when the run stopped: train on"
    if curve.y.size < ENOUGH:
        return f"{curve.y.size} values of {curve.said} are too few to say whether it has come to rest: log more often"
    return f"{curve.said} is too noisy to say whether it has come to rest: train on, or evaluate on more examples"


def _still_rises(score: Curve) -> bool:
    """Whether a score has improved over its last third by a twentieth of a perfect one, beyond its noise."""
    if not score.long_enough or not score.flipped:
        return False
    moves = last_third(score, RISING * score.whole)
    return moves.high < 0 and moves.change < -RISING * score.whole


def agree(score: Curve | None, n_classes: int | None) -> str | None:
    """The score beside the loss has moved, is above chance at its end, and near its best."""
    if score is None or not score.flipped or not score.long_enough:
        return None
    end, whole = score.shown(score.tail), score.whole
    if score.accuracy and score.shown(score.best) < HARDLY_EVER * whole:
        # An accuracy that counts the equal numbers of a regression says nothing.
        return None
    if score.y.size >= ENOUGH and np.ptp(score.y) < STANDS * whole and not np.isclose(end, whole):
        return f"{score.said} has stood at {score.shown(score.start):.4g} from the first value on"
    later = score.y[1:]
    if later.size >= LONG and np.ptp(later) == 0 and not np.isclose(end, whole):
        return f"{score.said} has stood at {end:.4g} since its second value"
    if score.accuracy and n_classes and n_classes > 1 and end / whole < 1 / n_classes + AT_CHANCE * (1 - 1 / n_classes):
        return f"{score.said} ends at {end:.3g}, as guessing between {n_classes} classes does"
    turn = score.turning
    if turn.rise > WORSE * whole and turn.rise > ERRORS * turn.error:
        return f"{score.said} ends at {end:.3g}, and was {score.shown(score.best):.3g} at its best"
    return None


def finite(lost: Lost | None) -> str | None:
    """No loss ends in values that are not finite, whether or not a rule was asked that says so."""
    return None if lost is None else f"{lost.said} is not finite from step {lost.first_step:g} on"


def ended(ending: Ending | None) -> str | None:
    """The run was not broken off."""
    if ending is None or not ending.cut_short or not (ending.failed or ending.pruned):
        return None
    far = ending.progress
    at = "" if far is None else f" at {far.unit} {far.reached:g} of {far.planned:g}"
    return f"the run was broken off{at} ({ending.status})"


def as_good_as_siblings(beside: BesideSiblings | None, far: float) -> str | None:
    """It does not end far behind the best comparable run."""
    if beside is None or not beside.far(far):
        return None
    return beside.in_words


def achieved(found: Achieved | None, score: Curve | None, standing: bool | None, least: float) -> str | None:
    """Something was achieved over the baseline, where one is known; where none is, the curve did not stand at once.

    A score that says by its name what knowing nothing gives must end above that.
    """
    if score is not None and score.flipped and score.long_enough:
        nothing, perfect = score.metric.baseline, score.metric.best
        if nothing is not None and perfect is not None:
            end = score.shown(score.tail)
            if lead(end, nothing, perfect) < least:
                return f"{score.said} ends at {end:.3g}, and a model that ignores its input has {nothing:g}"
    if found is not None and found.share is not None and found.share < least:
        return found.said
    if standing and found is not None:
        return f"the loss has stood since its second value, and {found.said}; compare it with a constant prediction"
    return None


def moved(
    courses: Sequence[Curve],
    alone: Curve | None,
    scores: Sequence[Curve],
    unit: float,
    score_learned: bool | None,
    explained: Explained | None,
    pretrained: object | None,
) -> str | None:
    """A loss has left its start by more than next to nothing, and not that of a bad one alone; or else it is shown.

    A score that stands for validation by itself (``alone``) has risen, too.
    """
    learned = score_learned or (explained is not None and explained.known)
    first = courses[-1]
    high = first.start >= HIGH and not any(ends_above_nothing(s) for s in scores)
    if not learned and high and (recovered(courses) or 0) >= BAD_START:
        return (
            f"{first.said} began at {first.start:.3g} and has stood at {first.tail:.4g} since the first quarter of the "
            "run: what fell is the bad start, and nothing shows that anything was learned"
        )
    if alone is not None and not alone.flipped and not pretrained and alone.tail > alone.start:
        return f"{alone.said} ends no better than it began: {alone.start:.4g} at first, {_of(alone)}"
    low = alone is not None and alone.metric.baseline is None and alone.y.size >= ENOUGH and never_rose(alone)
    if alone is not None and low and not learned and not pretrained and alone.share(alone.best) >= HARDLY_EVER:
        return (
            f"{alone.said} has hardly risen ({alone.shown(alone.start):.3g} at first, {alone.shown(alone.best):.3g} at "
            "best), and nothing else shows that anything was learned"
        )
    if not learned and not pretrained and all(never_rose(c) and c.metric.baseline is None for c in courses):
        return (
            f"the scores have hardly risen ({first.said} from {first.shown(first.start):.3g} to "
            f"{first.shown(first.best):.3g} at best), and nothing else shows that anything was learned"
        )
    most = max(courses, key=lambda c: c.start - c.best)
    share = (most.start - most.best) / unit
    if share >= LITTLE or learned:
        return None
    much = f"{most.said} has improved by {share:.1%} of what there was to gain"
    return f"{much}, and nothing else shows that anything was learned"


def kept(curve: Curve, unit: float, improvement: float, pretrained: object | None) -> str | None:
    """What was gained is still there at the end, on the scale of the curve and on that of its logarithm."""
    turn = curve.turning
    beyond_noise = turn.rise > ERRORS * turn.error
    if beyond_noise and (turn.rise > RISEN * unit or _risen_by_factors(curve, improvement)):
        return f"{curve.said} ends far from its best: {_of(curve)}"
    if not pretrained and curve.tail >= curve.start:
        return f"{curve.said} ends no better than it began: {curve.shown(curve.start):.4g} at first, {_of(curve)}"
    return None


def _risen_by_factors(curve: Curve, improvement: float) -> bool:
    """Whether a quarter of what was gained in logarithms is lost at the end: a start that exploded hides any share."""
    best, tail = curve.best, curve.tail
    if not min(best, float(curve.y.min())) > 0:
        return False
    return math.log(tail / best) > LOST_IN_LOGS * math.log((best + improvement) / best)


def _of(curve: Curve) -> str:
    return f"{curve.shown(curve.best):.4g} at best and {curve.shown(curve.tail):.4g} at the end"


def near(apart: float, least: float, unit: float, score_gap: float | None, small_score_gap: float) -> str | None:
    """Validation ends near training; or the scores do, where both sides log them."""
    excused = score_gap is not None and score_gap < small_score_gap and apart <= FAR * unit
    if apart <= least * unit or excused:
        return None
    return (
        f"validation ends {apart:.3g} above training, {of_improvement(apart / unit)}: neither a small gap nor one that "
        "is shown to be large"
    )
