import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, report, skipped, table
from tracker_diag import Severity, profile_data

rng = np.random.default_rng(0)


def column(values):
    X, y = table(2000)
    X[:, 1] = values
    return profile_data(X, y, feature_names=["a", "income", "c", "d"])


@pytest.mark.parametrize(
    "values", [rng.exponential(3.0, 2000), rng.lognormal(8, 1.5, 2000), 10 ** rng.uniform(0, 6, 2000)]
)
def test_exponential_log_normal_and_log_uniform(values):
    change = report("PP306", column(values)).causes[0].prescription.changes[0]
    assert (change.param, change.after) == ("preprocessing.income", "log")


def test_log1p_where_zeros_occur():
    values = rng.lognormal(3, 1.5, 2000)
    values[:40] = 0.0
    assert report("PP306", column(values)).causes[0].prescription.changes[0].after == "log1p"


@pytest.mark.parametrize(
    "values",
    [rng.normal(10, 1, 2000), rng.uniform(0, 1, 2000), -rng.exponential(3.0, 2000), rng.gamma(9, size=2000)],
    ids=["gaussian", "uniform", "negative", "nearly straight"],
)
def test_silent_on_other_shapes(values):
    assert finding("PP306", column(values)) is None


def test_small_counts_are_discrete():
    assert finding("PP306", column(rng.geometric(0.5, 2000))) is None


def test_a_sound_run_stays_green():
    assert finding("PP306", healthy()) is None
    assert finding("PP306", column(rng.exponential(3.0, 2000)), learned()).severity is Severity.INFO


def test_not_for_trees():
    assert skipped("PP306", column(rng.exponential(3.0, 2000)), params={"booster": "gbtree", "num_leaves": 31})


@pytest.mark.parametrize("large", [1e-320, 5e-324, 1e-308, 1e308])
def test_features_at_the_ends_of_the_range_of_numbers(large):
    feature = {
        "name": "a",
        "mean": 1.0,
        "std": 1.0,
        "min": 1e-9,
        "quantiles": [-1.0, 0.0, 0.3, 0.5, 0.8, large, 1e308],
        "skewness": 4.5,
        "box_cox": 0.0,
    }
    assert skipped("PP306", {"train": {"features": [feature]}}) is None
