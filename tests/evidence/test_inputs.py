"""What rules are told of a run: names resolved, values within their range, facts read off texts of any layout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.rules.runs import (
    CLASSES,
    EPOCHS,
    NOTHING,
    SOUND,
    Curves,
    a_run,
    cause,
    falling,
    healthy,
    judge,
    overfitting,
    undertrained,
)
from tracker_diag import Run, Settings
from tracker_diag.engine.values import Values
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.models.described import described
from tracker_diag.roles.resolve import resolve

KERAS = """Model: "sequential"
┏━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
┃ Layer (type) ┃ Output Shape ┃ Param # ┃
│ dense (Dense)│ (None, 64)   │  50,240 │
 Total params: 50,890 (198.79 KB)
 Trainable params: 50,890 (198.79 KB)
 Non-trainable params: 0 (0.00 B)
"""
LIGHTNING = """  | Name  | Type       | Params | Mode
0 | model | Sequential | 1.2 M  | train
-----------------------------------------
1.2 M     Trainable params
0         Non-trainable params
1.2 M     Total params
4.8       Total estimated model params size (MB)
"""


def seen(curves: Curves | None = None, params: dict[str, Any] | None = None, **more: Any) -> Seen:
    return of(a_run(curves if curves is not None else healthy(), params, **more))


def of(run: Run) -> Seen:
    network = described(run)
    roles = resolve(run, Settings(), network)
    return Seen(Values({"run": run, "network": network, "roles": roles, "symptoms": Symptoms("", {})}))


class Seen:
    """The inputs of a run as attributes."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values.get(name)


@pytest.mark.parametrize(
    ("summary", "weights"),
    [
        (KERAS, 50_890),
        (LIGHTNING, 1_200_000),
        ("Total params: 11.69M", 11_690_000),
        ("Total params: 0", None),
        ("Total params: ,,, none", None),
        ("Total params:", None),
        ("a layout nobody knows", None),
        ("", None),
    ],
)
def test_weights_are_read_off_summaries(summary: str, weights: float | None) -> None:
    assert seen(model_summary=summary).n_weights == weights


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", ["1", "1,", " ", "1 ", "Total params ", "Linear\n", "(" * 50, "\x00", "12 Total", "½", "1" + " " * 500]
)
def test_a_summary_of_ten_megabytes_takes_no_time(piece: str) -> None:
    summary = piece * (10_000_000 // len(piece))
    judge(healthy(), {**SOUND, "n_train": 1000}, model_summary=summary)


def test_weights_are_guessed_from_width_and_depth() -> None:
    assert seen(params={"hidden_units": 100, "layers": 2, "n_features": 20}).n_weights == 100 * (20 + 100 + 10)
    assert seen(params={"n_parameters": 7, "hidden_units": 100}).n_weights == 7


@pytest.mark.parametrize(
    ("classes", "known"), [(10, 10), ("10", 10), (10.0, 10), (2.5, None), ("many", None), (True, None)]
)
def test_classes(classes: Any, known: int | None) -> None:
    assert seen({"train_loss": healthy()["train_loss"]}, {"num_classes": classes}).n_classes == known


def test_one_output_is_two_classes_where_an_accuracy_or_the_loss_says_so() -> None:
    only = {"train_loss": healthy()["train_loss"]}
    assert seen(only, {"num_classes": 1}).n_classes is None
    assert seen(only, {"num_classes": 1, "loss": "bce"}).n_classes == 2
    assert seen(healthy(), {"num_classes": 1}).n_classes == 2


def test_a_run_that_learned_nothing_gives_its_classes_away() -> None:
    flat = {"train_loss": np.full(EPOCHS, NOTHING), "train_accuracy": np.full(EPOCHS, 0.1)}
    assert seen(flat, {"num_classes": None}).baseline == pytest.approx(NOTHING)


@pytest.mark.parametrize("word", ["mse", "hinge", "focal", "mae", "huber", "ctc"])
def test_the_baseline_is_known_for_cross_entropies_alone(word: str) -> None:
    assert seen(params={"loss": word}).baseline is None
    assert seen(params={"loss": "cross_entropy"}).baseline == pytest.approx(NOTHING)


def test_a_squared_error_s_level_is_the_target_s_variance() -> None:
    profile = {"target": {"kind": "regression", "variance": 4.0}}
    evidence = seen({"train_mse": healthy()["train_loss"]}, {"num_classes": None, "loss": "mse"}, profile=profile)
    assert evidence.baseline == 4.0


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_accuracies_in_either_unit_explain_the_same(unit: float) -> None:
    both = {n: v * unit for n, v in healthy().items() if "accuracy" in n}
    assert seen(both).baseline == pytest.approx(-0.1 * unit)


def test_shares_survive_a_change_of_units() -> None:
    params = {"num_classes": None}
    plain, scaled = (seen({n: v * k for n, v in overfitting().items() if "loss" in n}, params) for k in (1, 1000))
    for name in ("apart", "parted", "quick", "val_first", "memorised", "loss_ratio", "setback"):
        assert getattr(plain.features, name) == pytest.approx(getattr(scaled.features, name)), name


@pytest.mark.parametrize("classes", [None, CLASSES])
def test_an_improvement_made_before_the_first_value_is_not_forgotten(classes: int | None) -> None:
    """The unit of what calls a run ill: at least what is left at the end, where the level is not known."""
    curves = {"train_loss": 0.3 + falling(0.0, 4, start=0.05), "val_loss": 0.31 + falling(0.0, 4, start=0.05)}
    evidence = seen(curves, {"num_classes": classes})
    assert evidence.improvement is not None
    if classes is None:
        assert evidence.improvement == pytest.approx(0.06, abs=0.005)
        assert evidence.effect_unit == pytest.approx(0.31, abs=0.001)
    else:
        assert evidence.effect_unit == evidence.improvement == pytest.approx(NOTHING - 0.3, abs=0.001)


@pytest.mark.parametrize(
    ("params", "updates"),
    [
        ({"epochs": 10, "batch_size": 32, "n_train": 100}, 40),
        ({"epochs": 10, "batch_size": 32}, None),
        ({"epochs": 10, "batch_size": 0, "n_train": 100}, None),
        ({"epochs": 1e300, "batch_size": 1, "n_train": 100}, None),
    ],
)
def test_updates_of_the_configuration(params: dict[str, float], updates: int | None) -> None:
    assert seen(params=params).n_updates == updates


def test_the_accuracy_of_a_regression_makes_no_cross_entropy_of_it() -> None:
    curves = {"loss": falling(2.4, 2, start=140.0), "val_loss": falling(2.5, 2, start=90.0)}
    for accuracy, excess in ((0.0, 1.8), (0.9, 20)):
        stands = {"accuracy": np.full(EPOCHS, accuracy), "val_accuracy": np.full(EPOCHS, accuracy)}
        features = seen({**curves, **stands}, {"num_classes": None}).features
        assert features is not None
        assert features.first.times == pytest.approx(excess, rel=0.2)


def test_an_accuracy_without_a_finite_value_says_nothing_of_the_loss() -> None:
    curves = {"train_loss": falling(1.0, 5, start=20.0), "train/accuracy": np.full(EPOCHS, np.nan)}
    features = seen(curves, {"num_classes": None}).features
    assert features is not None
    assert math.isfinite(features.first.times)


def test_noise_of_training_alone_does_not_give_classes_away() -> None:
    curves = {
        "train_loss": np.full(EPOCHS, math.log(2)),
        "train_accuracy": np.full(EPOCHS, 0.5),
        "val_loss": falling(0.2, 5, start=0.6),
    }
    assert seen(curves, {"num_classes": None}).baseline is None


def test_a_setback_is_the_largest_loss_of_what_was_achieved() -> None:
    assert seen().features.setback == pytest.approx(0, abs=0.01)
    thrown = healthy()["train_loss"]
    thrown[20:26] += 1.0
    assert seen({**healthy(), "train_loss": thrown}).features.setback == pytest.approx(1 / (NOTHING - 0.2), rel=0.05)


@pytest.mark.parametrize("n", [7, 20, 48, 99])
def test_the_number_of_validation_examples_shows_in_an_accuracy(n: int) -> None:
    counts = np.random.default_rng(0).integers(0, n + 1, EPOCHS)
    curves = {"train_loss": healthy()["train_loss"], "val_accuracy": counts / n}
    found = seen(curves).n_val_seen
    assert found is not None
    assert n % found == 0 or found == n
    assert seen(curves, {"n_val": 5000}).n_val_seen == 5000


@pytest.mark.parametrize("value", [math.nan, -1.0, math.inf, 1e300])
def test_a_logged_rate_that_is_none_is_no_clock(value: float) -> None:
    evidence = seen({**healthy(), "learning_rate": np.full(EPOCHS, value)})
    assert evidence.rate_curve is not None
    assert np.isnan(evidence.rate_curve.values).all()
    assert evidence.settled_from is None
    assert evidence.train is not None
    assert evidence.clock.at(evidence.train.x) is evidence.train.x


def test_an_annealed_rate_that_was_not_logged_says_nothing_of_more_steps() -> None:
    assert seen(undertrained(), {"scheduler": "cosine"}).further is None
    assert seen(undertrained(), {"scheduler": "constant"}).further is not None


def test_contradictory_parameters_are_noted_and_one_is_taken() -> None:
    report = judge(healthy(), {"lr": 0.1, "learning_rate": 0.001, "batch_size": 32, "train_batch_size": 64})
    assert any("learning_rate" in note or "lr" in note for note in report.notes)
    again = judge(healthy(), {"train_batch_size": 64, "batch_size": 32, "learning_rate": 0.001, "lr": 0.1})
    assert again.to_dict() == report.to_dict()


def test_text_where_a_number_belongs_is_noted_and_not_used() -> None:
    report = judge(healthy(), {"learning_rate": "fast", "batch_size": "auto"})
    assert any("fast" in note for note in report.notes)
    assert cause(report, "learning-rate-too-high") is None


def test_a_metric_logged_once_is_no_curve() -> None:
    run = Run.from_dict({"id": "r", "metrics": {"train_loss": [[0, 0.3]], "val_loss": [[0, 0.4]]}})
    evidence = of(run)
    assert evidence.any_curve is None
    assert evidence.features is None


def test_a_signature_says_among_how_many_classes_a_loss_chooses() -> None:
    torch = {"framework": "torch", "layers": [{"type": "Linear", "out_features": 7}], "loss": "CrossEntropyLoss"}
    assert seen(params={"num_classes": None}, model={**torch, "output_shape": [None, 7]}).n_classes == 7
    assert seen(params={"num_classes": None}, model={**torch, "output_shape": [None, 30, 7]}).n_classes is None
    assert seen(params={"num_classes": None}, model=torch).n_classes is None
    assert (
        seen(params={"num_classes": None}, model={**torch, "loss": "MSELoss", "output_shape": [None, 7]}).n_classes
        is None
    )


def test_parameters_without_nesting_read_as_what_they_are() -> None:
    flat = seen(params={"optimizer": {"lr": "1e-3"}, "flag": "True", "nothing": "None"}).flat_params
    assert {name: flat[name] for name in ("optimizer.lr", "flag", "nothing")} == {
        "optimizer.lr": 1e-3,
        "flag": True,
        "nothing": None,
    }


def test_numbers_among_the_parameters_by_their_flat_names() -> None:
    params = {"z": "0.5", "a": {"b": 3}, "flag": True, "text": "sgd", "infinite": "inf", "nothing": None}
    numbers = seen(params=params).numeric_params
    assert {name: numbers[name] for name in ("a.b", "z")} == {"a.b": 3.0, "z": 0.5}
    assert list(numbers) == sorted(numbers)
    assert not numbers.keys() & {"flag", "text", "infinite", "nothing"}
