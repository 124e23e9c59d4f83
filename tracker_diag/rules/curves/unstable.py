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
    traits: frozenset[str] = frozenset(),
    *,
    minimum_swing: float = 0.12,
    reversals: float = 0.3,
) -> Outcome:
    """The training loss oscillates instead of settling.

    What it measures
    ----------------
    The robust standard deviation of the second half of the training curve around its straight course, in units of the improvement achieved, the share of
    steps at which it turns, and whether the swings are still as wide as in the first half.

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

    References
    ----------
    Seminar: "Learning Rate". Zhang et al. (2021), AUTOTRAINER: oscillating loss.
    """
    if traits & {"adversarial", "reinforcement", "contrastive", "annealed"}:
        return Skip(CODE, f"losses of {', '.join(sorted(traits))} training swing by design")
    swings = train.oscillation
    if swings is None:
        return Skip(CODE, "fewer than eight values", "log the training loss at every epoch")
    swing = swings.amplitude / scale
    if swing < minimum_swing or swings.reversals < reversals or swings.amplitude < 0.5 * swings.early:
        return None
    half = float(train.x[train.x.size // 2])
    return Finding(
        CODE,
        NAME,
        Severity.WARNING,
        min(0.95, 0.6 + swing),
        f"in its second half the training loss swings by ±{swing:.0%} of the improvement achieved and turns at {swings.reversals:.0%} of its steps",
        "lower the learning rate three- to tenfold or anneal it; use larger batches; shuffle",
        {"swing": swing, "reversals": swings.reversals},
        (half, float(train.x[-1])),
    )
