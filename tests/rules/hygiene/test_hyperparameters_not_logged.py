"""HY003 hyperparameters-not-logged."""

from __future__ import annotations

from tests.rules.runs import SOUND, found, healthy, judge
from tracker_diag import Report, Run, diagnose


def with_params(params: dict[str, object]) -> Report:
    metrics = {name: list(enumerate(curve.tolist())) for name, curve in healthy().items()}
    return diagnose(Run.from_dict({"id": "r", "metrics": metrics, "params": params}))


def test_nothing_logged() -> None:
    finding = found(with_params({}), "HY003")
    assert finding is not None
    assert finding.severity == "info"
    assert {"learning_rate", "optimizer", "batch_size"} <= set(finding.evidence["missing"])


def test_the_usual_three_are_enough() -> None:
    assert found(with_params({"lr": 0.1, "optimizer": "sgd", "batch_size": 32}), "HY003") is None


def test_boosting_has_none_of_them() -> None:
    metrics = {"train-logloss": [[i, 0.7 * 0.9**i + 0.1] for i in range(40)]}
    report = diagnose(
        Run.from_dict({"id": "r", "metrics": metrics, "params": {"xgboost_eta": 0.1, "num_boost_round": 40}})
    )
    assert found(report, "HY003") is None


def test_silent_on_a_run_without_curves() -> None:
    assert found(diagnose(Run.from_dict({"id": "r"})), "HY003") is None


def test_silent_on_a_healthy_run() -> None:
    assert found(judge(healthy(), SOUND), "HY003") is None
