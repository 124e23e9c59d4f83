import numpy as np

from tests.rules.datasets import finding, healthy, learned, lost, report, skipped, table
from tracker_diag import Severity, profile_data


def flat(value=1e6, rounding=1e-3):
    X, y = table()
    X[:, 1] = value + rounding * X[:, 1]
    return profile_data(X, y)


def test_with_a_loss_that_was_never_a_number_it_is_a_warning():
    found = finding("PP303", flat(), lost())
    assert found.severity is Severity.WARNING
    assert "x1" in found.message


def test_prescribes_dropping_it():
    changes = report("PP303", flat(), lost()).causes[0].prescription.changes
    assert [(c.param, c.after) for c in changes] == [("preprocessing.drop_features", ["x1"])]


def test_border_pixels_that_never_vary_are_no_warning():
    X, y = table(d=20)
    X[:, 5:15] = 0.0
    found = finding("PP303", profile_data(X, y))
    assert found.severity is Severity.INFO
    assert "10 features are constant or nearly so" in found.message
    assert finding("PP303", profile_data(X, y), learned()) is None


def test_a_small_unit_alone_is_no_near_constant():
    X, y = table()
    X[:, 1] *= 1e-9
    assert finding("PP303", profile_data(X, y)) is None


def test_silent_on_sound_data_and_for_trees():
    assert finding("PP303", healthy(), lost()) is None
    assert "trees" in skipped("PP303", flat(), params={"num_leaves": 31, "booster": "gbtree"})


def test_a_constant_among_a_thousand_columns_is_described():
    X = np.random.default_rng(0).normal(size=(150, 1000))
    X[:, 777] = 3.0
    assert "x777" in finding("PP303", profile_data(X), lost()).message
