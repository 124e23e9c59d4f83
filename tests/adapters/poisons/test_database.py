"""What the tables of an SQLite database may hold beside good runs: it takes any value in any column."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag

from tests.adapters.contract import Logged
from tests.adapters.mlflow.conftest import make_database
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.adapters.poisons.conftest import Sweep
from tests.adapters.poisons.tree import canary, changed, tree
from tests.runs import curves
from tracker_diag.core.own import REPORTS, TAGS

GOOD = 3
START = 1_700_000_000.0
NO_TEXT = "CAST(X'FFFE' AS TEXT)"
DEEP = "[" * 100_000


@dataclass(frozen=True)
class Poison:
    """Something that should not be in the tables.

    Attributes
    ----------
    sql : str
        Puts it there; ``RUN`` is the poisoned run's id in quotes, ``OUTSIDE`` a folder that nobody may touch.
    says : str
        Part of the reason with which the run fails; empty where it does not.
    listed : bool
        Whether the run still belongs to an experiment, and is diagnosed where it does not fail.
    stored : bool
        Whether its reports have a place.
    fails : str
        What the failure is named by, instead of the run's id.
    """

    sql: str
    says: str = ""
    listed: bool = True
    stored: bool = True
    fails: str = ""


def _loose(table: str, sql: str) -> str:
    """SQL to be run on a table without its constraints, as other versions and other writers make them."""
    return (
        f"CREATE TABLE loose AS SELECT * FROM {table}; DROP TABLE {table}; ALTER TABLE loose RENAME TO {table}; {sql}"
    )


def _address(sql: str) -> Poison:
    return Poison(f"UPDATE runs SET artifact_uri = {sql} WHERE run_uuid = RUN", stored=False)


def _metric(change: str, says: str) -> Poison:
    return Poison(f"UPDATE metrics SET {change} WHERE run_uuid = RUN AND key = 'val_loss' AND step = 7", says)


POISONS = {
    # Tags and params
    "a blob as a tag": Poison("UPDATE tags SET value = X'00FF' WHERE run_uuid = RUN", "a text is needed, not bytes"),
    "a tag that is no text": Poison(f"UPDATE tags SET value = {NO_TEXT} WHERE run_uuid = RUN", "a text is needed"),
    "a tag without a value": Poison("INSERT INTO tags (key, value, run_uuid) VALUES ('extra', NULL, RUN)"),
    "a tag whose name is no text": Poison(
        f"INSERT INTO tags (key, value, run_uuid) VALUES ({NO_TEXT}, 'x', RUN)", "a text is needed"
    ),
    "a blob as a param": Poison(
        "INSERT INTO params (key, value, run_uuid) VALUES ('extra', X'00FF', RUN)", "a text is needed, not bytes"
    ),
    "a param that is no text": Poison(
        f"INSERT INTO params (key, value, run_uuid) VALUES ('extra', {NO_TEXT}, RUN)", "a text is needed"
    ),
    # Metrics
    "a text as a value": _metric("value = 'lots'", "numbers are needed"),
    "a text as a step": _metric("step = 'seven'", "numbers are needed"),
    "a text as a time": _metric("timestamp = 'noon'", "numbers are needed"),
    "a blob as a value": _metric("value = X'00FF'", "numbers are needed"),
    "a step of 19 digits": _metric("step = 9223372036854775807", ""),
    "a value that is missing": Poison(
        _loose("metrics", "UPDATE metrics SET value = NULL, step = NULL, timestamp = NULL WHERE run_uuid = RUN")
    ),
    "a metric whose name is no text": Poison(
        f"UPDATE metrics SET key = {NO_TEXT} WHERE run_uuid = RUN AND key = 'val_loss'", "a name must be a text"
    ),
    "a text as the latest value": Poison(
        "UPDATE latest_metrics SET value = 'x' WHERE run_uuid = RUN AND key = 'val_loss'",
        "metric 'val_loss': 'x' at step 59 is not a number",
    ),
    "a latest step that is missing": Poison(
        _loose("latest_metrics", "UPDATE latest_metrics SET step = NULL WHERE run_uuid = RUN"),
        "its step 'None' is not a number",
    ),
    # The run's row
    "an end of soon": Poison("UPDATE runs SET end_time = 'soon' WHERE run_uuid = RUN", "end_time"),
    "a start beyond all calendars": Poison(
        "UPDATE runs SET start_time = 9223372036854775807 WHERE run_uuid = RUN", "start_time"
    ),
    "a blob as a name": Poison("UPDATE runs SET name = X'00FF' WHERE run_uuid = RUN", "name: a text is needed"),
    "a name that is no text": Poison(f"UPDATE runs SET name = {NO_TEXT} WHERE run_uuid = RUN", "name: a text is"),
    "a status that is none": Poison(_loose("runs", "UPDATE runs SET status = 'LOST' WHERE run_uuid = RUN"), "status"),
    "no status": Poison(_loose("runs", "UPDATE runs SET status = NULL WHERE run_uuid = RUN")),
    "no experiment": Poison("UPDATE runs SET experiment_id = NULL WHERE run_uuid = RUN", listed=False),
    "an experiment that does not exist": Poison(
        "UPDATE runs SET experiment_id = 99 WHERE run_uuid = RUN", listed=False
    ),
    "a blob as an id": Poison(
        "UPDATE runs SET run_uuid = X'00FF' WHERE run_uuid = RUN", "its ID is not a text", fails=str(b"\0\xff")
    ),
    "no id": Poison(
        _loose("runs", "UPDATE runs SET run_uuid = NULL WHERE run_uuid = RUN"), "its ID is not a text", fails="None"
    ),
    "a blob as an experiment's name": Poison("UPDATE experiments SET name = X'00FF' WHERE name = 'poisoned'"),
    # Inputs
    "a dataset nested deeply": Poison(f"UPDATE datasets SET dataset_profile = '{DEEP}', dataset_schema = '{DEEP}'"),
    "a blob as a digest": Poison("UPDATE datasets SET digest = X'00FF'", "is not a text"),
    "a blob as a dataset's profile": Poison("UPDATE datasets SET dataset_profile = X'00FF'", "is not a text"),
    # Where the artifacts lie
    "an address that is none": _address("'file://[x'"),
    "an address elsewhere": _address("'file://OUTSIDE'"),
    "a path elsewhere": _address("'OUTSIDE'"),
    "an address that climbs": _address("'OUTSIDE/nowhere/../' || RUN || '/artifacts'"),
    "an address of another machine": _address("'/home/somebody/else/mlruns/1/' || RUN || '/artifacts'"),
    "an address on another host": _address("'file://host/OUTSIDE/' || RUN || '/artifacts'"),
    "an address of a store that nobody knows": _address("'s9://bucket/' || RUN || '/artifacts'"),
    "an address behind a server": _address("'mlflow-artifacts:/1/' || RUN || '/artifacts'"),
    "an address of somebody else's server": _address("'http://127.0.0.1:9/' || RUN || '/artifacts'"),
    "an address of another run": _address("'runs:/0123456789abcdef0123456789abcdef/x'"),
    "an empty address": _address("''"),
    "no address": _address("NULL"),
    "a blob as an address": Poison(
        "UPDATE runs SET artifact_uri = X'00FF' WHERE run_uuid = RUN", "artifact_uri: a text is needed"
    ),
}


@dataclass(frozen=True)
class Store:
    """A database with good runs and one more, which is to be poisoned.

    Attributes
    ----------
    path, artifacts, outside : Path
    run : str
        Its id.
    """

    path: Path
    artifacts: Path
    outside: Path
    run: str

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.path}"

    def poison(self, sql: str) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            connection.executescript(sql.replace("RUN", f"'{self.run}'").replace("OUTSIDE", str(self.outside)))
            connection.commit()

    def rows(self) -> dict[str, set[str]]:
        """All rows of all tables, but for the tags that are ours."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.text_factory = bytes
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            tables = [name.decode() for (name,) in names]
            found = {table: {repr(row) for row in connection.execute(f'SELECT * FROM "{table}"')} for table in tables}
        ours = tuple(f"(b'diag.{tag}'" for tag in TAGS)
        found["tags"] = {row for row in found["tags"] if not row.startswith(ours)}
        return found

    def fingerprints(self) -> set[str]:
        """Ids of the runs that are completely diagnosed."""
        with closing(sqlite3.connect(self.path)) as connection:
            return {run for (run,) in connection.execute("SELECT run_uuid FROM tags WHERE key = 'diag.fingerprint'")}


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder of a database, and the id of the run that is to be poisoned."""
    folder = tmp_path_factory.mktemp("poisons")
    uri = f"sqlite:///{folder}/mlflow.db"
    make_database(uri)
    tracker = MlflowTracker(uri, "/ROOT")
    for number in range(GOOD + 1):
        metrics = {
            name: [(step, value, START + step) for step, value in points]
            for name, points in curves("overfitting", seed=number).items()
        }
        run = tracker.log("good" if number < GOOD else "poisoned", Logged(f"run {number}", metrics=metrics))
    described = Dataset("wine", "abc123", "local", "{}", schema="{}", profile='{"num_rows": 178}')
    mlflow.MlflowClient(uri).log_inputs(run, [DatasetInput(described, [InputTag("mlflow.data.context", "training")])])
    tracker.adapter.close()
    return folder, run


@pytest.fixture
def store(_filled: tuple[Path, str], tmp_path: Path) -> Store:
    folder, run = _filled
    shutil.copy(folder / "mlflow.db", tmp_path / "mlflow.db")
    (tmp_path / "artifacts").mkdir()
    canary(tmp_path / "outside")
    store = Store(tmp_path / "mlflow.db", tmp_path / "artifacts", tmp_path / "outside", run)
    store.poison(f"UPDATE runs SET artifact_uri = replace(artifact_uri, '/ROOT', '{store.artifacts}')")
    return store


def _is_ours(path: str) -> bool:
    parts = path.split("/")[1:]
    return parts[1:] in ([], ["artifacts"], ["artifacts", "diagnosis"]) or parts[-1] in REPORTS


@pytest.mark.parametrize("name", POISONS)
def test_a_poisoned_run_fails_alone_and_nothing_else_is_touched(store: Store, sweep: Sweep, name: str) -> None:
    poison = POISONS[name]
    store.poison(poison.sql)
    before, outside, rows = tree(store.artifacts), tree(store.outside), store.rows()
    swept = sweep(store.uri)
    assert tree(store.outside) == outside
    assert store.rows() == rows
    assert {path for path in changed(before, tree(store.artifacts)) if not _is_ours(path)} == set()
    good = GOOD + (poison.listed and not poison.says)
    if poison.says:
        (failed,) = swept.failures
        assert failed == (poison.fails or store.run)
        assert poison.says in swept.failures[failed]
        assert "\n" not in swept.failures[failed]
    else:
        assert swept.failures == {}
    assert swept.code == (4 if poison.says else 0)
    assert (swept.diagnosed, swept.not_stored, len(store.fingerprints())) == (good, not poison.stored, good)
    assert len(list(store.artifacts.rglob("report.json"))) == good - (not poison.stored)
    again = sweep(store.uri)
    assert (again.code, again.failures, again.diagnosed) == (swept.code, swept.failures, 0)
