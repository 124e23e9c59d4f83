"""Three sound trainings: images, a table of classes, a table with a number to predict."""

from __future__ import annotations

import numpy as np

from scripts.probing.setup import Array, Setup, Task


def _split(x: Array, y: Array, sizes: tuple[int, int], random: np.random.Generator) -> list[tuple[Array, Array]]:
    order = random.permutation(len(x))
    cuts = np.split(order, np.cumsum(sizes))[: len(sizes) + 1]
    return [(x[rows], y[rows]) for rows in cuts]


def digits(seed: int) -> tuple[Setup, Array, Array]:
    """Handwritten digits of 8 × 8, with a small convolutional network."""
    from sklearn.datasets import load_digits

    data = load_digits()
    random = np.random.default_rng(seed)
    x = ((data.images - data.images.mean()) / data.images.std()).astype(np.float32)[:, None]
    (train, val, test) = _split(x, data.target.astype(np.int64), (1000, 350), random)
    setup = Setup(*train, *val, "classification", 10, network="cnn", hidden=(48,), rate=1e-3, epochs=14, seed=seed)
    return setup, *test


def clouds(seed: int) -> tuple[Setup, Array, Array]:
    """Six classes in a table of sixteen columns, two clouds each."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(12, 16)) * 1.1
    which = random.integers(12, size=5600)
    x = (centres[which] + random.normal(size=(5600, 16))).astype(np.float32)
    x = (x - x.mean(0)) / x.std(0)
    (train, val, test) = _split(x, (which % 6).astype(np.int64), (2400, 800), random)
    setup = Setup(*train, *val, "classification", 6, hidden=(32, 32), rate=1e-3, decay=1e-4, epochs=14, seed=seed)
    return setup, *test


def surface(seed: int) -> tuple[Setup, Array, Array]:
    """A number that hangs on five of eight columns (Friedman 1991), with noise."""
    random = np.random.default_rng(seed)
    x = random.uniform(size=(5600, 8))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = y + random.normal(size=len(y)) * 1.5
    x = ((x - 0.5) * np.sqrt(12)).astype(np.float32)
    y = ((y - y.mean()) / y.std()).astype(np.float32)
    (train, val, test) = _split(x, y, (2400, 800), random)
    setup = Setup(*train, *val, "regression", 1, hidden=(48, 48), rate=1.5e-3, epochs=20, seed=seed)
    return setup, *test


TASKS = (Task("digits", digits), Task("clouds", clouds), Task("surface", surface))
