"""The callback for Keras: the training stays as it is, the figures are right, and no trouble is the training's."""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

# Before Keras is imported, which reads it once.
os.environ.setdefault("KERAS_BACKEND", "torch")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
keras = pytest.importorskip("keras", reason="Keras is not installed")

from keras import layers  # noqa: E402

from tests.probes.networks import Rows, merged, norm, warned  # noqa: E402
from tracker_diag.core.model import plain_model  # noqa: E402
from tracker_diag.core.signals import SIGNALS  # noqa: E402
from tracker_diag.models.keras_config import read_keras  # noqa: E402
from tracker_diag.probes.keras import Watch  # noqa: E402

# What Keras and PyTorch warn of is theirs.
pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(keras.backend.backend() != "torch", reason="Keras runs on another backend"),
]

# Networks this small are slower on several threads.
torch.set_num_threads(1)

CLASSES = 4


def data(n: int = 96) -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    return random.normal(size=(n, 12)).astype("float32"), random.integers(0, CLASSES, n)


def compiled(model: Any, optimizer: Any = None, **options: Any) -> Any:
    model.compile(optimizer or keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", **options)
    return model


def perceptron(optimizer: Any = None, **options: Any) -> Any:
    return compiled(
        keras.Sequential(
            [
                keras.Input((12,)),
                layers.Dense(16, activation="relu"),
                layers.BatchNormalization(),
                layers.Dropout(0.2),
                layers.Dense(8, activation="relu"),
                layers.Dense(CLASSES, activation="softmax"),
            ]
        ),
        optimizer,
        **options,
    )


def fit(model: Any, watch: Watch | None, **options: Any) -> Any:
    x, y = data()
    given = {"x": x, "y": y, "batch_size": 16, "epochs": 3, "verbose": 0} | options
    model.fit(**given, callbacks=[] if watch is None else [watch])
    return model


def both(make: Callable[[], Any], train: Callable[[Any, Watch | None], Any] = fit) -> tuple[list[Any], list[Any], Rows]:
    """The weights with a callback and without one, and what it logged."""
    rows: Rows = []
    ends = []
    for watch in (Watch(log=lambda figures, step: rows.append((step, figures))), None):
        keras.utils.set_random_seed(0)
        model = make()
        train(model, watch)
        ends.append(model.get_weights())
    return ends[0], ends[1], rows


def equal(some: list[Any], others: list[Any]) -> bool:
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(some, others, strict=True))


def convolutions() -> Any:
    return compiled(
        keras.Sequential(
            [
                keras.Input((12,)),
                layers.Reshape((2, 3, 2)),
                layers.Conv2D(4, 2, activation="relu"),
                layers.GlobalAveragePooling2D(),
                layers.Dense(CLASSES, activation="softmax"),
            ]
        )
    )


def recurrent() -> Any:
    inner = [layers.Reshape((6, 2)), layers.Bidirectional(layers.LSTM(3)), layers.Dense(CLASSES, activation="softmax")]
    return compiled(keras.Sequential([keras.Input((12,)), *inner]))


def shared() -> Any:
    given = keras.Input((12,))
    same = layers.Dense(12, activation="tanh")
    return compiled(keras.Model(given, layers.Dense(CLASSES, activation="softmax")(same(same(given)))))


def frozen() -> Any:
    model = perceptron()
    model.layers[0].trainable = False
    return compiled(model)


def all_frozen() -> Any:
    model = perceptron()
    model.trainable = False
    return compiled(model)


class Own(keras.Model):  # type: ignore[misc]
    """Layers in a list, and a training step of its own that computes its loss by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = [layers.Dense(8, activation="relu"), layers.Dropout(0.1), layers.Dense(CLASSES)]

    def call(self, x: Any, training: bool = False) -> Any:
        for layer in self.inner:
            x = layer(x)
        return x

    def train_step(self, data: Any) -> Any:
        x, y = data
        self.zero_grad()
        loss = torch.nn.functional.cross_entropy(self(x, training=True), y.long())
        loss.backward()
        variables = self.trainable_weights
        with torch.no_grad():
            self.optimizer.apply([v.value.grad for v in variables], variables)
        return {"loss": loss.detach()}


def own() -> Any:
    return compiled(Own())


@pytest.mark.parametrize("make", [perceptron, convolutions, recurrent, shared, frozen, all_frozen, own])
def test_the_weights_are_the_same_to_the_bit(make: Callable[[], Any]) -> None:
    watched, alone, _ = both(make)
    assert equal(watched, alone)


def _of_several() -> Any:
    one, two = keras.Input((12,), name="one"), keras.Input((12,), name="two")
    joined = layers.Dense(8, activation="relu")(layers.Concatenate()([one, two]))
    outputs = {
        "kind": layers.Dense(CLASSES, activation="softmax", name="kind")(joined),
        "size": layers.Dense(1, name="size")(joined),
    }
    model = keras.Model({"one": one, "two": two}, outputs)
    model.compile("adam", {"kind": "sparse_categorical_crossentropy", "size": "mse"})
    return model


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        x, y = data()
        return x[i * 16 : (i + 1) * 16], y[i * 16 : (i + 1) * 16]


def _endless() -> Iterator[tuple[Any, Any]]:
    while True:
        yield from (Batches()[i] for i in range(6))


def _weighted(model: Any, watch: Watch | None) -> None:
    fit(model, watch, class_weight={0: 3.0, 1: 1.0, 2: 1.0, 3: 1.0})


def _by_example(model: Any, watch: Watch | None) -> None:
    fit(model, watch, sample_weight=np.linspace(0, 2, 96), validation_split=0.25)


def _twice(model: Any, watch: Watch | None) -> None:
    fit(fit(model, watch), watch)


def _eagerly(model: Any, watch: Watch | None) -> None:
    fit(compiled(model, run_eagerly=True), watch, validation_data=data(32))


def _from_a_generator(model: Any, watch: Watch | None) -> None:
    fit(model, watch, x=_endless(), y=None, batch_size=None, steps_per_epoch=5)


def _from_a_dataset(model: Any, watch: Watch | None) -> None:
    fit(model, watch, x=Batches(), y=None, batch_size=None)


@pytest.mark.parametrize("train", [_weighted, _by_example, _twice, _eagerly, _from_a_generator, _from_a_dataset])
def test_however_it_is_fitted_the_weights_are_the_same(train: Callable[[Any, Watch | None], None]) -> None:
    watched, alone, rows = both(perceptron, train)
    assert equal(watched, alone)
    assert [step for step, figures in rows if "diag/grad_norm" in figures][:2] == [1, 5]


def test_several_inputs_and_outputs_are_trained_as_ever() -> None:
    x, y = data()

    def train(model: Any, watch: Watch | None) -> None:
        fit(model, watch, x={"one": x, "two": x}, y={"kind": y, "size": x[:, :1]})

    watched, alone, rows = both(_of_several, train)
    assert equal(watched, alone)
    said = merged(rows)
    assert "diag/initial_loss" in said
    assert "diag/baseline_loss" not in said


def _network() -> Any:
    return keras.Sequential(
        [keras.Input((12,)), layers.Dense(8, activation="relu"), layers.Dense(CLASSES, activation="softmax")]
    )


def _by_hand(model: Any, x: Any, y: Any) -> list[Any]:
    """Gradients of kernel, bias, kernel, bias."""
    weights = [torch.tensor(w, requires_grad=True) for w in model.get_weights()]
    hidden = torch.relu(torch.tensor(x) @ weights[0] + weights[1])
    loss = torch.nn.functional.cross_entropy(hidden @ weights[2] + weights[3], torch.tensor(y).long())
    return list(torch.autograd.grad(loss, weights))


def _one_look(model: Any, x: Any, y: Any, optimizer: Any, batch_size: int) -> Rows:
    rows: Rows = []
    model = compiled(model, optimizer)
    watch = Watch(log=lambda figures, step: rows.append((step, figures)))
    model.fit(x, y, batch_size=batch_size, epochs=1, shuffle=False, verbose=0, callbacks=[watch])
    return rows


def test_gradients_and_updates_are_those_computed_by_hand() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    model = _network()
    before, gradients = model.get_weights(), _by_hand(model, x, y)
    said = dict(_one_look(model, x, y, keras.optimizers.SGD(0.1), 32))[1]
    first, second = model.layers[0].name, model.layers[1].name
    assert said["diag/grad_norm"] == pytest.approx(norm(gradients), rel=1e-4)
    assert said[f"diag/grad_norm/000.{first}"] == pytest.approx(norm(gradients[:2]), rel=1e-4)
    assert said[f"diag/grad_norm/001.{second}"] == pytest.approx(norm(gradients[2:]), rel=1e-4)
    expected = 0.1 * norm(gradients[:2]) / math.hypot(*(np.linalg.norm(w) for w in before[:2]))
    assert said[f"diag/update_ratio/000.{first}"] == pytest.approx(expected, rel=1e-3)
    assert "diag/clipped" not in said


def _clipped(gradients: list[Any], how: str, at: float) -> float:
    norms = [norm([g]) for g in gradients]
    if how == "clipnorm":
        return math.sqrt(sum(min(n, at) ** 2 for n in norms))
    if how == "global_clipnorm":
        return min(norm(gradients), at)
    return norm([g.clamp(-at, at) for g in gradients])


@pytest.mark.parametrize(
    ("how", "at"), [("clipnorm", 0.1), ("global_clipnorm", 0.2), ("clipvalue", 0.02), ("clipnorm", 99.0)]
)
def test_what_was_clipped_is_what_the_update_shows(how: str, at: float) -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    model = _network()
    before, gradients = model.get_weights(), _by_hand(model, x, y)
    said = dict(_one_look(model, x, y, keras.optimizers.SGD(0.5, **{how: at}), 32))[1]
    update = math.sqrt(sum(float(((a - b) ** 2).sum()) for a, b in zip(model.get_weights(), before, strict=True))) / 0.5
    assert said["diag/grad_norm"] == pytest.approx(norm(gradients), rel=1e-4)
    assert said["diag/clip_ratio"] == pytest.approx(_clipped(gradients, how, at) / norm(gradients), rel=1e-4)
    assert said["diag/clip_ratio"] == pytest.approx(update / norm(gradients), rel=1e-3)
    assert said["diag/clipped"] == (at < 99)


def test_gradients_that_are_added_up_are_looked_at_as_their_mean() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(64)
    model = _network()
    whole = _by_hand(model, x, y)
    rows = _one_look(model, x, y, keras.optimizers.SGD(0.1, gradient_accumulation_steps=4), 16)
    said = next(figures for _, figures in rows if "diag/grad_norm" in figures)
    assert said["diag/grad_norm"] == pytest.approx(norm(whole), rel=1e-4)
    assert said[f"diag/update_ratio/000.{model.layers[0].name}"] > 0


def test_units_that_are_zero_for_a_whole_batch_are_dead() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    model = _network()
    kernel, bias, *rest = model.get_weights()
    bias[:4] = -1e3
    model.set_weights([kernel, bias, *rest])
    alive = float((np.maximum(x @ kernel + bias, 0).max(axis=0) == 0).mean())
    said = dict(_one_look(model, x, y, keras.optimizers.SGD(0.1), 32))[1]
    assert said[f"diag/dead/001.{model.layers[1].name}"] == alive >= 0.5
    assert f"diag/dead/000.{model.layers[0].name}" not in said


def test_the_first_loss_is_compared_with_knowing_nothing() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    model = _network()
    rows = _one_look(model, x, y, keras.optimizers.SGD(0.1), 32)
    told = next(figures for step, figures in rows if "diag/initial_loss" in figures and step == 0)
    model_alone = _network()
    model_alone.set_weights(model.get_weights())
    assert told["diag/baseline_loss"] == pytest.approx(math.log(CLASSES))
    assert 0.5 < told["diag/initial_loss"] < 5


def test_penalties_are_no_part_of_the_first_loss() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    plain, penalised = _network(), _network()
    penalised.layers[0].kernel_regularizer = keras.regularizers.L2(10.0)
    penalised.set_weights(plain.get_weights())
    first = [
        merged(_one_look(model, x, y, keras.optimizers.SGD(0.1), 32))["diag/initial_loss"]
        for model in (plain, penalised)
    ]
    assert first[1] == pytest.approx(first[0], rel=1e-3)


def test_the_initial_weights_are_measured_with_their_units_last() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    model = _network()
    kernel = np.random.default_rng(0).normal(scale=2 * math.sqrt(2 / 12), size=(12, 8))
    model.set_weights([kernel, *model.get_weights()[1:]])
    rows = _one_look(model, x, y, keras.optimizers.SGD(0.1), 32)
    assert dict(rows[:1])[0][f"diag/weight_scale/000.{model.layers[0].name}"] == pytest.approx(
        float(kernel.std()) / math.sqrt(2 / 12), rel=1e-4
    )


def test_running_statistics_are_compared_with_those_of_the_batch() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    model = perceptron()
    hidden = np.maximum(x @ model.get_weights()[0], 0)
    rows = _one_look(model, x, y, keras.optimizers.SGD(0.1), 32)
    deviation = np.sqrt(hidden.var(axis=0) + 1e-3)
    apart = (np.abs(hidden.mean(axis=0)) / deviation).mean()
    wider = np.abs(np.log(math.sqrt(1 + 1e-3) / deviation)).mean()
    assert dict(rows)[1][f"diag/batch_norm_gap/000.{model.layers[1].name}"] == pytest.approx(
        max(apart, wider), rel=1e-3
    )


def test_every_key_is_one_of_the_scheme() -> None:
    _, _, rows = both(perceptron, lambda model, watch: fit(model, watch, validation_split=0.25))
    names = {key.removeprefix("diag/").partition("/")[0] for _, figures in rows for key in figures}
    assert names <= {name.partition("/")[0] for name in SIGNALS}
    assert {"grad_norm", "eval_in_training_mode", "eval_input_mean", "label_top_share", "input_std"} <= names
    assert {f["diag/eval_in_training_mode"] for _, f in rows if "diag/eval_in_training_mode" in f} == {0.0}


class AlwaysOn(layers.Layer):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.inner = layers.Dropout(0.5)

    def call(self, x: Any) -> Any:
        return self.inner(x, training=True)


def test_dropout_that_is_on_in_evaluation_is_seen() -> None:
    def on() -> Any:
        return compiled(keras.Sequential([keras.Input((12,)), AlwaysOn(), layers.Dense(CLASSES, activation="softmax")]))

    _, _, rows = both(on, lambda model, watch: fit(model, watch, validation_split=0.25))
    assert {f["diag/eval_in_training_mode"] for _, f in rows if "diag/eval_in_training_mode" in f} == {1.0}


def test_the_description_is_that_of_the_file_that_keras_writes(tmp_path: Path) -> None:
    model, watch = perceptron("adam"), Watch(log=lambda *_: None)
    fit(model, watch)
    model.save(tmp_path / "model.keras")
    said = dict(watch._watching.live.model or {})
    assert said.pop("trainable_parameters") == sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert said == plain_model(read_keras(zipfile.ZipFile(tmp_path / "model.keras").read("config.json")))
    json.dumps(said)


def test_a_log_that_raises_ends_nothing_and_is_told_once() -> None:
    def log(figures: dict[str, float], step: int) -> None:
        raise RuntimeError("the server is down")

    model = perceptron()
    assert warned(lambda: fit(model, Watch(log=log))) == [
        "tracker_diag: log() failed, so nothing more is logged: RuntimeError: the server is down"
    ]
    assert model.optimizer.iterations == 18


def test_without_a_run_that_is_going_one_warning_is_given() -> None:
    said = warned(lambda: fit(perceptron(), Watch()))
    assert len(said) == 1
    assert "no active run in MLflow or W&B" in said[0]


def test_an_error_of_the_data_is_the_users_and_leaves_nothing_behind() -> None:
    def broken() -> Iterator[tuple[Any, Any]]:
        yield Batches()[0]
        raise OSError("the disk is gone")

    model = perceptron()
    watch = Watch(log=lambda *_: None)
    with pytest.raises(Exception, match="the disk is gone"):
        fit(model, watch, x=broken(), y=None, batch_size=None, steps_per_epoch=5)
    fit(model, watch)
    assert "compute_loss" not in model.__dict__
    assert not model._forward_pre_hooks
    assert not any(layer._forward_pre_hooks for layer in model.layers)


def test_numbers_that_are_not_finite_are_logged_and_end_nothing() -> None:
    x, y = data()
    x[:] = np.nan
    watched, alone, rows = both(perceptron, lambda model, watch: fit(model, watch, x=x, y=y))
    assert equal(watched, alone)
    assert dict(rows)[1]["diag/input_non_finite"] == 1
    assert math.isnan(dict(rows)[1]["diag/grad_norm"])


def test_a_loss_scale_is_taken_out_of_the_gradients() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    model = _network()
    gradients = _by_hand(model, x, y)
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=1024.0)
    said = dict(_one_look(model, x, y, scaled, 32))[1]
    assert said["diag/grad_norm"] == pytest.approx(norm(gradients), rel=1e-4)
    assert (said["diag/loss_scale"], said["diag/skipped_steps"]) == (1024, 0)


def test_steps_that_mixed_precision_leaves_out_are_counted() -> None:
    keras.utils.set_random_seed(1)
    x, y = data(32)
    x[0, 0] = np.inf
    scaled = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=1024.0)
    said = dict(_one_look(_network(), x, y, scaled, 32))[1]
    assert (said["diag/loss_scale"], said["diag/skipped_steps"]) == (512, pytest.approx(1.0))


def test_a_training_that_is_lost_is_stopped_where_that_is_wanted() -> None:
    model = perceptron(keras.optimizers.SGD(1e30))
    fit(model, Watch(log=lambda *_: None, stop_on="error"), epochs=30)
    assert 1 <= len(model.history.epoch) < 10


def test_a_training_that_is_compiled_is_not_hooked() -> None:
    def make() -> Any:
        return compiled(_network(), jit_compile=True)

    try:
        keras.utils.set_random_seed(0)
        fit(make(), None, epochs=1)
    except Exception as error:  # noqa: BLE001 - whatever a machine without a compiler says
        pytest.skip(f"nothing compiles here: {type(error).__name__}")
    watched, alone, rows = both(make, lambda model, watch: fit(model, watch, epochs=1))
    assert equal(watched, alone)
    assert dict(rows)[1]["diag/grad_norm"] > 0
    assert "diag/input_mean" not in dict(rows)[1]


def test_another_network_begins_anew() -> None:
    rows: Rows = []
    watch = Watch(log=lambda figures, step: rows.append((step, figures)))
    for _ in range(2):
        fit(perceptron(), watch, epochs=1)
    assert [step for step, figures in rows if "diag/grad_norm" in figures] == [1, 5, 1, 5]
