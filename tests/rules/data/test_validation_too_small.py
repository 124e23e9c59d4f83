import numpy as np
import pytest

from tests.rules.runs import EPOCHS, SOUND, cause, changes, found, healthy, judge, ranked, skipped
from tracker_diag import Severity

NAME = "validation-too-small"


def jittery(n=20):
    """Validation jitters as it does over a few examples, and its accuracy counts them."""
    rng = np.random.default_rng(7)
    curves = healthy()
    curves["val_loss"] = np.abs(curves["val_loss"] + rng.normal(0, 0.35, EPOCHS))
    curves["val_accuracy"] = rng.binomial(n, np.clip(curves["train_accuracy"] - 0.1, 0, 1)) / n
    return curves


def test_the_first_cause_where_validation_jitters_over_twenty_examples():
    report = judge(jittery(), {**SOUND, "data.val_size": 20, "n_train": 2000})
    assert ranked(report)[0] == NAME
    assert found(report, "DS212").severity is Severity.WARNING
    assert changes(report, NAME) == {"data.val_size": (20, 400)}


def test_the_steps_of_an_accuracy_give_the_number_away():
    report = judge(jittery(), SOUND)
    assert ranked(report)[0] == NAME
    assert "worked out from the accuracy values" in found(report, "DS212").message


def test_does_not_ask_for_more_than_there_is():
    report = judge(jittery(), {**SOUND, "n_val": 20, "n_train": 80})
    assert changes(report, NAME) == {}
    assert cause(report, NAME).prescription.text == "cross-validate"


def test_a_regression_has_no_accuracy():
    curves = {name: values for name, values in healthy().items() if "loss" in name}
    report = judge(curves, {"num_classes": None, "task": "regression", "n_val": 50})
    assert "a mean squared error is uncertain by ±20% (standard error)" in cause(report, NAME).why


@pytest.mark.parametrize("n", [100, 300, 50_000])
def test_silent_with_examples_enough(n):
    assert cause(judge(jittery(), {**SOUND, "n_val": n}), NAME) is None


def test_fewer_than_a_hundred_are_at_most_info_on_a_healthy_run():
    assert judge(healthy(), {**SOUND, "n_val": 60}).severity.rank <= Severity.INFO.rank


def test_says_what_to_log_where_nobody_knows():
    assert skipped(judge(healthy(), SOUND), "DS212")
