import numpy as np
import pytest

from tests.evidence.test_inputs import of, seen
from tracker_diag import Run


def curves(*names):
    return {name: np.array([0.9, 0.8, 0.5] if "loss" in name else [0.4, 0.5, 0.7]) for name in names}


@pytest.mark.parametrize(
    ("names", "sides"),
    [
        (("loss", "accuracy", "val_loss", "val_accuracy"), ["training", "validation"]),
        (("train_loss", "train_acc"), ["training"]),
        (("eval_loss", "eval_accuracy"), ["validation"]),
    ],
)
def test_a_loss_with_the_accuracy_of_the_same_data(names, sides):
    assert [pair.loss.side for pair in seen(curves(*names)).accuracy_beside] == sides


@pytest.mark.parametrize(
    "names",
    [
        ("train_loss", "accuracy"),
        ("loss",),
        ("loss", "f1"),
        ("loss", "balanced_accuracy"),
        ("train_loss", "val_accuracy"),
    ],
)
def test_there_is_none(names):
    assert seen(curves(*names)).accuracy_beside is None


def test_at_the_steps_of_both_where_both_are_finite():
    metrics = {
        "loss": [[0, 2.0], [1, 1.0], [2, float("nan")], [3, 0.5]],
        "accuracy": [[1, 40.0], [2, 50.0], [3, 75.0], [4, 80.0]],
    }
    [pair] = of(Run.from_dict({"id": "r", "metrics": metrics})).accuracy_beside
    assert list(pair.steps) == [1, 3]
    assert list(pair.losses) == [1.0, 0.5]
    assert list(pair.wrong) == pytest.approx([0.6, 0.25])
