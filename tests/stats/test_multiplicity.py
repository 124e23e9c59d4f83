"""Benjamini–Hochberg over a named family."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from tracker_diag.stats.multiplicity import adjusted

families = st.dictionaries(st.text(max_size=5), st.floats(0, 1), min_size=1, max_size=12)


def test_textbook_example() -> None:
    found = adjusted({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.2})
    assert found == pytest.approx({"a": 0.04, "b": 0.16 / 3, "c": 0.16 / 3, "d": 0.2})


@given(families)
def test_as_scipy_does(family: dict[str, float]) -> None:
    assert list(adjusted(family).values()) == pytest.approx(list(false_discovery_control(list(family.values()))))


@given(families, st.randoms())
def test_the_order_of_the_family_does_not_matter(family: dict[str, float], random: object) -> None:
    names = list(family)
    random.shuffle(names)
    assert adjusted({n: family[n] for n in names}) == pytest.approx(adjusted(family))


def test_a_test_that_was_not_made_does_not_count() -> None:
    found = adjusted({"a": 0.02, "b": math.nan, "c": 0.5})
    assert found["a"] == pytest.approx(0.04)
    assert math.isnan(found["b"])
    assert math.isnan(adjusted({"x": math.nan})["x"])
    assert adjusted({}) == {}


def test_false_discoveries_stay_at_their_rate() -> None:
    rng = np.random.default_rng(0)
    any_rejected = [
        min(adjusted({str(i): p for i, p in enumerate(rng.uniform(size=8))}).values()) < 0.05 for _ in range(1000)
    ]
    assert np.mean(any_rejected) <= 0.07
