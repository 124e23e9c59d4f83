"""A network of NumPy, as a user's ``train`` has it, on data that are easy to learn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


def blobs(seed: int = 0, *, shuffled: bool = False) -> Any:
    """Three classes in five dimensions: 300 examples to train, 150 to validate."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 450)
    x = 2.0 * rng.normal(size=(3, 5))[y] + rng.normal(size=(450, 5))
    y = rng.permutation(y) if shuffled else y
    return (x[:300], y[:300]), (x[300:], y[300:])


def train(config: dict[str, Any], data: Any) -> Iterator[dict[str, float]]:
    """One hidden layer of 64 units, plain gradient descent in batches of 32.

    ``config``: lr, epochs, seed; ``ignores``: the input is multiplied by 0.
    """
    (x, y), (x_val, y_val) = data
    rng = np.random.default_rng(config["seed"])
    scale = 0.0 if config.get("ignores") else 1.0
    layers = [rng.normal(size=(5, 64)) / np.sqrt(5), np.zeros(64), rng.normal(size=(64, 3)) / np.sqrt(64), np.zeros(3)]
    for _ in range(config["epochs"]):
        with np.errstate(all="ignore"):
            order = rng.permutation(len(x))
            losses = [_step(layers, scale * x[i], y[i], config["lr"]) for i in np.array_split(order, -(-len(x) // 32))]
            val_loss, right = _loss(layers, scale * x_val, y_val)
            _, train_right = _loss(layers, scale * x, y)
        yield {"loss": float(np.mean(losses)), "val_loss": val_loss, "accuracy": train_right, "val_accuracy": right}


def _forward(layers: list[NDArray[Any]], x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    hidden = np.maximum(x @ layers[0] + layers[1], 0)
    out = hidden @ layers[2] + layers[3]
    return hidden, out - np.logaddexp.reduce(out, axis=1, keepdims=True)


def _loss(layers: list[NDArray[Any]], x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float]:
    _, log = _forward(layers, x)
    return float(-log[np.arange(len(y)), y].mean()), float((log.argmax(axis=1) == y).mean())


def _step(layers: list[NDArray[Any]], x: NDArray[Any], y: NDArray[Any], rate: float) -> float:
    hidden, log = _forward(layers, x)
    back = (np.exp(log) - np.eye(3)[y]) / len(y)
    inner = (back @ layers[2].T) * (hidden > 0)
    for layer, gradient in zip(layers, (x.T @ inner, inner.sum(0), hidden.T @ back, back.sum(0)), strict=True):
        layer -= rate * gradient
    return float(-log[np.arange(len(y)), y].mean())
