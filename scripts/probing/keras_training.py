"""Trains a setup with Keras on PyTorch, watched, and logs it to MLflow."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from scripts.probing.setup import Array, Setup
from scripts.probing.training import LoggedRun, Trained, log_run


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of a setup, an epoch at a time."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self._setup, self._random = setup, np.random.default_rng(setup.seed + 1)
        self.on_epoch_begin()

    def on_epoch_begin(self) -> None:
        self._batches = list(self._setup.batches(self._setup, self._random))

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, place: int) -> tuple[Array, Array]:
        return self._batches[place]


class Logs(keras.callbacks.Callback):  # type: ignore[misc]
    """Logs the metrics of each epoch, by the names of the other framework."""

    def __init__(self, log: LoggedRun, setup: Setup) -> None:
        super().__init__()
        self._log, self._setup = log, setup

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._log.epoch({name: float(value) for name, value in (logs or {}).items()}, epoch + 1)


class Random(keras.layers.Dropout):  # type: ignore[misc]
    """Dropout that is on in evaluation too: somebody called the layer with training=True."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        return super().call(inputs, training=True)


def network(setup: Setup) -> keras.Sequential:
    """The network of a setup, with the initial weights that Keras chooses."""
    layers: list[Any] = [keras.Input(setup.x.shape[1:])]
    if setup.network == "cnn":
        layers.append(keras.layers.Permute((2, 3, 1)))
        for filters in (16, 32):
            layers.append(keras.layers.Conv2D(filters, 3, padding="same", activation=setup.activation))
            layers.append(keras.layers.MaxPooling2D(2))
    layers.append(keras.layers.Flatten())
    for units in setup.hidden:
        if setup.batch_norm:
            layers += [keras.layers.Dense(units), keras.layers.BatchNormalization(momentum=0.9)]
            layers.append(keras.layers.Activation(setup.activation))
        else:
            layers.append(keras.layers.Dense(units, activation=setup.activation))
        if setup.dropout:
            kind = Random if setup.train_mode_in_evaluation else keras.layers.Dropout
            layers.append(kind(setup.dropout))
    layers.append(keras.layers.Dense(setup.outputs))
    return keras.Sequential(layers)


def _begin(model: keras.Sequential, setup: Setup) -> None:
    if setup.initial is None:
        return
    weighted = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense | keras.layers.Conv2D)]
    given: list[Array] = []
    for layer in weighted:
        kernel, bias = layer.get_weights()
        given += [kernel.reshape(-1, kernel.shape[-1]), bias]
    wanted = setup.initial(given, np.random.default_rng(setup.seed))
    for i, layer in enumerate(weighted):
        kernel, bias = layer.get_weights()
        layer.set_weights([np.asarray(wanted[2 * i]).reshape(kernel.shape), wanted[2 * i + 1]])


def train(setup: Setup, x_test: Array, y_test: Array, *, watched: bool) -> Trained:
    """Train a setup; the run that is going in MLflow gets what is logged."""
    from tracker_diag.probes.keras import Watch

    keras.utils.set_random_seed(setup.seed)
    model = network(setup)
    _begin(model, setup)
    clip = {} if setup.clip is None else {"global_clipnorm": setup.clip}
    if setup.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(setup.rate, momentum=setup.momentum, weight_decay=setup.decay or None, **clip)
    else:
        optimizer = keras.optimizers.Adam(setup.rate, weight_decay=setup.decay or None, **clip)
    classes = setup.kind == "classification"
    model.compile(
        optimizer,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True) if classes else "mean_squared_error",
        metrics=["accuracy"] if classes else [],
    )
    log = log_run(setup, "keras")
    callbacks: list[Any] = [Logs(log, setup)]
    if watched:
        callbacks.append(Watch(profile=log.profile()))
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        model.fit(
            Batches(setup),
            epochs=setup.epochs,
            # The setup gives the order; Keras would shuffle the batches of a data set like this one.
            shuffle=False,
            validation_data=(setup.x_val, setup.y_val),
            callbacks=callbacks,
            verbose=0,
        )
    lines = tuple(_lines(said.getvalue()))
    found = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
    return Trained(float(found["loss"]), float(found["accuracy"]) if classes else None, lines)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for said in text.splitlines():
        if said.startswith("tracker_diag, epoch "):
            yield int(said.split()[2].rstrip(":")), said
