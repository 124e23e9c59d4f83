import pytest

from tests.rules.runs import (
    SOUND,
    cause,
    changes,
    diverged,
    flat,
    found,
    frozen,
    healthy,
    judge,
    overfitting,
    ranked,
    undertrained,
)
from tracker_diag import Severity

NAME = "batch-too-large"


def test_among_the_first_causes_of_a_run_that_still_falls_with_one_update_an_epoch():
    report = judge(undertrained(), {**SOUND, "batch_size": 500, "n_train": 500})
    assert NAME in ranked(report)[:2]
    assert changes(report, NAME) == {"batch_size": (500, 32)}


@pytest.mark.parametrize(("batch", "n"), [(40, 40), (16, 16), (3, 3), (512, 100), (1000, 2000)])
def test_proposes_a_smaller_batch_whatever_the_size(batch, n):
    for before, after in changes(judge(undertrained(), {**SOUND, "batch_size": batch, "n_train": n}), NAME).values():
        assert 1 <= after < before


def test_silent_where_a_batch_is_a_small_part_of_the_data():
    assert cause(judge(undertrained(), {**SOUND, "batch_size": 64, "n_train": 5000}), NAME) is None


@pytest.mark.parametrize("params", [{"optimizer": "lbfgs"}], ids=str)
def test_second_order_methods_take_full_batches(params):
    report = judge(undertrained(), {**SOUND, "batch_size": 500, "n_train": 500, **params})
    assert cause(report, NAME) is None


def test_full_batches_of_a_small_table_that_settled_are_sound():
    report = judge(healthy(), {**SOUND, "batch_size": 500, "n_train": 500})
    assert report.severity.rank <= Severity.INFO.rank
    finding = found(report, "OP404")
    assert finding is None or finding.severity is Severity.INFO


def test_a_run_that_memorised_does_not_lack_updates():
    report = judge(overfitting(), {**SOUND, "batch_size": 500, "n_train": 500})
    assert ranked(report)[0] != NAME


@pytest.mark.parametrize("curves", [diverged(), frozen(), flat()], ids=["diverged", "frozen", "flat"])
def test_silent_where_few_updates_are_not_the_trouble(curves):
    assert cause(judge(curves, {**SOUND, "batch_size": 4, "n_train": 4}), NAME) is None


@pytest.mark.parametrize(("epochs", "told"), [(99, True), (100, False)])
def test_silent_from_a_hundred_epochs_on(epochs, told):
    params = {**SOUND, "batch_size": 1000, "n_train": 1000, "epochs": epochs}
    assert (cause(judge(undertrained(), params), NAME) is not None) == told


@pytest.mark.parametrize(("examples", "said"), [(199, True), (200, False)])
def test_few_examples_are_few_whatever_the_batch(examples, said):
    why = cause(judge(undertrained(), {**SOUND, "batch_size": 200, "n_train": examples}), NAME).why
    assert (f"training set has only {examples} examples" in why) == said
