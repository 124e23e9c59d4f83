"""Tests of a shift between the sides: the level, the correction, and what is summed up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tracker_diag import profile_data
from tracker_diag.profile.shift import categories_p, ks_p
from tracker_diag.stats.multiplicity import adjusted

RNG = np.random.default_rng(0)


def test_the_p_value_is_that_of_scipy():
    one, other = RNG.normal(size=700), RNG.normal(0.2, 1, size=500)
    wanted = stats.ks_2samp(one, other, method="asymp")
    assert ks_p(one, other, wanted.statistic) == pytest.approx(wanted.pvalue)


def test_that_of_categories_is_that_of_scipy():
    one, other = RNG.integers(4, size=300).astype(float), RNG.integers(3, size=200).astype(float)
    table = [[(side == k).sum() for k in range(4)] for side in (one, other)]
    assert categories_p(one, other) == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


def test_rare_categories_and_many_are_joined_and_a_single_one_is_none():
    identities = np.arange(1000.0)
    assert categories_p(identities, identities + 5000) is None
    assert categories_p(np.ones(100), np.ones(100)) is None
    assert categories_p(np.ones(10), np.zeros(100)) is None
    missing = np.where(np.arange(400) % 4 == 0, np.nan, 1.0)
    assert categories_p(missing, np.ones(400)) < 1e-9


def test_features_that_shifted_are_counted_after_the_correction():
    train, held = RNG.normal(size=(2000, 30)), RNG.normal(size=(1000, 30))
    held[:, 3] += 1.0
    held[:, 7] += 0.5
    made = profile_data(train, None, held)
    assert made["shift"] == {
        "tested": 30,
        "shifted": 2,
        "largest_ks": made["train"]["features"][3]["ks"],
        "largest_ks_name": "x3",
    }
    raw = {f["name"]: f["shift_p"] for f in made["train"]["features"]}
    assert {f["name"]: f["shift_p_adjusted"] for f in made["train"]["features"]} == pytest.approx(adjusted(raw))


def test_sides_of_one_distribution_hardly_ever_shift():
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        made = profile_data(rng.normal(size=(200, 10)), None, rng.normal(size=(100, 10)))
        found += made["shift"]["shifted"] > 0
    # Of 60 at 1 %, five or more happen once in 2,892 times.
    assert found < 5


def test_categories_of_a_frame_are_tested_too():
    frame = pd.DataFrame({"town": RNG.choice(["Bonn", "Kiel"], size=400), "size": RNG.normal(size=400)})
    held = pd.DataFrame({"town": RNG.choice(["Bonn", "Ulm"], size=300), "size": RNG.normal(size=300)})
    made = profile_data(frame, None, held)
    town, size = made["train"]["features"]
    assert town["shift_p_adjusted"] < 1e-9
    assert size["shift_p_adjusted"] > 0.01
    assert (made["shift"]["tested"], made["shift"]["shifted"]) == (2, 1)


def test_values_that_are_not_finite_have_no_part():
    train, held = RNG.normal(size=(400, 1)), RNG.normal(size=(400, 1))
    held[::2] = np.nan
    (feature,) = profile_data(train, None, held)["train"]["features"]
    assert feature["shift_p"] == pytest.approx(
        stats.ks_2samp(train[:, 0], held[1::2, 0], method="asymp").pvalue, rel=1e-6
    )


def test_few_examples_are_not_tested():
    assert "shift" not in profile_data(RNG.normal(size=(400, 2)), None, RNG.normal(size=(10, 2)))
