import numpy as np
import pytest

from tests.rules.runs import SHAPES, SOUND, both, cause, found, judge, noise, ranked
from tracker_diag import Severity

NAME = "saturated-output"
EPOCHS = 12
WRONG = 0.36 + noise(0.004, 1, EPOCHS)


def saturated(cost: float, wrong=WRONG):
    return both(cost * wrong, cost * (wrong + 0.02), 1 - wrong, 0.98 - wrong)


@pytest.mark.parametrize(
    "cost", [15.942, 16.118, 87.3365, 100.0], ids=["Keras, yes or no", "Keras", "float", "PyTorch"]
)
def test_every_error_at_the_clip_is_the_first_cause_and_no_good_fit(cost):
    report = judge(saturated(cost), {"num_classes": None})
    assert ranked(report)[0] == NAME
    assert report.severity.rank >= Severity.WARNING.rank
    assert report.verdict != "good-fit"
    assert f"{cost:.2f}" in cause(report, NAME).why


def test_one_side_is_enough():
    curves = saturated(16.118)
    del curves["train_accuracy"]
    assert "the validation loss" in cause(judge(curves), NAME).why


@pytest.mark.parametrize("cost", [3.0, 12.0, 15.5, 16.5, 50.0])
def test_silent_at_any_other_cost(cost):
    assert found(judge(saturated(cost)), "GR606") is None


def test_silent_where_it_stood_there_once():
    curves = saturated(16.118)
    curves["train_loss"][-2] *= 0.9
    curves["val_loss"][-2] *= 0.9
    assert found(judge(curves), "GR606") is None


def test_silent_where_hardly_an_answer_is_wrong():
    curves = saturated(16.118, np.full(EPOCHS, 0.005))
    del curves["val_loss"]
    assert found(judge(curves), "GR606") is None


def test_silent_where_the_loss_is_none_of_classes():
    assert found(judge(saturated(16.118), {"num_classes": None, "loss": "mse"}), "GR606") is None


@pytest.mark.parametrize("values", [[87.3365, 87.3365], [21.4, 87.3365, 87.3365], [16.118096, 16.118096]])
def test_a_loss_alone_at_the_clip(values):
    report = judge({"loss": np.array(values)}, {"num_classes": None})
    assert ranked(report)[0] == NAME
    assert "all predictions are wrong" in cause(report, NAME).why


@pytest.mark.parametrize("values", [[87.3365], [87.3365, 80.0], [87.3365, 87.4], [100.0, 100.0], [0.0, 0.0]])
def test_silent_where_a_loss_alone_does_not_stand_there(values):
    assert found(judge({"loss": np.array(values)}, {"num_classes": None}), "GR606") is None


def test_silent_where_a_loss_alone_is_none_of_classes():
    assert found(judge({"loss": np.full(3, 87.3365)}, {"loss": "mae", "num_classes": None}), "GR606") is None


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_silent_on_all_textbook_runs(shape):
    assert found(judge(SHAPES[shape](), SOUND), "GR606") is None
