"""What happened where the steps of a run go back: the training went on there, or another one began."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from tracker_diag.stats.arrays import FloatArray
from tracker_diag.timeline.stretches import Stretch

#: How many times nearer than the other a level must be to count as shown.
NEARER = 2.0
#: Standard errors by which two levels have to differ for anything to be told by them.
DISTINCT = 3.0
#: Share of what a first stretch gained that noise may be for single values to be compared.
QUIET = 0.05
#: Records from which on a training is one.
LEAST = 4
#: Values on either side of a seam whose median is compared, at most; and as one over it, their share of a stretch.
WINDOW, WINDOW_SHARE = 5, 5
#: Share of the stretch before a seam that may be logged anew without being asked for a reason.
CORRECTED = 1 / 20
#: From a standard deviation to the standard error of a median of normal values, in square roots of their number.
_OF_MEDIAN = 1.2533
#: From the median of absolute differences of neighbours to the standard deviation of normal noise.
_OF_DIFFERENCES = 1.0484
#: Size of a value from which on it is as good as infinite: sums of two must be numbers still.
_ENDLESS = 1e150


class Seam(Enum):
    """What was shown of a place where steps go back."""

    ON = "training continued, with steps counted from the start again"
    BACK = "training resumed from an earlier step"
    NEW = "another training started"
    OPEN = "not clear"


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of one metric around a seam.

    Attributes
    ----------
    start : float
        Where the training that was going on began.
    end : float
        Where it stood before the seam.
    earlier : float
        Where it stood at the steps that come again, or just before them; NaN where these are its first.
    again : float
        Where the curve stands behind the seam.
    error : float
        Standard error of such a level: the noise of neighbours, for the median of as many values as were taken.
    """

    start: float
    end: float
    earlier: float
    again: float
    error: float

    @property
    def on(self) -> float:
        """How much nearer the curve begins to where it stood than to its start, as a logarithm; below 0 for farther.

        Both distances are lengthened by the standard error. Where start and end differ by less than three of it, 0:
        what agrees within the noise is told apart by nothing.
        """
        return self._nearer(self.end)

    @property
    def back(self) -> float:
        """The same for where it stood at the steps that come again."""
        return -math.inf if math.isnan(self.earlier) else self._nearer(self.earlier)

    @property
    def far(self) -> bool:
        """Whether the curve begins farther from its start and from where it stood than these are from each other."""
        apart = max(abs(self.start - self.end), DISTINCT * self.error)
        return min(abs(self.start - self.again), abs(self.end - self.again)) > apart

    def _nearer(self, level: float) -> float:
        if abs(self.start - level) <= DISTINCT * self.error:
            return 0.0
        far, near = abs(self.start - self.again) + self.error, abs(level - self.again) + self.error
        # Where values agree to the last digit a distance is 0: the logarithm is capped.
        with np.errstate(divide="ignore"):
            return 0.0 if far == near else float(np.clip(np.log(far) - np.log(near), -5.0, 5.0))


def levels(going: Stretch, first: Stretch, following: Stretch, may_go_back: bool) -> Levels | None:
    """Measure the levels around a seam.

    Parameters
    ----------
    going : Stretch
        What was logged before it: the last stretch, or all that was joined where the seam may lead back into it.
    first : Stretch
        The first stretch of the training that was going on.
    following : Stretch
        What was logged behind the seam.
    may_go_back : bool
        Whether its first step is a later one than that at which steps were last counted anew.

    Returns
    -------
    Levels or None
        None where a side has no finite value to compare.
    """
    # The same number of values at both starts: of a curve that falls a longer window has a lower median.
    most = max(1, min(WINDOW, first.values.size // WINDOW_SHARE, following.values.size // WINDOW_SHARE))
    noise = max(_noise(going.values[going.values.size // 2 :]), _noise(following.values))
    # Where noise is small one value says more: after five epochs a fast training stands where a slow one ended.
    n = 1 if noise <= QUIET * _travel(first.values) else most
    of_end = max(1, min(WINDOW, going.values.size // WINDOW_SHARE))
    again = _level(following.values[:n])
    start = _level(first.values[:n])
    if again is None or start is None:
        return None
    end = _level(going.values[-of_end:])
    earlier = _earlier(going, following, n, again) if may_go_back else None
    return Levels(
        start,
        math.inf if end is None else end,
        math.nan if earlier is None else earlier,
        again,
        noise * _OF_MEDIAN / math.sqrt(n),
    )


def judge(around: Sequence[Levels]) -> Seam:
    """Say what happened at a seam, or at several taken together.

    The curve behind it is set against three levels: where the training began, where it stood, and where it stood at
    the steps that are logged anew. What is at least twice as near as the start, on the geometric mean over metrics (and
    seams), is shown; so is the start if it is twice as near as either. Steps that are counted anew begin at the first
    step: a restart at a later one is a resume, unless the last level is twice as near as the earlier one.

    Parameters
    ----------
    around : sequence of Levels
        One for each loss or score that was logged on both sides.

    Returns
    -------
    Seam
        ``OPEN`` where neither is shown, or nothing can be compared.
    """
    if not around:
        return Seam.OPEN
    on = sum(x.on for x in around) / len(around)
    back = sum(x.back for x in around) / len(around)
    if max(on, back) >= math.log(NEARER):
        return Seam.BACK if back >= math.log(NEARER) and on - back < math.log(NEARER) else Seam.ON
    return Seam.NEW if max(on, back) <= -math.log(NEARER) else Seam.OPEN


def is_correction(going: Stretch, following: Stretch) -> bool:
    """Whether so little is logged anew that it needs no reason.

    Parameters
    ----------
    going, following : Stretch
        The stretches before and behind the seam.

    Returns
    -------
    bool
        True where steps go back by up to two records, or a twentieth of the stretch, and not to its first.
    """
    again = int((going.steps >= following.steps[0]).sum())
    return 0 < again < going.steps.size and again <= max(2.0, CORRECTED * going.steps.size)


def _travel(values: FloatArray) -> float:
    finite = values[np.abs(values) < _ENDLESS]
    return abs(float(finite[0] - finite[-1])) if finite.size else 0.0


def _earlier(going: Stretch, following: Stretch, n: int, again: float) -> float | None:
    """Where the training stood at the steps that come again, or just before them: what is nearer to the curve there.

    Who resumes because the training came apart logs other values than those that came first.
    """
    at = int(np.searchsorted(going.steps, following.steps[0]))
    found = [x for x in (_level(going.values[at : at + n]), _level(going.values[max(0, at - n) : at])) if x is not None]
    return min(found, key=lambda x: abs(x - again), default=None) if at < going.steps.size else None


def _level(values: FloatArray) -> float | None:
    finite = values[np.abs(values) < _ENDLESS]
    return float(np.median(finite)) if 2 * finite.size > values.size else None


def _noise(values: FloatArray) -> float:
    finite = values[np.abs(values) < _ENDLESS]
    return float(np.median(np.abs(np.diff(finite)))) * _OF_DIFFERENCES if finite.size > 2 else 0.0
