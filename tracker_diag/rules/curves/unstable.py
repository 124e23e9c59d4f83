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
    verdict=Verdict(50, "an unstable curve has no final level to compare"),
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
    """The loss swings up and down, or rises again, instead of settling.

    What it measures
    ----------------
    Total improvement: from the first value, or from the loss of random guessing if that is known, to the best value.
    The rule reports a run in each of these cases:

    - The second half of the training curve swings around its trend. The rule takes the robust standard deviation as a
      share of the total improvement, and the share of steps at which the curve changes direction. The swings must still
      be at least half as wide as in the first half. Validation is judged in the same way if it has many examples.
    - The training loss rises from its lowest stretch to its end. Or the validation loss does, and training has got
      worse in the same steps.
    - The whole last quarter of the training curve has lost half of the improvement or more.
    - A training loss that never improved ends 15% or more above its first value, while validation does not improve.
    - Both curves swing by a sixth of their own level, and by a tenth of the improvement on a logarithmic scale. This
      covers runs in which nothing improved, and runs whose first value is so high that every share is small.

    If the loss of random guessing is unknown, swings are also compared with the loss that is left at the end. If
    training is logged at least three times as often as validation, and validation does not swing, the swings come from
    single batches. Such swings are not reported, but a rise still is.

    Swings of a run that is still going are an `info`. The test of a rise takes into account that it is repeated while
    the run is going.

    Why it matters
    --------------
    A high learning rate "hardly gets you to the global minimum (good chance of overshooting it)": the weights jump
    around the minimum and never reach it.

    What to do
    ----------
    Lower the learning rate by a factor of 3 to 10, or anneal it. Use larger batches. Shuffle the data.

    Thresholds
    ----------
    minimum_swing : smallest standard deviation of the swings that is reported, as a share of the total improvement.
    reversals : share of steps at which the curve must change direction. White noise does so at two thirds of the steps,
        a smooth curve at none.
    many_examples : with this number of validation examples or more, swings of validation come from the run, not from
        the small number of examples.
    minimum_climb : smallest rise that is reported, from the lowest tenth of the curve to its last tenth, as a share of
        the total improvement.
    alpha : level of the test of that rise. Null hypothesis: the curve has been on a plateau since its minimum.

    References
    ----------
    Seminar: "Learning Rate". Zhang et al. (2021), AUTOTRAINER: oscillating loss.
    """
    if train.oscillation is None:
        return unstable.skip("the training curve has fewer than eight values", "log the training loss at every epoch")
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
        unrest = losing(train, improvement) if given_back["train"].lost else None
        unrest = unrest or swings or wanders
        unrest = unrest or climbing(train, val, rises, alpha * error_share, minimum_climb, improvement)
    if unrest is None:
        return None
    return unstable.finding(
        Severity.INFO if active and swings else Severity.WARNING,
        min(0.95, 0.6 + unrest.size),
        unrest.message,
        "lower the learning rate by a factor of 3 to 10"
        if "boosting" in traits
        else "lower the learning rate by a factor of 3 to 10, or anneal it; use larger batches; shuffle the data",
        {"swing": unrest.size, "metric": unrest.curve.name},
        (unrest.since, float(unrest.curve.x[-1])),
    )
