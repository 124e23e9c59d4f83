import math

import numpy as np
import pytest

from tests.rules.datasets import finding, healthy, learned, lost, skipped, table
from tests.rules.runs import SHAPES, SOUND, cause, judge, ranked
from tests.watched_runs import seen
from tracker_diag import Severity, profile_data


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_single_value_is_a_warning_and_says_where(bad):
    X, y = table()
    X[17, 2] = bad
    found = finding("PP304", profile_data(X, y))
    assert found.severity is Severity.WARNING
    assert found.message == "NaN or infinite values in 1 of 600 training examples"
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
    assert "the loss blew up or became NaN as well" in finding("PP304", profile_data(X, y), lost()).evidence["for"]


def test_trees_take_missing_values():
    X, y = table()
    X[:90, 2] = np.nan
    assert "trees" in skipped("PP304", profile_data(X, y), params={"booster": "gbtree", "num_leaves": 31})


def test_silent_on_finite_data():
    assert finding("PP304", healthy(), lost()) is None


@pytest.mark.parametrize("signal", ["input_non_finite", "label_non_finite"])
@pytest.mark.parametrize("shape", ["flat", "diverged", "slow"])
def test_the_first_cause_where_a_callback_saw_them_in_batches(signal, shape):
    report = judge({**SHAPES[shape](), **seen(**{signal: [0.0, 0.25, 0.0]})}, SOUND)
    assert ranked(report)[0] == "non-finite-input"
    assert "25% of the values in the batches are NaN or infinite" in cause(report, "non-finite-input").why
    assert cause(judge(SHAPES[shape](), SOUND), "non-finite-input") is None


@pytest.mark.parametrize("share", [0.0, math.nan, -1.0])
def test_silent_where_batches_hold_none(share):
    assert cause(judge({**SHAPES["flat"](), **seen(input_non_finite=share)}, SOUND), "non-finite-input") is None


def test_batches_without_them_do_not_clear_a_profile_that_names_some():
    X, y = table()
    X[17, 2] = np.nan
    curves = {**SHAPES["flat"](), **seen(input_non_finite=0.0)}
    assert "1 of 600" in cause(judge(curves, SOUND, profile=profile_data(X, y)), "non-finite-input").why
