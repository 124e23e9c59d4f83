"""Simulated curves with fixed seeds."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.signal import lfilter

FloatArray = NDArray[np.float64]

#: Curves as trackers hold them: any finite values of a sane size.
values = arrays(np.float64, st.integers(12, 80), elements=st.floats(-1e6, 1e6, allow_subnormal=False).map(float))


def ar1(rng: np.random.Generator, n: int, phi: float) -> FloatArray:
    """Stationary AR(1) noise of standard deviation one."""
    return lfilter([1], [1, -phi], rng.standard_normal(n + 200) * np.sqrt(1 - phi * phi))[200:]


def settled(rng: np.random.Generator, n: int) -> FloatArray:
    """A descent from about 1 to about 0 that has come to rest."""
    return np.exp(-(np.arange(n) + 1) / n / rng.uniform(0.04, 0.2))


def steps(n: int) -> FloatArray:
    """0, 1, 2, …"""
    return np.arange(n, dtype=np.float64)
