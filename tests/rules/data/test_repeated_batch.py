import pytest

from tests.rules.runs import (
    SOUND,
    cause,
    diverged,
    flat,
    found,
    healthy,
    judge,
    memorised_at_once,
    overfitting,
    ranked,
)
from tracker_diag import Severity

NAME = "repeated-batch"


@pytest.mark.parametrize("known", [{}, {"n_train": 50_000}], ids=["size unknown", "size known"])
def test_the_first_cause_where_training_is_at_nothing_at_once_and_validation_never_follows(known):
    report = judge(memorised_at_once(), {**SOUND, **known})
    assert ranked(report)[0] == NAME
    assert found(report, "DS202").severity is Severity.WARNING


def test_a_few_dozen_examples_are_soon_memorised():
    few = cause(judge(memorised_at_once(), {**SOUND, "n_train": 40}), NAME)
    many = cause(judge(memorised_at_once(), {**SOUND, "n_train": 50_000}), NAME)
    assert few is None or few.score < many.score / 2


@pytest.mark.parametrize("curves", [healthy(), flat(), diverged()], ids=["healthy", "flat", "lost"])
def test_silent_where_validation_follows_or_nothing_is_memorised(curves):
    assert cause(judge(curves, {**SOUND, "n_train": 50_000}), NAME) is None


def test_not_among_the_first_where_both_fell_together_before():
    assert NAME not in ranked(judge(overfitting(), {**SOUND, "n_train": 50_000}))[:3]


def test_trees_see_no_batches():
    assert cause(judge(memorised_at_once(), {**SOUND, "booster": "gbtree"}), NAME) is None
