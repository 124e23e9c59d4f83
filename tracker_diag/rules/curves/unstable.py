"""LC109 unstable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tracker_diag.rules.api import UNSETTLED, Curve, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._worse import training_worse_since

#: Swing of the second half over that of the first (ratio) below which the run is calming down.
STILL_AS_WIDE = 0.5
#: How many times as often as validation training is logged where its values are of single batches.
OFTENER = 3
#: Share of the least swing below which validation is calm.
CALM = 0.5


@rule(
    "LC109",
    "unstable",
    seen_as=("My loss jumps, or swings up and down",),
    unless=UNSETTLED,
    verdict=Verdict(50, "a swinging curve has no settled level to compare"),
)
def unstable(
    train: Curve,
    improvement: float,
    effect_unit: float,
    rises: Mapping[str, float],
    error_share: float,
    active: bool,
    val: Curve | None,
    n_val_seen: int | None,
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
    The robust standard deviation of the second half of the training curve (and of validation's, where it rests on many
    examples) around its straight course, in units of the improvement achieved, the share of steps at which it turns,
    and whether the swings are still as wide as in the first half; and whether the training loss climbs from its lowest
    stretch to its end, or validation does while training has got worse since. Where only the start of the curves says
    what knowing nothing costs, swings are measured against the loss that is left at the end as well. If training is
    logged at least three times as often as validation, and validation is calm, the swings are those of single batches
    and are not reported; a climb still is. Swings of a run that is still going are an `info`; the test of a climb
    allows for being repeated while the run is going.

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
        return unstable.skip("fewer than eight values", "log the training loss at every epoch")
    # A validation curve that swings over few examples, or over nobody knows how many, is the matter of
    # unrepresentative-validation.
    trusted = val if n_val_seen is not None and n_val_seen >= many_examples else None
    least = minimum_swing * effect_unit
    swinging = _swinging(None if _of_batches(train, val, least) else train, trusted, least, reversals, improvement)
    unrest = swinging or _climbing(train, val, rises, alpha * error_share, minimum_climb, improvement)
    if unrest is None:
        return None
    return unstable.finding(
        Severity.INFO if active and swinging else Severity.WARNING,
        min(0.95, 0.6 + unrest.size),
        unrest.message,
        "lower the learning rate three- to tenfold or anneal it; use larger batches; shuffle",
        {"swing": unrest.size, "metric": unrest.curve.name},
        (unrest.since, float(unrest.curve.x[-1])),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Unrest:
    """A curve that does not settle: by how much of the improvement achieved, since which step, and in words."""

    curve: Curve
    size: float
    since: float
    message: str


def _of_batches(train: Curve, val: Curve | None, least: float) -> bool:
    """Whether training swings from batch to batch, and not the network: validation, logged less often, is calm."""
    if val is None or val.oscillation is None or train.finite[1].size < OFTENER * val.finite[1].size:
        return False
    return val.oscillation.amplitude < CALM * least


def _swinging(
    train: Curve | None, val: Curve | None, least: float, reversals: float, improvement: float
) -> _Unrest | None:
    """The first of the curves whose second half swings by so much, turns so often, and has not calmed down."""
    for side, curve in (("training", train), ("validation", val)):
        found = curve.oscillation if curve is not None else None
        if curve is None or found is None or found.reversals < reversals:
            continue
        if found.amplitude >= max(least, STILL_AS_WIDE * found.early):
            swing = found.amplitude / improvement
            message = (
                f"in its second half the {side} loss swings by ±{swing:.0%} of the improvement achieved "
                f"and turns at {found.reversals:.0%} of its steps"
            )
            return _Unrest(curve, swing, float(curve.x[curve.x.size // 2]), message)
    return None


def _climbing(
    train: Curve, val: Curve | None, rises: Mapping[str, float], alpha: float, least: float, improvement: float
) -> _Unrest | None:
    """The first of the curves that has climbed from its lowest stretch while training has got worse."""
    for side, curve in (("train", train), ("val", val)):
        if curve is None or not rises[side] < alpha or curve.turning.rise < least * improvement:
            continue
        # Validation that climbs while training improves is overfitting; where training gets worse, the run comes apart.
        if curve is train or training_worse_since(curve.turning.step, train, improvement):
            climb, since = curve.turning.rise / improvement, curve.turning.step
            message = (
                f"the loss climbs from its lowest stretch at step {since:g} by {climb:.0%} of the improvement "
                "achieved, and training has got worse since"
            )
            return _Unrest(curve, climb, since, message)
    return None
