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
from tracker_diag.rules.curves._share import of_improvement
from tracker_diag.stats.extrapolation import Extrapolation
from tracker_diag.stats.gap import Gap

#: Share of the improvement achieved that is no gap.
NONE = 0.005


@rule(
    "LC101",
    "good-fit",
    seen_as=("Nothing: it is fine, isn't it?",),
    unless=UNSETTLED,
    verdict=Verdict(110, "nothing above was found, and each condition of a good fit is shown"),
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
    """Both losses fall to a point of stability, with a small gap; each condition is shown.

    What it measures
    ----------------
    A good fit is a claim. What it takes, in the order in which it is asked; of what is not shown, the first is said as
    the reason why there is no verdict:

    - No loss ends in values that are not finite.
    - The run was not broken off (FAILED, KILLED or pruned, short of its planned length).
    - Validation ends near training. Near scores excuse a wider gap of the losses, up to three quarters of the
      improvement achieved; with boosted trees the gap is not asked for.
    - Both curves have kept what they gained: they end no higher than they began, and near their best, on their own
      scale and on that of the logarithm.
    - The scores agree: they moved, after their second value as well, end above chance where the classes are known, and
      near their best.
    - Something was achieved, where a baseline is known or can be bounded; where none is, the losses did not come to
      stand at their second value, and have fallen, not from a start a thousand times too high alone, or a score shows
      what was learned. A score that stands for validation by itself has risen, an error has not.
    - The end is at rest, unless the run is still going: the last third moves by less than a share of the improvement
      (equivalence test at 5 %), or the upper end of the 90 % interval of what twice the training would bring is
      little, or the learning rate was annealed and has run out, or patience ended the run. A validation score that
      still rises is not at rest.

    - Where other runs of the experiment can be compared: it does not end far behind the best of them.

    Where only one curve was logged, a loss or a score, it is said of that one.

    Why it matters
    --------------
    "The plot of training loss decreases to a point of stability. The plot of validation loss decreases to a point of
    stability and has a small gap with the training loss."

    What to do
    ----------
    Nothing. Compare with other seeds before believing a small difference between such runs.

    Thresholds
    ----------
    small_gap : in units of the improvement achieved. Trees learn their training set by heart: with them
        the gap is not asked for.
    rest : movement over the last third, in units of the improvement achieved, that still counts as rest (equivalence
        test at 5 %).
    little : the most that twice the training would bring, upper end of its 90 % interval, in the same units.
    least_achieved : share of a known baseline, or of the way of a score from what knowing nothing gives to perfect,
        below which nothing is shown to have been achieved.
    far_behind : by how much a run ends behind the best comparable one that is far behind, in units of the improvement
        which that one achieved.
    small_score_gap : distance of the scores at the end, as a share of the better one; a small one excuses a larger
        gap of the losses.

    References
    ----------
    Seminar: "Learning Curves". Schuirmann (1987) for the equivalence test.
    """
    curve = val or course
    # Fine-tuning begins where most is learned already: what it adds is no unit.
    achieved_unit = effect_unit if pretrained else improvement
    moves = last_third(curve, rest * achieved_unit)
    apart = end_gap.value if end_gap is not None and "boosting" not in traits else 0.0
    courses = [c for c in (train, val) if c is not None]
    score = val_score if val_score is not val else None
    scores = [s for s in (train_score, score) if s is not None and s not in courses]
    missing = (
        not_shown.finite(lost)
        or not_shown.ended(ending)
        or not_shown.near(
            apart, small_gap, effect_unit, score_gap_at_most if score_gap is None else score_gap, small_score_gap
        )
        or next((why for c in courses if (why := not_shown.kept(c, effect_unit, improvement, pretrained))), None)
        or next((why for s in scores if (why := not_shown.agree(s, n_classes))), None)
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
    gap = f"; {_apart(end_gap.value, improvement)}" if end_gap is not None else ""
    return good_fit.finding(
        Severity.OK,
        0.9 if train is not None and val is not None else 0.6,
        _ends(course, train and val, moves.p_rest < ALPHA, active) + gap,
        "",
        {
            "gap": end_gap.value / improvement if end_gap is not None else 0.0,
            "level": curve.shown(curve.tail),
            "p_rest": moves.p_rest,
        },
    )


def _apart(gap: float, improvement: float) -> str:
    """How far validation ends from training, in words."""
    if abs(gap) < NONE * improvement:
        return "there is no gap between them"
    return f"validation ends {'above' if gap > 0 else 'below'} training by {of_improvement(abs(gap) / improvement)}"


def _ends(course: Curve, val: Curve | None, rests: bool, active: bool) -> str:
    """Where the curve ends, or both do, and which of them is shown to rest, in words."""
    ours = f"{course.shown(course.tail):.4g}"
    if val is None:
        if rests:
            return f"{course.side} comes to rest at {ours}"
        return f"{course.side} {'is sound so far' if active else 'ends'} at {ours}" + _on(active)
    theirs = f"{val.shown(val.tail):.4g}"
    if rests:
        return f"validation comes to rest at {theirs}, training ends at {ours}"
    are = "are sound so far" if active else "end"
    return f"training and validation {are} at {ours} and {theirs}" + _on(active)


def _on(active: bool) -> str:
    return ", and still on the way" if active else ", and little more is to be gained"
