from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import mlflow
import pytest

from tests.cli.conftest import Invoke
from tracker_diag.core.own import owned


def test_an_experiment_becomes_a_page_and_nothing_is_written_into_the_tracker(
    diag: Invoke, store: str, runs: dict[str, str], tmp_path: Path
) -> None:
    before = tags(store)
    result = diag("report", "--experiment", "vision", "-o", "page.html")
    assert (result.exit_code, result.output) == (0, "")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    for name in runs:
        assert (name in page) is (name != "no metrics")
    assert tags(store) == before
    assert not any(owned(found, "diag.") for found in before.values())


def test_the_form_follows_from_the_name_of_the_file_or_is_asked_for(diag: Invoke, tmp_path: Path) -> None:
    for name, begin in {"p.json": "{", "p.csv": "id,", "p.md": "# Exp", "p.htm": "<!doc", "P.HTML": "<!doc"}.items():
        assert diag("report", "-e", "vision", "-o", name).exit_code == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(begin)
    assert diag("report", "-e", "vision").stdout.startswith("# Experiment vision\n")
    assert diag("report", "-e", "vision", "-o", "page", "--format", "csv").exit_code == 0
    assert (tmp_path / "page").read_bytes() == (tmp_path / "p.csv").read_bytes()


def test_what_was_swept_is_read_off_the_tags_and_is_what_is_told_without(diag: Invoke, store: str) -> None:
    unswept = json.loads(diag("report", "-e", "vision", "--format", "json").stdout)
    assert diag("sweep", "-e", "vision").exit_code == 0
    swept = json.loads(diag("report", "-e", "vision", "--format", "json").stdout)
    assert swept == unswept
    assert swept["verdicts"] == {"diverged": 2, "good-fit": 2, "overfitting": 2}
    assert [run["severity"] for run in swept["runs"]] == ["error", "error", "warning", "warning", "info", "info"]
    assert set(swept["look_first"]) == {run["id"] for run in swept["runs"] if run["severity"] != "info"}
    client = mlflow.MlflowClient(store)
    (healthy,) = (run for run in swept["runs"] if run["name"] == "healthy-0")
    logged = client.get_run(healthy["id"])
    assert healthy["outcome"] == logged.data.metrics["val_loss"]
    assert healthy["end"] == logged.info.end_time / 1000


def test_controls_and_overviews_are_left_out(diag: Invoke, store: str, runs: dict[str, str]) -> None:
    mlflow.MlflowClient(store).set_tag(runs["diverged-2"], "diag.control", "random-input")
    lines = list(csv.DictReader(io.StringIO(diag("report", "-e", "vision", "--format", "csv").stdout)))
    assert {line["name"] for line in lines} == {*runs} - {"diverged-2", "no metrics"}


def test_a_run_without_metrics_and_an_experiment_without_runs_are_shown(diag: Invoke, store: str) -> None:
    mlflow.MlflowClient(store).create_experiment("bare")
    data = json.loads(diag("report", "-e", "empty", "--format", "json").stdout)
    assert [run["verdict"] for run in data["runs"]] == ["insufficient-evidence"]
    assert "No runs" in diag("report", "-e", "bare").stdout
    assert "<table" in diag("report", "-e", "bare", "--format", "html").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-e", "visoin"], "no experiment named 'visoin': did you mean 'vision'?"),
        (["-e", "nothing-*"], "no experiment with runs matches 'nothing-*'"),
        (["-e", "*"], "'*' matches 2 experiments: give the full name of one"),
        ([], "give exactly one of these:"),
        (["r.json", "-e", "vision"], "give exactly one of these:"),
        (["-e", "vision", "-p", "a/b"], "give exactly one of these:"),
        (["r.json", "-o", "page.html"], "--output needs --experiment"),
        (["-e", "vision", "-o", "page.pdf"], "its suffix is none of .html"),
        (["-e", "vision", "-o", "nowhere/page.html"], "no folder nowhere"),
        (["-e", "vision", "--format", "text"], "--format text: choose html"),
        (["r.json", "--format", "csv"], "--format csv: choose one of"),
    ],
)
def test_what_cannot_be_shown_is_one_line(diag: Invoke, words: list[str], said: str) -> None:
    result = diag("report", *words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert said in result.stderr


def tags(store: str) -> dict[str, dict[str, str]]:
    client = mlflow.MlflowClient(store)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return {run.info.run_id: dict(run.data.tags) for run in client.search_runs(ids)}
