import pytest

from tests.rules.runs import SOUND, by_heart, cause, diverged, flat, found, gap, healthy, judge, overfitting, ranked
from tracker_diag import Severity

NAME = "label-mismatch"


@pytest.mark.parametrize("known", [{}, {"n_train": 50_000}], ids=["size unknown", "size known"])
def test_the_first_cause_where_training_slowly_learns_what_never_holds_for_validation(known):
    report = judge(by_heart(), {**SOUND, **known})
    assert ranked(report)[0] == NAME
    assert "shuffled labels" in report.next_evidence or "random input" in report.next_evidence


def test_without_the_classes_the_accuracies_tell():
    assert NAME in ranked(judge(by_heart(), {"num_classes": None}))[:3]


def test_with_few_examples_their_number_is_the_likelier_reason():
    few = cause(judge(by_heart(), {**SOUND, "n_train": 60}), NAME)
    many = cause(judge(by_heart(), {**SOUND, "n_train": 60_000}), NAME)
    assert few is None or few.score < many.score / 2


@pytest.mark.parametrize(
    "curves", [healthy(), overfitting(), gap(), flat(), diverged()], ids=["healthy", "overfits", "gap", "flat", "lost"]
)
def test_silent_where_validation_learned_or_nothing_did(curves):
    report = judge(curves, SOUND)
    assert cause(report, NAME) is None
    assert found(report, "DS203") is None


def test_never_a_warning_on_a_healthy_run():
    assert judge(healthy(), {**SOUND, "n_train": 60}).severity is not Severity.WARNING
