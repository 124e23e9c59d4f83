"""Logs as they are: uneven, resumed, annealed, smoothed, early-stopped, still going; and metrics other than loss."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tracker_diag import Report, Run, diagnose
from tracker_diag.settings.settings import Settings

FloatArray = NDArray[np.float64]

EPOCHS, STEPS = 40, 100
NOTHING = math.log(10)


def noise(n: int, sigma: float, seed: int) -> FloatArray:
    return sigma * np.random.default_rng(seed).standard_normal(n)


def loss(n: int = EPOCHS, end: float = 0.3, pace: float = 0.1, seed: int = 0, sigma: float = 0.005) -> FloatArray:
    """From ln 10 down to its end, in a share of the run."""
    u = (np.arange(n) + 1) / n
    return end + (NOTHING - end) * np.exp(-u / pace) + noise(n, sigma, seed)


def points(values: FloatArray, steps: Any = None) -> list[list[float]]:
    at = np.arange(values.size) if steps is None else np.asarray(steps)
    return [[float(s), float(v)] for s, v in zip(at, values, strict=True)]


def diagnosed(metrics: dict[str, list[list[float]]], settings: Settings | None = None, **more: Any) -> Report:
    params = {"num_classes": 10, "lr": 0.1, "optimizer": "sgd", "batch_size": 64, **more.pop("params", {})}
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics, "params": params, **more}), settings)
    assert not [s.reason for s in report.skipped if s.reason.startswith("the rule failed")]
    return report


def green(report: Report) -> bool:
    return report.verdict == "good-fit" and report.severity in ("ok", "info")


def turning(n: int = EPOCHS, seed: int = 1) -> FloatArray:
    """Validation that turns after a third of the run."""
    return loss(n, 0.6, seed=seed) + 1.2 * np.clip((np.arange(n) + 1) / n - 1 / 3, 0, None)


# -- steps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [0, STEPS - 1])
def test_training_by_steps_and_validation_by_epochs(last: int) -> None:
    n = EPOCHS * STEPS
    ends = np.arange(EPOCHS) * STEPS + last
    train = points(loss(n, sigma=0.05))
    assert green(diagnosed({"train_loss": train, "val_loss": points(loss(end=0.35, seed=1), ends)}))
    report = diagnosed({"train_loss": points(loss(n, 0.02, sigma=0.01)), "val_loss": points(turning(), ends)})
    assert report.verdict == "overfitting"
    finding = next(f for f in report.findings if f.code == "LC104")
    assert 0.2 * n < finding.evidence["best_step"] < 0.5 * n


def test_training_by_steps_and_validation_by_epochs_each_with_its_own_count() -> None:
    metrics = {"train_loss": points(loss(EPOCHS * STEPS, sigma=0.05)), "val_loss": points(loss(end=0.35, seed=1))}
    assert green(diagnosed(metrics))


@pytest.mark.parametrize("kind", ["log-spaced", "wall time", "jittered", "epoch fractions"])
def test_uneven_steps(kind: str) -> None:
    n = 60
    rng = np.random.default_rng(3)
    steps = {
        "log-spaced": np.unique(np.geomspace(1, 1e5, n).astype(int)),
        "wall time": 1.7e9 + np.cumsum(rng.uniform(20, 60, n)),
        "jittered": np.cumsum(rng.integers(50, 500, n)),
        "epoch fractions": np.arange(n) * 0.25,
    }[kind]
    u = (steps - steps[0]) / (steps[-1] - steps[0])
    course = 0.3 + 2 * (1 + u / 0.01) ** -1.5
    metrics = {
        "train_loss": points(course + noise(u.size, 0.005, 0), steps),
        "val_loss": points(course + 0.04 + noise(u.size, 0.008, 1), steps),
    }
    assert green(diagnosed(metrics))


def test_a_resumed_run_overwrites_its_steps() -> None:
    train, val = points(loss()), points(loss(end=0.35, seed=1))
    worse = [[s, v + 1.5] for s, v in train[20:30]]
    report = diagnosed({"train_loss": train[:20] + worse + train[20:], "val_loss": val})
    assert green(report)
    assert any("go back from 29 to 20" in f.message for f in report.findings if f.code == "HY005")


# -- schedules, regularisation, averages ---------------------------------------------------------------------------


def annealed(shape: str, n: int = EPOCHS) -> FloatArray:
    """A learning rate over the epochs."""
    u = np.arange(n) / n
    warm = np.minimum(1, (u + 1 / n) / 0.1)
    return (
        0.1 * {"cosine": 0.5 * (1 + np.cos(np.pi * u)), "linear": 1 - u, "step": 0.1 ** np.floor(3 * u)}[shape] * warm
    )


@pytest.mark.parametrize("shape", ["cosine", "linear", "step"])
@pytest.mark.parametrize("logged", [True, False])
def test_warm_up_and_annealing(shape: str, logged: bool) -> None:
    rate = annealed(shape)
    clock = np.cumsum(rate) / rate.sum()
    course = 0.3 + 2 * np.exp(-clock / 0.12)
    metrics = {
        "train_loss": points(course + noise(EPOCHS, 0.004, 0)),
        "val_loss": points(course + noise(EPOCHS, 0.006, 1)),
    }
    if logged:
        metrics["lr"] = points(rate)
    assert green(diagnosed(metrics, params={"lr_scheduler": shape}))


@pytest.mark.parametrize("times", [1.2, 1.5, 2.5])
def test_dropout_holds_training_above_validation(times: float) -> None:
    metrics = {"train_loss": points(loss(end=0.3 * times)), "val_loss": points(loss(seed=1))}
    assert green(diagnosed(metrics, params={"dropout": 0.5}))


def test_a_training_loss_averaged_over_its_epoch_is_half_an_epoch_behind() -> None:
    fine = loss(EPOCHS * STEPS, sigma=0.02).reshape(EPOCHS, STEPS)
    assert green(diagnosed({"train_loss": points(fine.mean(axis=1)), "val_loss": points(fine[:, -1])}))


@pytest.mark.parametrize("weight", [0.6, 0.9])
def test_a_smoothed_curve(weight: float) -> None:
    smooth = []
    for curve in (loss(200, sigma=0.1), loss(200, end=0.35, seed=1, sigma=0.1)):
        level, seen = curve[0], []
        for value in curve:
            level = weight * level + (1 - weight) * value
            seen.append(level)
        smooth.append(np.array(seen))
    assert green(diagnosed({"train_loss": points(smooth[0]), "val_loss": points(smooth[1])}))


@pytest.mark.parametrize("patience", [3, 5])
def test_an_early_stopped_run_with_the_restored_value_appended(patience: int) -> None:
    n = 20 + patience
    val = loss(60, end=0.5, seed=1)[:n]
    val[20:] += 0.01 * np.arange(1, patience + 1)
    restored = float(val.min())
    metrics = {
        "train_loss": points(loss(60)[:n]),
        "val_loss": [*points(val), [float(n), restored]],
    }
    report = diagnosed(metrics)
    assert report.verdict in ("good-fit", "undertrained")
    assert "LC104" not in [f.code for f in report.findings]


# -- still going ---------------------------------------------------------------------------------------------------


def test_a_healthy_run_still_going_is_never_warned_of() -> None:
    train, val = points(loss(200, sigma=0.02)), points(loss(200, end=0.35, seed=1, sigma=0.03))
    for n in range(1, 200, 3):
        report = diagnosed({"train_loss": train[:n], "val_loss": val[:n]}, status="RUNNING")
        assert report.severity in ("ok", "info"), (n, report.summary)


def test_an_answer_does_not_flicker_between_two_rungs() -> None:
    train, val = points(loss(64, 0.02)), points(turning(64))
    verdicts = {
        diagnosed({"train_loss": train[:n], "val_loss": val[:n]}, status="RUNNING").verdict for n in range(48, 64)
    }
    assert len(verdicts) == 1


def test_divergence_is_said_at_once() -> None:
    train = [*points(loss()[:15]), [15.0, math.nan]]
    assert diagnosed({"train_loss": train}, status="RUNNING").verdict == "diverged"


def test_overfitting_is_said_while_it_can_still_be_stopped() -> None:
    train, val = points(loss(100, 0.02)), points(turning(100))
    said = [
        n
        for n in range(8, 101)
        if diagnosed({"train_loss": train[:n], "val_loss": val[:n]}, status="RUNNING").verdict == "overfitting"
    ]
    assert said
    assert said[0] < 70


# -- metrics other than loss ---------------------------------------------------------------------------------------


def improving(start: float, end: float, seed: int, n: int = 60, sigma: float = 0.004) -> FloatArray:
    """From a start to an end, settled after a third."""
    u = (np.arange(n) + 1) / n
    return end + (start - end) * np.exp(-u / 0.1) + noise(n, sigma * abs(end - start), seed)


SCORES = {
    "accuracy": (0.1, 0.93),
    "accuracy in %": (10.0, 93.0),
    "f1": (0.05, 0.9),
    "auc": (0.5, 0.95),
    "error": (0.9, 0.07),
    "perplexity": (900.0, 30.0),
    "rmse": (25.0, 3.0),
}
NAMES = {"accuracy in %": "accuracy"}


def pair(metric: str, val: FloatArray | None = None) -> dict[str, list[list[float]]]:
    start, end = SCORES[metric]
    name = NAMES.get(metric, metric)
    held_out = improving(start, end + 0.03 * (start - end), 1) if val is None else val
    return {f"train_{name}": points(improving(start, end, 0)), f"val_{name}": points(held_out)}


@pytest.mark.parametrize("metric", SCORES)
def test_any_metric_that_settles_is_a_good_fit(metric: str) -> None:
    assert green(diagnosed(pair(metric)))


@pytest.mark.parametrize("metric", SCORES)
def test_any_metric_that_turns_is_overfitting(metric: str) -> None:
    start, end = SCORES[metric]
    val = improving(start, end, 1) + 0.5 * (start - end) * np.clip((np.arange(60) - 20) / 60, 0, None)
    report = diagnosed(pair(metric, val))
    finding = next(f for f in report.findings if f.code == "LC104")
    assert report.verdict == "overfitting"
    better = max if end > start else min
    assert better(finding.evidence["best"], finding.evidence["last"]) == finding.evidence["best"]


@pytest.mark.parametrize("metric", ["accuracy", "rmse"])
def test_the_unit_of_a_score_does_not_matter(metric: str) -> None:
    start, end = SCORES[metric]
    val = improving(start, end, 1) + 0.5 * (start - end) * np.clip((np.arange(60) - 20) / 60, 0, None)
    once = diagnosed(pair(metric, val), params={"num_classes": None})
    hundred = {name: [[s, 100 * v] for s, v in curve] for name, curve in pair(metric, val).items()}
    again = diagnosed(hundred, params={"num_classes": None})
    assert again.verdict == once.verdict
    rises = [next(f.evidence["rise"] for f in r.findings if f.code == "LC104") for r in (once, again)]
    assert rises[0] == pytest.approx(rises[1])


def test_a_direction_that_the_name_does_not_tell_is_the_users_to_say() -> None:
    curves = {"train_quality": points(improving(1.0, 9.0, 0)), "val_quality": points(improving(1.0, 8.8, 1))}
    settings = Settings(
        roles={"train_score": "train_quality", "val_score": "val_quality"},
        directions={"train_quality": "max", "val_quality": "max"},
    )
    assert green(diagnosed(curves, settings))
    other = Settings(roles=settings.roles, directions={"train_quality": "min", "val_quality": "min"})
    assert diagnosed(curves, other).verdict != "good-fit"


def test_loss_and_score_that_disagree_are_both_named() -> None:
    accuracy = 0.5 + 0.006 * np.arange(60)
    val = loss(60, 0.6, seed=1) + 0.7 * np.clip((np.arange(60) + 1) / 60 - 1 / 3, 0, None)
    report = diagnosed(
        {
            "train_loss": points(loss(60, 0.02)),
            "val_loss": points(val),
            "train_acc": points(accuracy + 0.05 + noise(60, 0.002, 2)),
            "val_acc": points(accuracy + noise(60, 0.003, 3)),
        }
    )
    finding = next(f for f in report.findings if f.code == "LC104")
    assert finding.severity == "info"
    assert "accuracy still improves" in finding.message


def test_a_reward_alone_is_not_judged_as_a_loss() -> None:
    rng = np.random.default_rng(0)
    reward = np.linspace(-200, 150, 300) + 60 * rng.standard_normal(300)
    report = diagnosed({"episode_reward": points(reward), "policy_loss": points(0.01 * rng.standard_normal(300))})
    assert report.severity in ("ok", "info")
    assert "HY001" not in [f.code for f in report.findings]
