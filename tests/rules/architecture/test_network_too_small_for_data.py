import pytest

from tests.rules.runs import SOUND, cause, changes, diverged, found, healthy, high_level, judge, overfitting, ranked
from tracker_diag import Severity

NAME = "network-too-small-for-data"
SMALL = {**SOUND, "n_parameters": 500, "hidden_units": 16, "n_train": 1_000_000}


def test_the_first_cause_of_a_small_network_that_rests_at_a_high_level():
    report = judge(high_level(), SMALL)
    assert NAME in ranked(report)[:3]
    assert changes(report, NAME) == {"hidden_units": (16, 64)}
    said = "500 weights (from the logged parameters) for 1 million training examples"
    assert found(report, "AR705").message == said


def test_without_a_width_it_says_so_in_words():
    report = judge(high_level(), {**SMALL, "hidden_units": None})
    assert changes(report, NAME) == {}
    assert "larger network" in cause(report, NAME).prescription.text


def test_silent_where_weights_are_enough():
    assert cause(judge(high_level(), {**SMALL, "n_parameters": 1_000_000}), NAME) is None


@pytest.mark.parametrize("curves", [overfitting(), diverged()], ids=["overfits", "diverges"])
def test_silent_where_capacity_is_not_what_the_run_lacks(curves):
    assert cause(judge(curves, SMALL), NAME) is None


def test_on_a_healthy_run_it_is_at_most_info():
    assert judge(healthy(), SMALL).severity.rank <= Severity.INFO.rank
