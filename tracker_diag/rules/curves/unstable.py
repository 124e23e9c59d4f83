"""LC109 unstable."""

from __future__ import annotations

from collections.abc import Mapping

from tracker_diag.rules.api import UNSETTLED, Curve, GivenBack, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._pace import has_downward_trend
from tracker_diag.rules.curves._unrest import climbed, climbing, losing, swinging, wandering


@rule(
    "LC109",
    "unstable",
    seen_as=("My loss jumps, or swings up and down",),
    unless=UNSETTLED,
    verdict=Verdict(50, "a swinging curve has no settled level to compare"),
)
def unstable(
    train: Curve,
    improvement: float | None,
    effect_unit: float | None,
    rises: Mapping[str, float],
    given_back: Mapping[str, GivenBack],
    error_share: float,
    active: bool,
    val: Curve | None,
    held_out: Curve | None,
    n_val_seen: int | None,
    restless: float | None,
    of_single_batches: bool | None,
    restarts: bool | None,
    traits: frozenset[str],
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
    stretch to its end, or validation does while training has got worse since; or whether half of what training had
    gained is lost in every value of its last quarter; or whether a training loss that gained nothing ends 15 % and more
    above where it began, while validation does not improve. Or whether both curves swing by a sixth of their own level,
    and by a tenth of what was gained on the logarithmic scale: so, where nothing was gained, or a first value that
    exploded makes any share of it small. Where only the start of the curves says what knowing nothing costs, swings are
    measured against the loss that is left at the end as well. If training is logged at least three times as often as
    validation, and validation is calm, the swings are those of single batches and are not reported; a climb still is.
    Swings of a run that is still going are an `info`; the test of a climb allows for being repeated while the run is
    going.

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
    # A rate that is raised again and again swings the loss by design.
    wanders = None if restarts else wandering(train, restless)
    if improvement is None or effect_unit is None:
        swings = wanders
        # A task that gets harder by design climbs as well, while validation goes on.
        goes_on = held_out is not None and has_downward_trend(held_out.x, held_out.y, alpha)
        unrest = wanders or (None if goes_on else climbed(train, rises["train"], alpha * error_share))
    else:
        # A validation curve that swings over few examples, or over nobody knows how many, is the matter of
        # unrepresentative-validation.
        trusted = val if n_val_seen is not None and n_val_seen >= many_examples else None
        least = minimum_swing * effect_unit
        swings = swinging(None if of_single_batches else train, trusted, least, reversals, improvement)
        unrest = losing(train, given_back["train"], improvement) if given_back["train"].lost else None
        unrest = unrest or swings or wanders
        unrest = unrest or climbing(train, val, rises, alpha * error_share, minimum_climb, improvement)
    if unrest is None:
        return None
    return unstable.finding(
        Severity.INFO if active and swings else Severity.WARNING,
        min(0.95, 0.6 + unrest.size),
        unrest.message,
        "lower the learning rate three- to tenfold"
        if "boosting" in traits
        else "lower the learning rate three- to tenfold or anneal it; use larger batches; shuffle",
        {"swing": unrest.size, "metric": unrest.curve.name},
        (unrest.since, float(unrest.curve.x[-1])),
    )
