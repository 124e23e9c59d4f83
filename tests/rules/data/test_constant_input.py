import numpy as np

from tests.rules.datasets import healthy as sound_data
from tests.rules.runs import SOUND, cause, fallen_to_nothing, flat, found, healthy, judge, ranked
from tracker_diag import Severity, profile_data

NAME = "constant-input"


def zeros(share=1.0):
    X = np.random.default_rng(0).normal(size=(400, 6))
    X[: int(share * 400)] = 0
    return profile_data(X, np.arange(400) % 10)


def test_a_loss_at_that_of_knowing_nothing_is_left_by_many_causes():
    """Dead units, weights of zero and gradients that vanish leave it as well."""
    report = judge(flat(), SOUND)
    assert NAME in ranked(report)[1:4]
    assert cause(report, NAME).why.startswith("not excluded, but nothing sets it apart")


def test_a_profile_of_zeros_makes_it_certain():
    report = judge(flat(), SOUND, profile=zeros())
    assert ranked(report)[0] == NAME
    assert cause(report, NAME).score > 0.9
    assert found(report, "DS201").severity is Severity.WARNING
    assert "100% of the examples are constant" in cause(report, NAME).why


def test_a_profile_of_sound_data_clears_it():
    assert cause(judge(flat(), SOUND, profile=sound_data()), NAME) is None


def test_a_few_blank_examples_are_none_of_its_business():
    assert cause(judge(healthy(), SOUND, profile=zeros(0.1)), NAME) is None


def test_a_loss_that_came_down_first_speaks_less_for_it():
    assert ranked(judge(fallen_to_nothing(), SOUND))[0] != NAME


def test_silent_where_the_run_learns():
    assert cause(judge(healthy(), SOUND), NAME) is None
