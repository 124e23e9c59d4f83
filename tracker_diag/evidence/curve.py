"""One curve with all that is asked of it more than once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tracker_diag.roles.metric import LOSS, Metric
from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.condense import condense, finite_part
from tracker_diag.stats.divergence import Divergence, divergence
from tracker_diag.stats.even import even_in_logs
from tracker_diag.stats.noise import Noise, noise
from tracker_diag.stats.oscillation import Oscillation, oscillation, spikes
from tracker_diag.stats.turning import Turning, turning, window_size

#: Splits in words.
SPLITS = {"train": "training", "val": "validation"}

#: Finite values that statistics take.
MINIMUM = 4

#: What a cross-entropy is below that is no rounding.
BELOW_ZERO = -1.0

#: Points that its noise takes, and its swings.
POINTS_OF_NOISE, POINTS_OF_SWINGS = 6, 8


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve turned so that lower is better, and its statistics, each computed once and only if asked for.

    Attributes
    ----------
    name : str
        The metric's name.
    steps, raw : ndarray, shape (n,)
        As logged; ``raw`` negated where higher is better, and with values that are not finite.
    metric : Metric
        What it is, and in what it is measured.
    role : str
        ``train_loss``, ``val_score`` and so on.
    """

    name: str
    steps: FloatArray
    raw: FloatArray
    metric: Metric = LOSS
    role: str = "train_loss"

    @property
    def side(self) -> str:
        """Which data it was measured on: "training" or "validation"."""
        return SPLITS[self.role.partition("_")[0]]

    @property
    def said(self) -> str:
        """What it is, in a sentence: "training loss"."""
        return f"{self.side} {self.role.partition('_')[2]}"

    @property
    def flipped(self) -> bool:
        """Whether higher is better in the metric's own unit."""
        return self.metric.better == "max"

    @property
    def accuracy(self) -> bool:
        """Whether it is the share of right answers."""
        return self.metric.counts_right_answers

    @property
    def whole(self) -> float:
        """What a perfect score is taken for: 1, or 100."""
        return self.metric.whole

    def share(self, value: float) -> float:
        """Give a level of this curve as a share of a perfect score.

        Parameters
        ----------
        value : float
            The level, turned so that lower is better.

        Returns
        -------
        float
            In the metric's own sign.
        """
        return self.shown(value) / self.whole

    def shown(self, value: float) -> float:
        """Turn a level of this curve back to the metric's own sign.

        Parameters
        ----------
        value : float
            The level, turned so that lower is better.

        Returns
        -------
        float
            In the unit and with the sign in which the metric was logged.
        """
        # Plus nothing: minus zero is shown as such.
        return 0.0 - value if self.flipped else value

    @cached_property
    def finite(self) -> tuple[FloatArray, FloatArray]:
        """Steps and values that are finite."""
        return finite_part(self.steps, self.raw)

    @cached_property
    def xy(self) -> tuple[FloatArray, FloatArray]:
        """Finite and condensed: what the statistics see."""
        return condense(*self.finite)

    @property
    def x(self) -> FloatArray:
        """Steps of the condensed curve, shape (m,)."""
        return self.xy[0]

    @property
    def y(self) -> FloatArray:
        """Values of the condensed curve, shape (m,)."""
        return self.xy[1]

    @property
    def long_enough(self) -> bool:
        """Whether statistics can be made of it."""
        return self.finite[1].size >= MINIMUM

    @cached_property
    def start(self) -> float:
        """The first finite value."""
        return float(self.finite[1][0])

    @cached_property
    def below_zero(self) -> float | None:
        """The lowest value of a known cross-entropy, where it lies below 0 by more than rounding, as none can."""
        values = self.finite[1]
        lowest = float(values.min()) if values.size else 0.0
        return lowest if self.metric.plain_cross_entropy and lowest < BELOW_ZERO else None

    @cached_property
    def best(self) -> float:
        """Mean of the lowest window."""
        return self.turning.best

    @cached_property
    def tail(self) -> float:
        """Mean of the last tenth."""
        return float(self.y[-window_size(self.y.size) :].mean())

    def at(self, step: float) -> float:
        """Average the window around a step: the level of the curve there.

        Parameters
        ----------
        step : float
            One beyond either end counts as that end.

        Returns
        -------
        float
            Turned so that lower is better.
        """
        i = int(np.clip(np.searchsorted(self.x, step), 0, self.x.size - 1))
        half = window_size(self.x.size) // 2
        return float(self.y[max(0, i - half) : i + half + 1].mean())

    @cached_property
    def noise(self) -> Noise:
        """Noise around the whole curve."""
        return noise(self.y)

    @cached_property
    def late_noise(self) -> Noise:
        """Noise of the second half; of the whole where that is too short."""
        half = self.y[self.y.size // 2 :]
        return noise(half, share=1.0) if half.size >= POINTS_OF_NOISE else self.noise

    @cached_property
    def turning(self) -> Turning:
        """Its lowest window against its end; tested on the scale on which the noise after it is even."""
        found = turning(self.x, self.y)
        since = self.x >= found.step
        if found.rise > 0 and float(self.y.min()) > 0 and even_in_logs(self.y[since]):
            return replace(found, p=turning(self.x, np.log(self.y)).p)
        return found

    @cached_property
    def best_logged(self) -> tuple[float, float]:
        """Step and value of the best record within its lowest stretch: a checkpoint of that step may exist.

        The stretch holds all windows that cannot be told from the lowest one, so a lucky record elsewhere is none.
        """
        steps, values = self.finite
        half = self.turning.window // 2
        first, last = np.searchsorted(self.x, (self.turning.low_step, self.turning.high_step))
        low, high = self.x[max(0, int(first) - half)], self.x[min(self.x.size - 1, int(last) + half)]
        inside = np.flatnonzero((steps >= low) & (steps <= high))
        best = inside[int(values[inside].argmin())] if inside.size else int(values.argmin())
        return float(steps[best]), float(values[best])

    @cached_property
    def divergence(self) -> Divergence:
        """Where values are not finite, or blow up."""
        return divergence(self.raw)

    @cached_property
    def oscillation(self) -> Oscillation | None:
        """Its swings; None for fewer than 8 points."""
        return oscillation(self.y) if self.y.size >= POINTS_OF_SWINGS else None

    @cached_property
    def spikes(self) -> NDArray[np.intp]:
        """Indices into ``finite`` of isolated jumps."""
        return spikes(self.finite[1])
