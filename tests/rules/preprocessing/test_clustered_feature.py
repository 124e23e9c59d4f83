import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, skipped, table
from tracker_diag import Severity, profile_data

rng = np.random.default_rng(0)


def column(values):
    X, y = table(1000)
    X[:, 1] = values
    return profile_data(X, y)


def test_two_clusters_and_a_sentinel():
    found = finding("PP308", column(np.where(rng.random(1000) < 0.5, 0, 15) + rng.normal(size=1000)))
    assert "x1 falls into 2 clusters" in found.message
    sentinel = finding("PP308", column(np.where(rng.random(1000) < 0.2, -999, rng.normal(size=1000))))
    assert "placeholder" in sentinel.advice


def test_three_clusters_are_three():
    assert "3 clusters" in finding("PP308", column(rng.integers(0, 3, 1000) * 20 + rng.normal(size=1000))).message


@pytest.mark.parametrize(
    "values",
    [
        rng.normal(size=1000),
        rng.exponential(size=1000),
        rng.standard_t(2, size=1000),
        rng.lognormal(0, 2, size=1000),
        np.append(rng.normal(size=990), np.full(10, 500.0)),
    ],
    ids=["gaussian", "exponential", "heavy tails", "log-normal", "outliers"],
)
def test_tails_and_outliers_are_no_clusters(values):
    assert finding("PP308", column(values)) is None


def test_discrete_features_are_binned_already():
    assert finding("PP308", column(rng.integers(0, 3, 1000) * 10.0)) is None


def test_a_sound_run_hears_nothing_of_it():
    assert finding("PP308", healthy()) is None
    values = rng.integers(0, 2, 1000) * 20 + rng.normal(size=1000)
    assert finding("PP308", column(values)).severity is Severity.INFO
    assert finding("PP308", column(values), learned()) is None


def test_not_for_trees():
    values = rng.integers(0, 2, 1000) * 20 + rng.normal(size=1000)
    assert skipped("PP308", column(values), params={"booster": "gbtree", "num_leaves": 31})
