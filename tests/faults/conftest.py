"""A real MLflow server with runs in it, seen from behind: its database and its artifact folder."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.fill_mlflow import fill
from tests.mlflow_server import serving
from tracker_diag.adapters.base import Query
from tracker_diag.adapters.mlflow import connect
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.sweep import Plan, sweep

RUNS = 24
USERS = ("experiments", "experiment_tags", "runs", "params", "metrics", "latest_metrics", "inputs", "datasets")
PLAN = Plan(Query(everything=True), Settings(artifacts="all"))

State = dict[str, tuple[dict[str, str], dict[str, bytes]]]


@dataclass(frozen=True)
class Store:
    """A server, and what lies behind it."""

    uri: str
    folder: Path

    def diagnoses(self) -> State:
        """Tags under the prefix and files under ``diagnosis/``, by run."""
        found: State = {run: ({}, self.files(run)) for (run,) in self._ask("SELECT run_uuid FROM runs")}
        for run, key, value in self._ask("SELECT run_uuid, key, value FROM tags WHERE key LIKE 'diag.%'"):
            found[run][0][key] = value
        return found

    def tags(self, run: str) -> dict[str, str]:
        """Tags of one run under the prefix."""
        return dict(self._ask("SELECT key, value FROM tags WHERE key LIKE 'diag.%' AND run_uuid = ?", run))

    def files(self, run: str) -> dict[str, bytes]:
        """Files of one run under ``diagnosis/``."""
        folders = (self.folder / "artifacts").glob(f"*/{run}/artifacts/diagnosis")
        return {path.name: path.read_bytes() for folder in folders for path in folder.iterdir() if path.is_file()}

    def users_data(self) -> str:
        """Hash of everything that is not ours."""
        digest = hashlib.sha256()
        for table in (
            "experiments",
            "experiment_tags",
            "runs",
            "params",
            "metrics",
            "latest_metrics",
            "inputs",
            "datasets",
        ):
            for row in sorted(map(repr, self._ask(f"SELECT * FROM {table}"))):
                digest.update(row.encode())
        for row in sorted(map(repr, self._ask("SELECT * FROM tags WHERE key NOT LIKE 'diag.%'"))):
            digest.update(row.encode())
        for path in sorted((self.folder / "artifacts").rglob("*")):
            if path.is_file() and "diagnosis" not in path.parts:
                digest.update(path.as_posix().encode() + path.read_bytes())
        return digest.hexdigest()

    def half_done(self) -> list[str]:
        """Runs that carry the completing tag and not what it completes."""
        wrong = []
        for (run,) in self._ask("SELECT run_uuid FROM tags WHERE key = 'diag.fingerprint'"):
            tags, files = self.tags(run), self.files(run)
            whole = {"report.json", "report.html"} <= set(files) and _verdict(files) == tags.get("diag.verdict")
            # Dropped meanwhile: a further writer is at work, and the run says so.
            if not whole and "diag.fingerprint" in self.tags(run):
                wrong.append(run)
        return wrong

    def clean(self) -> None:
        """Take away every diagnosis."""
        with ThreadPoolExecutor(4) as pool:
            list(
                pool.map(
                    connect(self.uri).remove, [run for run, (tags, files) in self.diagnoses().items() if tags or files]
                )
            )

    def _ask(self, query: str, *values: str) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(f"file:{self.folder / 'mlflow.db'}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(query, values).fetchall()


def _verdict(files: dict[str, bytes]) -> str | None:
    try:
        return str(json.loads(files["report.json"])["verdict"])
    except (KeyError, ValueError):
        return None


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A server with runs, and one file a user logged."""
    import mlflow

    folder = tmp_path_factory.mktemp("faults")
    with serving(folder) as uri:
        client = mlflow.MlflowClient(uri)
        experiment = client.get_experiment(client.create_experiment("vision", tags={"owner": "someone"}))
        ids = fill(
            f"sqlite:///{folder / 'mlflow.db'}",
            experiment.experiment_id,
            experiment.artifact_location,
            RUNS,
            points=60,
            metrics=("train_loss", "val_loss"),
        )
        client.log_text(ids[0], "weights", "model/weights.txt")
        yield Store(uri, folder)


@pytest.fixture(scope="session")
def undisturbed(filled: Store) -> tuple[State, str]:
    """What a sweep writes when nothing disturbs it, and the hash of what is the users'."""
    before = filled.users_data()
    swept = sweep(connect(filled.uri), PLAN)
    assert (len(swept.rows), swept.failures, swept.error) == (RUNS, (), "")
    state = filled.diagnoses()
    assert all("diag.fingerprint" in tags and len(files) >= 2 for tags, files in state.values())
    assert filled.users_data() == before
    filled.clean()
    assert all(not tags and not files for tags, files in filled.diagnoses().values())
    assert filled.users_data() == before
    return state, before


@pytest.fixture
def store(filled: Store, undisturbed: tuple[State, str]) -> Iterator[Store]:
    """The server, without a diagnosis; afterwards the users' data must be what it was."""
    filled.clean()
    yield filled
    assert filled.users_data() == undisturbed[1]
