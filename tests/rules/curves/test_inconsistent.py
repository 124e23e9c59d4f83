"""LC113 inconsistent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.networks import network
from tests.rules.runs import CLASSES, EPOCHS, SHAPES, SOUND, Curves, both, falling, found, healthy, judge, noise, ranked
from tests.rules.runs import twice_softmax as twice
from tracker_diag import Severity
from tracker_diag.evidence.calibrated import most_of_calibrated
from tracker_diag.evidence.cost_of_errors import cost_of_errors
from tracker_diag.evidence.losses import Asked
from tracker_diag.evidence.with_accuracy import WithAccuracy
from tracker_diag.rules.api import Curve

CROSS_ENTROPY = {**SOUND, "loss": "cross_entropy"}


def cheap(share: float, wrong: float = 0.9) -> Curves:
    """A training loss that is this share of the least that its wrong answers cost."""
    errors = wrong + noise(0.002, 3)
    loss = share * errors * math.log(2) * (1 + 0.3 * np.exp(-np.arange(EPOCHS)))
    return both(loss, None, 1 - errors)


def test_a_loss_of_nothing_at_the_accuracy_of_guessing() -> None:
    report = judge(cheap(1e-5), CROSS_ENTROPY)
    finding = found(report, "LC113")
    assert report.verdict == "inconsistent"
    assert finding is not None
    assert finding.severity is Severity.ERROR
    assert "90% of the training predictions are wrong" in finding.message


def test_two_evaluations_are_enough_and_one_is_not() -> None:
    for values, speaks in ((2, True), (1, False)):
        curves = {name: curve[:values] for name, curve in cheap(0.0).items()}
        assert (found(judge(curves, CROSS_ENTROPY), "LC113") is not None) == speaks


@pytest.mark.parametrize(
    ("share", "severity"), [(0.005, Severity.ERROR), (0.05, Severity.WARNING), (0.3, None), (1.1, None)]
)
def test_how_far_below_decides(share: float, severity: Severity | None) -> None:
    finding = found(judge(cheap(share), CROSS_ENTROPY), "LC113")
    assert (finding and finding.severity) == severity


def test_one_evaluation_that_allows_it_is_enough_to_be_silent() -> None:
    curves = cheap(0.001)
    curves["train_loss"][-2] = 2.0
    assert found(judge(curves, CROSS_ENTROPY), "LC113") is None


@pytest.mark.parametrize(
    "params",
    [
        {**SOUND, "loss": "mse"},
        {**SOUND, "loss": "focal_loss"},
        {**SOUND, "loss": "hinge"},
        SOUND,
        {**CROSS_ENTROPY, "class_weight": {"0": 0.1, "1": 9.0}},
    ],
    ids=["an error of numbers", "focal", "hinge", "nobody says what it is", "classes are weighed"],
)
def test_silent_where_the_loss_may_be_so_low(params: dict[str, Any]) -> None:
    assert found(judge(cheap(0.005), params), "LC113") is None


def test_a_binary_cross_entropy_is_averaged_over_its_outputs() -> None:
    binary = {"loss": "binary_crossentropy", "num_classes": 20}
    assert found(judge(cheap(0.06), binary), "LC113") is None
    assert found(judge(cheap(0.003), binary), "LC113") is not None
    assert found(judge(cheap(0.001), {**binary, "num_classes": None}), "LC113") is None


def test_without_the_number_of_classes_answers_may_be_sequences() -> None:
    unknown = {"loss": "cross_entropy", "num_classes": None}
    assert found(judge(cheap(0.05), unknown), "LC113") is None
    assert found(judge(cheap(0.005), unknown), "LC113") is not None


def test_silent_where_the_accuracy_may_be_that_of_other_data() -> None:
    curves = cheap(1e-4)
    curves["accuracy"] = curves.pop("train_accuracy")
    assert found(judge(curves, CROSS_ENTROPY), "LC113") is None


def test_the_clip_says_that_a_loss_without_a_name_is_of_classes() -> None:
    wrong = 0.9 + noise(0.001, 4)
    curves = cheap(1e-5) | {"val_loss": 16.118 * wrong, "val_accuracy": 1 - wrong}
    assert judge(curves, {"num_classes": None}).verdict == "inconsistent"


def test_a_negative_cross_entropy() -> None:
    report = judge(both(-1e5 * np.arange(1, 13), None), {"loss": "binary_crossentropy"})
    assert report.verdict == "inconsistent"
    assert "cannot be below 0" in found(report, "LC113").message
    assert ranked(report)[0] == "output-loss-mismatch"


def test_a_negative_likelihood_of_a_density_is_none() -> None:
    assert found(judge({"train_nll": falling(-30.0, 5), "val_nll": falling(-29.0, 5)}), "LC113") is None


def test_softmax_twice() -> None:
    report = judge(twice(), {**SOUND, "num_classes": CLASSES})
    assert report.verdict == "inconsistent"
    assert found(report, "LC113").severity is Severity.WARNING
    assert ranked(report)[0] == "output-loss-mismatch"


@pytest.mark.parametrize("classes", [3, 4, 10, 100, 1000])
def test_softmax_twice_of_any_number_of_classes(classes: int) -> None:
    accuracy = np.linspace(0.5, 0.97, EPOCHS)
    loss = math.log(1 + (classes - 1) / math.e) + 1 - accuracy
    finding = found(judge(both(loss, None, accuracy), {"num_classes": classes}), "LC113")
    assert finding is not None
    assert finding.evidence["floor"] < finding.evidence["loss"]


@pytest.mark.parametrize(
    "params",
    [
        {"num_classes": CLASSES, "label_smoothing": 0.3},
        {"num_classes": CLASSES, "loss": "binary_crossentropy"},
        {"num_classes": CLASSES, "loss": "mse"},
        {"num_classes": 25},
    ],
)
def test_silent_where_another_reason_is_known(params: dict[str, Any]) -> None:
    assert found(judge(twice(), params), "LC113") is None


def test_silent_where_a_penalty_is_part_of_the_loss() -> None:
    model = network(32, 32)
    assert found(judge(twice(), SOUND, model=model), "LC113") is not None
    for layer in model["layers"]:
        layer["kernel_regularizer"] = {"class_name": "L2", "config": {"l2": 0.01}}
    assert found(judge(twice(), SOUND, model=model), "LC113") is None


def test_silent_where_the_other_loss_was_lower_than_softmax_twice_can_be() -> None:
    curves = twice()
    curves["val_loss"] = curves["val_loss"] - 0.9
    assert found(judge(curves, SOUND), "LC113") is None


def test_nothing_else_is_said_of_curves_that_contradict_each_other() -> None:
    assert [f.code for f in judge(twice(), SOUND).findings if f.code.startswith("LC")] == ["LC113"]


def test_skipped_without_an_accuracy_of_the_same_data() -> None:
    report = judge(both(falling(0.2, 4), falling(0.3, 4)), SOUND)
    assert any(s.code == "LC113" and "accuracy" in s.reason for s in report.skipped)


@pytest.mark.parametrize("shape", sorted(set(SHAPES) - {"twice_softmax"}))
def test_silent_on_all_other_textbook_runs(shape: str) -> None:
    assert found(judge(SHAPES[shape](), CROSS_ENTROPY), "LC113") is None


def share_of_least(losses: list[float], accuracies: list[float]) -> float | None:
    steps = np.arange(len(losses), dtype=float)
    loss = Curve("train_ce", steps, np.array(losses))
    pair = WithAccuracy(loss, steps, loss.raw, 1 - np.array(accuracies))
    found = cost_of_errors((pair,), None, None, Asked("cross_entropy", "classes"), None, None)
    return None if found is None else found[0].share


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    classes=st.integers(2, 40),
    sharpness=st.floats(-3, 3),
    skill=st.floats(0, 1),
    skew=st.floats(0.05, 5),
    hesitation=st.floats(0, 1),
)
def test_no_softmax_of_any_calibration_is_cheaper_than_its_errors(
    seed: int, classes: int, sharpness: float, skill: float, skew: float, hesitation: float
) -> None:
    """Chance, overconfidence, hesitation between two, rare classes: the bound is a theorem."""
    rng = np.random.default_rng(seed)
    losses, accuracies = [], []
    shares = rng.dirichlet(np.full(classes, skew))
    rows = np.arange(200)
    for epoch in range(6):
        labels = rng.choice(classes, 200, p=shares)
        logits = rng.standard_normal((200, classes)) * 10**sharpness
        logits[rows, labels] += skill * epoch * 10**sharpness
        almost = rng.random(200) < hesitation
        logits[almost, labels[almost]] = logits[almost].max(axis=1) - 1e-9
        logits -= logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        losses.append(float(-logs[rows, labels].mean()))
        accuracies.append(float((logits.argmax(axis=1) == labels).mean()))
    share = share_of_least(losses, accuracies)
    assert share is None or share >= 1 - 1e-6
    finding = found(judge(both(losses, None, accuracies), {"num_classes": classes, "loss": "cross_entropy"}), "LC113")
    assert finding is None or "softmax applied twice" in finding.message


def test_the_bound_is_reached_by_a_model_that_is_wrong_by_a_hair() -> None:
    assert share_of_least([0.4 * math.log(2)] * 3, [0.6] * 3) == pytest.approx(1)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    classes=st.integers(2, 200),
    concentration=st.floats(-2, 1),
    smoothing=st.floats(0, 0.2),
)
def test_no_calibrated_model_is_taken_for_softmax_twice(
    seed: int, classes: int, concentration: float, smoothing: float
) -> None:
    """Its answers are the true shares of the labels, smoothed or not, whatever those shares are."""
    rng = np.random.default_rng(seed)
    truth = rng.dirichlet(np.full(classes, 10**concentration), 400)
    smooth = (1 - smoothing) * truth + smoothing / classes
    loss = float(-(smooth * np.log(np.maximum(smooth, 1e-300))).sum(axis=1).mean())
    accuracy = float(truth.max(axis=1).mean())
    curves = both(np.full(6, loss) + 1e-3 * np.arange(6)[::-1], None, np.full(6, accuracy))
    assert loss <= most_of_calibrated(accuracy, classes, smoothing) + 1e-9
    assert found(judge(curves, {"num_classes": classes, "loss": "cross_entropy"}), "LC113") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy(), CROSS_ENTROPY), "LC113") is None


def test_a_network_that_is_still_learning_is_less_sure_than_it_is_right() -> None:
    """Ten classes, plain softmax, a low rate: the loss falls through the level that softmax twice would leave."""
    at = np.arange(8)
    loss = 1.95 - 0.03 * at
    accuracy = 0.60 + 0.012 * at
    assert np.abs(loss - (math.log(1 + 9 / math.e) + 1 - accuracy)).max() < 0.1
    report = judge({"train_loss": loss, "val_loss": loss, "train_accuracy": accuracy, "val_accuracy": accuracy})
    assert found(report, "LC113") is None


def test_softmax_twice_is_told_without_the_number_of_classes() -> None:
    """Ten classes, which nobody logged: nearly all right, and the loss on 1.46."""
    accuracy = 0.992 - 0.9 * np.exp(-np.arange(EPOCHS) / 3)
    loss = math.log(1 + 9 / math.e) + (1 - accuracy) + 0.002
    curves = both(loss + noise(0.0005, 1), loss + noise(0.0005, 2), accuracy, accuracy)
    report = judge(curves, {"num_classes": None})
    finding = found(report, "LC113")
    assert report.verdict == "inconsistent"
    assert finding is not None
    assert finding.severity is Severity.WARNING
    assert f"levels off at {loss[-1]:.2f}" in finding.message
    assert report.causes[0].name == "output-loss-mismatch"


@pytest.mark.parametrize("off", [0.03, -0.03])
def test_without_the_number_of_classes_the_loss_lies_on_the_level(off: float) -> None:
    accuracy = np.full(EPOCHS, 0.992)
    loss = math.log(1 + 9 / math.e) + (1 - accuracy) + off
    curves = both(loss + noise(0.0005, 1), None, accuracy)
    assert found(judge(curves, {"num_classes": None}), "LC113") is None
