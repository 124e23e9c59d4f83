import pytest

from tests.rules.runs import (
    SOUND,
    cause,
    changes,
    found,
    healthy,
    high_level,
    judge,
    overfitting,
    ranked,
    twice_softmax,
)
from tracker_diag import Severity

NAME = "output-loss-mismatch"


def test_softmax_twice_shows_in_a_loss_that_rests_on_its_bound():
    report = judge(twice_softmax(), SOUND)
    assert ranked(report)[0] == NAME
    assert found(report, "AR706").severity is Severity.WARNING
    assert changes(report, NAME) == {"output_activation": (None, "none")}


def test_without_the_classes_the_accuracy_says_how_low_the_loss_should_be():
    assert ranked(judge(twice_softmax(), {"num_classes": None}))[0] == NAME


def test_a_loss_below_the_bound_shows_that_it_is_not_so():
    assert cause(judge(overfitting(), SOUND), NAME) is None


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "nn.CrossEntropyLoss()", "sparse_ce(from_logits=True)"])
def test_softmax_before_a_loss_that_takes_logits(loss):
    report = judge(high_level(), {**SOUND, "head.out_activation": "softmax", "loss_fn": loss})
    assert ranked(report)[0] == NAME
    assert changes(report, NAME) == {"head.out_activation": ("softmax", "none")}


@pytest.mark.parametrize(
    ("activation", "loss"),
    [("softmax", "categorical_crossentropy"), ("log_softmax", "NLLLoss"), ("log_softmax", "CrossEntropyLoss"),
     ("none", "CrossEntropyLoss"), ("linear", "CrossEntropyLoss")],
)  # fmt: skip
def test_silent_where_output_and_loss_fit(activation, loss):
    report = judge(high_level(), {**SOUND, "output_activation": activation, "loss_fn": loss})
    assert cause(report, NAME) is None


def test_relu_before_a_regression_loss():
    params = {"num_classes": None, "output_activation": "relu", "loss": "mse"}
    report = judge({k: v for k, v in high_level().items() if "loss" in k}, params)
    assert "cannot answer below zero" in cause(report, NAME).why
    assert "softmax" not in cause(report, NAME).prescription.text


def test_sigmoid_with_many_classes():
    report = judge(high_level(), {**SOUND, "output_activation": "sigmoid", "loss": "categorical_crossentropy"})
    assert changes(report, NAME) == {"output_activation": ("sigmoid", "softmax")}


@pytest.mark.parametrize(
    "params", [{"loss": "BCEWithLogitsLoss"}, {"loss": "binary_crossentropy"}, {"task": "multi_label"}], ids=str
)
def test_several_labels_at_once_take_sigmoids(params):
    assert cause(judge(high_level(), {**SOUND, "output_activation": "sigmoid", **params}), NAME) is None


def test_label_smoothing_keeps_a_loss_up_too():
    assert cause(judge(twice_softmax(), {**SOUND, "label_smoothing": 0.1}), NAME) is None


def test_on_a_healthy_run_the_configuration_is_at_most_info():
    report = judge(healthy(), {**SOUND, "output_activation": "softmax", "loss": "CrossEntropyLoss"})
    assert report.severity.rank <= Severity.INFO.rank
