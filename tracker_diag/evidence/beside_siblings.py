"""Inputs that compare a run with the other runs of its experiment."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tracker_diag.comparison.comparison import LONGEST_NAME, ONE_SIDED, Alternative, Comparison, Other
from tracker_diag.core.numbers import figure
from tracker_diag.core.outgoing import clean
from tracker_diag.evidence.baseline import first_value
from tracker_diag.evidence.curve import Curve
from tracker_diag.evidence.ending import Ending
from tracker_diag.evidence.registry import rule_input
from tracker_diag.stats.trend import trend

#: Share of what the run began with by which the best run has to be better, so that a comparison has a unit.
LEAST_UNIT = 0.02
#: Classes of a task of which only that it is one of classes is known.
TWO_CLASSES = 2
#: Likelihood ratio of a gain that a run shows which differs in nothing else; of one that a surface through all runs
#: expects; and of either where noise may explain it.
MATCHED, EXPECTED, UNSURE = 200.0, 60.0, 30.0
#: Gain that noise may explain, where it is not surely above this.
NONE = 0.03
#: Gain that is worth a word, in units of the improvement of the best run.
WORTH = 0.1
#: Share of what the best run is left with that a distance has to be.
OF_NOTE = 0.1
#: Times the level at which several runs stand that a run may begin at: what is more, blew up.
FIRST_OVER_LEVEL = 1.5
#: Share of such a level above which a run has not left it.
NEAR_LEVEL = 0.8
#: Share of a perfect score that is no difference.
NO_WORSE = 0.005
#: Roles of parameters that make a run longer and nothing else.
LENGTHS = ("epochs", "max_steps", "n_estimators")
#: Level of the test that a curve which hardly moves goes down all the same.
FALLS = 0.05
#: A span in units of the improvement of the best run, beyond which one bad end is as bad as another.
FAR = 10.0


@dataclass(frozen=True, slots=True)
class Gain:
    """What another value of one parameter brings, in units of the improvement that the best run achieved.

    Attributes
    ----------
    alternative : Alternative
        The other value.
    value, at_least : float
        The gain, and the lower end of its one-sided 95% interval; 0 where the other value itself brought less than a
        tenth of that improvement, or is a longer training of a run that was lost or does not move.
    ratio : float
        Likelihood ratio of the cause that this change cures: what a matched run shows counts more than what a surface
        expects, what noise may explain counts less, and beside the greatest gain a lesser one counts by its square.
    """

    alternative: Alternative
    value: float
    at_least: float
    ratio: float


@dataclass(frozen=True, slots=True)
class BesideSiblings:
    """How a run ended beside comparable ones.

    All shares are of the improvement of the best of them: from the loss of a model that ignores its input, or from
    where the run began, to where the best ended.

    Attributes
    ----------
    comparison : Comparison
        What is compared, in the unit of the metric.
    best : Other
        The best comparable run.
    curve : Curve or None
        The run's own validation curve; None for one that was lost at once.
    unit : float
        The improvement of the best run, in the unit of the metric.
    behind, at_least : float
        By how much the run ends behind the best, and the lower end of its one-sided 95% interval, which takes into
        account that the best of several was chosen.
    train_behind : float
        By how much its training loss does; NaN where that is not known.
    score_behind : float
        By how much a validation score does that stands beside the loss, as a share of a perfect one; NaN where there
        is none.
    gains : tuple of Gain
        Of each parameter that varies, the one to make first.
    """

    comparison: Comparison
    best: Other
    curve: Curve | None
    unit: float
    behind: float
    at_least: float
    train_behind: float
    score_behind: float
    gains: tuple[Gain, ...]

    def did_better(self, alternative: Alternative) -> bool:
        """Whether runs with another value ended better than this one, whatever the value has to do with it.

        Parameters
        ----------
        alternative : Alternative
            The other value.

        Returns
        -------
        bool
            Also for a run that ended without a finite value.
        """
        return not alternative.value >= self.comparison.value - NONE * self.unit

    @property
    def of_note(self) -> bool:
        """Whether the distance is one that anybody would look at: a tenth of what the best run is left with.

        That is its loss; of a score what it lacks to a perfect one, where that is known.
        """
        value, best = self.comparison.value, self.best.value
        perfect = self.comparison.measure.metric.best
        floor = 0.0 if perfect is None else (-perfect if self.comparison.measure.metric.better == "max" else perfect)
        left = best - floor
        return not (left > 0 and math.isfinite(value) and value - best < OF_NOTE * left)

    @property
    def in_words(self) -> str:
        """Where both end: "validation loss ended at 3.87, while the best of 19 comparable runs, 'X', reached 1.84"."""
        found = self.comparison
        many = "the only comparable run" if found.runs == 1 else f"the best of {found.runs:,} comparable runs"
        own, best = (figure(found.measure.shown(x), 4) for x in (found.value, self.best.value))
        ends = f"ended at {own}" if math.isfinite(found.value) else "ended without a finite value"
        return f"{found.measure.said} {ends}, while {many}, '{clean(self.best.name, LONGEST_NAME)}', reached {best}"

    @property
    def as_of(self) -> str:
        """What was compared, and when: "of 19 runs, as of 2026-11-27 21:40 UTC"."""
        return self.comparison.of_when

    def far(self, share: float) -> bool:
        """Whether the run ends so far behind the best, beyond noise; a score beside the loss may excuse it.

        Never where no parameter can be held against the others, or none whose role is known makes the difference: what
        differs then, nobody knows.

        Parameters
        ----------
        share : float
            In units of the improvement of the best run.

        Returns
        -------
        bool
            False where nobody knows.
        """
        worth = [gain for gain in self.gains if gain.value >= WORTH]
        # What a parameter does of which nobody knows the role may be to change the task.
        controlled = bool(self.gains) and (not worth or any(gain.alternative.role for gain in worth))
        worse = self.behind >= share and self.at_least >= share / 3
        return controlled and worse and self.of_note and not self.score_behind < NO_WORSE


@rule_input(missing="no comparable run in the experiment", evidence="CX")
def beside_siblings(
    comparison: Comparison,
    val_loss: Curve | None,
    val_score: Curve | None,
    train_loss: Curve | None,
    train_score: Curve | None,
    main_curve: Curve | None,
    baseline: float | None,
    ending: Ending,
) -> BesideSiblings | None:
    """How the run ended beside the comparable ones of its experiment.

    Missing for a run that was interrupted without diverging, and where no comparable run beats random guessing.
    """
    found = comparison
    loss = found.measure.role == "val_loss"
    curve, trained = (val_loss, train_loss) if loss else (val_score, train_score)
    lost = not math.isfinite(found.value)
    best = found.best
    if best is None or found.guessing is not None or (not lost and (curve is None or ending.failed)):
        return None
    nothing = baseline if main_curve is not None and main_curve.role.endswith("loss") == loss else None
    start = _start(found, best.value, curve, trained, nothing)
    unit = start - best.value
    sigma = curve.noise.sigma if curve is not None and curve.long_enough else 0.0
    if not unit > max(LEAST_UNIT * abs(start), ONE_SIDED * (found.near_best or 0.0), 0.0):
        return None
    own = math.hypot(found.noise or 0.0, sigma)
    chosen = (found.near_best or 0.0) * math.sqrt(2 * math.log(max(found.runs, 2)))

    def share(value: float) -> float:
        return min(FAR, value / unit)

    # One that was lost, or blew up, counts as twice as bad as knowing nothing.
    lost = lost or found.value > start + unit
    ends = start + unit if lost else found.value
    spread = 0.0 if lost else ONE_SIDED * sigma
    # What itself learned next to nothing shows no way, however much less it lost; and a curve that was lost, or has not
    # moved at all, is no better for going on.
    stands = lost or (
        curve is not None and curve.long_enough and curve.start - curve.best < NONE * unit and not _falls(curve)
    )
    learned = [
        a
        for a in found.alternatives
        if a.value < start - WORTH * unit and not (stands and a.role in LENGTHS and a.direction > 0)
    ]
    greatest = max((share(ends - a.value) for a in learned), default=0.0)
    gains = []
    for a in found.alternatives:
        gain, at_least = (share(ends - a.value), share(ends - a.at_worst - spread)) if a in learned else (0.0, 0.0)
        sure = MATCHED if a.matched is not None else EXPECTED
        ratio = UNSURE if at_least <= NONE else sure
        gains.append(Gain(a, gain, at_least, ratio * (gain / greatest) ** 2 if 0 < gain <= greatest else 0.0))
    score = (found.score - best.score) / (val_score.whole if val_score is not None else 1.0)
    return BesideSiblings(
        comparison=found,
        best=best,
        curve=curve,
        unit=unit,
        behind=share(ends - best.value),
        at_least=share(ends - best.value - chosen - (0.0 if lost else ONE_SIDED * own)),
        train_behind=FAR if lost else (found.train - best.train) / unit,
        score_behind=math.nan if lost else score,
        gains=tuple(sorted(gains, key=lambda g: (-g.ratio, -g.value, g.alternative.parameter))),
    )


def _falls(curve: Curve) -> bool:
    """Whether a curve goes down beyond its noise, however little."""
    found = trend(curve.x, curve.y)
    return found.slope < 0 and found.p < FALLS


def _start(found: Comparison, best: float, curve: Curve | None, trained: Curve | None, nothing: float | None) -> float:
    """What knowing nothing costs; where nobody knows, the highest of where the run began and where poor runs end."""
    if nothing is not None:
        return nothing
    begun = [first_value(c) for c in (curve, trained) if c is not None and c.long_enough]
    if not begun:
        return found.poor
    # A first epoch that blew up shows in one of them more than in the other, and where others come to rest.
    start = min(begun)
    if found.level is not None and found.value > NEAR_LEVEL * found.level:
        start = min(start, FIRST_OVER_LEVEL * found.level)
    metric = found.measure.metric
    if metric.plain_cross_entropy:
        start = max(start, math.log(TWO_CLASSES))
    # Poor runs that blew up are no measure of knowing nothing.
    return max(start, min(found.poor, 2 * start - best), found.level or -math.inf)
