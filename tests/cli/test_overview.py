"""``sweep --overview`` and ``clean``, against a real MLflow database, and a folder."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import mlflow
import pytest

from tests.cli.conftest import Invoke
from tracker_diag.adapters.aside import AsideAdapter
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.adapters.overviews import EXPERIMENT
from tracker_diag.cli import sweep
from tracker_diag.cli.errors import UsageError


@pytest.fixture(autouse=True)
def _artifacts_here(store: str, tmp_path: Path) -> None:
    """Move the artifacts of every experiment: the store was made elsewhere, and has them there."""
    locate(store, f"{tmp_path.as_uri()}/artifacts-")


def locate(store: str, begin: str) -> None:
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE experiments SET artifact_location = ? || name", (begin,))
    database.close()


def overviews(store: str, view: int = mlflow.entities.ViewType.ACTIVE_ONLY) -> list[Any]:
    client = mlflow.MlflowClient(store)
    found = client.get_experiment_by_name(EXPERIMENT)
    return [] if found is None else list(client.search_runs([found.experiment_id], run_view_type=view))


def test_a_sweep_stores_the_page_on_a_run_of_its_own(diag: Invoke, store: str, tmp_path: Path) -> None:
    assert diag("sweep", "-e", "vision", "--overview").exit_code == 0
    (run,) = overviews(store)
    assert (run.info.run_name, run.info.status) == ("vision", "FINISHED")
    assert run.data.tags["diag.control"] == "overview"
    figures = run.data.metrics
    assert {name: figures[name] for name in figures if name.startswith("verdict/")} == {
        "verdict/diverged": 2.0,
        "verdict/good-fit": 2.0,
        "verdict/overfitting": 2.0,
    }
    assert (figures["runs"], figures["severity/error"], figures["severity/ok"]) == (6.0, 2.0, 0.0)
    assert figures["seconds/lost"] <= figures["seconds/total"]
    client = mlflow.MlflowClient(store)
    files = {file.path for file in client.list_artifacts(run.info.run_id, "diagnosis")}
    assert files == {f"diagnosis/experiment.{suffix}" for suffix in ("html", "json", "csv")}
    page = Path(client.download_artifacts(run.info.run_id, "diagnosis/experiment.html", str(tmp_path)))
    assert "diverged-2" in page.read_text(encoding="utf-8")
    assert not (tmp_path / "mlruns").exists()


def test_the_next_sweep_adds_a_step(diag: Invoke, store: str, runs: dict[str, str]) -> None:
    diag("sweep", "-e", "vision", "--overview")
    client = mlflow.MlflowClient(store)
    for name in ("diverged-2", "diverged-5"):
        client.delete_run(runs[name])
    assert diag("sweep", "-e", "vision", "--overview").exit_code == 0
    (run,) = overviews(store)
    history = {
        name: [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]
        for name in ("runs", "verdict/diverged", "severity/error")
    }
    assert history == {
        "runs": [(0, 6.0), (1, 4.0)],
        "verdict/diverged": [(0, 2.0), (1, 0.0)],
        "severity/error": [(0, 2.0), (1, 0.0)],
    }


def test_patterns_give_a_page_of_each_experiment_in_which_something_was_diagnosed(diag: Invoke, store: str) -> None:
    assert diag("sweep", "--all", "--overview").exit_code == 0
    assert {run.info.run_name for run in overviews(store)} == {"vision", "empty"}


def test_clean_deletes_the_overview_of_what_it_cleans_and_no_other_run(
    diag: Invoke, store: str, runs: dict[str, str]
) -> None:
    diag("sweep", "--all", "--overview")
    client = mlflow.MlflowClient(store)
    ours = client.get_experiment_by_name(EXPERIMENT).experiment_id
    marks = {"diag.control": "overview", "diag.overview-of": "vision"}
    beside = client.create_run(ours, run_name="somebody's, in our experiment").info.run_id
    half = client.create_run(ours, tags={"diag.control": "overview"}).info.run_id
    elsewhere = client.create_run(client.get_experiment_by_name("vision").experiment_id, tags=marks).info.run_id
    result = diag("clean", "-e", "vision", "--yes")
    assert result.exit_code == 0
    assert result.stdout.startswith("deleted 1 overview\n")
    left = {run.info.run_id: run.info.run_name for run in overviews(store)}
    assert {beside, half} <= left.keys()
    assert "empty" in left.values()
    assert len(left) == 3
    assert client.get_run(elsewhere).info.lifecycle_stage == "active"
    assert all(client.get_run(run_id).info.lifecycle_stage == "active" for run_id in runs.values())
    assert diag("clean", "--all", "--yes").exit_code == 0
    assert {run.info.run_id for run in overviews(store)} == {beside, half}


def test_what_was_deleted_is_made_anew(diag: Invoke, store: str) -> None:
    diag("sweep", "-e", "vision", "--overview")
    diag("clean", "-e", "vision", "--yes")
    assert overviews(store) == []
    diag("sweep", "-e", "vision", "--overview")
    assert len(overviews(store)) == 1
    assert diag("sweep", "-e", "empty", "--overview").exit_code == 0
    assert len(overviews(store)) == 2


def test_clean_leaves_no_empty_experiment(diag: Invoke, store: str) -> None:
    client = mlflow.MlflowClient(store)
    before = {found.name for found in client.search_experiments()}
    for _ in range(2):
        diag("sweep", "--all", "--overview", "--force")
        ours = client.get_experiment_by_name(EXPERIMENT)
        assert diag("clean", "-e", "vision", "--yes").exit_code == 0
        assert client.get_experiment(ours.experiment_id).lifecycle_stage == "active"  # it still holds a page
        assert diag("clean", "--all", "--yes").exit_code == 0
        assert client.get_experiment(ours.experiment_id).lifecycle_stage == "deleted"
        assert {found.name for found in client.search_experiments()} == before


def test_clean_keeps_an_experiment_that_somebody_else_made_or_uses(diag: Invoke, store: str) -> None:
    client = mlflow.MlflowClient(store)
    theirs = client.create_experiment(EXPERIMENT)
    diag("sweep", "--all", "--overview")
    diag("clean", "--all", "--yes")
    assert overviews(store) == []
    assert client.get_experiment(theirs).lifecycle_stage == "active"
    client.rename_experiment(theirs, "theirs")
    diag("sweep", "--all", "--overview", "--force")
    ours = client.get_experiment_by_name(EXPERIMENT).experiment_id
    client.delete_run(client.create_run(ours, run_name="theirs, in the trash").info.run_id)
    diag("clean", "--all", "--yes")
    assert overviews(store) == []
    assert client.get_experiment(ours).lifecycle_stage == "active"


def test_an_experiment_that_may_not_be_deleted_is_kept_and_told(
    diag: Invoke, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise mlflow.MlflowException("permission denied")

    diag("sweep", "--all", "--overview")
    monkeypatch.setattr(mlflow.MlflowClient, "delete_experiment", refuse)
    cleaned = diag("clean", "--all", "--yes")
    assert cleaned.exit_code == 0
    assert cleaned.stdout.startswith("deleted 2 overviews\n")
    assert cleaned.stderr == "WARNING: the empty experiment tracker-diag was kept: MlflowException: permission denied\n"
    assert mlflow.MlflowClient(store).get_experiment_by_name(EXPERIMENT).lifecycle_stage == "active"


def test_a_tracker_that_refuses_the_overview_does_not_spoil_the_sweep(diag: Invoke, store: str) -> None:
    client = mlflow.MlflowClient(store)
    client.delete_experiment(client.create_experiment(EXPERIMENT))
    result = diag("sweep", "-e", "vision", "--overview")
    assert result.exit_code == 0
    assert "6 diagnosed" in result.stdout
    assert "mlflow experiments restore" in result.stderr


def test_it_is_said_where_each_page_was_stored(diag: Invoke, store: str) -> None:
    result = diag("sweep", "--all", "--overview")
    lines = [
        f"overview of experiment '{name}': run '{name}' in experiment 'tracker-diag'" for name in ("empty", "vision")
    ]
    assert [line for line in result.stdout.splitlines() if line.startswith("overview")] == lines
    assert "overview of" not in diag("sweep", "--all", "--overview").stdout  # nothing was diagnosed
    logged = diag("sweep", "-e", "vision", "--overview", "--log-format", "json")
    assert logged.stdout == ""
    (event,) = (x for x in map(json.loads, logged.stderr.splitlines()) if x["event"] == "overview stored")
    (run,) = (run for run in overviews(store) if run.info.run_name == "vision")
    del event["time"]
    assert event == {
        "level": "info",
        "event": "overview stored",
        "of": "vision",
        "run_id": run.info.run_id,
        "run": "vision",
        "experiment": "tracker-diag",
        "link": None,
    }


def test_files_that_would_lie_on_another_machine_are_refused_in_one_line(
    diag: Invoke, store: str, tmp_path: Path
) -> None:
    away = tmp_path / "other-machine" / "artifacts-"
    locate(store, away.as_uri())
    without = diag("sweep", "-e", "vision", "--fail-on", "error")
    result = diag("sweep", "-e", "vision", "--fail-on", "error", "--force", "--overview")
    assert result.exit_code == without.exit_code == 1
    assert "6 diagnosed" in result.stdout
    assert "overview of" not in result.stdout
    assert result.stderr == without.stderr.replace(
        "2 runs with severity",
        f"WARNING: overview of vision: no folder {away}vision: create it if the artifacts belong "
        "on this machine, otherwise sweep on the machine that has them\n"
        "2 runs with severity",
    )
    assert not away.parent.exists()
    assert overviews(store) == []


@pytest.mark.parametrize("words", [["--dry-run"], ["--report-dir", "answers"]])
def test_what_writes_nothing_into_the_tracker_stores_no_overview(diag: Invoke, store: str, words: list[str]) -> None:
    result = diag("sweep", "-e", "vision", "--overview", *words)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert overviews(store) == []


def test_a_tracker_that_holds_none_is_said_before_anything_is_diagnosed(tmp_path: Path) -> None:
    adapter = AsideAdapter(MemoryAdapter(), tmp_path / "answers")
    with pytest.raises(UsageError, match="cannot store it; use `tracker-diag report --experiment`"):
        sweep._publisher(adapter)


def test_a_folder_holds_overviews_too(
    diag: Invoke, store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs"
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        client = mlflow.MlflowClient(str(folder))
        run = client.create_run(client.create_experiment("text"), run_name="one")
        client.log_metric(run.info.run_id, "val_loss", 1.0)
        client.set_terminated(run.info.run_id)
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    assert diag("sweep", "-e", "text", "--overview", "--tracking-uri", str(folder), uri=None).exit_code == 0
    (page,) = folder.glob("*/*/artifacts/diagnosis/experiment.html")
    assert "one" in page.read_text(encoding="utf-8")
    result = diag("clean", "-e", "text", "--yes", "--tracking-uri", str(folder), uri=None)
    assert result.stdout.startswith("deleted 1 overview\n")
