import numpy as np
import pytest

from tests.rules.datasets import table
from tests.rules.runs import SOUND, cause, changes, found, healthy, judge, ranked, swinging
from tracker_diag import Severity, profile_data

NAME = "unshuffled"


def ordered(by_label=True):
    X, y = table()
    order = np.argsort(y) if by_label else np.arange(y.size)
    return profile_data(X[order], y[order])


@pytest.mark.parametrize("off", [False, 0, "False", "no"])
def test_the_first_cause_of_a_run_that_swings_on_data_in_an_order(off):
    report = judge(swinging(), {**SOUND, "loader.shuffle": off})
    assert ranked(report)[0] == NAME
    assert found(report, "DS204").severity is Severity.WARNING
    assert changes(report, NAME) == {"loader.shuffle": (False, True)}


def test_labels_in_an_order_show_in_the_profile():
    report = judge(swinging(), SOUND, profile=ordered())
    assert NAME in ranked(report)[:3]
    assert "the labels are sorted" in cause(report, NAME).why


def test_what_is_on_is_not_switched_on():
    named = cause(judge(swinging(), {**SOUND, "shuffle": True}, profile=ordered()), NAME)
    assert named is None or named.prescription.changes == ()


@pytest.mark.parametrize("on", [True, 1, "True"])
def test_silent_where_data_are_shuffled(on):
    assert cause(judge(swinging(), {**SOUND, "shuffle": on}), NAME) is None


def test_silent_where_nothing_is_said_of_the_order():
    assert cause(judge(swinging(), SOUND), NAME) is None
    assert cause(judge(swinging(), SOUND, profile=ordered(by_label=False)), NAME) is None


def test_data_in_an_order_that_were_learned_are_at_most_info():
    assert judge(healthy(), {**SOUND, "shuffle": False}).severity.rank <= Severity.INFO.rank
