import numpy as np
import pytest

from tests.rules.datasets import finding, learned, table
from tracker_diag import Severity, profile_data


def test_missing_targets_are_a_warning():
    X, y = table()
    y = y.astype(float) * 1.5
    y[7] = np.nan
    found = finding("DS210", profile_data(X, y))
    assert found.severity is Severity.WARNING
    assert "1 target is missing or not finite" in found.message


def test_copies_with_other_labels_and_copies_are_counted():
    X, y = table()
    X[300:] = X[:300]
    y[300:] = 1 - y[:300]
    found = finding("DS210", profile_data(X, y))
    assert "100% of the examples have a duplicate with a different label" in found.message
    assert "50% of the examples are duplicates" in found.message


def test_blank_images_are_seen():
    images = np.random.default_rng(0).random((200, 8, 8, 3))
    images[:20] = 0.5
    assert "10% of the examples are blank" in finding("DS210", profile_data(images)).message


def test_most_images_blank_is_another_rule_s_to_say():
    images = np.zeros((200, 8, 8))
    images[0] = np.arange(64).reshape(8, 8)
    found = finding("DS210", profile_data(images))
    assert "blank" not in found.message


def test_silent_for_a_table_that_cannot_help_repeating_itself():
    X = np.random.default_rng(0).integers(0, 3, size=(500, 3))
    assert finding("DS210", profile_data(X)) is None


def test_silent_for_counts_of_words_of_which_some_texts_have_none():
    X = np.random.default_rng(0).poisson(0.02, size=(400, 150))
    assert (X.sum(axis=1) == 0).mean() > 0.01
    assert finding("DS210", profile_data(X)) is None or "blank" not in finding("DS210", profile_data(X)).message


def test_silent_on_sound_data_and_green_on_a_sound_run():
    X, y = table()
    assert finding("DS210", profile_data(X, y)) is None
    X[:200] = X[200:400]
    assert finding("DS210", profile_data(X, y), learned()).severity is Severity.INFO


def side(**facts):
    return {"rows": 1000, "rows_read": 1000, "duplicates": 0, **facts}


@pytest.mark.parametrize(
    ("copies", "said"),
    [
        (901, "only 99 different examples remain"),
        (900, "90% of the examples are duplicates of others"),
        (300, "30% of the"),
    ],
)
def test_where_nearly_all_are_copies_few_examples_are_learned_many_times(copies, said):
    profile = {"kind": "image", "train": side(duplicates=copies)}
    assert said in finding("DS210", profile).message
    # In a run that learned, other copies than these are hardly worth a word.
    learned_all_the_same = finding("DS210", profile, learned())
    warned = learned_all_the_same is not None and learned_all_the_same.severity is Severity.WARNING
    assert warned == (copies > 900)


@pytest.mark.parametrize(("share", "other", "alone"), [(0.25, 0.049, True), (0.25, 0.05, False), (0.2, 0.0, False)])
def test_blank_examples_in_training_alone(share, other, alone):
    profile = {"kind": "image", "train": side(constant_share=share), "validation": side(constant_share=other)}
    assert ("of the validation examples" in finding("DS210", profile).message) == alone


def test_blank_examples_of_a_validation_that_nobody_described_are_not_compared():
    profile = {"kind": "image", "train": side(constant_share=0.4), "validation": side()}
    told = finding("DS210", profile)
    assert told.message == "40% of the examples are blank (a single repeated value)"
    assert told.advice == "before you split the data, repair or remove blank examples"
