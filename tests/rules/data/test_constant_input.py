import math

import numpy as np
import pytest

from tests.rules.datasets import healthy as sound_data
from tests.rules.runs import SOUND, cause, fallen_to_nothing, flat, found, healthy, judge, ranked, slow, swinging
from tests.watched_runs import seen
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
    assert "other causes would show the same signs" in cause(report, NAME).why


def test_a_profile_of_zeros_makes_it_certain():
    report = judge(flat(), SOUND, profile=zeros())
    assert ranked(report)[0] == NAME
    assert cause(report, NAME).score > 0.9
    assert found(report, "DS201").severity is Severity.WARNING
    assert "100% of the examples consist of a single repeated value" in cause(report, NAME).why


def test_a_profile_of_sound_data_clears_it():
    assert cause(judge(flat(), SOUND, profile=sound_data()), NAME) is None


def test_a_few_blank_examples_are_none_of_its_business():
    assert cause(judge(healthy(), SOUND, profile=zeros(0.1)), NAME) is None


def test_a_loss_that_came_down_first_speaks_less_for_it():
    assert ranked(judge(fallen_to_nothing(), SOUND))[0] != NAME


def test_silent_where_the_run_learns():
    assert cause(judge(healthy(), SOUND), NAME) is None


@pytest.mark.parametrize("curves", [flat(), slow(), swinging()], ids=["flat", "slow", "swings"])
def test_the_first_cause_where_a_callback_saw_the_same_example_all_over(curves):
    assert ranked(judge(curves, SOUND))[0] != NAME
    report = judge({**curves, **seen(input_same=1.0)}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "DS201").severity is Severity.WARNING
    assert "100% of the other examples in a batch are identical to its first one" in cause(report, NAME).why


@pytest.mark.parametrize(("share", "told"), [(0.9, False), (0.901, True)])
def test_all_but_few_of_a_batch(share, told):
    assert (cause(judge({**slow(), **seen(input_same=share)}, SOUND), NAME) is not None) == told


def test_examples_that_differ_clear_it():
    assert cause(judge(flat(), SOUND), NAME) is not None
    assert cause(judge({**flat(), **seen(input_same=0.0)}, SOUND), NAME) is None
    assert cause(judge({**flat(), **seen(1, input_same=0.0)}, SOUND), NAME) is None


def test_a_share_that_is_no_number_says_nothing():
    plain, watched = (cause(judge(c, SOUND), NAME) for c in (flat(), {**flat(), **seen(input_same=math.nan)}))
    assert watched == plain
