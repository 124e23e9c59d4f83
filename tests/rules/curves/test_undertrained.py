"""LC103 undertrained."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules.runs import EPOCHS, Curves, found, healthy, judge, skipped, undertrained
from tracker_diag import Run, diagnose


def rate(shape: str) -> Curves:
    """A learning rate over the epochs."""
    at = np.arange(EPOCHS)
    shapes = {"constant": np.full(EPOCHS, 0.1), "cosine": 0.05 * (1 + np.cos(np.pi * at / EPOCHS))}
    return {"lr": shapes[shape]}


@pytest.mark.parametrize(("pretrained", "warned"), [(False, True), (True, False)])
def test_what_fine_tuning_adds_is_no_unit(pretrained: bool, warned: bool) -> None:
    """The loss goes on from where it had nearly arrived, and falls by a tenth."""
    epochs = np.arange(EPOCHS)
    curves = {"train_loss": 0.16 - 0.0003 * epochs, "val_loss": 0.165 - 0.0003 * epochs}
    finding = found(judge(curves, {"num_classes": None, "pretrained": pretrained}), "LC103")
    assert (finding is not None) == warned


def test_still_falling_at_the_end() -> None:
    report = judge(undertrained())
    finding = found(report, "LC103")
    assert report.verdict == "undertrained"
    assert finding is not None
    assert finding.severity == "warning"
    seen = finding.evidence
    truth = 2 * (np.exp(-60 / 35) - np.exp(-120 / 35)) / (2 * (1 - np.exp(-60 / 35)))
    assert seen["gain_low"] - 0.03 <= truth <= seen["gain_high"] + 0.03
    assert "train on" in finding.advice


def test_a_run_still_going_is_told_and_not_warned() -> None:
    report = judge(undertrained(), status="RUNNING")
    finding = found(report, "LC103")
    assert finding is not None
    assert finding.severity == "info"
    assert report.severity in ("ok", "info")


def test_a_constant_rate_changes_nothing() -> None:
    assert judge(undertrained() | rate("constant")).verdict == "undertrained"


def test_a_tail_flattened_by_annealing_is_extrapolated_over_the_rate() -> None:
    clock = np.cumsum(rate("cosine")["lr"])
    course = 0.3 + 2 * np.exp(-clock / clock[-1] / 0.6)
    rng = np.random.default_rng(0)
    curves = {name: course + 0.004 * rng.standard_normal(EPOCHS) for name in ("train_loss", "val_loss")}
    assert found(judge(curves), "LC103") is None
    assert found(judge(curves | rate("cosine")), "LC103") is not None


@pytest.mark.parametrize("scheduler", ["cosine", "linear", "CosineAnnealingLR", "OneCycleLR"])
def test_an_annealed_rate_that_is_not_logged_lets_it_abstain(scheduler: str) -> None:
    report = judge(undertrained(), {"lr_scheduler": scheduler})
    assert found(report, "LC103") is None
    assert "annealed" in (skipped(report, "LC103") or "")


def test_large_scale_pretraining_never_settles() -> None:
    curves = {"train_loss": undertrained()["train_loss"], "val_loss": undertrained()["val_loss"]}
    finding = found(judge(curves, {"max_steps": 600_000, "epochs": None, "num_classes": None}), "LC103")
    assert finding is not None
    assert finding.severity == "info"


def test_training_that_falls_for_ever_while_validation_rests_is_none() -> None:
    curves = healthy()
    curves["train_loss"] = undertrained()["train_loss"] * 0.6
    del curves["train_accuracy"], curves["val_accuracy"]
    assert found(judge(curves), "LC103") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy()), "LC103") is None


@pytest.mark.parametrize("n", [10, 20, 30, 50])
@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.06])
def test_a_straight_fall_is_never_a_good_fit(n: int, sigma: float) -> None:
    line = np.linspace(2.3, 1.5, n)
    curves = {
        name: line + 0.8 * sigma * np.random.default_rng(seed).standard_normal(n)
        for seed, name in enumerate(("train_loss", "val_loss"))
    }
    report = judge(curves, {"num_classes": None})
    assert report.verdict in ("undertrained", "slow-convergence", "insufficient-evidence")


@pytest.mark.parametrize(
    ("n", "verdict"), [(3, "insufficient-evidence"), (4, "insufficient-evidence"), (5, "undertrained")]
)
def test_a_handful_of_values_that_fall_as_fast_as_ever(n: int, verdict: str) -> None:
    report = judge(
        {"train_loss": 2.3 - 0.3 * np.arange(n), "val_loss": 2.3 - 0.25 * np.arange(n)}, {"num_classes": None}
    )
    assert report.verdict == verdict


def test_a_handful_of_values_that_slow_down_is_no_good_fit_either() -> None:
    curves = {"train_loss": np.array([2.3, 1.2, 0.7, 0.5, 0.45]), "val_loss": np.array([2.3, 1.3, 0.8, 0.6, 0.55])}
    report = judge(curves, {"num_classes": None})
    assert report.severity in ("ok", "info")
    assert report.verdict == "insufficient-evidence"


def cosine(tau: float, n: int, seed: int) -> Curves:
    """Losses that come to rest because a cosine takes the rate to zero."""
    at = np.arange(n)
    rate = 0.5 * (1 + np.cos(np.pi * at / n))
    way = np.cumsum(rate) / (tau * n)
    rng = np.random.default_rng(seed)
    losses = {name: 0.5 + 1.8 * np.exp(-way) + 0.004 * rng.standard_normal(n) for name in ("train_loss", "val_loss")}
    return losses | {"lr": 1e-3 * rate}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("tau", [0.15, 0.2, 0.25, 0.3])
@pytest.mark.parametrize("logged", [True, False])
def test_a_cosine_that_has_run_out_is_finished(tau: float, seed: int, logged: bool) -> None:
    curves = cosine(tau, 60, seed)
    if not logged:
        del curves["lr"]
    report = judge(curves, {"num_classes": None, "epochs": 60, "scheduler": "cosine"})
    assert report.severity in ("ok", "info")


def test_training_decides_where_validation_has_too_few_values() -> None:
    metrics = {
        "train_loss": [[i, 2.3 * 0.9**i] for i in range(1, 13)],
        "val_loss": [[3 * i, 2.3 * 0.9 ** (3 * i)] for i in range(1, 5)],
    }
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics}))
    assert report.verdict == "undertrained"
