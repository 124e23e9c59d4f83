"""Effective size and the block bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.stats.curves import FloatArray, ar1, values
from tracker_diag.stats.errors import TooShortError
from tracker_diag.stats.resampling import block_bootstrap, effective_size


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_effective_size_of_an_autoregression(phi: float) -> None:
    rng = np.random.default_rng(0)
    n = 4000
    found = np.median([effective_size(ar1(rng, n, phi)) for _ in range(20)])
    assert found == pytest.approx(n * (1 - phi) / (1 + phi), rel=0.2)


@given(values)
def test_effective_size_is_between_one_and_all(y: FloatArray) -> None:
    assert 1 <= effective_size(y) <= y.size
    assert effective_size(y * 4 + 8) == pytest.approx(effective_size(y), rel=1e-3)


def test_constant_series() -> None:
    assert effective_size(np.ones(10)) == 10


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_the_bootstrap_knows_the_error_of_a_mean(phi: float) -> None:
    rng = np.random.default_rng(1)
    n = 400
    truth = np.sqrt((1 + phi) / (1 - phi) / n)
    found = np.median(
        [block_bootstrap(ar1(rng, n, phi), lambda z: float(z.mean()), draws=200).std() for _ in range(20)]
    )
    assert found == pytest.approx(truth, rel=0.25)


def test_the_seed_decides() -> None:
    y = np.random.default_rng(2).standard_normal(50)
    first, again, other = (block_bootstrap(y, np.median, draws=20, seed=s) for s in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_blocks_keep_neighbours_together() -> None:
    def neighbours(z: FloatArray) -> float:
        return float((np.diff(z) == 1).mean())

    assert block_bootstrap(np.arange(100.0), neighbours, draws=20, block=50).min() > 0.9
    assert block_bootstrap(np.arange(100.0), neighbours, draws=20, block=1).max() < 0.2


def test_too_short() -> None:
    with pytest.raises(TooShortError):
        effective_size(np.ones(3))
    with pytest.raises(TooShortError):
        block_bootstrap(np.ones(3), np.mean)
