"""Overviews in MLflow: a server, a database, a folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from tests.adapters.contract import Logged
from tests.adapters.mlflow.conftest import make_database
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.adapters.overviews import FILES, OverviewContract
from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.mlflow import overview_run
from tracker_diag.adapters.overviews import EXPERIMENT, Publication


class TestServer(OverviewContract):
    @pytest.fixture
    def tracker(self, mlflow_server: str) -> Iterator[MlflowTracker]:
        tracker = MlflowTracker(mlflow_server)
        yield tracker
        for run in self.found(tracker):
            tracker.delete(run.id)


class TestSqlite(OverviewContract):
    @pytest.fixture
    def tracker(self, tmp_path: Path) -> Iterator[MlflowTracker]:
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        make_database(uri)
        tracker = MlflowTracker(uri, (tmp_path / "artifacts").as_uri())
        yield tracker
        tracker.adapter.close()

    def test_the_files_lie_below_those_of_the_experiment(self, tracker: MlflowTracker, tmp_path: Path) -> None:
        tracker.log("a", Logged())
        run_id = tracker.adapter.publish(Publication("a", {"runs": 1.0}, FILES))  # type: ignore[attr-defined]
        folder = tmp_path / "artifacts" / "a" / EXPERIMENT / run_id / "artifacts" / "diagnosis"
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


class TestFolder(OverviewContract):
    @pytest.fixture
    def tracker(self, tmp_path: Path) -> MlflowTracker:
        return MlflowTracker(str(tmp_path / "runs"))


def test_an_experiment_that_was_deleted_is_not_brought_back(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = mlflow.MlflowClient(uri)
    client.delete_experiment(client.create_experiment(EXPERIMENT))
    with pytest.raises(TrackerError, match="mlflow experiments restore") as caught:
        overview_run.publish(uri, Publication("a", {"runs": 1.0}, FILES), "diag.")
    assert "\n" not in str(caught.value)


def test_a_store_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database")
    for store in (f"sqlite:///{tmp_path}/mlflow.db", "nonsense://x"):
        with pytest.raises(TrackerError) as caught:
            overview_run.withdraw(store, None, "diag.")
        assert "\n" not in str(caught.value)
