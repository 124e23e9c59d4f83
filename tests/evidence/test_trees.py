import pytest

from tests.evidence.test_inputs import seen
from tests.rules.boosted import NOTHING, params, shrinking

TRAIN = shrinking(0.005)


def of(val=None, train=TRAIN, **more):
    named = {"train-logloss": train} | ({} if val is None else {"validation-logloss": val})
    return seen(named, params(**more))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.9])
def test_what_validation_gained_of_what_training_did(share):
    found = of(NOTHING - share * (NOTHING - TRAIN)).carried_over
    assert found.share == pytest.approx(share)
    assert found.left == pytest.approx(TRAIN.min() / TRAIN[0])
    # The first round at which half of the fall is done.
    half = TRAIN[0] - (TRAIN[0] - TRAIN.min()) / 2
    assert TRAIN[int(found.step)] <= half < TRAIN[int(found.step) - 1]


def test_a_validation_that_got_worse_gained_less_than_nothing():
    assert of(NOTHING + 0.5 * (NOTHING - TRAIN)).carried_over.share == pytest.approx(-0.5)


def test_none_without_validation_or_where_training_was_not_learned_by_heart():
    assert of().carried_over is None
    assert of(shrinking(0.3), train=shrinking(0.3)).carried_over is None
    assert seen({"train_loss": TRAIN, "val_loss": TRAIN}).carried_over is None


@pytest.mark.parametrize(
    ("more", "each"),
    [
        ({"max_depth": 4, "n_train": 800}, 800 / 2**4),
        ({"max_depth": None, "num_leaves": 31, "n_train": 620}, 620 / 31),
        ({"max_depth": 10, "num_leaves": 31, "n_train": 620}, 620 / 31),
        ({"max_depth": 12, "min_child_samples": 20, "n_train": 500}, 20),
        ({"max_depth": 1000, "n_train": 2**20}, 2**-40),
        ({"max_depth": 4}, None),
        ({"max_depth": None, "n_train": 800}, None),
    ],
)
def test_examples_to_a_leaf(more, each):
    assert of(**more).examples_a_leaf == each
