import numpy as np
import pytest

from tests.rules.boosted import NOTHING, grown, shrinking, sound, turned
from tests.rules.runs import SOUND, cause, changes, found, judge, overfitting, ranked
from tracker_diag import Severity
from tracker_diag.core.numbers import share

NAME = "trees-too-deep"
BY_HEART = shrinking(0.005)


def deep(share=0.2, **params):
    """Training is learned by heart at the full rate; validation gains a share of that, and stays."""
    val = NOTHING - share * (NOTHING - BY_HEART)
    return grown(BY_HEART, val, **({"max_depth": 12} | params))


def test_the_first_cause_where_validation_hardly_gains_what_training_does():
    report = deep()
    assert ranked(report)[0] == NAME
    assert found(report, "BO1003").severity is Severity.WARNING
    assert report.verdict == "overfitting"
    assert "validation loss falls only 20% as far as training loss" in found(report, "BO1003").message
    left = BY_HEART.min() / BY_HEART[0]
    assert f"at {share(left)} of its first value" in found(report, "BO1003").message


def test_where_validation_turned_as_well():
    report = grown(BY_HEART, turned(0.6, 20, 0.5), max_depth=12)
    assert report.verdict == "overfitting"
    assert NAME in ranked(report)[:2]


@pytest.mark.parametrize(("share", "warned"), [(0.0, True), (0.3, True), (0.4, False), (0.6, False)])
def test_most_of_what_the_first_trees_learn_must_be_noise(share, warned):
    assert any(f.code == "BO1003" and f.severity is Severity.WARNING for f in deep(share).findings) == warned


def test_silent_where_validation_gains_as_much_and_training_is_learned_by_heart_all_the_same():
    report = grown(BY_HEART, shrinking(0.08), max_depth=12, n_train=300)
    assert report.severity.rank <= Severity.INFO.rank
    assert cause(report, NAME) is None


def test_silent_where_training_is_not_learned_by_heart():
    val = NOTHING - 0.2 * (NOTHING - shrinking(0.2))
    assert cause(grown(shrinking(0.2), val, max_depth=3), NAME) is None


def test_silent_on_a_sound_run():
    assert cause(sound(), NAME) is None


def test_few_examples_to_a_leaf_are_told_beside_a_validation_that_turned():
    turns = turned(0.1, 20, 0.6)
    told = grown(BY_HEART, turns, max_depth=8, n_train=500)
    assert f"{500 / 2**8:.3g} training examples per leaf" in cause(told, NAME).why
    assert cause(grown(BY_HEART, turns, max_depth=3, n_train=5000), NAME) is None
    # From configuration alone: never.
    assert cause(grown(BY_HEART, shrinking(0.08), max_depth=8, n_train=500), NAME) is None


@pytest.mark.parametrize("more", [{"num_leaves": 31}, {"max_depth": 3}, {"min_child_samples": 50, "max_depth": 12}])
def test_many_examples_to_a_leaf_speak_against_it(more):
    report = deep(0.2, **({"max_depth": None, "n_train": 800} | more))
    assert "even a full tree" in (cause(report, NAME).why if cause(report, NAME) else "even a full tree")
    assert not any(f.code == "BO1003" and f.severity is Severity.WARNING for f in report.findings)


def test_shallow_trees_speak_against_it_where_the_examples_are_not_counted():
    assert "depth 3 are shallow" in cause(deep(0.2, max_depth=3), NAME).why


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"max_depth": 12}, {"max_depth": (12, 4)}),
        ({"max_depth": None, "num_leaves": 255}, {"num_leaves": (255, 15)}),
        ({"max_depth": 12, "min_child_weight": 1}, {"max_depth": (12, 4), "min_child_weight": (1, 10)}),
        ({"max_depth": None}, {}),
    ],
)
def test_smaller_trees_are_prescribed_by_the_names_of_the_run(params, expected):
    assert changes(deep(**params), NAME) == expected


def test_a_network_is_not_told_of_trees():
    assert cause(judge(overfitting(), SOUND | {"max_depth": 12}), NAME) is None


def test_in_other_units():
    curves = {"train-rmse": 1e4 * BY_HEART, "validation-rmse": 1e4 * (NOTHING - 0.2 * (NOTHING - BY_HEART))}
    report = judge(curves, {"objective": "reg:squarederror", "max_depth": 12, "eta": 0.1, "num_classes": None})
    assert ranked(report)[0] == NAME


def test_a_lone_jump_of_validation_at_the_start_is_no_gain():
    val = np.full(BY_HEART.size, NOTHING)
    assert ranked(grown(BY_HEART, val, max_depth=12))[0] == NAME
