"""LC101 good-fit."""

from __future__ import annotations

from tracker_diag.evidence.lost import Lost
from tracker_diag.rules.api import (
    UNSETTLED,
    Achieved,
    BesideSiblings,
    Curve,
    Ending,
    Explained,
    Outcome,
    Severity,
    Verdict,
    rule,
)
from tracker_diag.rules.curves import _not_shown as not_shown
from tracker_diag.rules.curves._rest import ALPHA, last_third
from tracker_diag.rules.curves._words import end, named, of_fall
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.gap import Gap

#: Share of the total improvement that is no gap.
NONE = 0.005
#: Share of it that training twice as long must bring, so that `undertrained` may speak.
GOES_ON = 0.1


@rule(
    "LC101",
    "good-fit",
    seen_as=("Everything looks fine",),
    unless=UNSETTLED,
    verdict=Verdict(110, "none of the problems above was found, and every condition of a good fit is shown"),
)
def good_fit(
    course: Curve,
    improvement: float,
    effect_unit: float,
    active: bool,
    traits: frozenset[str],
    train: Curve | None,
    val: Curve | None,
    held_out: Curve | None,
    train_score: Curve | None,
    val_score: Curve | None,
    n_classes: int | None,
    end_gap: Gap | None,
    score_gap: float | None,
    score_gap_at_most: float | None,
    score_learned: bool | None,
    achieved: Achieved | None,
    explained: Explained | None,
    standing_from_start: bool | None,
    further: Extrapolation | None,
    further_train: Extrapolation | None,
    schedule_ran_out: bool | None,
    restarts: bool | None,
    ending: Ending | None,
    lost: Lost | None,
    pretrained: object | None,
    beside_siblings: BesideSiblings | None,
    *,
    small_gap: float = 0.25,
    small_score_gap: float = 0.2,
    rest: float = 0.05,
    little: float = 0.15,
    least_achieved: float = 0.1,
    far_behind: float = 0.15,
) -> Outcome:
    """Training and validation loss level off with a small gap between them.

    What it measures
    ----------------
    A good fit is a claim, so each of its conditions must be shown. They are checked in this order. The first one that
    is not met is given as the reason why there is no verdict:

    - No loss ends in values that are NaN or infinite.
    - The run was not cut short (FAILED, KILLED or pruned before its planned length).
    - Validation ends near training. If the scores are close, the gap between the losses may be wider, up to three
      quarters of the total improvement. For boosted trees the gap is not checked.
    - Both curves keep what they gained. They end no higher than they began and near their best value, on their own
      scale and on a logarithmic one.
    - The scores agree. They moved, after their second value as well. They end near their best value, and above chance
      level if the number of classes is known. If all accuracies are low, one of them has risen, unless something else
      shows learning.
    - Something was learned. If the level of a model that ignores its input is known or can be bounded, the run is
      better than that level. If not, a score shows what was learned, or the losses fell. They must then not be constant
      from their second value on, and must do more than recover from a start that was a thousand times too high. If
      validation logged only a score, it rose. If that score is an error, it did not rise.
    - The run does not end far behind the best comparable run of its experiment, if there are such runs.
    - The curves have levelled off, unless the run is still going. One of these shows it: the last third moves by less
      than a share of the total improvement (equivalence test at 5%); training twice as long would bring little, even at
      the upper end of the 90% interval; the learning rate was annealed to its end; or early stopping with patience
      ended the run. A validation score that still rises has not levelled off.

    Total improvement: from the first value, or from the level of a model that ignores its input if that is known, to
    the best value of both curves. If only one curve was logged, a loss or a score, the conditions apply to that curve.

    Why it matters
    --------------
    "The plot of training loss decreases to a point of stability. The plot of validation loss decreases to a point of
    stability and has a small gap with the training loss."

    What to do
    ----------
    Nothing needs to change. Repeat with other seeds before you trust a small difference between such runs.

    Thresholds
    ----------
    small_gap : largest gap between validation and training that is small, as a share of the total improvement. Boosted
        trees memorise their training set, so for them the gap is not checked.
    rest : largest movement over the last third that still counts as levelled off, as a share of the total improvement
        (equivalence test at 5%).
    little : if training twice as long would bring less than this share of the total improvement, little is left to
        gain. The upper end of the 90% interval is compared.
    least_achieved : smallest share of the way from the level of a model that ignores its input to a perfect value that
        shows learning.
    far_behind : a run that ends this far from the best comparable run is far behind, as a share of the total
        improvement of that best run.
    small_score_gap : scores that differ by less than this share of the better one are close. A wider gap between the
        losses is then accepted.

    References
    ----------
    Seminar: "Learning Curves". Schuirmann (1987) for the equivalence test.
    """
    curve = val or course
    # Fine-tuning begins where most is learned already: what it adds is no unit.
    achieved_unit = effect_unit if pretrained else improvement
    moves = last_third(curve, rest * achieved_unit)
    courses = [c for c in (train, val) if c is not None]
    score = val_score if val_score is not val else None
    scores = [s for s in (train_score, score) if s is not None and s not in courses]
    learned = pretrained or score_learned or (explained is not None and explained.known)
    missing = (
        not_shown.finite(lost)
        or not_shown.ended(ending)
        or not_shown.near(
            None if "boosting" in traits else end_gap,
            course,
            small_gap,
            effect_unit,
            score_gap_at_most if score_gap is None else score_gap,
            small_score_gap,
        )
        or next((why for c in courses if (why := not_shown.kept(c, effect_unit, improvement, pretrained))), None)
        or next((why for s in scores if (why := not_shown.agree(s, n_classes))), None)
        or not_shown.risen(scores, learned)
        or not_shown.achieved(achieved, score, standing_from_start, least_achieved)
        or not_shown.moved(
            courses, None if held_out is val else held_out, scores, effect_unit, score_learned, explained, pretrained
        )
        or not_shown.as_good_as_siblings(beside_siblings, far_behind)
    )
    if missing is None and not active:
        # Within a cycle a loss falls by design: one that was planned to end there has ended.
        cycled = bool(restarts) and ending is not None and ending.complete
        missing = not_shown.rest(
            moves, curve, score, further, little * achieved_unit, schedule_ran_out or cycled, ending
        )
    if missing:
        return good_fit.skip(missing)
    # Where `undertrained` speaks, the curve has not levelled off.
    goes_on = any(f is not None and f.gain >= GOES_ON * achieved_unit for f in (further, further_train))
    on = "" if goes_on and not active else _on(active)
    gap = ""
    if end_gap is not None and train is not None and val is not None:
        trees = "boosting" in traits
        # Between the levels that the sentence names; what is judged is that of a longer stretch.
        gap = _apart(val.tail - train.tail, improvement, (val,) if trees else (train, val))
        if trees and val.tail - train.tail > small_gap * effect_unit:
            gap += " (not judged, because trees memorise their training set)"
    elif val is None and held_out is None:
        gap = "; without a validation curve, overfitting cannot be ruled out"
    return good_fit.finding(
        Severity.OK,
        0.9 if train is not None and val is not None else 0.6,
        _ends(course, train and val, moves.p_rest < ALPHA and not goes_on, active, on) + gap,
        "",
        {
            "gap": end_gap.value / improvement if end_gap is not None else 0.0,
            "level": curve.shown(curve.tail),
            "p_rest": moves.p_rest,
        },
    )


def _apart(gap: float, improvement: float, curves: tuple[Curve, ...]) -> str:
    """How far validation ends from training, in words that hold for losses and for scores."""
    if abs(gap) < NONE * improvement:
        return "; there is no gap between them"
    way = "worse" if gap > 0 else "better"
    return f"; validation is {way} by {of_fall(abs(gap), improvement, *curves)}"


def _ends(course: Curve, val: Curve | None, rests: bool, active: bool, on: str) -> str:
    """Where the curve ends, or both do, and which of them is shown to rest, in words."""
    ends = "is at" if active else "ends at"
    if val is None:
        return _stays(course, "levels off at") if rests else _stays(course, ends) + on
    if rests:
        return f"{_stays(val, 'levels off at')}, {_stays(course, 'ends at')}"
    return f"{_stays(course, ends)} and {_stays(val, 'at')}{on}"


def _stays(curve: Curve, verb: str) -> str:
    return f"{named(curve)} {verb} {end(curve)}"


def _on(active: bool) -> str:
    return ": no problem so far, and the run is still going" if active else ", and longer training would gain little"
