import pytest

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
    assert cause(report, NAME).why.startswith("not excluded, but nothing sets it apart")
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
    assert "the answers change from one evaluation to the next" in cause(report, NAME).why
