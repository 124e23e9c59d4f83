"""The conditions of a good fit: each gives the reason why it is not met, or None."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tracker_diag.core.numbers import figure, share
from tracker_diag.evidence.baseline import lead
from tracker_diag.evidence.lost import Lost
from tracker_diag.rules.api import Achieved, BesideSiblings, Curve, Ending, Explained
from tracker_diag.rules.curves._never_rose import never_rose
from tracker_diag.rules.curves._recovered import ends_above_nothing, recovered
from tracker_diag.rules.curves._rest import ALPHA, last_third
from tracker_diag.rules.curves._words import at, best, compared, end, last, level, named, noun, uninformed
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.gap import Gap
from tracker_diag.stats.plateau import Plateau

#: Values from which on a curve that goes on says more than that it is too short.
ENOUGH = 8
#: Share of the improvement by which a curve may end above its best and not have turned.
RISEN = 0.15
#: Share of what is left to improve that is next to nothing.
LITTLE = 0.03
#: Standard errors by which such a rise is beyond noise.
ERRORS = 2.0
#: Share of the logarithm of what was gained that a curve may have lost at its end and have kept it.
LOST_IN_LOGS = 0.25
#: Gap, as a share of the total improvement, that close scores do not excuse.
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
    """The end is a plateau, or next to nothing is left to gain, or the schedule has run out."""
    if ending is not None and ending.by_patience:
        return None
    if score is not None and _still_rises(score):
        return f"{named(score)} was still rising when training ended (at {last(score)}); train longer"
    # Carried on from a handful of values that fall to the last, a curve comes to rest by assumption.
    told = curve.y.size >= ENOUGH or not bool((np.diff(curve.y[-3:]) < 0).all())
    if moves.p_rest < ALPHA or (told and further is not None and further.high < little):
        return None
    if schedule_ran_out:
        return None
    if moves.high < 0:
        way = "rising" if curve.flipped else "falling"
        return f"{named(curve)} was still {way} when training ended (at {last(curve)}); train longer"
    if curve.y.size < ENOUGH:
        return (
            f"{named(curve)} has only {curve.y.size} values, too few to tell whether it levelled off; log it more often"
        )
    return f"{named(curve)} is too noisy to tell whether it levelled off; train longer, or evaluate on more examples"


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
    at_end, whole = score.shown(score.tail), score.whole
    ends = end(score)
    if score.accuracy and score.shown(score.best) < HARDLY_EVER * whole:
        # An accuracy that counts the equal numbers of a regression says nothing.
        return None
    if score.y.size >= ENOUGH and np.ptp(score.y) < STANDS * whole and not np.isclose(at_end, whole):
        return f"{named(score)} has been stuck at {level(score, score.start)} from the first value on"
    later = score.y[1:]
    if later.size >= LONG and np.ptp(later) == 0 and not np.isclose(at_end, whole):
        return f"{named(score)} has been stuck at {end(score)} since its second value"
    if (
        score.accuracy
        and n_classes
        and n_classes > 1
        and at_end / whole < 1 / n_classes + AT_CHANCE * (1 - 1 / n_classes)
    ):
        return f"{named(score)} ends at {ends}, which is chance level for {n_classes} classes"
    turn = score.turning
    if turn.rise > WORSE * whole and turn.rise > ERRORS * turn.error:
        return f"{named(score)} ends at {ends}, down from {best(score)} at its best"
    return None


def risen(scores: Sequence[Curve], learned: object | None) -> str | None:
    """One of the accuracies beside the losses has risen, where they are low and nothing else shows what was learned."""
    low = [s for s in scores if s.accuracy and s.long_enough and s.share(s.best) >= HARDLY_EVER]
    if learned or not low or not all(s.y.size >= ENOUGH and never_rose(s) for s in low):
        return None
    first = low[0]
    return (
        f"{named(first)} hardly rose (first value {level(first, first.start, 3)}, best {best(first)}), so nothing "
        "shows that the model learned"
    )


def finite(lost: Lost | None) -> str | None:
    """No loss ends in values that are not finite, whether or not a rule was asked that says so."""
    return None if lost is None else f"{lost.said} is NaN or infinite from step {at(lost.first_step)} on"


def ended(ending: Ending | None) -> str | None:
    """The run was not cut short."""
    if ending is None or not ending.cut_short or not (ending.failed or ending.pruned):
        return None
    far = ending.progress
    where = "" if far is None else f" at {far.unit} {at(far.reached)} of {at(far.planned)}"
    how = "was pruned" if ending.pruned else "ended early"
    return f"run {how}{where} (status {ending.status})"


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
            at_end = score.shown(score.tail)
            ahead = lead(at_end, nothing, perfect)
            if ahead < least:
                known = f"{uninformed(score, nothing)} ({figure(nothing)})"
                return f"{named(score)} ends at {end(score)}, {compared(ahead)} {known}"
    if found is not None and found.share is not None and found.share < least:
        return found.said
    if standing and found is not None:
        return (
            f"the loss has not moved since its second value; {found.said}; compare it with the loss of a constant "
            "prediction"
        )
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
            f"{named(first)} fell from {level(first, first.start, 3)} to {end(first)} in the first "
            "quarter of the run and stayed there; that only repairs a bad start, and nothing shows learning"
        )
    if alone is not None and not alone.flipped and not pretrained and alone.tail > alone.start:
        return _back_at_start(alone)
    low = alone is not None and alone.metric.baseline is None and alone.y.size >= ENOUGH and never_rose(alone)
    if alone is not None and low and not learned and not pretrained and alone.share(alone.best) >= HARDLY_EVER:
        return (
            f"{named(alone)} hardly rose (first value {level(alone, alone.start, 3)}, best "
            f"{best(alone)}), and nothing else shows that the model learned"
        )
    if not learned and not pretrained and all(never_rose(c) and c.metric.baseline is None for c in courses):
        return (
            f"{named(first)} hardly rose (first value {level(first, first.start, 3)}, best "
            f"{best(first)}), and nothing else shows that the model learned"
        )
    most = max(courses, key=lambda c: c.start - c.best)
    part = (most.start - most.best) / unit
    if part >= LITTLE or learned:
        return None
    return (
        f"{named(most)} hardly improved (first value {level(most, most.start)}, best {best(most)}: "
        f"{share(max(part, 0.0))} of what could be gained), and nothing else shows that the model learned"
    )


def kept(curve: Curve, unit: float, improvement: float, pretrained: object | None) -> str | None:
    """What was gained is still there at the end, on the curve's own scale and on a logarithmic one."""
    turn = curve.turning
    beyond_noise = turn.rise > ERRORS * turn.error
    if beyond_noise and (turn.rise > RISEN * unit or _risen_by_factors(curve, improvement)):
        far = "far below" if curve.flipped else "far above"
        return f"{named(curve)} ends at {end(curve)}, {far} its best of {best(curve)}"
    if not pretrained and curve.tail >= curve.start:
        return _back_at_start(curve)
    return None


def _risen_by_factors(curve: Curve, improvement: float) -> bool:
    """Whether a quarter of what was gained in logarithms is lost at the end: a start that exploded hides any share."""
    best, tail = curve.best, curve.tail
    if not min(best, float(curve.y.min())) > 0:
        return False
    return math.log(tail / best) > LOST_IN_LOGS * math.log((best + improvement) / best)


def _back_at_start(curve: Curve) -> str:
    first = level(curve, curve.start)
    return f"{named(curve)} ends at {end(curve)}, no better than its first value {first} (best {best(curve)})"


def near(
    gap: Gap | None, curve: Curve, least: float, unit: float, score_gap: float | None, small_score_gap: float
) -> str | None:
    """Validation ends near training; or the scores do, where both sides log them."""
    if gap is None:
        return None
    excused = score_gap is not None and score_gap < small_score_gap and gap.value <= FAR * unit
    if gap.value <= least * unit or excused:
        return None
    what = noun(curve)
    return (
        f"validation {what} ends at about {level(curve, gap.upper, 3)}, training {what} at about "
        f"{level(curve, gap.lower, 3)}: the gap of {figure(gap.value)} is too large for a good fit"
    )
