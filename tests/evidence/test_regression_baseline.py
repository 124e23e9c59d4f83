"""The variance of the target as the level of a loss of which only the profile says what is learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.evidence.test_inputs import of
from tracker_diag import Run

NUMBERS = {"target": {"kind": "regression", "variance": 4.0}}


def baseline(
    loss: Any, profile: dict[str, Any] = NUMBERS, params: dict[str, Any] | None = None, **others: Any
) -> float | None:
    metrics = {name: [[i, float(v)] for i, v in enumerate(values)] for name, values in {"loss": loss, **others}.items()}
    found: float | None = of(
        Run.from_dict({"id": "r", "metrics": metrics, "params": params or {}, "profile": profile})
    ).baseline
    return found


def falling(start: float, end: float) -> Any:
    return end + (start - end) * np.exp(-np.arange(40) / 8)


@pytest.mark.parametrize(("start", "end"), [(4.4, 0.4), (3.0, 0.2), (4.1, 3.2), (4.3, 4.05), (4.0, 4.0)])
def test_a_loss_that_begins_at_the_variance_is_a_squared_error(start: float, end: float) -> None:
    assert baseline(falling(start, end)) == 4.0


@pytest.mark.parametrize(
    ("start", "end", "of_which"),
    [
        (1.6, 0.3, "an absolute error: its root of 2 / pi"),
        (0.9, 0.1, "targets that are scaled besides"),
        (40.0, 3.9, "another unit that happens to end there"),
        (5.68, 3.95, "1.42 variances, where a Gaussian likelihood of standardised targets begins"),
        (3.2, 3.15, "an absolute error that learned nothing"),
        (5.3, 5.2, "something else that stands"),
    ],
)
def test_a_loss_of_another_level_is_not(start: float, end: float, of_which: str) -> None:
    assert baseline(falling(start, end)) is None, of_which


def test_only_beside_targets_that_are_numbers_and_no_accuracy() -> None:
    loss = falling(4.4, 0.4)
    assert baseline(loss, {"target": {"variance": 4.0}}) is None
    assert baseline(loss, {"target": {"kind": "multilabel", "variance": 4.0}}) is None
    assert baseline(loss, accuracy=1 - falling(0.9, 0.2)) is None
    assert baseline(loss[:2]) is None


def test_a_loss_function_that_is_no_square_comes_first() -> None:
    assert baseline(falling(4.4, 0.4), params={"loss": "mae"}) is None
    high = falling(40.0, 20.0)
    assert baseline(high, params={"loss": "mse"}) == 4.0
    assert baseline(high, params={"loss": "mse"}, mean_absolute_error=high) == 4.0


def test_a_metric_of_the_same_values_says_what_the_loss_is() -> None:
    high, near = falling(40.0, 0.4), falling(4.4, 0.4)
    assert baseline(high) is None
    assert baseline(high, mean_squared_error=high * 1.0001) == 4.0
    assert baseline(near, root_mean_squared_error=near) == 2.0
    for name in ("mean_absolute_error", "mae"):
        assert baseline(near, **{name: near}) is None
        assert baseline(near, **{name: np.sqrt(near) * 0.8}) == 4.0
