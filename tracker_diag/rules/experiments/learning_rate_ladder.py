"""EX903 learning-rate-ladder."""

from __future__ import annotations

from tracker_diag.evidence.beside_siblings import NONE
from tracker_diag.roles.learning_rates import rounded
from tracker_diag.rules.api import BesideSiblings, Comparison, Outcome, Severity, rule

#: Times the highest sound rate within which a rate is at it.
AT_IT = 1.5
#: Ratios from here on are shown in full.
FULL = 10.0


@rule("EX903", "learning-rate-ladder", seen_as=("My loss explodes",))
def learning_rate_ladder(
    comparison: Comparison, learning_rate: float, beside_siblings: BesideSiblings | None, *, step_down: float = 10.0
) -> Outcome:
    """The learning rates of the experiment: the highest that did not explode, and where this run stands.

    What it measures
    ----------------
    Where four rates or more were tried in comparable runs, over a factor of thirty: the highest below the lowest that
    exploded, and a rate one order of magnitude below. A rate exploded where most of its runs ended without a finite
    value, or ten times as far from the best as runs typically end; never the rate of the best run. It is a remark, and
    nothing is said where other runs show which rate this one should have (EX906), or none beats guessing.

    Why it matters
    --------------
    "Find the highest value which doesn't make the error explode. Set the learning rate one order of magnitude lower
    than this."

    What to do
    ----------
    Begin with the rate that is one order of magnitude below, and search around it.

    Thresholds
    ----------
    step_down : by what the highest sound rate is divided: one order of magnitude.

    References
    ----------
    Seminar: "How to find best learning rate?". Smith (2017), WACV: Cyclical learning rates for training
    neural networks.
    """
    ladder = comparison.ladder
    if ladder is None or ladder.sound is None or step_down <= 0 or comparison.guessing is not None:
        return None
    if beside_siblings is not None and any(
        g.alternative.role == "learning_rate" and g.value > NONE for g in beside_siblings.gains
    ):
        return None
    target = rounded(ladder.sound / step_down)
    if learning_rate > AT_IT * ladder.sound:
        stands = f"{_times(learning_rate / ladder.sound)} that"
    elif learning_rate > ladder.sound / AT_IT:
        stands = "at it"
    else:
        stands = f"{_times(ladder.sound / learning_rate)} below it" if learning_rate > 0 else "0"
    return learning_rate_ladder.finding(
        Severity.INFO,
        0.8,
        f"of {ladder.rates} learning rates from {ladder.lowest:g} to {ladder.highest:g}, {ladder.sound:g} is the "
        f"highest that did not explode; this run's {learning_rate:g} is {stands}",
        f"begin with {target:g}, one order of magnitude below the highest that did not explode"
        if learning_rate > target
        else "",
        {"sound": ladder.sound, "rates": ladder.rates, "rate": learning_rate, "proposed": target},
    )


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times" if ratio >= FULL else f"{ratio:.2g} times"
