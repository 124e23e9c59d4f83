"""What must not change an answer, and how an answer changes where it must: smoothly."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tracker_diag import Report, Run, diagnose

FloatArray = NDArray[np.float64]
Metrics = dict[str, list[list[float]]]

N = 60


def noise(seed: int, sigma: float, n: int = N) -> FloatArray:
    return sigma * np.random.default_rng(seed).standard_normal(n)


def falling(pace: float = 6.0, end: float = 0.2, n: int = N) -> FloatArray:
    return end + np.exp(-np.arange(n) / pace)


KINDS: dict[str, Callable[[int], tuple[FloatArray, FloatArray]]] = {
    "good-fit": lambda s: (falling() + noise(s, 0.004), falling(end=0.25) + noise(s + 1, 0.006)),
    "overfitting": lambda s: (
        falling(12, 0.02) + noise(s, 0.004),
        falling() + 0.012 * np.clip(np.arange(N) - 20, 0, None) + noise(s + 1, 0.006),
    ),
    "undertrained": lambda s: (falling(60) + noise(s, 0.002), falling(60, 0.25) + noise(s + 1, 0.003)),
    "unrepresentative-train": lambda s: (falling() + noise(s, 0.003), falling(end=0.8) + noise(s + 1, 0.004)),
    "unstable": lambda s: (falling() + noise(s, 0.22), falling(end=0.25) + noise(s + 1, 0.1)),
    "frozen": lambda s: (np.full(N, 1.3), np.full(N, 1.32)),
    "diverged": lambda s: (np.where(np.arange(N) > 30, np.nan, falling()), falling() + noise(s, 0.004)),
}


def metrics_of(train: FloatArray, val: FloatArray, steps: FloatArray | None = None) -> Metrics:
    at = np.arange(train.size) if steps is None else steps
    curves = {"train_loss": train, "val_loss": val}
    return {name: np.stack((at, curve), axis=1).tolist() for name, curve in curves.items()}


def report_of(metrics: Metrics, **more: Any) -> Report:
    return diagnose(Run.from_dict({"id": "r", "metrics": metrics, **more}))


def effects(report: Report) -> dict[str, float]:
    """Numbers in units of the improvement, by finding."""
    shares = ("gap", "gap_low", "gap_high", "rise", "gain", "gain_low", "gain_high", "swing", "share", "p", "times")
    return {f"{f.code} {k}": f.evidence[k] for f in report.findings for k in shares if k in f.evidence}


def said(report: Report) -> tuple[str, list[tuple[str, str, float]]]:
    """Verdict, and every finding of the learning curves with its severity and confidence."""
    findings = [
        (f.code, str(f.severity), round(f.confidence, 6)) for f in report.findings if f.code[:2] in ("LC", "HY")
    ]
    return report.verdict, sorted(findings)


any_kind = st.sampled_from(sorted(KINDS))
seeds = st.integers(0, 10_000)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_what_it_is_called(kind: str) -> None:
    assert report_of(metrics_of(*KINDS[kind](3))).verdict == kind


@settings(max_examples=60)
@given(any_kind, seeds, st.sampled_from([1e-3, 1e3, 2.0**-20, 7.3]))
def test_other_units_of_the_loss(kind: str, seed: int, factor: float) -> None:
    train, val = KINDS[kind](seed)
    before = report_of(metrics_of(train, val))
    after = report_of(metrics_of(train * factor, val * factor))
    assert said(after) == said(before)
    assert effects(after) == pytest.approx(effects(before), rel=1e-6, abs=1e-9)


@settings(max_examples=60)
@given(any_kind, seeds, st.sampled_from([2, 10, 391, 5000]), st.sampled_from([0, 1, 1000]))
def test_iterations_in_place_of_epochs(kind: str, seed: int, times: int, start: int) -> None:
    train, val = KINDS[kind](seed)
    before = report_of(metrics_of(train, val))
    after = report_of(metrics_of(train, val, start + times * np.arange(N, dtype=np.float64)))
    assert said(after) == said(before)
    assert effects(after) == pytest.approx(effects(before), rel=1e-6, abs=1e-9)
    for old, new in zip(before.findings, after.findings, strict=True):
        if old.span is not None:
            assert new.span == pytest.approx([start + times * s for s in old.span])


@settings(max_examples=40)
@given(any_kind, seeds, st.sampled_from(["val_loss_copy", "eval/loss", "loss/val", "zz_val_loss"]))
def test_a_curve_logged_twice(kind: str, seed: int, other_name: str) -> None:
    metrics = metrics_of(*KINDS[kind](seed))
    before = report_of(metrics)
    after = report_of(metrics | {other_name: metrics["val_loss"]})
    assert said(after) == said(before)
    assert effects(after) == pytest.approx(effects(before))


@settings(max_examples=40)
@given(any_kind, seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_metrics(kind: str, seed: int, order: random.Random) -> None:
    train, val = KINDS[kind](seed)
    metrics = metrics_of(train, val)
    for k, name in enumerate(("train_acc", "val_acc", "lr", "grad_norm")):
        metrics[name] = [[i, math.tanh(i / (9 + k))] for i in range(N)]
    shuffled = list(metrics.items())
    order.shuffle(shuffled)
    before, after = report_of(metrics), report_of(dict(shuffled))
    assert said(after) == said(before)
    assert after.to_dict() == before.to_dict()


@settings(max_examples=40)
@given(any_kind, seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_points(kind: str, seed: int, order: random.Random) -> None:
    metrics = metrics_of(*KINDS[kind](seed))
    mixed = {name: order.sample(points, len(points)) for name, points in metrics.items()}
    before, after = report_of(metrics), report_of(mixed)
    assert after.verdict == before.verdict
    assert effects(after) == pytest.approx(effects(before))


def followed(curves: Callable[[float], tuple[FloatArray, FloatArray]], code: str, effect: str) -> list[float | None]:
    """An effect as its cause grows in forty small steps; None where the rule is silent."""
    found: list[float | None] = []
    for size in np.linspace(0, 1, 41):
        report = report_of(metrics_of(*curves(float(size))))
        finding = next((f for f in report.findings if f.code == code), None)
        found.append(None if finding is None else float(finding.evidence[effect]))
    return found


SWEEPS: dict[str, tuple[Callable[[float], tuple[FloatArray, FloatArray]], str, str]] = {
    "gap": (
        lambda g: (falling(end=0.1) + noise(1, 0.003), falling(end=0.1 + g) + noise(2, 0.003)),
        "LC105",
        "gap",
    ),
    "rise": (
        lambda g: (
            falling(end=0.1) + noise(1, 0.003),
            falling(end=0.15) + g * np.clip(np.arange(N) - 20, 0, None) / 40 + noise(2, 0.003),
        ),
        "LC104",
        "rise",
    ),
    "slope": (
        lambda g: (falling(10 + 60 * g) + noise(1, 0.001), falling(10 + 60 * g) + noise(2, 0.001)),
        "LC103",
        "gain",
    ),
}


@pytest.mark.parametrize("name", SWEEPS)
def test_an_effect_grows_smoothly(name: str) -> None:
    found = followed(*SWEEPS[name])
    spoken = [v for v in found if v is not None]
    assert found[0] is None
    assert found[-1] is not None
    first = found.index(spoken[0])
    assert None not in found[first:], "once it speaks it does not fall silent again"
    steps = np.diff(spoken)
    assert np.abs(steps).max() < 0.1, "no cliff"
    assert (steps > -0.02).all(), "more of the cause is not less of the effect"


def test_confidence_and_severity_do_not_fall_as_a_gap_grows() -> None:
    confidence = []
    for size in np.linspace(0.4, 1.5, 20):
        train, val = falling(end=0.1) + noise(1, 0.003), falling(end=0.1 + size) + noise(2, 0.003)
        report = report_of(metrics_of(train, val))
        found = next(f for f in report.findings if f.code == "LC105")
        confidence.append(found.confidence)
    assert confidence == sorted(confidence)
