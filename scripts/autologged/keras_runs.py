"""Networks of Keras, of the kinds that people train, and what is true of each once it is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import mlflow
import numpy as np
import torch
from keras import Sequential, layers, losses, optimizers, regularizers

from scripts.autologged.keras_facts import facts


def prepare() -> None:
    """Switch autologging on."""
    torch.set_num_threads(1)
    mlflow.keras.autolog()


def _fit(model: keras.Model, x: Any, y: Any, **options: Any) -> dict[str, Any]:
    model.fit(x, y, epochs=2, batch_size=16, verbose=0, **options)
    return facts(model)


def _rows(width: int = 8, n: int = 64) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, width)).astype("float32")


def _classes(k: int, n: int = 64) -> np.ndarray:
    return np.arange(n) % k


def perceptron() -> dict[str, Any]:
    """Classes by a plain sequence, with validation."""
    model = Sequential(
        [keras.Input((8,)), layers.Dense(16, "relu"), layers.Dropout(0.3), layers.Dense(3, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return _fit(model, _rows(), _classes(3), validation_split=0.25)


def ordinary() -> dict[str, Any]:
    """Widths as they are usual: its file is of some megabytes."""
    hidden = (layers.Dense(256, activation="relu"), layers.Dropout(0.2), layers.Dense(128, activation="relu"))
    model = Sequential([keras.Input((784,)), *hidden, layers.Dense(10, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return _fit(model, _rows(784), _classes(10))


def convolutions() -> dict[str, Any]:
    """Pictures: convolutions, normalisation, pooling."""
    model = Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.RandomFlip("horizontal"),
            layers.Conv2D(6, 3, padding="same", use_bias=False, kernel_initializer="he_normal"),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(4, 3, activation="elu"),
            layers.SpatialDropout2D(0.2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4),
            layers.Softmax(),
        ]
    )
    model.compile(
        optimizers.SGD(0.01, momentum=0.9), losses.CategoricalCrossentropy(label_smoothing=0.1), metrics=["accuracy"]
    )
    return _fit(model, _rows(192).reshape(-1, 8, 8, 3), np.eye(4)[_classes(4)])


def residual() -> dict[str, Any]:
    """A graph with a shortcut, an activation that is a layer, and logits."""
    given = keras.Input((8,))
    inner = layers.Dense(16, activation="relu", kernel_regularizer="l2")(given)
    inner = layers.BatchNormalization()(inner)
    around = layers.Dense(16, activation=layers.LeakyReLU(0.1))(layers.Dropout(0.25)(inner))
    model = keras.Model(given, layers.Dense(2)(layers.Add()([inner, around])))
    model.compile(optimizers.Adam(1e-2), losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return _fit(model, _rows(), _classes(2))


def transferred() -> dict[str, Any]:
    """A frozen network within another one."""
    base = Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()], name="base"
    )
    base.trainable = False
    given = keras.Input((8, 8, 3))
    pooled = layers.GlobalMaxPooling2D()(base(given, training=False))
    head = Sequential([layers.Dense(8, activation="gelu"), layers.Dropout(0.5), layers.Dense(1, activation="sigmoid")])
    model = keras.Model(given, head(pooled))
    model.compile(optimizers.RMSprop(1e-3), losses.BinaryCrossentropy(), metrics=["accuracy"])
    return _fit(model, _rows(192).reshape(-1, 8, 8, 3), _classes(2))


def recurrent() -> dict[str, Any]:
    """Sequences of words, read both ways."""
    model = Sequential(
        [
            keras.Input((10,), dtype="int32"),
            layers.Embedding(50, 6),
            layers.Bidirectional(layers.LSTM(5, return_sequences=True, dropout=0.1)),
            layers.GRU(4, kernel_initializer="orthogonal"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(clipnorm=1.0), "binary_crossentropy", metrics=["accuracy"])
    return _fit(model, np.random.default_rng(0).integers(0, 50, (64, 10)), _classes(2))


def regression() -> dict[str, Any]:
    """A number, with initialisers, regularisers and constraints of its own."""
    model = Sequential(
        [
            keras.Input((8,)),
            layers.Dense(
                12,
                activation="tanh",
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.05),
                bias_initializer=keras.initializers.Constant(0.1),
                kernel_regularizer=regularizers.L1L2(1e-5, 1e-4),
            ),
            layers.Dense(
                6, activation="selu", kernel_initializer="lecun_normal", bias_regularizer=regularizers.L1(0.02)
            ),
            layers.GaussianNoise(0.1),
            layers.Dense(
                1,
                kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_out", "uniform"),
                kernel_constraint=keras.constraints.MaxNorm(3),
            ),
        ]
    )
    model.compile(optimizers.Nadam(1e-3), losses.Huber(delta=2.0), metrics=["mae"])
    return _fit(model, _rows(), _rows(1))


def two_outputs() -> dict[str, Any]:
    """Two outputs, each with a loss."""
    given = keras.Input((8,))
    shared = layers.Dense(10, activation="relu")(given)
    kind = layers.Dense(3, activation="softmax", name="kind")(shared)
    size = layers.Dense(1, name="size")(shared)
    model = keras.Model(given, {"kind": kind, "size": size})
    model.compile("adam", {"kind": "sparse_categorical_crossentropy", "size": "mse"})
    return _fit(model, _rows(), {"kind": _classes(3), "size": _rows(1)})


def series() -> dict[str, Any]:
    """A value at every moment of a series."""
    model = Sequential(
        [
            keras.Input((12, 2)),
            layers.Conv1D(6, 3, strides=1, padding="causal", activation="relu"),
            layers.LayerNormalization(),
            layers.TimeDistributed(layers.Dense(4, activation="swish")),
            layers.SimpleRNN(5, return_sequences=True),
            layers.Dense(1),
        ]
    )
    rate = optimizers.schedules.CosineDecay(1e-2, 20)
    model.compile(optimizers.AdamW(rate, weight_decay=1e-3), "mse")
    return _fit(model, _rows(24).reshape(-1, 12, 2), _rows(12).reshape(-1, 12, 1))


def attention() -> dict[str, Any]:
    """A block of a transformer."""
    given = keras.Input((6, 8))
    seen = layers.MultiHeadAttention(2, 4, dropout=0.1)(given, given)
    joined = layers.LayerNormalization(epsilon=1e-5)(layers.Add()([given, seen]))
    pooled = layers.GlobalAveragePooling1D()(joined)
    model = keras.Model(given, layers.Dense(5, activation="softmax")(pooled))
    model.compile(optimizers.Lion(1e-4), losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    return _fit(model, _rows(48).reshape(-1, 6, 8), _classes(5))


class Own(keras.Model):
    """A class of one's own, whose file tells none of its layers."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.first = layers.Dense(7, activation="relu")
        self.drop = layers.Dropout(0.4)
        self.last = layers.Dense(2, activation="softmax")

    def call(self, given: Any, training: bool = False) -> Any:
        """Go through the layers."""
        return self.last(self.drop(self.first(given), training=training))


def subclass() -> dict[str, Any]:
    """Of this one, the summary and the signature tell types, widths and counts."""
    model = Own()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    known = _fit(model, _rows(), _classes(2))
    shown = [{name: layer[name] for name in ("type", "units") if name in layer} for layer in known["layers"]]
    return known | {"layers": shown, "output_shape": (None, 2), "notes": 1}


RUNS: Mapping[str, Callable[[], dict[str, Any]]] = {
    train.__name__.replace("_", " "): train
    for train in (
        *(
            perceptron,
            ordinary,
            convolutions,
            residual,
            transferred,
            recurrent,
            regression,
            two_outputs,
            series,
            attention,
        ),
        subclass,
    )
}
