"""LC109 unstable."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.core.rule import UNSETTLED, Outcome, rule
from tracker_diag.stats.course import Course

CODE, NAME = "LC109", "unstable"


@rule(CODE, NAME, evidence="C", unless=UNSETTLED)
def unstable(
    train: Course,
    scale: float,
    unit: float,
    rises: Mapping[str, float],
    val: Course | None = None,
    n_val_seen: int | None = None,
    level: float = 1.0,
    active: bool = False,
    *,
    minimum_swing: float = 0.12,
    reversals: float = 0.3,
    minimum_climb: float = 0.15,
    many_examples: int = 100,
    alpha: float = 0.01,
) -> Outcome:
    """The loss oscillates instead of settling.

    What it measures
    ----------------
    The robust standard deviation of the second half of the training curve (and of validation's, where it rests on
    many examples) around its straight course, in units of the improvement achieved, the share of steps at which it
    turns, and whether the swings are still as wide as in the first half; and whether the training loss climbs from
    its lowest stretch to its end, or validation does while training has not improved since. Where only the start of
    the curves says what knowing nothing costs, swings are measured against the loss that is left at the end as well.
    Swings of a run that is still going are an `info`; a climb is tested for repeated looks.

    Why it matters
    --------------
    A high learning rate "hardly gets you to the global minimum (good chance of overshooting it)": the run jumps
    around the valley and never comes down.

    What to do
    ----------
    Lower the learning rate three- to tenfold, or anneal it; use a larger batch; shuffle.

    Thresholds
    ----------
    minimum_swing : in units of the improvement achieved.
    reversals : share of steps at which the curve turns; white noise has two thirds, a smooth course none.
    many_examples : validation examples from which on a swinging validation curve is the run's doing, not theirs.
    minimum_climb : mean of the last tenth of the training curve over its lowest tenth, in units of the improvement
        achieved.
    alpha : level of the test "at rest since its minimum".

    References
    ----------
    Seminar: "Learning Rate". Zhang et al. (2021), AUTOTRAINER: oscillating loss.
    """
    if train.oscillation is None:
        return Skip(CODE, "fewer than eight values", "log the training loss at every epoch")

    def swings(course: Course) -> bool:
        found = course.oscillation
        return found is not None and (
            found.amplitude >= minimum_swing * unit
            and found.reversals >= reversals
            and found.amplitude >= 0.5 * found.early
        )

    climbing: list[Course] = []
    # A validation curve that swings over few examples, or over nobody knows how many, is the matter of
    # unrepresentative-validation.
    enough = n_val_seen is not None and n_val_seen >= many_examples
    course = next((c for c in (train, val if enough else None) if c is not None and swings(c)), None)
    if course is not None and course.oscillation is not None:
        swing = course.oscillation.amplitude / scale
        since = float(course.x[course.x.size // 2])
        seen = (
            f"in its second half the {'training' if course is train else 'validation'} loss "
            f"swings by ±{swing:.0%} of the improvement achieved "
            f"and turns at {course.oscillation.reversals:.0%} of its steps"
        )
    else:
        climbing = [
            c
            for side, c in (("train", train), ("val", val))
            if c is not None and rises[side] < alpha * level and _climbs(c, train, minimum_climb * scale, scale)
        ]
        if not climbing:
            return None
        course = climbing[0]
        swing = course.turning.rise / scale
        since = course.turning.step
        seen = (
            f"the loss climbs from its lowest stretch at step {since:g} by {swing:.0%} of the improvement achieved, "
            "and training has not improved since"
        )
    return Finding(
        CODE,
        NAME,
        Severity.INFO if active and not climbing else Severity.WARNING,
        min(0.95, 0.6 + swing),
        seen,
        "lower the learning rate three- to tenfold or anneal it; use larger batches; shuffle",
        {"swing": swing, "metric": course.name},
        (since, float(course.x[-1])),
    )


def _climbs(course: Course, train: Course, least: float, scale: float) -> bool:
    if course.turning.rise < least:
        return False
    # Validation that climbs while training improves is overfitting; where training has not, the run comes apart.
    return course is train or train.tail > train.at(course.turning.step) + 0.05 * scale
