"""Networks that are right as they are, of which a description read carelessly would accuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.networks import dense
from tests.rules.runs import EPOCHS, SOUND, Curves, both, falling, flat, judge, noise
from tracker_diag import Severity

SCCE = "sparse_categorical_crossentropy"
LOGITS = {"loss_settings": {"from_logits": True}}


def mediocre() -> Curves:
    """Comes to rest at three right answers in four, with validation beside training: the data are hard."""
    accuracy = 0.75 - 0.6 * (1 - falling(1.0, 5, start=0.0))
    return both(
        falling(0.72, 5) + noise(0.004, 1),
        falling(0.74, 5) + noise(0.006, 2),
        accuracy + noise(0.002, 3),
        accuracy - 0.01 + noise(0.003, 4),
    )


def keras(*layers: dict[str, Any], loss: str | None = SCCE, **more: Any) -> dict[str, Any]:
    return {"framework": "keras", "layers": list(layers), "loss": loss, **more}


def torch(*layers: dict[str, Any], loss: str = "CrossEntropyLoss") -> dict[str, Any]:
    return {"framework": "torch", "layers": list(layers), "loss": loss}


def linear(taken: int, given: int) -> dict[str, Any]:
    return {"type": "Linear", "in_features": taken, "out_features": given}


NETWORKS = {
    "a pointer to a position": keras(
        dense(32), dense(1, "linear"), {"type": "Flatten"}, {"type": "Softmax", "axis": -1}
    ),
    "the same, by logits": keras(dense(32), dense(1, "linear"), {"type": "Flatten"}, **LOGITS),
    "a map of positions": keras(
        {"type": "Conv2D", "filters": 1, "activation": "linear"}, {"type": "Reshape"}, {"type": "Softmax", "axis": -1}
    ),
    "attention pooling": keras(
        dense(32), dense(1, "tanh"), {"type": "Softmax", "axis": 1}, {"type": "Dot"}, dense(10, "softmax")
    ),
    "squeeze and excitation": keras(
        dense(32), dense(2), dense(32, "sigmoid"), {"type": "Multiply"}, dense(10, "softmax")
    ),
    "a focal loss of two": keras(dense(32), dense(1, "sigmoid"), loss="BinaryFocalCrossentropy"),
    "a loss of one's own": keras(dense(32), dense(10, "linear"), loss_settings={"custom": True}),
    "a sum": keras(dense(784, "sigmoid"), loss="MeanSquaredError", loss_settings={"reduction": "sum"}),
    "an activity penalty": keras(dense(32, activity_regularizer="L1"), dense(784, "sigmoid"), loss="mse"),
    "a density": keras(dense(64), dense(6, "linear"), loss="negative_log_likelihood"),
    "an embedding": torch(linear(64, 128), linear(128, 512), loss="CrossEntropyLoss"),
    "a softmax for attention": torch(linear(32, 32), linear(32, 10), linear(32, 1), {"type": "Softmax", "dim": 1}),
    "an encoder that was logged": keras(dense(128), loss=None),
    "logits for deployment": keras(dense(128), dense(10, "linear"), loss=None),
    "a recurrent end": keras(dense(8), {"type": "LSTM", "units": 1, "activation": "tanh"}),
    "multi-label": keras(dense(32), dense(12, "sigmoid"), loss="binary_crossentropy"),
    "two outputs": keras(dense(32), dense(1, "softmax"), loss=None, outputs=2),
}


LARGE = [
    "a sum",
    "an activity penalty",
    "a density",
    "an embedding",
    "an encoder that was logged",
    "logits for deployment",
]


@pytest.mark.parametrize(("name", "times"), [*((name, 1) for name in NETWORKS), *((name, 40) for name in LARGE)])
def test_a_sound_network_is_not_accused(name, times):
    curves = mediocre() if times == 1 else {k: times * v for k, v in mediocre().items() if "loss" in k}
    params = {"loss": SCCE} if NETWORKS[name]["loss"] is None else {}
    bare = {k: v for k, v in SOUND.items() if k != "num_classes"}
    before = judge(curves, {**bare, **params, "num_classes": None})
    report = judge(curves, {**bare, **params, "num_classes": None}, model=NETWORKS[name])
    warned = {f.name for f in report.findings if f.severity.rank >= Severity.WARNING.rank}
    assert warned <= {f.name for f in before.findings if f.severity.rank >= Severity.WARNING.rank}


def test_steps_of_a_sequence_are_no_classes():
    declared = [{"name": "d", "digest": "1", "context": "train", "profile": {"targets_shape": [1000, 50]}}]
    curves = both(falling(5.2, 8, start=8.5) + noise(0.01, 1), None)
    model = keras({"type": "GRU", "units": 64}, dense(5000, "linear"), **LOGITS)
    assert judge(curves, {"num_classes": None}, model=model, datasets=declared).verdict != "underfitting"


def test_classes_are_taken_from_outputs_that_compete():
    curves = flat()
    model = keras(dense(32), dense(10, "softmax"))
    assert judge(curves, {"num_classes": None}, model=model).verdict == "underfitting"


def test_a_focal_loss_and_weighted_classes_do_not_begin_at_the_logarithm_of_the_classes():
    level = both(0.53 + noise(1e-4, 1, EPOCHS), 0.53 + noise(1e-4, 2, EPOCHS))
    focal = keras(dense(32), dense(10, "softmax"), loss="CategoricalFocalCrossentropy")
    weighted = {"num_classes": None, "class_weight": "{0: 0.1, 1: 0.4}"}
    assert judge(level, {"num_classes": None}, model=focal).verdict != "good-fit"
    assert judge(level, weighted, model=keras(dense(32), dense(10, "softmax"))).verdict != "good-fit"
