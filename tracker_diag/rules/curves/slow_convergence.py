"""LC110 slow-convergence."""

from __future__ import annotations

from tracker_diag.core.numbers import figure
from tracker_diag.rules.api import UNSETTLED, Curve, Explained, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._pace import GOES_ON, MANY_TIMES, falls
from tracker_diag.rules.curves._words import level, named
from tracker_diag.stats.extrapolation import Extrapolation

#: Times the present length beyond which curves are not carried on.
FARTHEST = 100.0


@rule(
    "LC110",
    "slow-convergence",
    seen_as=("My loss falls, but very slowly", "My loss still falls when training ends"),
    unless=UNSETTLED,
    verdict=Verdict(80, "training is too slow, and more steps alone would not help enough"),
)
def slow_convergence(
    course: Curve,
    further: Extrapolation,
    active: bool,
    error_share: float,
    val: Curve | None,
    explained: Explained | None,
    improvement: float | None,
    pretrained: object | None,
    traits: frozenset[str],
    *,
    minimum_times: float = MANY_TIMES,
    minimum_gain: float = GOES_ON,
    least_gain: float = 0.05,
    alpha: float = 0.01,
) -> Outcome:
    """The loss falls steadily, but so slowly that it would need many times as many steps as the run has.

    What it measures
    ----------------
    The rule extends the curve as `undertrained` does. It estimates after how many steps 90% of the expected improvement
    would be reached (the message then says that the curve levels off), and what training twice as long would bring.

    Why it matters
    --------------
    A small learning rate "might converge to the global minimum but it takes a huge amount of time". More epochs are
    then the wrong remedy.

    What to do
    ----------
    Raise the learning rate by a factor of 3 to 10 before you add epochs. Check that the inputs are scaled, and that
    gradient clipping does not limit the step size.

    Thresholds
    ----------
    minimum_times : how many times as many steps it must take to reach 90% of the expected improvement.
    minimum_gain : smallest gain from training twice as long, at the lower end of its interval, as a share of the
        curve's own improvement so far.
    least_gain : the same, as a share of the improvement over a model that ignores its input, if the loss of such a
        model is known. A network that starts close to its final level is not slow.
    alpha : level of the trend test, and of the sign test that the curve falls at every step. One of the two must be
        significant.

    References
    ----------
    Seminar: "Learning Rate" (small learning rate). Domhan et al. (2015), IJCAI.
    """
    curve = val or course
    known = explained is not None and explained.known
    if known and improvement is not None and further.low < least_gain * improvement:
        return None
    if pretrained and not known:
        return slow_convergence.skip(
            "a pretrained model starts near its final loss, and the loss of random guessing is unknown",
            "log the number of classes",
        )
    achieved = curve.start - curve.best
    if achieved <= 0 or further.low < minimum_gain * achieved or further.enough < minimum_times:
        return None
    if not falls(curve, alpha * error_share):
        return None
    many = f"more than {figure(FARTHEST)}" if further.enough > FARTHEST else f"about {figure(further.enough)}"
    return slow_convergence.finding(
        Severity.INFO if active else Severity.WARNING,
        0.8,
        f"{named(curve)} improved slowly, from {level(curve, curve.start)} to {level(curve, curve.best_logged[1])}: at "
        f"this pace it needs {many} times the steps of this run to level off; twice the steps should "
        f"{'raise' if curve.flipped else 'lower'} it by another {figure(further.gain, 2)}",
        "raise the learning rate by a factor of 3 to 10 before you add "
        f"{'rounds' if 'boosting' in traits else 'epochs'}",
        {"times": further.enough, "gain": further.gain / achieved},
        (float(curve.x[0]), float(curve.x[-1])),
    )
