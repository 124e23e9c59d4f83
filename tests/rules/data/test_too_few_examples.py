import pytest

from tests.rules.runs import SOUND, cause, diverged, flat, found, gap, healthy, judge, overfitting, ranked, skipped
from tracker_diag import Severity

NAME = "too-few-examples"


@pytest.mark.parametrize("curves", [gap(), overfitting()], ids=["gap", "overfits"])
def test_the_first_cause_where_a_hundred_examples_are_learned_and_nothing_else(curves):
    report = judge(curves, {**SOUND, "n_train": 100})
    assert ranked(report)[0] == NAME
    assert found(report, "DS207").severity is Severity.WARNING
    assert "100 training examples for 10 classes" in cause(report, NAME).why


def test_the_number_may_come_from_a_declared_input():
    declared = {"name": "t", "digest": "d", "context": "training", "profile": {"num_rows": 90}}
    assert ranked(judge(overfitting(), SOUND, datasets=[declared]))[0] == NAME


def test_a_pretrained_model_needs_fewer():
    report = judge(overfitting(), {**SOUND, "n_train": 100, "pretrained": True})
    assert "pretrained" in skipped(report, "DS207")


def test_hardly_with_examples_enough():
    named = cause(judge(overfitting(), {**SOUND, "n_train": 50_000}), NAME)
    assert named is None or named.score < 0.1


@pytest.mark.parametrize("curves", [diverged(), flat()], ids=["lost", "flat"])
def test_not_where_the_training_set_was_not_learned_either(curves):
    assert ranked(judge(curves, {**SOUND, "n_train": 100}))[0] != NAME


@pytest.mark.parametrize("n", [1, 100, 250])
def test_on_a_healthy_run_the_number_alone_is_at_most_info(n):
    assert judge(healthy(), {**SOUND, "n_train": n}).severity.rank <= Severity.INFO.rank


def test_many_classes_share_what_is_learned():
    few, many = (cause(judge(gap(), {**SOUND, "num_classes": 1000, "n_train": n}), NAME) for n in (1000, 16_000))
    assert few is not None
    assert "1000 training examples for 1000 classes" in few.why
    assert many is None or many.score < few.score / 3
