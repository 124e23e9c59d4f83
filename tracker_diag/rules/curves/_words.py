"""What several sentences on curves share: names of curves, levels, steps, and how large an effect is."""

from __future__ import annotations

import math

from tracker_diag.core.numbers import figure, share, times
from tracker_diag.evidence.nats import in_unit
from tracker_diag.rules.api import Curve
from tracker_diag.stats.turning import window_size

#: Share of the last value by which a mean is still close to it.
CLOSE = 0.1
#: Multiple from which on its digits say nothing.
THOUSAND = 1000.0
#: Steps from which on thousands are separated.
GROUPED = 1e4
#: Scores that readers know by these names; the others are called scores, or errors where lower is better.
FAMILIAR = frozenset({"accuracy", "balanced accuracy", "ROC AUC", "F1", "perplexity"})
#: Kinds of metric whose uninformed level is that of always predicting the mean, and that of random guessing.
OF_THE_MEAN = frozenset({"squared error", "root of the squared error", "explained variance"})
OF_GUESSES = frozenset({"ROC AUC", "agreement beyond chance", "correlation"})
#: How near to ln k, as a share of it, a level is that of guessing between k classes.
AT_LOG = 1e-6
TWO_CLASSES, MOST_CLASSES = 2, 1e6
#: Share of the way from the uninformed level to a perfect one below which a value is worse than that level (less is
#: noise), and no better: both look the same with four digits.
WORSE, NO_BETTER = -0.02, 0.0005


def named(curve: Curve) -> str:
    """Name a curve: "validation loss", "training accuracy"."""
    return f"{curve.side} {noun(curve)}"


def noun(curve: Curve) -> str:
    """Say what a curve is: "loss", "accuracy", "score", "error"."""
    if not curve.role.endswith("score"):
        return curve.role.partition("_")[2]
    if curve.metric.kind in FAMILIAR:
        return curve.metric.kind
    return "score" if curve.flipped else "error"


def level(curve: Curve, value: float, digits: int = 4) -> str:
    """Write a level of a curve in the metric's own sign."""
    return figure(curve.shown(value), digits)


def at(step: float) -> str:
    """Write a step with all its digits: "8", "12,000", "0.5"."""
    return f"{step:,.0f}" if abs(step) >= GROUPED else f"{step:g}"


def of_fall(size: float, improvement: float, *curves: Curve) -> str:
    """Say how large an effect is beside what was achieved: "2% of the way from 2.3 to the best training loss, …".

    Parameters
    ----------
    size, improvement : float
        In the unit of the curves; the improvement ends at the best value of all of them.
    *curves : Curve
        Those that the improvement was taken of.
    """
    one = min(curves, key=lambda c: c.best)
    lowest = one.best
    way = "the way"
    from_to = f"from {level(one, lowest + improvement, 3)} to the best {named(one)}, {level(one, lowest, 3)}"
    part = size / improvement
    if part >= THOUSAND:
        return f"over 1,000 times {way} {from_to}"
    return f"{times(part) if part > 1 else share(part) + ' of'} {way} {from_to}"


def undoes(curve: Curve) -> str:
    """Say how far a curve went back from its best: "undoing 31% of its fall from 2.3", "higher than … (2.3)"."""
    lowest = curve.best_logged[1]
    gained, lost = curve.start - lowest, curve.tail - lowest
    first = level(curve, curve.start)
    if lost < gained:
        return f"undoing {share(lost / gained)} of its {'rise' if curve.flipped else 'fall'} from {first}"
    if gained > 0:
        return f"{'lower' if curve.flipped else 'higher'} than where it started ({first})"
    return "and was never better than at the start"


def end(curve: Curve) -> str:
    """Write where a curve ends: its last value, or "about 211 on average over the last 10 values" where that differs.

    The statistics average the end, so they may speak of another level than the last record.
    """
    size = window_size(curve.y.size)
    return averaged(curve, curve.tail, max(1, round(size * curve.finite[1].size / curve.y.size)))


def last(curve: Curve) -> str:
    """Write the last value of a curve, which need not be its level at the end: where it was when training stopped."""
    return level(curve, float(curve.finite[1][-1]))


def averaged(curve: Curve, mean: float, values: int) -> str:
    """Write the mean of a curve's last values; the last one itself where both are the same with three digits."""
    single = float(curve.finite[1][-1])
    if level(curve, mean, 3) == level(curve, single, 3):
        return level(curve, single)
    about = f"about {level(curve, mean, 3)}"
    return about if abs(mean - single) <= CLOSE * abs(single) else f"{about} on average over the last {values} values"


def best(curve: Curve, mean: float | None = None, digits: int = 4) -> str:
    """Write the best value of a curve; "about" that of its best stretch, where the best record is another one."""
    stretch = curve.best if mean is None else mean
    lowest = float(curve.finite[1].min())
    same = level(curve, stretch, 3) == level(curve, lowest, 3)
    return level(curve, lowest, digits) if same else f"about {level(curve, stretch, 3)}"


def uninformed(curve: Curve, value: float) -> str:
    """Name what has this level: random guessing, always predicting the mean, or any model that ignores its input.

    Parameters
    ----------
    curve : Curve
        Of the metric.
    value : float
        The level, as logged.
    """
    kind = curve.metric.kind
    if kind in OF_THE_MEAN:
        return "always predicting the mean"
    if curve.accuracy or kind in OF_GUESSES or (curve.metric.of_classes and _is_log(value / in_unit(1.0, curve))):
        return "random guessing"
    return "a model that ignores its input"


def _is_log(nats: float) -> bool:
    """Whether this is the logarithm of a whole number from two on."""
    classes = round(math.exp(nats)) if 0 < nats < math.log(MOST_CLASSES) else 0
    return classes >= TWO_CLASSES and abs(math.log(classes) - nats) <= AT_LOG * nats


def compared(part: float) -> str:
    """Compare a value with the uninformed level, from its share of the way to a perfect one: "no better than"."""
    return "worse than" if part < WORSE else "no better than" if part < NO_BETTER else "hardly better than"
