"""A user who may read and not write, on a real server that asks who one is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from tests.adapters.contract import Logged
from tests.adapters.mlflow.conftest import AUTH_PASSWORDS
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.runs import KINDS, curves
from tracker_diag.cli import app


def _be(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", name)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", AUTH_PASSWORDS[name])


def test_a_sweep_that_may_not_write_says_so_once_and_can_keep_its_answers(
    auth_server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _be("admin", monkeypatch)
    tracker = MlflowTracker(auth_server)
    for number in range(12):
        metrics = {name: [(step, value, 0.0) for step, value in points] for name, points in _curves(number).items()}
        tracker.log("denied", Logged(name=f"run {number}", metrics=metrics))
    # Where another test has made this user already, that is what the server answers.
    account = {"username": "reader", "password": AUTH_PASSWORDS["reader"]}
    admin = ("admin", AUTH_PASSWORDS["admin"])
    requests.post(f"{auth_server}/api/2.0/mlflow/users/create", json=account, auth=admin, timeout=30)
    _be("reader", monkeypatch)
    words = ["sweep", "--experiment", "denied", "--tracking-uri", auth_server]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 3
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("error: no permission to write to the runs: ")
    assert "--report-dir FOLDER" in refused.stderr
    assert "0 diagnosed, 12 not reached" in refused.stdout
    kept = CliRunner().invoke(app, [*words, "--report-dir", str(tmp_path)])
    assert (kept.exit_code, kept.stderr) == (0, "")
    assert "12 diagnosed" in kept.stdout
    verdicts = {json.loads(path.read_text())["tags"]["verdict"] for path in tmp_path.glob("*/tags.json")}
    assert {"diverged", "overfitting"} <= verdicts
    _be("admin", monkeypatch)
    written = CliRunner().invoke(app, words)
    assert (written.exit_code, written.stderr) == (0, "")


def _curves(number: int) -> dict[str, list[tuple[float, float]]]:
    return curves(KINDS[number % len(KINDS)], seed=number)
