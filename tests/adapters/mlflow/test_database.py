from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
import sqlalchemy as sa
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric

from tests.adapters.contract import FIRST, START, Logged
from tests.adapters.mlflow.conftest import make_database
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.adapters.poisons.tree import tree
from tracker_diag.adapters.base import (
    DeniedError,
    Diagnosis,
    Failure,
    Query,
    TrackerError,
    UnknownRunError,
    UnusableStoreError,
    without_files,
)
from tracker_diag.adapters.mlflow import connect, database, engines, tables
from tracker_diag.core.run import Run

PATIENCE = 30.0  # seconds


@pytest.fixture
def tracker(sqlite_store: tuple[str, Path]) -> Iterator[MlflowTracker]:
    uri, artifacts = sqlite_store
    tracker = MlflowTracker(uri, artifacts.as_uri())
    yield tracker
    tracker.adapter.close()


@pytest.fixture
def experiment() -> str:
    return f"database-{uuid.uuid4().hex[:12]}"


def _ramp(n: int, offset: float = 0.0) -> list[tuple[float, float, float]]:
    return [(step, offset + step, START + step) for step in range(n)]


def test_batches_and_chunks_of_any_size_give_the_same(
    tracker: MlflowTracker, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {}
    for i, n in enumerate([30, 0, 1, 7, 12]):
        metrics = {"loss": _ramp(n, i), "acc": _ramp(n // 2, i)}
        expected[tracker.log(experiment, Logged(metrics=metrics))] = {
            name: [value for _, value, _ in points] for name, points in metrics.items() if points
        }
    for page, batch, rows in [(500, 100_000, 50_000), (2, 10, 3), (1, 1, 1), (3, 40, 7)]:
        monkeypatch.setattr(database, "_PAGE", page)
        monkeypatch.setattr(database, "_POINTS_A_BATCH", batch)
        monkeypatch.setattr(tables, "_ROWS_AT_ONCE", rows)
        loaded = {}
        for run in tracker.adapter.load_runs(list(expected)):
            assert isinstance(run, Run)
            loaded[run.id] = {name: series.values.tolist() for name, series in run.metrics.items()}
        assert loaded == expected


def test_reading_leaves_the_file_as_it_is(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    make_database(uri)
    MlflowTracker(uri, (tmp_path / "artifacts").as_uri()).log("e", Logged())
    before = hashlib.sha256((tmp_path / "mlflow.db").read_bytes()).hexdigest()
    adapter = connect(uri)
    ids = [listing.id for listing in adapter.list_runs(Query(everything=True))]
    assert len(list(adapter.load_runs(ids))) == 1
    adapter.find_run(ids[0])
    adapter.close()
    assert hashlib.sha256((tmp_path / "mlflow.db").read_bytes()).hexdigest() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlflow.db"]


def test_a_filter_makes_no_folder(tracker: MlflowTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracker.log("filtered", Logged())
    assert list(tracker.adapter.list_runs(Query(("filtered",), filter="params.lr = '0.1'")))
    assert list(tmp_path.iterdir()) == []


def test_datasets_parent_and_what_training_left(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged())
    client = mlflow.MlflowClient(tracker.uri)
    client.set_tag(run_id, "mlflow.parentRunId", "p" * 32)
    described = Dataset("wine", "abc123", "local", "{}", schema="not JSON", profile='{"num_rows": 178}')
    client.log_inputs(run_id, [DatasetInput(described, [InputTag("mlflow.data.context", "training")])])
    tracker.add_file(run_id, "diagnosis/profile.json", b'{"rows": 178}')
    tracker.add_file(run_id, "diagnosis/model.json", b'{"optimizer": "Adam"}')
    tracker.add_file(run_id, "model_summary.txt", b"Dense(8)")
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    (found,) = run.datasets
    assert found == {
        "name": "wine",
        "digest": "abc123",
        "context": "training",
        "profile": {"num_rows": 178},
        "schema": "not JSON",
    }
    assert (run.parent, run.profile, run.model_summary) == ("p" * 32, {"rows": 178}, "Dense(8)")
    assert run.model is not None
    assert run.model.optimizer == "Adam"
    assert tracker.adapter.find_run(run_id).digests == ("abc123",)


def test_several_values_at_a_step_all_arrive(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged(metrics={}))
    points = [Metric("loss", value, int((START + i) * 1000), 1) for i, value in enumerate([3.0, 1.0, 2.0])]
    mlflow.MlflowClient(tracker.uri).log_batch(run_id, metrics=points)
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.metrics["loss"].values.tolist()[-1] == 2.0


def test_a_database_from_before_dataset_inputs_is_read(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/old.db"
    make_database(uri)
    run_id = MlflowTracker(uri, (tmp_path / "artifacts").as_uri()).log("e", Logged())
    with sqlite3.connect(tmp_path / "old.db") as connection:
        for table in ("inputs", "input_tags", "datasets"):
            connection.execute(f"DROP TABLE {table}")
    connection.close()
    adapter = connect(uri)
    (run,) = adapter.load_runs([run_id])
    adapter.close()
    assert isinstance(run, Run)
    assert set(run.metrics) == {"train/loss", "val_loss"}


def test_writers_at_once_lose_nothing(tracker: MlflowTracker, experiment: str) -> None:
    ids = [tracker.log(experiment, Logged()) for _ in range(6)]
    client = mlflow.MlflowClient(tracker.uri)
    errors: list[BaseException] = []

    def ours(run_id: str) -> None:
        for _ in range(5):
            tracker.adapter.write(run_id, FIRST)

    def users(run_id: str) -> None:
        for i in range(5):
            client.set_tag(run_id, f"note{i}", "mine")

    def guarded(work: object, run_id: str) -> None:
        try:
            work(run_id)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001 - a thread's error must reach the test
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work, run_id)) for run_id in ids for work in (ours, ours, users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert errors == []
    for run_id in ids:
        assert tracker.written(run_id) == {**FIRST.tags, "fingerprint": "f1"}
        assert tracker.files(run_id) == FIRST.artifacts
        assert {f"note{i}" for i in range(5)} <= set(tracker.adapter.find_run(run_id).tags)


def test_artifacts_behind_a_server_are_said_and_the_tags_are_written(tracker: MlflowTracker, experiment: str) -> None:
    client = mlflow.MlflowClient(tracker.uri)
    client.create_experiment(experiment, "mlflow-artifacts:/5")
    run_id = tracker.log(experiment, Logged())
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert "give the address of that server as --tracking-uri" in tracker.adapter.write(run_id, FIRST)
    listing = tracker.adapter.find_run(run_id)
    assert listing.store == f"mlflow-artifacts:/5/{run_id}/artifacts"
    assert tracker.written(run_id) == {**FIRST.tags, "fingerprint": without_files("f1", listing.store)}
    # Of a diagnosis without files nothing is missing.
    assert tracker.adapter.write(run_id, Diagnosis(FIRST.tags, {}, "f")) == ""
    assert tracker.written(run_id) == {**FIRST.tags, "fingerprint": "f"}


def _kept_in(tracker: MlflowTracker, experiment: str, place: Path) -> str:
    mlflow.MlflowClient(tracker.uri).create_experiment(experiment, place.as_uri())
    return tracker.log(experiment, Logged())


@pytest.mark.parametrize("place", ["blocked/runs", "another/machine/mlruns/5"])
def test_a_folder_that_cannot_be_here_costs_the_files_and_not_the_tags(
    tracker: MlflowTracker, experiment: str, tmp_path: Path, place: str
) -> None:
    (tmp_path / "blocked").write_text("a file where the store's folder would be")
    run_id = _kept_in(tracker, experiment, tmp_path / place)
    reason = tracker.adapter.write(run_id, FIRST)
    assert "no folder " in reason
    assert "\n" not in reason
    store = tracker.adapter.find_run(run_id).store
    assert tracker.written(run_id) == {**FIRST.tags, "fingerprint": without_files("f1", store)}
    assert [path.name for path in tmp_path.iterdir()] == ["blocked"]
    removal = tracker.adapter.remove(run_id)
    assert (removal.tags, removal.artifacts, removal.left) == (len(FIRST.tags) + 1, 0, ())


def test_a_store_of_artifacts_that_refuses_leaves_nothing_half_written(
    tracker: MlflowTracker, experiment: str, tmp_path: Path
) -> None:
    run_id = _kept_in(tracker, experiment, tmp_path / "runs")
    folder = tmp_path / "runs" / run_id / "artifacts"
    folder.mkdir(parents=True)
    (folder / "diagnosis").write_text("a file where the folder would be")
    with pytest.raises(TrackerError, match="--artifacts none") as caught:
        tracker.adapter.write(run_id, FIRST)
    assert not isinstance(caught.value, UnusableStoreError)
    assert "\n" not in str(caught.value)
    assert tracker.written(run_id) == {}


def test_a_database_that_may_only_be_read_is_denied_and_keeps_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    make_database(uri)
    run_id = MlflowTracker(uri, (tmp_path / "artifacts").as_uri()).log("e", Logged())
    monkeypatch.setattr(database, "engine", lambda url, mode: engines.engine(url, "ro"))
    adapter = connect(uri)
    with pytest.raises(DeniedError, match="attempt to write a readonly database"):
        adapter.write(run_id, FIRST)
    adapter.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "mlflow.db"]


def test_a_user_of_postgresql_who_may_only_read_is_denied(postgres_store: tuple[str, Path]) -> None:
    uri, _ = postgres_store
    owner = MlflowTracker(uri, "mlflow-artifacts:/")
    run_id = owner.log("read-only", Logged())
    with sa.create_engine(uri).begin() as connection:
        connection.execute(sa.text("CREATE ROLE reader LOGIN PASSWORD 'a-test-password'"))
        connection.execute(sa.text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"))
    url = sa.make_url(uri).set(username="reader", password="a-test-password")
    adapter = connect(url.render_as_string(hide_password=False))
    try:
        assert isinstance(next(adapter.load_runs([run_id])), Run)
        with pytest.raises(DeniedError, match="permission denied for table tags") as caught:
            adapter.write(run_id, FIRST)
        assert "\n" not in str(caught.value)
        assert owner.written(run_id) == {}
        (found,) = adapter.list_runs(
            Query(("read-only",), filter="params.lr = '0.1' and attributes.run_name = 'a run'")
        )
        assert found.id == run_id
    finally:
        adapter.close()
        owner.adapter.close()


def test_a_role_of_postgresql_that_may_not_read_is_a_line(postgres_store: tuple[str, Path]) -> None:
    uri, _ = postgres_store
    with sa.create_engine(uri).begin() as connection:
        connection.execute(sa.text("CREATE ROLE stranger LOGIN PASSWORD 'a-test-password'"))
    url = sa.make_url(uri).set(username="stranger", password="a-test-password")
    adapter = connect(url.render_as_string(hide_password=False))
    with pytest.raises(TrackerError, match="cannot be read: permission denied for table experiments") as caught:
        adapter.list_runs(Query(everything=True, filter="params.lr = '0.1'"))
    assert "\n" not in str(caught.value)
    adapter.close()


def _relative(tmp_path: Path) -> tuple[str, str]:
    """A database beside its ``mlruns``, as MLflow 1.30 and 2.1 left them: its address, and the id of its run."""
    uri = f"sqlite:///{tmp_path / 'trained' / 'mlflow.db'}"
    (tmp_path / "trained").mkdir()
    make_database(uri)
    run_id = MlflowTracker(uri, (tmp_path / "trained" / "mlruns" / "1").as_uri()).log("e", Logged())
    (tmp_path / "trained" / "mlruns" / "1" / "e" / run_id / "artifacts").mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / "trained" / "mlflow.db")) as connection:
        connection.execute("UPDATE runs SET artifact_uri = ?", (f"./mlruns/1/e/{run_id}/artifacts",))
        connection.commit()
    return uri, run_id


def test_relative_artifacts_lie_beside_the_database_and_never_where_a_sweep_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, run_id = _relative(tmp_path)
    root = tmp_path / "trained" / "mlruns" / "1" / "e" / run_id / "artifacts"
    (root / "model_summary.txt").write_text("Dense(8)")
    here = tmp_path / "here"
    (here / "mlruns" / "1" / "e" / run_id / "artifacts").mkdir(parents=True)
    monkeypatch.chdir(here)
    before = tree(here)
    adapter = connect(uri)
    (run,) = adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.model_summary == "Dense(8)"
    assert adapter.write(run_id, FIRST) == ""
    assert (root / "diagnosis" / "report.json").read_bytes() == FIRST.artifacts["report.json"]
    assert adapter.remove(run_id).artifacts == len(FIRST.artifacts)
    assert [path.name for path in root.iterdir()] == ["model_summary.txt"]
    adapter.close()
    assert tree(here) == before


def test_relative_artifacts_that_are_not_beside_the_database_cost_the_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_store: tuple[str, Path]
) -> None:
    _, run_id = _relative(tmp_path)
    (tmp_path / "moved").mkdir()
    shutil.move(tmp_path / "trained" / "mlflow.db", tmp_path / "moved" / "mlflow.db")
    moved = MlflowTracker(f"sqlite:///{tmp_path / 'moved' / 'mlflow.db'}")
    served = MlflowTracker(postgres_store[0], "mlflow-artifacts:/")
    with sa.create_engine(postgres_store[0]).begin() as connection:
        of_server = served.log("relative", Logged())
        address = {"uri": f"./mlruns/1/e/{of_server}/artifacts", "run": of_server}
        connection.execute(sa.text("UPDATE runs SET artifact_uri = :uri WHERE run_uuid = :run"), address)
    monkeypatch.chdir(tmp_path / "trained")
    before = tree(tmp_path / "trained")
    for tracker, run, reason in ((moved, run_id, "no folder "), (served, of_server, "is relative")):
        said = tracker.adapter.write(run, FIRST)
        assert reason in said
        assert "\n" not in said
        assert set(tracker.written(run)) == {*FIRST.tags, "fingerprint"}
        assert isinstance(next(tracker.adapter.load_runs([run])), Run)
        tracker.adapter.remove(run)
        tracker.adapter.close()
    assert tree(tmp_path / "trained") == before


def test_what_is_no_number_costs_its_run_alone_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    make_database(uri)
    tracker = MlflowTracker(uri, (tmp_path / "artifacts").as_uri())
    ids = [tracker.log("e", Logged(metrics={"loss": _ramp(20), "acc": _ramp(20)})) for _ in range(3)]
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("UPDATE metrics SET value = 'lots' WHERE run_uuid = ? AND step = 13", (ids[1],))
    connection.close()
    for at_once in (50_000, 7):
        monkeypatch.setattr(tables, "_ROWS_AT_ONCE", at_once)
        loaded = {run.id: run for run in tracker.adapter.load_runs(ids)}
        assert [type(loaded[run_id]) for run_id in ids] == [Run, Failure, Run]
    tracker.adapter.close()


def test_what_is_no_id_is_no_run(tracker: MlflowTracker, experiment: str) -> None:
    run_id = tracker.log(experiment, Logged())
    for nonsense in ("\ud800", "a\0b", "' OR 1=1 --"):
        with pytest.raises(UnknownRunError):
            tracker.adapter.find_run(nonsense)
        found = {run.id: run for run in tracker.adapter.load_runs([nonsense, run_id])}
        assert isinstance(found[nonsense], Failure)
        assert isinstance(found[run_id], Run)


def test_a_database_that_goes_away_or_read_only_is_said_in_one_line(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    make_database(uri)
    run_id = MlflowTracker(uri, (tmp_path / "artifacts").as_uri()).log("e", Logged())
    adapter = connect(uri)
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON tags BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    connection.close()
    with pytest.raises(TrackerError, match="cannot be written to: disk full") as caught:
        adapter.write(run_id, Diagnosis({"verdict": "ok"}, {}, "f"))
    assert "\n" not in str(caught.value)
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("DROP TABLE metrics")
    connection.close()
    with pytest.raises(TrackerError, match="cannot be read: no such table: metrics"):
        list(adapter.load_runs([run_id]))
    adapter.close()


def test_a_password_is_never_shown(postgres_store: tuple[str, Path]) -> None:
    uri, _ = postgres_store
    wrong = uri.replace("not-a-secret", "s3cret")
    adapter = connect(wrong)
    with pytest.raises(TrackerError, match="password authentication failed") as caught:
        adapter.find_run("0" * 32)
    assert "s3cret" not in str(caught.value) + adapter.describe()
    assert "\n" not in str(caught.value)
    adapter.close()


@pytest.mark.parametrize(
    "spoil",
    [
        "ALTER TABLE params RENAME TO p; CREATE VIEW params AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 "
        "FROM c) SELECT 'a' AS key, 'b' AS value, x AS run_uuid FROM c",
        "CREATE TRIGGER t AFTER INSERT ON tags BEGIN DELETE FROM tags WHERE key IN (WITH RECURSIVE c(x) AS (SELECT 1 "
        "UNION ALL SELECT x + 1 FROM c) SELECT x FROM c WHERE x < 0); END",
    ],
)
def test_a_statement_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: str) -> None:
    make_database(f"sqlite:///{tmp_path / 'mlflow.db'}")
    tracker = MlflowTracker(f"sqlite:///{tmp_path / 'mlflow.db'}", str(tmp_path / "artifacts"))
    run_id = tracker.log("e", Logged())
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database:
        database.executescript(spoil)
    monkeypatch.setattr(engines, "STATEMENT_SECONDS", 0.2)

    def write_and_read() -> None:
        tracker.adapter.write(run_id, Diagnosis({"verdict": "ok"}, {}, "f"))
        list(tracker.adapter.load_runs([run_id]))

    with pytest.raises(TrackerError, match="interrupted"):
        write_and_read()
    tracker.adapter.close()


@pytest.mark.parametrize("uri", ["postgresql://bob:PWPWPW@h:notaport/x", "postgresql://[x/y", "sqlite:///\0"])
def test_an_address_that_cannot_be_read_is_one_line(uri: str) -> None:
    with pytest.raises(TrackerError) as caught:
        connect(uri)
    assert "PWPWPW" not in str(caught.value)
