from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, a_run, healthy
from tracker_diag import Settings
from tracker_diag.engine.values import Values
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.models.described import described
from tracker_diag.roles.resolve import resolve


def times_guessing(train: float, val: float, classes: int | None, whole: float = 1.0) -> float | None:
    names = ("train_accuracy", "val_accuracy")
    curves = {name: np.full(EPOCHS, whole * share) for name, share in zip(names, (train, val), strict=True)}
    run = a_run(healthy() | curves, {"num_classes": classes})
    network = described(run)
    given: dict[str, Any] = {"run": run, "network": network, "symptoms": Symptoms("", {})}
    found: float | None = Values(given | {"roles": resolve(run, Settings(), network)}).get("times_guessing")
    return found


@pytest.mark.parametrize("whole", [1.0, 100.0], ids=["share", "per cent"])
def test_the_share_of_right_answers_times_the_classes(whole: float) -> None:
    assert times_guessing(0.9, 0.02, 10, whole) == pytest.approx(0.2)
    assert times_guessing(0.9, 0.3, 10, whole) == pytest.approx(3.0)


def test_never_right_is_0_times_however_many_classes() -> None:
    assert times_guessing(0.9, 0.0, None) == 0
    assert times_guessing(0.9, 0.01, None) is None


@pytest.mark.parametrize(("train", "classes"), [(0.5, None), (0.7, 2), (0.3, 10)])
def test_unknown_where_training_did_not_learn(train: float, classes: int | None) -> None:
    assert times_guessing(train, 0.0, classes) is None
