import math

import numpy as np
import pytest

from tests.rules.datasets import table
from tests.rules.runs import (
    EPOCHS,
    SHAPES,
    SOUND,
    both,
    by_heart,
    cause,
    changes,
    falling,
    found,
    healthy,
    judge,
    ranked,
    swinging,
)
from tests.watched_runs import seen
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


def held_out_classes(none=EPOCHS, val=4.0):
    """Training learns; of validation's answers none is right at the first evaluations."""
    right = np.where(np.arange(EPOCHS) < none, 0.0, 0.05)
    learned = 0.97 - 0.87 * np.exp(-np.arange(EPOCHS) / 5)
    return both(falling(0.1, 5), val + 0.05 * np.arange(EPOCHS), learned, right)


def test_the_first_cause_where_the_last_rows_are_of_classes_that_training_never_saw():
    report = judge(held_out_classes(), {**SOUND, "validation_split": 0.1, "shuffle": True})
    assert ranked(report)[0] == NAME
    assert found(report, "DS204").severity is Severity.WARNING
    why = cause(report, NAME).why
    assert "the last 10% of the rows" in why
    assert "60 of 60 validation accuracies are exactly 0 while training accuracy ends at 97%" in why
    assert "before holding out validation rows" in cause(report, NAME).prescription.text


@pytest.mark.parametrize(("none", "told"), [(29, False), (30, True)])
def test_at_most_evaluations(none, told):
    named = cause(judge(held_out_classes(none), {**SOUND, "validation_split": 0.1}), NAME)
    assert (named is not None) == told
    assert named is None or f"{none} of 60" in named.why


def test_less_sure_of_a_split_that_may_have_been_shuffled():
    sure = cause(judge(held_out_classes(), {**SOUND, "validation_split": 0.1}), NAME).score
    unsaid = cause(judge(held_out_classes(), SOUND), NAME).score
    assert unsaid < sure
    shuffled = cause(judge(held_out_classes(), {**SOUND, "val_size": 0.1, "shuffle": True}), NAME)
    assert shuffled is None or shuffled.score < unsaid


def test_silent_where_the_loss_shows_that_the_score_is_not_computed():
    curves = healthy() | {"val_accuracy": np.zeros(EPOCHS)}
    assert cause(judge(curves, {**SOUND, "validation_split": 0.1}), NAME) is None


def test_silent_where_training_learned_nothing_either():
    curves = held_out_classes() | {"train_accuracy": np.full(EPOCHS, 0.1)}
    assert cause(judge(curves, {**SOUND, "validation_split": 0.1}), NAME) is None


def test_of_two_classes_training_must_do_better_than_guessing():
    curves = held_out_classes() | {"train_accuracy": np.full(EPOCHS, 0.6)}
    assert cause(judge(curves, {**SOUND, "num_classes": 2, "validation_split": 0.1}), NAME) is None


@pytest.mark.parametrize(("shuffle", "severity"), [(False, Severity.WARNING), (None, None), (True, None)])
def test_sorted_labels_that_nobody_shuffles_are_a_warning_even_where_the_run_learns(shuffle, severity):
    X = np.random.default_rng(0).normal(size=(400, 6))
    params = SOUND if shuffle is None else {**SOUND, "shuffle": shuffle}
    told = found(judge(healthy(), params, profile=profile_data(X, np.sort(np.arange(400) % 10))), "DS204")
    assert (told.severity if told is not None and told.severity is Severity.WARNING else None) is severity
    if severity is not None:
        assert "the labels are sorted and shuffling is off" in told.evidence["for"]


def test_rows_in_an_order_leave_validation_other_classes():
    told = cause(judge(by_heart(), {**SOUND, "shuffle": "False"}), "unshuffled")
    assert told is not None
    assert "training improves, but validation hardly does" in told.why
    assert found(judge(by_heart(), {**SOUND, "shuffle": "False"}), "DS204").evidence["odds"] > 3


def in_order(order=0.98, share=0.97, looks=20, **more):
    """Each look is at ten batches in a row, which hold one or two of ten labels."""
    label = np.arange(looks) // 2 % 9.0
    rows = {"label_min": label, "label_max": label + 1, "batches_added": 10, **more}
    return seen(looks, label_order=order, label_top_share=share, label_top_share_expected=0.2, **rows)


@pytest.mark.parametrize("shape", ["swinging", "flat", "slow"])
def test_the_first_cause_where_a_callback_saw_labels_in_an_order(shape):
    assert ranked(judge(SHAPES[shape](), SOUND))[:1] != [NAME]
    report = judge({**SHAPES[shape](), **in_order()}, {**SOUND, "shuffle": False})
    assert ranked(report)[0] == NAME
    assert found(report, "DS204").severity is Severity.WARNING
    assert "agree far more often than by chance (sortedness 98%" in cause(report, NAME).why
    assert changes(report, NAME) == {"shuffle": (False, True)}


@pytest.mark.parametrize(
    ("logged", "told"),
    [
        (in_order(order=0.5), True),
        (in_order(order=0.499), False),
        (in_order(share=0.801), True),
        (in_order(share=0.8), False),
        # The labels of a few batches in a row range over less than three fifths of all.
        (seen(label_order=0.9, label_top_share=0.9, label_min=[0.0, 1.0] * 10, label_max=[5.0, 9.0] * 10,
              batches_added=10), False),
        (in_order(batches_added=2), False),
        (in_order(batches_added=3), True),
        (in_order(label_min=math.nan), False),
        # Of numbers there are no batches of one label; a row of batches in an order holds a part of their range.
        (in_order(order=0.9, target_std=3.0), True),
        (seen(label_order=0.9, target_std=3.0, label_min=0.0, label_max=9.0, batches_added=4), False),
        (seen(label_order=0.499, target_std=3.0), False),
        (seen(label_order=math.nan, target_std=3.0), False),
        (seen(1, label_order=0.9), False),
    ],
)  # fmt: skip
def test_what_makes_an_order(logged, told):
    assert (cause(judge({**swinging(), **logged}, SOUND), NAME) is not None) == told


def test_labels_that_are_mixed_in_the_batches_clear_it():
    off = {**SOUND, "shuffle": False}
    plain = cause(judge(swinging(), off), NAME)
    mixed = cause(judge({**swinging(), **in_order(order=0.01, share=0.3)}, off), NAME)
    assert mixed is None or mixed.score < 0.25 < 0.75 < plain.score


def test_batches_of_one_label_each_in_any_order_are_another_trouble():
    label = np.random.default_rng(0).permutation(20) % 10.0
    mixed = in_order(label_min=np.minimum(label, 1.0), label_max=np.maximum(label, 8.0))
    report = judge({**swinging(), **mixed, **seen(label_top_share=1.0)}, SOUND)
    assert cause(report, NAME) is None
    assert ranked(report)[0] == "single-label-batches"


def test_looks_at_batches_need_no_curves():
    assert ranked(judge(in_order(), SOUND))[0] == NAME
