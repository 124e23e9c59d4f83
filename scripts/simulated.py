"""Curves of which the truth is known: noise of many kinds, descents that have settled, and such that go on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

FloatArray = NDArray[np.float64]
Generator = np.random.Generator

NOISES = ("white", "AR(1) 0.3", "AR(1) 0.6", "AR(1) 0.9", "t3")
FAMILIES = ("power law", "exponential")


def noise(rng: Generator, kind: str, n: int) -> FloatArray:
    """Stationary noise of standard deviation one."""
    if kind == "white":
        return rng.standard_normal(n)
    if kind == "t3":
        return rng.standard_t(3, n) / np.sqrt(3)
    phi = float(kind.split()[1])
    return lfilter([1], [1, -phi], rng.standard_normal(n + 200) * np.sqrt(1 - phi * phi))[200:]


def settling(rng: Generator, family: str) -> Callable[[FloatArray], FloatArray]:
    """A descent from 1 to 0 over the clock that twice the clock would lower by less than 3%."""
    if family == "exponential":
        tau = rng.uniform(0.04, 0.2)
        return lambda u: np.exp(-u / tau)
    c, power = np.exp(rng.uniform(np.log(0.005), np.log(0.03))), rng.uniform(1, 2)
    return lambda u: (1 + u / c) ** -power


def unsettled(rng: Generator, family: str, n: int, kind: str) -> tuple[FloatArray, FloatArray, float]:
    """A descent that may go on for long, with what twice its length would bring."""
    u = (np.arange(n) + 1) / n
    if family == "exponential":
        tau = np.exp(rng.uniform(np.log(0.1), np.log(2.5)))
        shape = lambda v: np.exp(-v / tau)  # noqa: E731  the shape closes over its own draw
    else:
        c, power = np.exp(rng.uniform(np.log(0.005), np.log(0.5))), rng.uniform(0.3, 2)
        shape = lambda v: (1 + v / c) ** -power  # noqa: E731
    b = 1 / (shape(u[0]) - shape(1.0))
    sigma = np.exp(rng.uniform(np.log(0.003), np.log(0.03)))
    return u, rng.uniform(0.05, 1) + b * shape(u) + sigma * noise(rng, kind, n), float(b * (shape(1.0) - shape(2.0)))
