import numpy as np
import pytest

from tests.rules.datasets import RELATED, UNRELATED, related
from tests.rules.runs import (
    EPOCHS,
    SOUND,
    both,
    by_heart,
    cause,
    diverged,
    falling,
    flat,
    found,
    gap,
    healthy,
    judge,
    noise,
    overfitting,
    ranked,
)
from tracker_diag import Severity
from tracker_diag.core.numbers import share as in_words

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


def numbered_otherwise(right=0.02):
    """Training learns fast; validation, which numbers its classes otherwise, is told that nearly all is wrong."""
    learned = 0.97 - 0.87 * np.exp(-np.arange(EPOCHS) / 4)
    val = 2.4 + 5 * (1 - np.exp(-np.arange(EPOCHS) / 6))
    return both(falling(0.1, 4), val + noise(0.02, 2), learned, right + np.abs(noise(0.004, 4)))


def test_the_first_cause_where_validation_is_wrong_more_often_than_guessing():
    report = judge(numbered_otherwise(), SOUND)
    assert ranked(report)[0] == NAME
    share = numbered_otherwise()["val_accuracy"][-6:].mean() * 10
    assert f"validation accuracy is only {in_words(share)} of that of random guessing" in cause(report, NAME).why
    assert "build the class-to-index mapping once" in cause(report, NAME).prescription.text


def test_two_classes_swapped():
    climbs = 0.72 + 4 * (1 - np.exp(-np.arange(EPOCHS) / 6)) + noise(0.02, 2)
    curves = numbered_otherwise() | {"train_loss": falling(0.02, 4, start=0.69), "val_loss": climbs}
    report = judge(curves, {**SOUND, "num_classes": 2})
    assert ranked(report)[0] == NAME


@pytest.mark.parametrize("right", [0.06, 0.1, 0.3])
def test_a_guess_is_not_wrong_on_purpose(right):
    named = cause(judge(numbered_otherwise(right), SOUND), NAME)
    assert named is None or "of random guessing" not in named.why


@pytest.mark.parametrize("curves", [flat(), gap(), overfitting()], ids=["flat", "gap", "overfits"])
def test_the_first_cause_where_neighbours_share_their_labels_on_validation_and_not_in_training(curves):
    assert cause(judge(curves, SOUND), NAME) is None
    report = judge(curves, SOUND, profile=related(UNRELATED, RELATED, UNRELATED))
    assert ranked(report)[0] == NAME
    assert found(report, "DS203").severity is Severity.WARNING
    assert "in training no more often than by chance (1,000 examples checked)" in cause(report, NAME).why


def test_the_first_cause_where_each_side_numbers_its_classes_otherwise():
    report = judge(gap(), SOUND, profile=related(RELATED, RELATED, UNRELATED, held_out=0.1))
    assert ranked(report)[0] == NAME
    assert "not across the two" in cause(report, NAME).why
    assert "build the class-to-index mapping once" in cause(report, NAME).prescription.text


def test_other_inputs_in_validation_are_no_other_numbering():
    shifted = {"shift": {"tested": 4, "shifted": 4, "largest_ks": 0.8}}
    report = judge(gap(), SOUND, profile=related(RELATED, RELATED, UNRELATED, held_out=0.1) | shifted)
    assert cause(report, NAME) is None
    assert ranked(report)[0] == "preprocessing-mismatch"


@pytest.mark.parametrize(
    ("train", "validation", "rows", "told"),
    [
        (0.051, 0.005, 1000, True),
        # What is neither beyond doubt nor absent says nothing.
        (0.05, 0.005, 1000, False),
        (0.051, 0.006, 1000, False),
        (0.051, None, 1000, False),
        (0.051, 0.005, 200, True),
        (0.051, 0.005, 199, False),
        (0.005, 0.005, 1000, False),
    ],
)
def test_how_sure_a_relation_has_to_be(train, validation, rows, told):
    profile = related(train, validation, rows=rows)
    assert (cause(judge(gap(), SOUND, profile=profile), NAME) is not None) == told


def test_neighbours_that_share_their_labels_speak_against_it_and_those_that_do_not_for_it():
    plain, against, beside = (
        cause(judge(by_heart(), SOUND, **more), NAME)
        for more in ({}, {"profile": related(RELATED)}, {"profile": related(UNRELATED)})
    )
    assert against is None or against.score < 0.2 * plain.score
    assert "share labels no more often than by chance" in beside.why


def test_a_relation_needs_no_curves():
    report = judge({"x": [1.0, 2.0]}, SOUND, profile=related(UNRELATED, RELATED))
    assert ranked(report)[0] == NAME
