"""What the Trainer of Hugging Face logs, as a list, in its state, and in itself."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from tracker_diag.core.run import InvalidRunError
from tracker_diag.reading.in_memory import one_run

ROWS: list[dict[str, Any]] = [
    {"loss": 0.9, "learning_rate": 1e-3, "epoch": 0.5, "step": 10},
    {"eval_loss": 1.0, "epoch": 1.0, "step": 20},
    {"loss": math.nan, "learning_rate": 5e-4, "epoch": 1.5, "step": 30, "note": "text", "flag": True},
    {"train_loss": 0.8, "train_runtime": 12.0, "epoch": 1.5, "step": 30},
]


def test_a_metric_has_a_point_in_each_row_that_holds_it() -> None:
    run = one_run(ROWS)
    assert run.metrics["loss"].steps.tolist() == [10, 30]
    assert math.isnan(run.metrics["loss"].values[1])
    assert run.metrics["eval_loss"].steps.tolist() == [20]
    assert run.metrics["epoch"].values.tolist() == [0.5, 1.0, 1.5]
    assert not {"note", "flag", "step"} & set(run.metrics)


def test_without_a_step_the_epoch_counts_and_without_that_the_rows() -> None:
    assert one_run([{"epoch": 0.5, "loss": 1.0}, {"epoch": 1.0, "loss": 0.9}]).metrics["loss"].steps.tolist() == [
        0.5,
        1,
    ]
    assert one_run([{"loss": 1.0}, {"x": 1.0}, {"loss": 0.9}]).metrics["loss"].steps.tolist() == [0, 2]


def test_a_state_says_its_settings() -> None:
    state = SimpleNamespace(log_history=ROWS, max_steps=30, num_train_epochs=3, global_step=30)
    run = one_run(state)
    assert (run.params, len(run.metrics["loss"])) == ({"max_steps": 30, "num_train_epochs": 3}, 2)


def test_a_trainer_says_its_arguments_over_the_model_s_configuration() -> None:
    trainer = SimpleNamespace(
        state=SimpleNamespace(log_history=ROWS, max_steps=30),
        args=SimpleNamespace(to_dict=lambda: {"learning_rate": 1e-3, "seed": 1}),
        model=SimpleNamespace(config=SimpleNamespace(to_dict=lambda: {"model_type": "bert", "seed": 0})),
    )
    assert one_run(trainer).params == {"max_steps": 30, "model_type": "bert", "learning_rate": 1e-3, "seed": 1}


def test_a_configuration_that_fails_is_done_without() -> None:
    config = SimpleNamespace(to_dict=lambda: 1 / 0)
    trainer = SimpleNamespace(state=SimpleNamespace(log_history=ROWS), model=SimpleNamespace(config=config))
    assert one_run(trainer).params == {}


@pytest.mark.parametrize(
    "rows", [[{}], [{"a": "b"}], SimpleNamespace(log_history=[]), SimpleNamespace(log_history=[3])]
)
def test_rows_without_a_number_are_refused(rows: Any) -> None:
    with pytest.raises(InvalidRunError, match="log_history: "):
        one_run(rows)
