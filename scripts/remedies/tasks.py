"""The tasks: small, of many kinds, each with a test set that nothing else sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, make_friedman1

from scripts.remedies.setup import Setup

FloatArray = NDArray[np.float64]
TEST = 4000


@dataclass(frozen=True)
class Task:
    """What is to be learned, and a setup that learns it.

    Attributes
    ----------
    name : str
    about : str
        In words, for the page.
    draw : callable
        ``(n, rng)`` to inputs, of shape (n, …), and targets, of shape (n,): class numbers, or real numbers.
    n_classes : int or None
        None for a regression.
    sound : Setup
        The setup that learns the task; with Adam.
    sgd_rate : float
        The rate that goes with SGD with momentum instead.
    conv : int
        Dimensions that are convolved over: 0 for a table, 1 for a sequence, 2 for a picture.
    n_val, n_test : int
        Sizes of the validation and the test set.
    """

    name: str
    about: str
    draw: Callable[[int, np.random.Generator], tuple[FloatArray, FloatArray]]
    n_classes: int | None
    sound: Setup
    sgd_rate: float
    conv: int = 0
    n_val: int = 400
    n_test: int = TEST


def cancer(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Breast cancer Wisconsin, in the units it comes in."""
    bunch = load_breast_cancer()
    chosen = rng.permutation(len(bunch.target))[:n]
    return bunch.data[chosen], bunch.target[chosen].astype(float)


def friedman(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Friedman's first function of ten variables, five of which count, with noise."""
    x, y = make_friedman1(n, noise=1.0, random_state=int(rng.integers(2**31)))
    return x, (y - 14.4) / 5.0


def checkerboard(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """The colour of a square of a three by three board."""
    x = rng.uniform(0, 3, (n, 2))
    return x, (np.floor(x).sum(axis=1) % 2).astype(float)


def words(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Which of five topics a text of about 40 words is about; counts of 150 words, most of them everyone's."""
    fixed = np.random.default_rng(7)
    common = fixed.dirichlet(np.full(150, 0.5))
    topics = 0.75 * common + 0.25 * fixed.dirichlet(np.full(150, 0.1), 5)
    y = rng.integers(0, 5, n)
    return rng.poisson(40 * topics[y]).astype(float), y.astype(float)


def motifs(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Which of four words of five letters stands somewhere in a row of 32 letters; one letter in ten is misread."""
    fixed = np.random.default_rng(11)
    wanted = fixed.integers(0, 4, (4, 5))
    y = rng.integers(0, 4, n)
    letters = rng.integers(0, 4, (n, 32))
    at = rng.integers(0, 28, n)
    for k in range(5):
        letters[np.arange(n), at + k] = wanted[y, k]
    misread = rng.random(letters.shape) < 0.1
    letters = np.where(misread, rng.integers(0, 4, letters.shape), letters)
    return np.eye(4)[letters].transpose(0, 2, 1), y.astype(float)


def gratings(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Which of four ways the stripes of a noisy picture of 10 by 10 run."""
    y = rng.integers(0, 4, n)
    angle = np.pi * y / 4 + rng.normal(0, 0.15, n)
    wave, phase = rng.uniform(0.8, 1.6, n), rng.uniform(0, 2 * np.pi, n)
    row, column = np.mgrid[0:10, 0:10]
    along = np.cos(angle)[:, None, None] * column + np.sin(angle)[:, None, None] * row
    picture = np.sin(wave[:, None, None] * along + phase[:, None, None]) + rng.normal(0, 1.0, (n, 10, 10))
    return picture[:, None], y.astype(float)


TASKS = (
    Task(
        "cancer", "breast cancer Wisconsin, 30 measurements, 2 classes", cancer, 2,
        Setup(lr=2e-3, epochs=40, batch_size=16, n_train=200, hidden_units=16, layers=2, weight_decay=1e-2), 1e-2,
        n_val=120, n_test=249,
    ),
    Task(
        "friedman", "Friedman's function of ten variables, a regression with noise", friedman, None,
        Setup(lr=2e-3, epochs=50, batch_size=32, n_train=1200, hidden_units=32, layers=3, weight_decay=1e-3), 1e-2,
    ),
    Task(
        "checkerboard", "the colour of a square, two coordinates, 2 classes", checkerboard, 2,
        Setup(lr=1e-3, epochs=50, batch_size=32, n_train=1200, hidden_units=48, layers=3), 1e-2,
    ),
    Task(
        "words", "the topic of a short text from counts of 150 words, 5 classes", words, 5,
        Setup(lr=1e-3, epochs=20, batch_size=32, n_train=1200, hidden_units=32, layers=2, dropout=0.3,
              weight_decay=1e-3), 1e-2,
    ),
    Task(
        "motifs", "the word hidden in a sequence of 32 letters, 4 classes", motifs, 4,
        Setup(lr=2e-3, epochs=20, batch_size=32, n_train=2000, hidden_units=16, layers=3, dropout=0.3), 1e-2, conv=1,
        n_test=3000,
    ),
    Task(
        "gratings", "the direction of stripes in a noisy picture, 4 classes", gratings, 4,
        Setup(lr=2e-3, epochs=16, batch_size=32, n_train=1000, hidden_units=8, layers=3), 1e-2, conv=2,
        n_test=2000,
    ),
)  # fmt: skip
