import pytest

from tests.rules.runs import CLASSES, NOTHING, SOUND, falling, found, healthy, judge, skipped, steep
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
    assert skipped(report, "IN502") == "no train loss"
