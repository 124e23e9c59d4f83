import pytest

from tests.rules.datasets import RELATED, UNRELATED, related
from tests.rules.runs import (
    SOUND,
    by_heart,
    cause,
    diverged,
    fallen_to_nothing,
    flat,
    guessing,
    healthy,
    judge,
    overfitting,
    ranked,
)

NAME = "random-relation"


def test_among_the_first_causes_where_the_loss_comes_down_to_that_of_knowing_nothing():
    report = judge(fallen_to_nothing(), SOUND)
    assert NAME in ranked(report)[:2]
    assert "other causes would show the same signs" in cause(report, NAME).why
    assert report.next_evidence


def test_among_the_causes_where_training_is_learned_by_heart():
    assert NAME in ranked(judge(by_heart(), SOUND))


def test_a_start_far_above_points_elsewhere():
    near = cause(judge(fallen_to_nothing(1.6), SOUND), NAME).score
    far = cause(judge(fallen_to_nothing(30.0), SOUND), NAME)
    assert far is None or far.score < near / 2


@pytest.mark.parametrize(
    "curves", [healthy(), overfitting(), flat(), diverged()], ids=["healthy", "overfits", "flat", "lost"]
)
def test_silent_where_something_was_learned_or_nothing_ever_moved(curves):
    assert cause(judge(curves, SOUND), NAME) is None


def test_the_first_cause_where_answers_change_and_are_no_better_than_chance():
    report = judge(guessing(), SOUND)
    assert ranked(report)[0] == NAME
    assert "the predictions keep changing from one evaluation to the next" in cause(report, NAME).why


def test_the_first_cause_where_neighbours_share_no_targets_on_either_side():
    report = judge(fallen_to_nothing(), SOUND, profile=related(UNRELATED, UNRELATED, UNRELATED))
    assert ranked(report)[0] == NAME
    assert "share targets no more often than by chance (1,000 training examples checked)" in cause(report, NAME).why


@pytest.mark.parametrize(("train", "validation"), [(RELATED, None), (UNRELATED, RELATED), (RELATED, RELATED)])
def test_neighbours_that_share_their_targets_clear_it(train, validation):
    assert cause(judge(fallen_to_nothing(), SOUND), NAME) is not None
    cleared = cause(judge(fallen_to_nothing(), SOUND, profile=related(train, validation)), NAME)
    assert cleared is None or cleared.score < 0.02


def test_a_relation_that_is_neither_there_nor_absent_says_nothing():
    curves = fallen_to_nothing()
    plain, unsure = (cause(judge(curves, SOUND, **more), NAME) for more in ({}, {"profile": related(0.03)}))
    assert unsure == plain


def test_no_relation_in_a_run_that_learned_is_none_of_its_business():
    assert cause(judge(healthy(), SOUND, profile=related(UNRELATED, UNRELATED, UNRELATED)), NAME) is None
