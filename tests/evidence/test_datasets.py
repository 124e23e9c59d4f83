"""What declared datasets mean beside the curves and parameters of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.evidence.test_inputs import of
from tracker_diag import Run
from tracker_diag.core.dataset import Dataset

FIT = {"initial_epoch": "0", "steps_per_epoch": "None", "batch_size": "None", "epochs": "3"}
TRAIN = {"context": "train", "digest": "a", "profile": {"features_shape": [431, 8], "targets_shape": [431]}}
SAME = {**TRAIN, "context": "eval"}


def seen(inputs: list[dict[str, Any]], params: dict[str, Any], *names: str) -> Any:
    points = [[i, float(v)] for i, v in enumerate(np.linspace(1.0, 0.2, 30))]
    return of(Run.from_dict({"id": "r", "datasets": inputs, "params": params, "metrics": dict.fromkeys(names, points)}))


def sides(names: list[str], **params: Any) -> list[str]:
    made: Dataset = seen([TRAIN, SAME], params, *names).dataset
    return [i.side for i in made.inputs]


@pytest.mark.parametrize("names", [["train-rmse", "valid-rmse"], ["val_loss"], ["validation-logloss"]])
def test_a_validation_curve_makes_the_only_evaluated_set_a_validation_set(names: list[str]) -> None:
    assert sides(names) == ["train", "validation"]


@pytest.mark.parametrize("names", [["train-rmse"], ["loss"], [], ["validation_0-rmse"]])
def test_training_curves_do_not_and_no_more_does_a_number_that_xgboost_gave(names: list[str]) -> None:
    assert sides(names) == ["train", "train"]


def test_what_stops_the_training_was_meant_for_validation() -> None:
    assert sides(["validation_0-rmse"], early_stopping_rounds="10") == ["train", "validation"]
    assert sides(["validation_0-rmse"], early_stopping_rounds="None") == ["train", "train"]
    assert sides(["train-rmse"], early_stopping_rounds="10") == ["train", "train"]


def test_keras_trains_on_what_it_does_not_split_off() -> None:
    found = seen([TRAIN], {**FIT, "validation_split": "0.3"}, "loss", "val_loss")
    assert (found.n_train, found.n_val) == (301, 130)
    assert found.n_updates == 3 * 10


@pytest.mark.parametrize(
    "params",
    [{**FIT, "validation_split": "0.0"}, {"validation_split": "0.3"}, {**FIT, "val_split": "0.3"}, FIT],
)
def test_nothing_else_splits_what_was_declared(params: dict[str, str]) -> None:
    found = seen([TRAIN], params, "loss", "val_loss")
    assert (found.n_train, found.n_val) == (431, None)
