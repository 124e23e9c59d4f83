import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, lost, skipped, table
from tracker_diag import Severity, profile_data


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_single_value_is_a_warning_and_says_where(bad):
    X, y = table()
    X[17, 2] = bad
    found = finding("PP304", profile_data(X, y))
    assert found.severity is Severity.WARNING
    assert found.message == "1 of 600 training examples hold NaN or infinite values"
    assert "x2" in found.advice


def test_on_the_validation_side_alone():
    X, y = table()
    held = X[:50].copy()
    held[3, 1] = np.nan
    assert "1 of 50 validation examples" in finding("PP304", profile_data(X[50:], y[50:], held, y[:50])).message


def test_a_run_that_learned_with_a_finite_loss_was_fed_something_else():
    X, y = table()
    X[:90, 2] = np.nan
    found = finding("PP304", profile_data(X, y), learned(), {"num_classes": 2})
    assert found.severity is Severity.INFO


def test_a_loss_that_is_not_finite_confirms_it():
    X, y = table()
    X[17, 2] = np.nan
    assert "the loss is not finite either" in finding("PP304", profile_data(X, y), lost()).evidence["for"]


def test_trees_take_missing_values():
    X, y = table()
    X[:90, 2] = np.nan
    assert "trees" in skipped("PP304", profile_data(X, y), params={"booster": "gbtree", "num_leaves": 31})


def test_silent_on_finite_data():
    assert finding("PP304", healthy(), lost()) is None
