"""LC110 slow-convergence."""

from __future__ import annotations

from tracker_diag.rules.api import UNSETTLED, Curve, Explained, Outcome, Severity, Verdict, rule
from tracker_diag.rules.curves._pace import GOES_ON, MANY_TIMES, falls
from tracker_diag.stats.extrapolation import Extrapolation

#: Times the present length beyond which curves are not carried on.
FARTHEST = 100.0


@rule(
    "LC110",
    "slow-convergence",
    seen_as=("My loss falls, but very slowly", "My loss still falls when training ends"),
    unless=UNSETTLED,
    verdict=Verdict(80, "the pace, not the length, is the trouble"),
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
    """Improves significantly, but at this pace needs many times the steps it was given.

    What it measures
    ----------------
    The same extrapolation as for `undertrained`: the length at which nine tenths of the expected improvement are
    reached, and what twice the training would bring.

    Why it matters
    --------------
    A small learning rate "might converge to the global minimum but it takes a huge amount of time". More epochs are
    the wrong remedy then.

    What to do
    ----------
    Raise the learning rate three- to tenfold before adding epochs; check that the inputs are scaled and that clipping
    does not set the step.

    Thresholds
    ----------
    minimum_times : length, in multiples of the present one, at which nine tenths of the expected improvement are
        reached.
    minimum_gain : what doubling would bring, at the lower end of its interval, in units of what the curve itself has
        improved.
    least_gain : the same, in units of all that was achieved since knowing nothing, where that is known: a network that
        goes on from where it had nearly arrived is not slow.
    alpha : level of the trend test, and of the sign test of a fall at every step: a pace has to be there to be slow.

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
            "a pretrained model begins near its end, and the uninformed loss is not known",
            "log the number of classes",
        )
    achieved = curve.start - curve.best
    if achieved <= 0 or further.low < minimum_gain * achieved or further.enough < minimum_times:
        return None
    if not falls(curve, alpha * error_share):
        return None
    times = f"over {FARTHEST:g}" if further.enough > FARTHEST else f"{further.enough:g}"
    return slow_convergence.finding(
        Severity.INFO if active else Severity.WARNING,
        0.8,
        f"at this pace the run needs {times} times its steps; twice the steps would bring "
        f"another {further.gain / achieved:.0%} of what they have brought so far",
        f"raise the learning rate three- to tenfold before adding {'rounds' if 'boosting' in traits else 'epochs'}",
        {"times": further.enough, "gain": further.gain / achieved},
        (float(curve.x[0]), float(curve.x[-1])),
    )
