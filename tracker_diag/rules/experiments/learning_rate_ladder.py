"""EX903 learning-rate-ladder."""

from __future__ import annotations

from tracker_diag.core.numbers import figure, times
from tracker_diag.evidence.beside_siblings import NONE
from tracker_diag.roles.learning_rates import rounded
from tracker_diag.rules.api import BesideSiblings, Comparison, Outcome, Severity, rule

#: Times the highest sound rate within which a rate is at it.
AT_IT = 1.5


@rule("EX903", "learning-rate-ladder", seen_as=("My loss explodes",))
def learning_rate_ladder(
    comparison: Comparison, learning_rate: float, beside_siblings: BesideSiblings | None, *, step_down: float = 10.0
) -> Outcome:
    """Compares this run's learning rate with the highest one in the experiment that did not explode.

    What it measures
    ----------------
    The rule needs at least four learning rates in comparable runs, with the highest at least thirty times the lowest.
    It finds the highest learning rate below the lowest one that exploded, and proposes a rate one order of magnitude
    lower. A learning rate counts as exploded if most of its runs ended without a finite value, or ended ten times as
    far from the best loss as the typical run. The learning rate of the best run never counts as exploded.

    The severity is `info`. The rule says nothing if other runs show which rate this one should have (EX906), or if no
    run beats random guessing.

    Why it matters
    --------------
    "Find the highest value which doesn't make the error explode. Set the learning rate one order of magnitude lower
    than this."

    What to do
    ----------
    Start with the rate that is one order of magnitude lower, and search around it.

    Thresholds
    ----------
    step_down : factor by which the highest rate that did not explode is divided; 10 is one order of magnitude.

    References
    ----------
    Seminar: "How to find best learning rate?". Smith (2017), WACV: Cyclical learning rates for training neural
    networks.
    """
    ladder = comparison.ladder
    if ladder is None or ladder.sound is None or step_down <= 0 or comparison.guessing is not None:
        return None
    if beside_siblings is not None and any(
        g.alternative.role == "learning_rate" and g.value > NONE for g in beside_siblings.gains
    ):
        return None
    target, own = rounded(ladder.sound / step_down), figure(learning_rate)
    if learning_rate > AT_IT * ladder.sound:
        stands = f"this run's {own} is {times(learning_rate / ladder.sound)} as high"
    elif own == figure(ladder.sound):
        stands = "this run uses it"
    elif learning_rate > ladder.sound / AT_IT:
        stands = f"this run's {own} is close to it"
    elif learning_rate > 0:
        stands = f"this run's {own} is {times(ladder.sound / learning_rate)} lower" + (
            ", as is advisable" if target / AT_IT <= learning_rate <= AT_IT * target else ""
        )
    else:
        stands = f"with this run's {own} nothing is learned"
    return learning_rate_ladder.finding(
        Severity.INFO,
        0.8,
        f"of {ladder.rates} learning rates tried ({figure(ladder.lowest)} to {figure(ladder.highest)}), "
        f"{figure(ladder.sound)} is the highest that did not explode; {stands}",
        f"lower the learning rate from {own} to {figure(target)}, which is {times(step_down)} lower than the highest "
        "one that did not explode"
        if learning_rate > AT_IT * target
        else "",
        {"sound": ladder.sound, "rates": ladder.rates, "rate": learning_rate, "proposed": target},
    )
