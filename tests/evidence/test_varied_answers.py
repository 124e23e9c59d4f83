import numpy as np
import pytest

from tests.evidence.test_inputs import seen


def varies(values, name="val_accuracy"):
    return seen({"val_loss": np.full(len(values), 2.3), name: np.asarray(values, dtype=float)}).answers_vary


@pytest.mark.parametrize("times", [1, 100])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.2] * 8, False),
        ([0.2, 0.19, 0.22, 0.2, 0.2, 0.19, 0.21, 0.2], False),
        ([0.2, 0.19, 0.22, 0.2, 0.18, 0.19, 0.21, 0.2], True),
        (list(np.linspace(0.1, 0.3, 20)), True),
        ([0.2] * 15 + [0.19, 0.18, 0.17, 0.16, 0.15], None),
        ([0.2] * 7, None),
    ],
    ids=["one", "four", "five of eight", "all", "six of twenty", "seven values"],
)
def test_whether_answers_vary(values, expected, times):
    assert varies([times * x for x in values]) is expected


def test_only_an_accuracy_tells():
    assert varies(np.linspace(0.1, 0.3, 20), "val_f1") is None
    assert seen({"val_loss": np.linspace(1, 2, 20)}).answers_vary is None
