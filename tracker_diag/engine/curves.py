"""Inputs of rules that are curves: which, how far they may be judged, what going on would bring."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.roles import Roles
from tracker_diag.core.run import Run, Series
from tracker_diag.stats.course import Course
from tracker_diag.stats.extrapolation import Extrapolation, extrapolate
from tracker_diag.stats.gap import Gap, gap
from tracker_diag.stats.multiplicity import adjusted
from tracker_diag.stats.sequential import Look, look

FloatArray = NDArray[np.float64]


class Curves:
    """A run and its curves by role."""

    def __init__(self, run: Run, roles: Roles) -> None:
        self.run = run
        self.roles = roles

    @cached_property
    def look(self) -> Look | None:
        """What may be judged of a run that is still going; None for one that has ended."""
        if not self.run.active:
            return None
        sizes = [
            len(s) for r, s in self.roles.metrics.items() if r in ("train_loss", "train_score", "val_loss", "val_score")
        ]
        return look(min(sizes)) if sizes else None

    @cached_property
    def level(self) -> float:
        """Share of the error probability that this look may spend: 1 for a run that has ended."""
        if not self.run.active:
            return 1.0
        return self.look.share if self.look else 0.0

    def _course(self, role: str) -> Course | None:
        series = self.roles.metrics.get(role)
        if series is None or len(series) < 2:
            return None
        flipped = self.roles.directions.get(role) == "max"
        steps, raw = series.steps, -series.values if flipped else series.values
        if self.run.active and np.isfinite(raw[-1]):
            # A run that is still going is judged at the rungs of a ladder; both curves at the same point of the run.
            at = self._judged_until
            keep = max(2, int(np.searchsorted(steps, at, side="right")))
            steps, raw = steps[:keep], raw[:keep]
        return Course(series.name, steps, raw, flipped)

    @cached_property
    def _judged_until(self) -> float:
        chosen = [
            s for r, s in self.roles.metrics.items() if r in ("train_loss", "train_score", "val_loss", "val_score")
        ]
        shortest = min(chosen, key=len)
        if self.look is None:
            return float(shortest.steps[-1])
        return float(shortest.steps[min(self.look.points, len(shortest)) - 1])

    @cached_property
    def train_loss(self) -> Course | None:
        """Training loss."""
        return self._course("train_loss")

    @cached_property
    def val_loss(self) -> Course | None:
        """Validation loss."""
        return self._course("val_loss")

    @cached_property
    def train_score(self) -> Course | None:
        """Training score, turned so that lower is better."""
        return self._course("train_score")

    @cached_property
    def val_score(self) -> Course | None:
        """Validation score, turned so that lower is better."""
        return self._course("val_score")

    @cached_property
    def _pair(self) -> tuple[Course | None, Course | None]:
        if self.train_loss and self.val_loss:
            return self.train_loss, self.val_loss
        if self.train_score and self.val_score:
            return self.train_score, self.val_score
        if self.train_loss:
            return self.train_loss, None
        if self.val_loss:
            return None, self.val_loss
        return self.train_score, self.val_score

    @property
    def _judgeable(self) -> bool:
        # Before the first rung of the ladder nothing but divergence may be said of a run that is still going.
        return not self.run.active or self.look is not None

    @cached_property
    def train(self) -> Course | None:
        """The training curve the verdict rests on: the loss; the score where both sides hold only that."""
        course = self._pair[0]
        return course if course and course.long_enough and self._judgeable else None

    @cached_property
    def val(self) -> Course | None:
        """The validation curve beside it."""
        course = self._pair[1]
        return course if course and course.long_enough and self._judgeable else None

    @cached_property
    def any_train(self) -> Course | None:
        """The training curve, however short, with values that are not finite."""
        return self._pair[0]

    @cached_property
    def any_val(self) -> Course | None:
        """The validation curve, however short, with values that are not finite."""
        return self._pair[1]

    @cached_property
    def rate_curve(self) -> Series | None:
        """The learning rate as logged over steps; NaN where it is none."""
        return self._within("learning_rate", 1e6)

    @cached_property
    def gradient_norm(self) -> Series | None:
        """The gradient norm as logged over steps; NaN where it is none, or so large that sums overflow."""
        return self._within("gradient_norm", 1e150)

    def _within(self, role: str, most: float) -> Series | None:
        series = self.roles.metrics.get(role)
        if series is None:
            return None
        return replace(series, values=np.where((series.values >= 0) & (series.values <= most), series.values, math.nan))

    @cached_property
    def annealed(self) -> bool:
        """Whether the learning rate fell to less than a tenth of its peak, or a schedule that does so is configured."""
        curve = self.rate_curve
        if curve is not None and len(curve) >= 3:
            good = curve.values[np.isfinite(curve.values)]
            return bool(good.size and good[-1] < 0.1 * good.max())
        schedule = str(self.roles.params.get("scheduler") or "").lower()
        return any(word in schedule for word in ("cos", "linear", "poly", "onecycle", "one_cycle", "decay", "exp"))

    def clock(self, course: Course) -> FloatArray | None:
        """How far the optimiser has gone at each point of a course.

        The cumulative learning rate; steps where it was constant.

        None where the rate was annealed but not logged: then nothing says what more steps would bring.
        """
        curve = self.rate_curve
        if curve is None or len(curve) < 3 or not np.isfinite(curve.values).all():
            return None if self.annealed else course.x
        path = np.cumsum(curve.values * np.gradient(curve.steps))
        clock: FloatArray = np.interp(course.x, curve.steps, path)
        return clock if path[-1] > 0 else course.x

    @cached_property
    def further(self) -> Extrapolation | None:
        """What going on would bring to the validation curve (to training's, where there is none).

        None where nothing can be said.
        """
        course = self.val or self.train
        if course is None or course.x.size < 5:
            return None
        clock = self.clock(course)
        return None if clock is None else extrapolate(clock, course.y, floor=self._floor(course))

    @cached_property
    def further_train(self) -> Extrapolation | None:
        """What going on would bring to the training curve."""
        course = self.train
        if course is None or course.x.size < 5:
            return None
        clock = self.clock(course)
        return None if clock is None else extrapolate(clock, course.y, floor=self._floor(course))

    def _floor(self, course: Course) -> float:
        if course.flipped:
            lowest = float(course.y.min())
            return -1.0 if lowest >= -1.0 else (-100.0 if lowest >= -100.0 else -math.inf)
        return 0.0 if float(course.y.min()) >= 0 else -math.inf

    @cached_property
    def end_gap(self) -> Gap | None:
        """Validation over training at the end."""
        return gap(self.val.y, self.train.y) if self.val and self.train else None

    @cached_property
    def score_gap(self) -> float | None:
        """Distance of the scores at the end, as a share of the better; None for errors, or without losses beside."""
        ours, theirs = self.train_score, self.val_score
        if not ours or not theirs or ours is self.train or not (ours.long_enough and theirs.long_enough):
            return None
        if not ours.flipped:
            return None
        best = max(abs(ours.tail), abs(theirs.tail))
        return gap(theirs.y, ours.y).value / best if best > 0 else None

    @cached_property
    def rises(self) -> Mapping[str, float]:
        """p-values of "at rest since its minimum" for the training and the validation curve, adjusted for asking both.

        The family is fixed: ``train`` and ``val``, the two tests that can call a settled run ill. Benjamini and
        Hochberg.
        """
        courses = {"train": self.train, "val": self.val}
        return adjusted({side: math.nan if c is None else c.turning.p for side, c in courses.items()})

    @cached_property
    def active(self) -> bool:
        """Whether the run may still log."""
        return self.run.active

    @cached_property
    def settled_from(self) -> float | None:
        """Step since which the learning rate is below a hundredth of its peak, if it is."""
        curve = self.rate_curve
        if curve is None or len(curve) < 3 or np.isnan(curve.values).all():
            return None
        low = np.flatnonzero(curve.values >= 0.01 * np.nanmax(curve.values))
        return float(curve.steps[low[-1]]) if low.size and low[-1] < len(curve) - 1 else None
