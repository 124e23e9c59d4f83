"""``sweep --view`` and ``clean``, against a real MLflow database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import mlflow
import pytest

from tests.cli.conftest import Invoke
from tracker_diag.adapters.aside import AsideAdapter
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.cli.errors import UsageError
from tracker_diag.cli.saved_views import viewer_of
from tracker_diag.core.own import VIEW

PLACE = "in MLflow's UI, open experiment 'vision', then Views > tracker-diag"


def views(store: str) -> dict[str, str]:
    """Experiments to their views."""
    found = mlflow.MlflowClient(store).search_experiments()
    return {experiment.name: experiment.tags[VIEW] for experiment in found if VIEW in experiment.tags}


def test_a_sweep_saves_a_view_where_there_are_runs_and_says_where(diag: Invoke, store: str) -> None:
    swept = diag("sweep", "-e", "vision", "--view")
    assert swept.exit_code == 0
    assert f"saved view of experiment 'vision': {PLACE}\n" in swept.stdout
    first = views(store)
    assert first.keys() == {"vision"}
    again = diag("sweep", "-e", "vision", "-e", "empty", "--view")
    assert f"saved view of experiment 'vision': {PLACE}\n" in again.stdout
    assert views(store).keys() == {"vision", "empty"}
    assert views(store)["vision"] == first["vision"]


def test_without_it_none_is_saved(diag: Invoke, store: str) -> None:
    diag("sweep", "--all")
    assert views(store) == {}


def test_clean_deletes_those_of_its_scope_and_leaves_changed_ones(diag: Invoke, store: str) -> None:
    diag("sweep", "--all", "--view")
    cleaned = diag("clean", "-e", "emp*", "--yes")
    assert "deleted 1 saved view\n" in cleaned.stdout
    assert views(store).keys() == {"vision"}
    mlflow.MlflowClient(store).set_experiment_tag("1", VIEW, "{}")
    told = diag("sweep", "-e", "vision", "--view").stdout
    assert f"saved view of experiment 'vision': not updated, because somebody has changed it: {PLACE}\n" in told
    cleaned = diag("clean", "--all", "--yes")
    assert "deleted 0 saved views\n" in cleaned.stdout
    assert cleaned.stderr == "kept the view of vision, because somebody has changed it\n"
    assert views(store) == {"vision": "{}"}


def test_clean_finds_the_view_of_an_experiment_whose_runs_are_gone(diag: Invoke, store: str) -> None:
    diag("sweep", "--all", "--view")
    client = mlflow.MlflowClient(store)
    for run in client.search_runs(["1"]):
        client.delete_run(run.info.run_id)
    assert (
        "add --yes to confirm: this removes 1 saved view from MLflow database " in diag("clean", "-e", "vision").stderr
    )
    assert "deleted 1 saved view\n" in diag("clean", "-e", "vision", "--yes").stdout
    assert views(store).keys() == {"empty"}


def test_what_goes_wrong_with_a_view_is_told_and_ends_nothing(diag: Invoke, store: str) -> None:
    diag("sweep", "--all", "--view")
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute("CREATE TRIGGER no BEFORE INSERT ON experiment_tags BEGIN SELECT RAISE(ABORT, 'no'); END")
        database.execute("DELETE FROM experiment_tags")
    database.close()
    swept = diag("sweep", "--all", "--view")
    assert swept.exit_code == 0
    assert "view of vision: " in swept.stderr
    assert "cannot be written to" in swept.stderr
    assert "7 unchanged" in swept.stdout


@pytest.mark.parametrize("others", [("--dry-run",), ("--report-dir", "answers")])
def test_a_view_needs_a_tracker(diag: Invoke, others: tuple[str, ...]) -> None:
    refused = diag("sweep", "--all", "--view", *others)
    assert refused.exit_code == 2
    assert f"--view writes into the tracker, {others[0]} does not" in refused.stderr


def test_a_tracker_without_views_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no saved views"):
        viewer_of(AsideAdapter(MemoryAdapter(), tmp_path))


def test_the_first_sweep_says_how_to_see_the_answer(diag: Invoke) -> None:
    hint = "tick these columns: diag.verdict, diag.severity, diag.cause, diag.summary. Or add `--view` to save a view"
    assert hint not in diag("sweep", "--all", "--dry-run").stdout
    assert hint in diag("sweep", "--all").stdout
    assert hint not in diag("sweep", "--all").stdout
    assert hint not in diag("sweep", "--all", "--force").stdout


@pytest.mark.parametrize("words", [["--view"], ["--quiet"], ["--format", "json"], ["--log-format", "json"]])
def test_it_is_not_said_where_it_is_known_or_nobody_reads_it(diag: Invoke, words: list[str]) -> None:
    assert "tick these columns" not in diag("sweep", "--all", *words).output
