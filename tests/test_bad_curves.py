"""Curves that no statistic was made for: a verdict or an abstention with its reason, and no warning from numpy."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker_diag import Report, Run, diagnose
from tracker_diag.rules.verdicts import verdicts

VERDICTS = verdicts()
NAN, INF = math.nan, math.inf


def descent(n: int = 30) -> list[float]:
    rng = np.random.default_rng(0)
    return (np.exp(-np.arange(n) / 5) + 0.1 + 0.002 * rng.standard_normal(n)).tolist()


def run_of(train: list[float], val: list[float] | None = None, steps: list[Any] | None = None, **more: Any) -> Run:
    at = steps or list(range(len(train)))
    metrics = {"train_loss": list(map(list, zip(at, train, strict=True)))}
    if val is not None:
        metrics["val_loss"] = list(map(list, zip(at, val, strict=True)))
    return Run.from_dict({"id": "bad", "metrics": metrics, **more})


def answered(run: Run) -> Report:
    """The report of a run, checked for what every report must be."""
    report = diagnose(run)
    assert report.verdict in VERDICTS
    assert not [s.reason for s in report.skipped if s.reason.startswith("the rule failed")]
    if report.verdict == "insufficient-evidence":
        assert len(report.summary) > len("insufficient evidence: ")
    assert all(0 <= f.confidence <= 1 for f in report.findings)
    text = json.dumps(report.to_dict(), allow_nan=False)
    assert Report.from_dict(json.loads(text)).verdict == report.verdict
    return report


def with_value(at: int, value: float) -> list[float]:
    curve = descent()
    curve[at] = value
    return curve


CURVES: dict[str, list[float]] = {
    "constant": [0.7] * 20,
    "zero": [0.0] * 20,
    "constant 1e308": [1e308] * 20,
    "two points": [1.0, 0.5],
    "three points": [1.0, 0.5, 0.4],
    "four points": [1.0, 0.5, 0.4, 0.39],
    "all NaN": [NAN] * 20,
    "all infinite": [INF] * 20,
    "minus infinity": [-INF] * 20,
    "a spike of 1e308": with_value(12, 1e308),
    "a spike of 1e308 at the end": with_value(29, 1e308),
    "a spike of 1e308 at the start": with_value(0, 1e308),
    "a spike of -1e308": with_value(12, -1e308),
    "one NaN": with_value(12, NAN),
    "denormals": [5e-324 * (20 - i) for i in range(20)],
    "denormals and ones": [1.0, 5e-324] * 10,
    "NaN after step 3": [2.0, 1.5, 1.2, 1.1] + [NAN] * 16,
    "NaN but for the first": [2.0] + [NAN] * 19,
    "NaN but for the last": [NAN] * 19 + [2.0],
    "every other one NaN": [v if i % 2 else NAN for i, v in enumerate(descent())],
    "growth beyond the range of numbers": [float(10**i) for i in range(0, 300, 15)],
    "one step down": [1.0] * 10 + [0.5] * 10,
    "two values in turn": [1.0, 2.0] * 15,
    "negative": [-v for v in descent()],
    "tiny": [v * 1e-300 for v in descent()],
    "huge": [v * 1e140 for v in descent()],
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("side", ["train alone", "both", "validation only healthy", "training only healthy"])
def test_a_bad_curve_is_answered(name: str, side: str) -> None:
    bad = CURVES[name]
    good = descent(len(bad))
    pairs = {
        "train alone": (bad, None),
        "both": (bad, bad),
        "validation only healthy": (bad, good),
        "training only healthy": (good, bad),
    }
    answered(run_of(*pairs[side]))
    answered(run_of(*pairs[side], status="RUNNING"))
    answered(run_of(*pairs[side], params={"num_classes": 10, "dropout": 0.5, "lr": 0.1, "optimizer": "adam"}))


@pytest.mark.parametrize(
    ("curve", "verdict"),
    [
        ("constant", "frozen"),
        ("two points", "insufficient-evidence"),
        ("all NaN", "diverged"),
        ("NaN after step 3", "diverged"),
        ("NaN but for the first", "diverged"),
        ("a spike of 1e308", "good-fit"),
        ("one NaN", "good-fit"),
    ],
)
def test_what_a_bad_curve_is_called(curve: str, verdict: str) -> None:
    assert answered(run_of(CURVES[curve], CURVES[curve])).verdict == verdict


@pytest.mark.parametrize(
    "steps",
    [
        [10.0**300 * i for i in range(1, 31)],
        [2**70 + 2**20 * i for i in range(30)],
        [10**400 * i for i in range(30)],
        [-1.7e308] + [i * 1e307 for i in range(-14, 14)] + [1.7e308],
        [5e-324 * i for i in range(30)],
        [1e300] * 30,
        [0] * 30,
        [None] * 30,
        [NAN] * 30,
        [INF] * 30,
        [i // 2 for i in range(30)],
        list(range(30, 0, -1)),
        [1.5e9 + i / 1e6 for i in range(30)],
    ],
    ids=repr,
)
def test_any_steps(steps: list[Any]) -> None:
    answered(run_of(descent(), descent(), steps))
    answered(run_of(descent(), descent(), steps, status="RUNNING"))


@pytest.mark.parametrize("rate", [[0.0] * 30, [NAN] * 30, [1e308] * 30, [-0.1] * 30, [5e-324] * 30, [INF, *[0.1] * 29]])
def test_any_learning_rate(rate: list[float]) -> None:
    curves = {"train_loss": descent(), "val_loss": descent(), "lr": rate}
    metrics = {name: [[i, v] for i, v in enumerate(curve)] for name, curve in curves.items()}
    answered(Run.from_dict({"id": "rate", "metrics": metrics}))


anything = st.one_of(
    st.floats(), st.integers(-(2**80), 2**80), st.sampled_from(["NaN", "Infinity", "-Infinity"]), st.booleans()
)
a_step = st.one_of(st.none(), st.floats(), st.integers(-(2**80), 2**80), st.integers(0, 20))
points = st.lists(
    st.one_of(st.tuples(a_step, anything), st.tuples(a_step, anything, st.floats(0, 2e9))).map(list), max_size=40
)
names = st.sampled_from(
    ["train_loss", "val_loss", "loss", "train/accuracy", "val/acc", "lr", "grad_norm", "perplexity", "eval/f1", "x"]
)
params = st.dictionaries(
    st.sampled_from(["lr", "num_classes", "dropout", "batch_size", "optimizer", "epochs", "n_val", "scheduler", "x"]),
    st.one_of(
        st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=6), st.lists(st.integers(), max_size=2)
    ),
)


@settings(max_examples=300)
@given(
    metrics=st.dictionaries(names, points, max_size=5),
    params=params,
    status=st.sampled_from(["RUNNING", "FINISHED", "FAILED"]),
)
def test_whatever_can_be_read_is_answered(metrics: dict[str, Any], params: dict[str, Any], status: str) -> None:
    answered(Run.from_dict({"id": "any", "metrics": metrics, "params": params, "status": status}))
