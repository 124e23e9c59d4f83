"""What ``fit`` of Keras returns, told from its form: Keras itself is not needed."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tracker_diag.core.run import InvalidRunError
from tracker_diag.reading.in_memory import one_run

MODEL = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {"layers": [{"class_name": "Dense", "config": {"units": 3, "activation": "softmax"}}]},
    "compile_config": {"loss": "sparse_categorical_crossentropy", "optimizer": "sgd"},
}


def history(**fields: Any) -> SimpleNamespace:
    loss = [0.9, 0.7, 0.5, 0.4]
    given: dict[str, Any] = {
        "history": {"loss": loss, "val_loss": loss},
        "epoch": [0, 1, 2, 3],
        "params": {"epochs": 4},
    }
    return SimpleNamespace(**(given | fields))


def model(**fields: Any) -> SimpleNamespace:
    optimizer = type("SGD", (), {"get_config": lambda self: {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9}})()
    weights = [SimpleNamespace(shape=(8, 3)), SimpleNamespace(shape=(3,))]
    given = {"optimizer": optimizer, "to_json": lambda: json.dumps(MODEL), "trainable_weights": weights}
    return SimpleNamespace(**(given | fields))


def test_curves_are_over_epochs_which_count_from_0() -> None:
    run = one_run(history())
    assert run.metrics["val_loss"].steps.tolist() == [0, 1, 2, 3]
    assert run.params == {"epochs": 4}
    assert run.model is None


def test_a_training_that_went_on_begins_where_it_did() -> None:
    assert one_run(history(epoch=[10, 11, 12, 13])).metrics["loss"].steps.tolist() == [10, 11, 12, 13]


@pytest.mark.parametrize(("n", "val", "steps"), [(4, 2, [1, 3]), (10, 3, [2, 5, 8]), (4, 1, [3])])
def test_a_validation_every_few_epochs_stands_where_it_was(n: int, val: int, steps: list[int]) -> None:
    given = history(history={"loss": [1.0] * n, "val_loss": [1.0] * val}, epoch=list(range(n)))
    assert one_run(given).metrics["val_loss"].steps.tolist() == steps


def test_nan_is_kept() -> None:
    run = one_run(history(history={"loss": [0.9, math.nan], "accuracy": np.array([0.1, 0.1])}, epoch=[0, 1]))
    assert math.isnan(run.metrics["loss"].values[1])


def test_the_model_says_its_layers_its_loss_and_its_optimiser() -> None:
    run = one_run(history(model=model()))
    assert run.params == {"epochs": 4, "optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9}
    assert run.model is not None
    assert (run.model.layers[0].type, run.model.loss) == ("Dense", "sparse_categorical_crossentropy")
    assert run.model.trainable_parameters == 27


def test_a_rate_that_was_logged_is_that_of_the_beginning() -> None:
    given = history(history={"loss": [0.9, 0.7], "learning_rate": [0.2, 0.1]}, epoch=[0, 1], model=model())
    assert one_run(given).params["learning_rate"] == 0.2


@pytest.mark.parametrize(
    "broken", [model(to_json=lambda: 1 / 0), model(to_json=lambda: "{"), model(optimizer=None), SimpleNamespace()]
)
def test_a_model_that_cannot_be_described_is_done_without(broken: Any) -> None:
    assert len(one_run(history(model=broken)).metrics["loss"]) == 4


def test_an_empty_history_says_what_fills_it() -> None:
    with pytest.raises(InvalidRunError, match="it is empty: call model"):
        one_run(history(history={}, epoch=[]))
