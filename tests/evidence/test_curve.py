"""One curve, and what is asked of it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.stats.curves import steps
from tracker_diag.evidence.curve import Curve
from tracker_diag.roles.metric import Metric


def test_what_is_not_finite_is_left_out() -> None:
    course = Curve("loss", steps(6), np.array([np.nan, 3, 2, np.inf, 1, 1.5]))
    assert course.finite[0].tolist() == [1, 2, 4, 5]
    assert course.start == 3
    assert course.long_enough


def test_nothing_finite() -> None:
    course = Curve("loss", steps(6), np.full(6, np.nan))
    assert not course.long_enough
    assert course.divergence.lost == 0
    assert course.oscillation is None
    assert course.spikes.size == 0


def test_levels_are_shown_in_the_metrics_own_sign() -> None:
    course = Curve("accuracy", steps(10), -np.linspace(0.1, 0.9, 10), Metric("accuracy", "max", "share", 1.0))
    assert course.shown(course.tail) == pytest.approx(0.9)
    assert course.shown(course.start) == pytest.approx(0.1)


def test_the_best_is_never_above_the_tail() -> None:
    rng = np.random.default_rng(0)
    for n in (4, 9, 30, 511, 512, 3000):
        course = Curve("loss", steps(n), rng.standard_normal(n))
        assert course.best <= course.tail + 1e-12


def test_a_long_curve_is_condensed_but_its_start_is_its_own() -> None:
    course = Curve("loss", steps(10_000), np.linspace(5, 1, 10_000))
    assert course.x.size == 256
    assert course.start == 5.0


def test_nothing_is_shown_without_a_sign() -> None:
    course = Curve("kappa", steps(4), -np.zeros(4), Metric("agreement beyond chance", "max", "share", 1.0, 0.0))
    assert f"{course.shown(course.tail):.3g}" == "0"
