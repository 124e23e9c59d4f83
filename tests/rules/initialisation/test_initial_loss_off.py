import math

import pytest

from tests.rules.runs import CLASSES, NOTHING, SOUND, falling, found, healthy, judge, skipped, steep
from tests.watched_runs import seen
from tracker_diag import Severity


def test_a_first_loss_many_times_that_of_knowing_nothing():
    finding = found(judge(steep(60.0), SOUND), "IN502")
    assert finding.severity is Severity.WARNING
    assert finding.evidence["times"] == pytest.approx(60 / NOTHING)


def test_silent_just_above_and_below_the_uninformed_loss():
    for first in (1.0, NOTHING, 2.5 * NOTHING):
        curves = healthy()
        curves["train_loss"][0] = first
        assert found(judge(curves, SOUND), "IN502") is None


@pytest.mark.parametrize("params", [{"pretrained": True}, {"class_weight": "balanced"}], ids=str)
def test_pretrained_weights_and_reweighted_losses_begin_elsewhere(params):
    assert found(judge(steep(60.0), {**SOUND, **params}), "IN502") is None


def test_without_the_classes_a_thousand_of_them_are_assumed():
    params = {"num_classes": None}
    assert found(judge(steep(60.0), params), "IN502") is not None
    assert found(judge(steep(3.5 * NOTHING), params), "IN502") is None


def test_silent_where_the_loss_is_no_cross_entropy():
    assert found(judge(steep(60.0), {"loss": "mse", "task": "regression", "num_classes": None}), "IN502") is None


def test_the_number_of_classes_says_what_is_far():
    assert found(judge(steep(5 * NOTHING), {"num_classes": CLASSES}), "IN502") is not None
    assert found(judge(steep(5 * NOTHING), {"num_classes": 100_000}), "IN502") is None


def test_validation_alone_has_no_first_training_loss() -> None:
    report = judge({"val_loss": falling(0.2, 4, start=40.0)})
    assert skipped(report, "IN502") == "no training loss is logged"


def before_any_update(loss, nothing=2.303):
    return seen(1, initial_loss=loss, baseline_loss=nothing)


def test_what_a_callback_saw_before_any_update_is_told_though_an_epoch_unlearned_it():
    assert found(judge(healthy(), SOUND), "IN502") is None
    told = found(judge({**healthy(), **before_any_update(230.3)}, SOUND), "IN502")
    assert told.severity is Severity.INFO
    assert told.message == "first-batch loss 230.3 is 100 times chance level (2.303)"


def test_it_needs_no_curves():
    assert "first-batch loss" in found(judge(before_any_update(230.3), SOUND), "IN502").message
    assert skipped(judge(before_any_update(2.4), SOUND), "IN502") is not None


@pytest.mark.parametrize(("loss", "told"), [(2.99, False), (3.0, True)])
def test_three_times_what_knowing_nothing_costs(loss, told):
    assert (found(judge({**healthy(), **before_any_update(loss, 1.0)}, SOUND), "IN502") is not None) == told


@pytest.mark.parametrize(
    ("loss", "nothing"),
    [(2.4, 2.303), (230.3, 0.0), (230.3, -1.0), (math.nan, 2.303), (230.3, math.nan), (math.inf, 2.303), (-9.0, 2.303)],
)
def test_silent_where_it_began_as_usual_or_where_that_is_no_number(loss, nothing):
    assert found(judge({**healthy(), **before_any_update(loss, nothing)}, SOUND), "IN502") is None


@pytest.mark.parametrize("known", [{"pretrained": True}, {"class_weight": "balanced"}])
def test_pretrained_and_reweighted_losses_begin_elsewhere(known):
    assert found(judge({**healthy(), **before_any_update(230.3)}, {**SOUND, **known}), "IN502") is None
