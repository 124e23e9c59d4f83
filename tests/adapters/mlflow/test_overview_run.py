"""Overviews in MLflow: a server, a database, a folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from tests.adapters.contract import Logged
from tests.adapters.mlflow.conftest import make_database
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.adapters.overviews import FILES, OverviewContract
from tests.mlflow_server import serving
from tracker_diag.adapters.base import TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow import connect, overview_run
from tracker_diag.adapters.mlflow.artifact_address import at_address
from tracker_diag.adapters.overviews import EXPERIMENT, Publication, Publisher


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
        # MLflow makes them with the first artifact.
        for name in ("artifacts", "mlruns"):
            (tmp_path / name).mkdir()
        tracker = MlflowTracker(uri, (tmp_path / "artifacts").as_uri())
        yield tracker
        tracker.adapter.close()

    def test_the_files_lie_below_those_of_the_experiment(self, tracker: MlflowTracker, tmp_path: Path) -> None:
        tracker.log("a", Logged())
        run_id = publish(tracker, "a")
        folder = tmp_path / "artifacts" / "a" / EXPERIMENT / run_id / "artifacts" / "diagnosis"
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES

    def test_a_relative_location_is_meant_from_the_folder_of_the_database(
        self, tracker: MlflowTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tracker.log("a", Logged())
        locate(tmp_path / "mlflow.db", "./mlruns/1")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        run_id = publish(tracker, "a")
        assert (tmp_path / "mlruns" / "1" / EXPERIMENT / run_id / "artifacts" / "diagnosis").is_dir()
        assert [*(tmp_path / "elsewhere").iterdir()] == []

    def test_a_location_on_another_machine_is_refused_and_nothing_is_made(
        self, tracker: MlflowTracker, tmp_path: Path
    ) -> None:
        tracker.log("a", Logged())
        locate(tmp_path / "mlflow.db", f"file://{tmp_path}/other-machine/mlruns/1")
        with pytest.raises(UnusableStoreError) as caught:
            publish(tracker, "a")
        assert str(caught.value) == (
            f"no folder {tmp_path}/other-machine/mlruns/1: create it if the artifacts belong on this machine, "
            "otherwise sweep on the machine that has them"
        )
        assert not (tmp_path / "other-machine").exists()
        assert mlflow.MlflowClient(tracker.uri).get_experiment_by_name(EXPERIMENT) is None

    def test_one_that_moved_away_since_is_refused_and_is_no_step(self, tracker: MlflowTracker, tmp_path: Path) -> None:
        tracker.log("a", Logged())
        publish(tracker, "a")
        (tmp_path / "artifacts").rename(tmp_path / "moved")
        for name in ("a", "b"):  # one whose run is there, and one whose run is yet to be made
            with pytest.raises(UnusableStoreError, match="no folder "):
                publish(tracker, name)
        assert not (tmp_path / "artifacts").exists()
        (listing,) = self.found(tracker)
        assert listing.latest == {"runs": (0.0, 1.0)}


class TestFolder(OverviewContract):
    @pytest.fixture
    def tracker(self, tmp_path: Path) -> MlflowTracker:
        return MlflowTracker(str(tmp_path / "runs"))

    def test_of_a_folder_that_was_moved_the_old_place_stays_as_it_is(
        self, tracker: MlflowTracker, tmp_path: Path
    ) -> None:
        tracker.log("a", Logged())
        publish(tracker, "a")
        (tmp_path / "runs").rename(tmp_path / "moved")
        run_id = connect(str(tmp_path / "moved")).publish(Publication("a", {"runs": 2.0}, {"two.html": b"two"}))  # type: ignore[attr-defined]
        assert not (tmp_path / "runs").exists()
        (page,) = (tmp_path / "moved").glob(f"*/{run_id}/artifacts/diagnosis/two.html")
        assert page.read_bytes() == b"two"


def test_a_server_whose_files_lie_on_another_machine_is_refused(tmp_path: Path) -> None:
    away = tmp_path / "other-machine" / "mlruns"
    with serving(tmp_path, "--no-serve-artifacts", "--default-artifact-root", away.as_uri()) as uri:
        tracker = MlflowTracker(uri)
        tracker.log("a", Logged())
        with pytest.raises(UnusableStoreError, match=r"no folder .*/other-machine/mlruns/1: "):
            publish(tracker, "a")
        assert mlflow.MlflowClient(uri).get_experiment_by_name(EXPERIMENT) is None
    assert not away.parent.exists()


def publish(tracker: MlflowTracker, experiment: str) -> str:
    assert isinstance(tracker.adapter, Publisher)
    return tracker.adapter.publish(Publication(experiment, {"runs": 1.0}, FILES))


def locate(database: Path, location: str) -> None:
    """Have the artifacts of every experiment elsewhere."""
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE experiments SET artifact_location = ?", (location,))
    connection.close()


def test_an_experiment_that_was_deleted_is_not_brought_back(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    client = mlflow.MlflowClient(uri)
    client.delete_experiment(client.create_experiment(EXPERIMENT))
    with pytest.raises(TrackerError, match="mlflow experiments restore") as caught:
        overview_run.publish(uri, Publication("a", {"runs": 1.0}, FILES), "diag.", at_address)
    assert "\n" not in str(caught.value)


def test_a_store_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database")
    for store in (f"sqlite:///{tmp_path}/mlflow.db", "nonsense://x"):
        with pytest.raises(TrackerError) as caught:
            overview_run.withdraw(store, None, "diag.")
        assert "\n" not in str(caught.value)
