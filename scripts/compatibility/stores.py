"""Stores that a version of a tracker made, with the same runs in each."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.faults.proxy import faulty
from tests.mlflow_server import serving
from tests.postgres import serving_postgres

KINDS = {"mlflow": ("server", "sqlite", "postgresql", "mlruns"), "wandb": ("offline",)}
_HERE = Path(__file__).parent
_QUIET = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "GIT_PYTHON_REFRESH": "quiet",
}
_REPORT = re.compile(r"(.*/)?diagnosis/(report\.json|report\.html|suggested_config\.yaml)")
_OURS = re.compile(r"(.*/)?diagnosis/(report\.json|report\.html|suggested_config\.yaml|tags\.json)")
Seen = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Store:
    """A store that is filled.

    Attributes
    ----------
    uri : str
        As tracker-diag gets it.
    look : callable
        All that the version's own client sees of every run.
    bytes : callable
        Hash of the database's bytes, or of all files.
    schema : callable
        Of the database; None where there is none.
    requests : Counter
        How many went to the server, under "none".
    """

    uri: str
    look: Callable[[], Seen]
    bytes: Callable[[], str]
    schema: Callable[[], object]
    requests: Counter[str] = field(default_factory=Counter)


def users(seen: Seen) -> Seen:
    """Leave out what tracker-diag writes: what is left must never change."""
    return {
        key: {
            **run,
            "tags": {name: text for name, text in run["tags"].items() if not name.startswith("diag.")},
            "files": [entry for entry in run["files"] if not _OURS.fullmatch(entry[0])],
        }
        for key, run in seen.items()
    }


def reports(seen: Seen) -> int:
    """Count the files that tracker-diag wrote."""
    return sum(bool(_REPORT.fullmatch(entry[0])) for run in seen.values() for entry in run["files"])


@contextlib.contextmanager
def store(kind: str, python: Path, folder: Path, described: Path) -> Iterator[Store]:
    """Make a store of that kind with a version's client, the runs of ``described`` in it."""
    with {"server": _server, "sqlite": _sqlite, "postgresql": _postgresql, "mlruns": _mlruns, "offline": _offline}[
        kind
    ](python, folder, described) as made:
        yield made


@contextlib.contextmanager
def _sqlite(python: Path, folder: Path, described: Path) -> Iterator[Store]:
    # Beside the working folder of whoever sweeps: versions up to 2.1 write relative artifact addresses.
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    _client(python, folder, "log", uri, described)
    path = folder / "mlflow.db"
    yield Store(uri, lambda: _look(python, folder, uri), lambda: _hash([path]), lambda: _schema(path))


@contextlib.contextmanager
def _mlruns(python: Path, folder: Path, described: Path) -> Iterator[Store]:
    root = folder / "mlruns"
    _client(python, folder, "log", str(root), described)
    yield Store(str(root), lambda: _look(python, folder, str(root)), lambda: _tree(root), lambda: None)


@contextlib.contextmanager
def _postgresql(python: Path, folder: Path, described: Path) -> Iterator[Store]:
    with serving_postgres() as bare:
        uri = bare.replace("postgresql://", "postgresql+psycopg2://")
        _client(python, folder, "log", uri, described)
        yield Store(uri, lambda: _look(python, folder, uri), lambda: _rows(uri), lambda: _postgres_schema(uri))


@contextlib.contextmanager
def _server(python: Path, folder: Path, described: Path) -> Iterator[Store]:
    path = folder / "mlflow.db"
    options = ("--serve-artifacts", "--artifacts-destination", str(folder / "artifacts"))
    # The server starts programs (gunicorn, uvicorn) that it looks for on the PATH.
    env = {**_QUIET, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    with serving(folder, *options, env=env, program=[str(python.parent / "mlflow")]) as direct:
        _client(python, folder, "log", direct, described)
        with faulty(direct, share=0.0) as (uri, counts):
            yield Store(
                uri, lambda: _look(python, folder, direct), lambda: _hash([path]), lambda: _schema(path), counts
            )


@contextlib.contextmanager
def _offline(python: Path, folder: Path, described: Path) -> Iterator[Store]:
    _run([str(python), str(_HERE / "in_wandb.py"), "log", str(folder), str(described)], folder)
    root = folder / "wandb"

    def look() -> Seen:
        # No client reads these logs back: what must stay is their bytes, and every other file.
        files = {path.relative_to(root).as_posix(): _hash([path]) for path in root.rglob("*") if path.is_file()}
        return {
            run.name: {
                "tags": _answers(run),
                "files": [[name, digest] for name, digest in sorted(files.items()) if name.startswith(f"{run.name}/")],
            }
            for run in sorted(root.glob("offline-run-*"))
        }

    yield Store(str(root), look, lambda: _tree(root), lambda: None)


def _answers(run: Path) -> dict[str, str]:
    path = run / "diagnosis" / "tags.json"
    if not path.is_file():
        return {}
    return {f"diag.{key}": str(value) for key, value in json.loads(path.read_text()).get("tags", {}).items()}


def _client(python: Path, folder: Path, command: str, uri: str, path: Path) -> None:
    _run([str(python), str(_HERE / "in_mlflow.py"), command, uri, str(path)], folder)


def _look(python: Path, folder: Path, uri: str) -> Seen:
    path = folder / "seen.json"
    _client(python, folder, "look", uri, path)
    seen: Seen = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    return seen


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **_QUIET}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2][-300:]
        raise RuntimeError(f"the version's own client could not {command[2]}: {last}")


def _hash(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _tree(root: Path) -> str:
    names = sorted(path for path in root.rglob("*") if path.is_file())
    return hashlib.sha256(repr([(str(path), _hash([path])) for path in names]).encode()).hexdigest()


def _schema(path: Path) -> object:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
        return tables, connection.execute("SELECT version_num FROM alembic_version").fetchall()


def _postgres_schema(uri: str) -> object:
    engine = sa.create_engine(uri)
    with engine.connect() as connection:
        columns = connection.execute(
            sa.text(
                "SELECT table_name, column_name, data_type FROM information_schema.columns "
                "WHERE table_schema = 'public' ORDER BY 1, 2"
            )
        ).fetchall()
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).fetchall()
    engine.dispose()
    return [tuple(row) for row in columns], [tuple(row) for row in version]


def _rows(uri: str) -> str:
    engine = sa.create_engine(uri)
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        rows = {
            name: sorted(repr(tuple(row)) for row in connection.execute(table.select()))
            for name, table in sorted(tables.tables.items())
        }
    engine.dispose()
    return hashlib.sha256(repr(rows).encode()).hexdigest()
