"""LC109 unstable."""

from __future__ import annotations

from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.core.rule import Outcome, rule
from tracker_diag.stats.course import Course

CODE, NAME = "LC109", "unstable"


@rule(CODE, NAME, evidence="C")
def unstable(
    train: Course,
    scale: float,
    val: Course | None = None,
    traits: frozenset[str] = frozenset(),
    level: float = 1.0,
    *,
    minimum_swing: float = 0.12,
    reversals: float = 0.3,
    minimum_climb: float = 0.15,
    alpha: float = 0.01,
) -> Outcome:
    """The training loss oscillates instead of settling.

    What it measures
    ----------------
    The robust standard deviation of the second half of the training curve around its straight course, in units of the improvement achieved, the share of
    steps at which it turns, and whether the swings are still as wide as in the first half; and whether the training loss climbs from its lowest
    stretch to its end, or validation does while training has not improved since.

    Why it matters
    --------------
    A high learning rate "hardly gets you to the global minimum (good chance of overshooting it)": the run jumps around the valley and never comes down.

    What to do
    ----------
    Lower the learning rate three- to tenfold, or anneal it; use a larger batch; shuffle.

    Thresholds
    ----------
    minimum_swing : in units of the improvement achieved.
    reversals : share of steps at which the curve turns; white noise has two thirds, a smooth course none.
    minimum_climb : mean of the last tenth of the training curve over its lowest tenth, in units of the improvement achieved.
    alpha : level of the test "at rest since its minimum".

    References
    ----------
    Seminar: "Learning Rate". Zhang et al. (2021), AUTOTRAINER: oscillating loss.
    """
    if traits & {"adversarial", "reinforcement", "contrastive", "annealed"}:
        return Skip(CODE, f"losses of {', '.join(sorted(traits))} training swing by design")
    swings = train.oscillation
    if swings is None:
        return Skip(CODE, "fewer than eight values", "log the training loss at every epoch")
    swing, climb = swings.amplitude / scale, train.turning.rise / scale
    swinging = swing >= minimum_swing and swings.reversals >= reversals and swings.amplitude >= 0.5 * swings.early
    climbing = climb >= minimum_climb and train.turning.p < alpha * level
    if not climbing and val is not None and val.turning.rise / scale >= minimum_climb and val.turning.p < alpha * level:
        # Validation climbs while training has not improved since: not overfitting, the run comes apart.
        climbing = train.tail > float(train.y[max(0, val.turning.index - 1) : val.turning.index + 2].mean()) + 0.05 * scale
        climb = val.turning.rise / scale
    if not swinging and not climbing:
        return None
    since = float(train.x[train.x.size // 2]) if swinging else train.turning.step
    seen = (
        f"in its second half the training loss swings by ±{swing:.0%} of the improvement achieved and turns at {swings.reversals:.0%} of its steps"
        if swinging
        else f"the loss climbs from its lowest stretch at step {since:g} by {climb:.0%} of the improvement achieved"
    )
    return Finding(
        CODE,
        NAME,
        Severity.WARNING,
        min(0.95, 0.6 + max(swing, climb)),
        seen,
        "lower the learning rate three- to tenfold or anneal it; use larger batches; shuffle",
        {"swing": swing, "reversals": swings.reversals, "climb": climb},
        (since, float(train.x[-1])),
    )
