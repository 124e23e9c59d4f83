import math

import numpy as np
import pytest

from tests.rules.runs import SOUND, cause, flat, found, healthy, judge, ranked, skipped, swinging
from tests.watched_runs import seen
from tracker_diag import Severity

NAME = "single-label-batches"


def batches(share=1.0, by_chance=0.2, looks=20, **more):
    return seen(looks, label_top_share=share, label_top_share_expected=by_chance, **more)


@pytest.mark.parametrize("curves", [swinging(), flat()], ids=["swings", "flat"])
def test_the_first_cause_where_batches_hold_one_label(curves):
    assert ranked(judge(curves, SOUND))[0] != NAME
    report = judge({**curves, **batches()}, SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "DS205").severity is Severity.WARNING
    assert (
        found(report, "DS205").message
        == "100% of the examples in a batch have the same label (20% would be expected after shuffling)"
    )
    assert "all classes" in cause(report, NAME).prescription.text


def test_a_label_that_changes_from_batch_to_batch_speaks_for_it():
    changing = batches(label_min=0, label_max=9, batches_added=10)
    report = judge({**swinging(), **changing}, SOUND)
    assert "the most frequent label changes from batch to batch" in cause(report, NAME).why
    assert cause(report, NAME).score > cause(judge({**swinging(), **batches()}, SOUND), NAME).score


def test_batches_in_a_row_of_one_label_are_an_order_instead():
    label = np.arange(20.0) // 2
    report = judge(
        {**swinging(), **batches(label_order=0.99, label_min=label, label_max=label, batches_added=10)}, SOUND
    )
    assert "the most frequent label changes from batch to batch" not in cause(report, NAME).why
    assert ranked(report)[0] == "unshuffled"


@pytest.mark.parametrize(
    ("share", "by_chance", "told"),
    [
        (0.979, 0.6, False),
        (0.98, 0.6, True),
        # Mostly one label is enough where shuffled batches would hold much less of it.
        (0.8, 0.5, True),
        (0.799, 0.5, False),
        (0.8, 0.501, False),
    ],
)
def test_how_much_of_one_label(share, by_chance, told):
    assert (cause(judge({**swinging(), **batches(share, by_chance)}, SOUND), NAME) is not None) == told


def test_mostly_one_label_says_less_than_one_alone():
    mostly, alone = (cause(judge({**swinging(), **batches(share)}, SOUND), NAME).score for share in (0.9, 1.0))
    assert mostly < alone


@pytest.mark.parametrize(("by_chance", "told"), [(0.85, True), (0.851, False), (1.0, False)])
def test_a_rare_class_or_a_batch_of_four_makes_them_by_chance(by_chance, told):
    assert (cause(judge({**swinging(), **batches(by_chance=by_chance)}, SOUND), NAME) is not None) == told


def test_one_look_is_enough_and_the_middle_of_several_counts():
    assert cause(judge({**swinging(), **batches(looks=1)}, SOUND), NAME) is not None
    most = batches(share=[0.3] * 11 + [1.0] * 9)
    assert cause(judge({**swinging(), **most}, SOUND), NAME) is None


@pytest.mark.parametrize(
    ("logged", "reason"),
    [
        ({}, "no values from inside the training loop found"),
        (seen(loss_scale=1024), "no labels of batches were logged"),
        (batches(share=math.nan), "no labels of batches were logged"),
    ],
    ids=["nothing", "other figures", "not a number"],
)
def test_says_what_is_missing(logged, reason):
    assert skipped(judge({**swinging(), **logged}, SOUND), "DS205") == reason


def test_silent_without_what_shuffled_batches_would_hold():
    assert cause(judge({**swinging(), **seen(label_top_share=1.0)}, SOUND), NAME) is None


def test_a_run_that_learned_all_the_same_speaks_against_it():
    learned, lost = (cause(judge({**c, **batches()}, SOUND), NAME) for c in (healthy(), swinging()))
    assert "the run learned anyway" in learned.why
    assert learned.score < lost.score


def test_trees_have_no_batches():
    assert cause(judge({**swinging(), **batches()}, {**SOUND, "booster": "gbtree"}), NAME) is None
