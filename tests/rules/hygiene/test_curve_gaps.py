"""HY004 curve-gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.rules.runs import found, healthy, judge
from tracker_diag import Report, Run, diagnose

LOSS = healthy()["train_loss"].tolist()


def at_steps(steps: list[Any]) -> Report:
    return diagnose(Run.from_dict({"id": "r", "metrics": {"train_loss": list(zip(steps, LOSS, strict=False))}}))


@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ([0] * 60, "order of logging"),
        (list(range(59, -1, -1)), "out of order"),
        ([*range(40), *range(39, 59)], "repeated"),
        ([*range(30), *range(500, 530)], "no values between"),
        ([*range(30), None, *range(31, 60)], "without a step"),
    ],
)
def test_what_had_to_be_put_right_is_said(steps: list[Any], word: str) -> None:
    finding = found(at_steps(steps), "HY004")
    assert finding is not None
    assert finding.severity == "info"
    assert word in finding.message


@pytest.mark.parametrize(
    "steps",
    [
        list(range(60)),
        (np.arange(60) * 391).tolist(),
        np.unique(np.geomspace(1, 100_000, 60).astype(int)).tolist(),
        np.cumsum(np.random.default_rng(0).integers(90, 110, 60)).tolist(),
    ],
)
def test_even_and_smoothly_growing_steps_are_none(steps: list[int]) -> None:
    assert found(at_steps(steps), "HY004") is None


@pytest.mark.parametrize("steps", [[*range(40), *range(30, 50)], [*range(30)] * 2], ids=["resumed", "anew"])
def test_steps_that_restart_are_said_once_and_elsewhere(steps: list[int]) -> None:
    report = at_steps(steps)
    assert found(report, "HY004") is None
    assert found(report, "HY005") is not None


def test_what_several_metrics_share_is_said_once() -> None:
    curve = list(zip([*range(30), *range(500, 530)], LOSS, strict=True))
    finding = found(diagnose(Run.from_dict({"id": "r", "metrics": dict.fromkeys("abcde", curve)})), "HY004")
    assert finding is not None
    assert finding.message == "no values between steps 29 and 500 (a, b, c and 2 more)"
    assert finding.evidence["notes"] == [f"{name}: no values between steps 29 and 500" for name in "abcde"]


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "HY004") is None
