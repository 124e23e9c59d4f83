"""What frameworks log by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag import Series
from tracker_diag.timeline.frameworks import without_restored_point, without_twins

LOSS = [5.0, 4.0, 3.0, 3.5, 3.6]


def series(name: str, values: list[float], steps: list[float] | None = None, seconds: bool = False) -> Series:
    found = range(len(values)) if steps is None else steps
    return Series.from_points(name, list(found), values, list(range(len(values))) if seconds else None)


def logged(**metrics: Series) -> dict[str, Series]:
    return metrics


def single(value: float) -> Series:
    return series("x", [value])


VAL = series("val_loss", [3, 2, 1])
AT_0 = series("validation_loss", [3, 2, 1], [0, 0, 0])


def test_keras_validation_at_step_0_gives_way_to_val() -> None:
    assert set(without_twins({"loss": VAL, "val_loss": VAL, "validation_loss": AT_0})) == {"loss", "val_loss"}


def test_one_epoch_of_it_gives_way_too() -> None:
    assert set(without_twins({"val_loss": single(1), "validation_loss": single(1)})) == {"val_loss"}


@pytest.mark.parametrize(
    "metrics",
    [
        {"validation_loss": AT_0},
        {"val_accuracy": VAL, "validation_loss": AT_0},
        {"val_loss": VAL, "validation_loss": VAL},
        {"val_loss": AT_0},
    ],
    ids=["alone", "beside another", "with steps", "val itself"],
)
def test_other_validation_metrics_stay(metrics: dict[str, Series]) -> None:
    assert without_twins(metrics) == metrics


RESTORED = {
    "xgboost": {"stopped_iteration": single(4), "best_iteration": single(2)},
    "lightgbm": {"stopped_iteration": single(5), "best_iteration": single(3)},
    "keras": {"stopped_epoch": single(4), "restored_epoch": single(2)},
}


@pytest.mark.parametrize("library", RESTORED)
def test_the_restored_value_is_no_measurement(library: str) -> None:
    found = without_restored_point({**RESTORED[library], "val": series("val", [*LOSS, 3.0], seconds=True)})["val"]
    assert found.values.tolist() == LOSS
    assert found.steps.tolist() == [0, 1, 2, 3, 4]
    assert found.seconds is not None
    assert found.seconds.tolist() == [0, 1, 2, 3, 4]
    assert found.notes == (), "it is not the user's doing"


@pytest.mark.parametrize(
    ("stopped", "restored", "values"),
    [(4, 2, [*LOSS, 3.1]), (9, 2, [*LOSS, 3.0]), (4, 1, [*LOSS, 3.0])],
    ids=["another value", "another step", "the value of another step"],
)
def test_a_last_point_that_is_not_proved_a_repetition_stays(stopped: int, restored: int, values: list[float]) -> None:
    metrics = logged(stopped_epoch=single(stopped), restored_epoch=single(restored), val_loss=series("v", values))
    assert len(without_restored_point(metrics)["val_loss"]) == 6


def test_without_early_stopping_a_repeated_last_value_stays() -> None:
    assert len(without_restored_point({"val_loss": series("val_loss", [*LOSS, 3.0])})["val_loss"]) == 6


@given(st.lists(st.floats(allow_nan=True), min_size=0, max_size=8), st.integers(-2, 9), st.integers(-2, 9))
def test_at_most_the_last_point_goes(values: list[float], stopped: int, restored: int) -> None:
    metrics = logged(loss=series("loss", values), stopped_epoch=single(stopped), restored_epoch=single(restored))
    kept = without_restored_point(metrics)["loss"]
    assert len(values) - len(kept) in (0, 1)
    assert np.array_equal(kept.values, np.array(values[: len(kept)], float), equal_nan=True)
