"""A database of another version stays one: no command changes its tables, and a dry run changes nothing at all."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.frozen import mlflow_2_16, schema

FILTERS = (
    "params.lr = '0.1'",
    "metrics.loss < 1 and tags.team ILIKE 'red'",
    "datasets.name = 'wine'",
    "attributes.run_name != 'empty' and attributes.status LIKE 'FIN%'",
)


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    return mlflow_2_16(tmp_path)


def _runs(frozen: Path) -> list[str]:
    with closing(sqlite3.connect(frozen)) as connection:
        return [run for (run,) in connection.execute("SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active'")]


def _diagnosed(frozen: Path) -> set[str]:
    """Names of the runs that carry a verdict."""
    with closing(sqlite3.connect(frozen)) as connection:
        verdicts = "SELECT name FROM runs JOIN tags USING (run_uuid) WHERE key = 'diag.verdict'"
        return {name for (name,) in connection.execute(verdicts)}


def test_a_dry_run_with_a_filter_leaves_every_byte(diag: Invoke, frozen: Path) -> None:
    before = hashlib.sha256(frozen.read_bytes()).hexdigest()
    for condition in FILTERS:
        result = diag("sweep", "--all", "--filter", condition, "--dry-run", uri=f"sqlite:///{frozen}")
        assert result.exit_code == 0
        assert "2 diagnosed (dry run: nothing written)" in result.stdout
    for run_id in _runs(frozen):
        assert diag("diagnose", "--run-id", run_id, "--dry-run", uri=f"sqlite:///{frozen}").exit_code == 0
    assert hashlib.sha256(frozen.read_bytes()).hexdigest() == before
    assert not [path for path in frozen.parent.iterdir() if path.name.startswith(f"{frozen.name}-")]


def test_no_command_changes_the_tables(diag: Invoke, frozen: Path) -> None:
    before, uri = schema(frozen), f"sqlite:///{frozen}"
    assert "2 diagnosed" in diag("sweep", "--all", "--filter", FILTERS[0], uri=uri).stdout
    assert _diagnosed(frozen) == {"healthy", "overfitting"}
    assert diag("sweep", "--experiment", "vision", uri=uri).exit_code == 0
    assert _diagnosed(frozen) == {"healthy", "overfitting", "diverged", "empty"}
    assert diag("diagnose", "--run-id", _runs(frozen)[0], uri=uri).exit_code == 0
    assert schema(frozen) == before
    assert diag("clean", "--all", "--yes", uri=uri).exit_code == 0
    assert _diagnosed(frozen) == set()
    assert schema(frozen) == before


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["CREATE TABLE news (x INTEGER)", "ALTER TABLE runs ADD COLUMN workspace TEXT DEFAULT 'x'"], ""),
        (["UPDATE alembic_version SET version_num = 'ffffffffffff'"], ""),
        (["DROP TABLE alembic_version"], ""),
        (["ALTER TABLE runs RENAME COLUMN run_uuid TO run_id"], "no such column: runs.run_uuid"),
        (["ALTER TABLE runs RENAME COLUMN lifecycle_stage TO stage"], "no such column: runs.lifecycle_stage"),
        (["ALTER TABLE params RENAME COLUMN value TO text"], "no such column: params.value"),
        (["ALTER TABLE input_tags RENAME COLUMN name TO key"], "no such column: input_tags_1.name"),
        (["ALTER TABLE metrics RENAME TO points"], "no such table: metrics"),
        (["DROP TABLE experiments"], "no such table: experiments"),
    ],
)
def test_a_database_of_a_version_to_come_is_read_or_refused_in_a_line(
    diag: Invoke, frozen: Path, statements: list[str], says: str
) -> None:
    with closing(sqlite3.connect(frozen)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    for condition in ((), ("--filter", "params.lr = '0.1' and datasets.name = 'wine'")):
        result = diag("sweep", "--all", *condition, "--dry-run", uri=f"sqlite:///{frozen}")
        if says:
            assert result.exit_code == 3
            (line,) = result.stderr.splitlines()
            assert says in line
            assert "check the tracking URI" in line
        else:
            assert result.exit_code == 0
            assert "diagnosed" in result.stdout


def test_a_database_of_something_else_is_a_line(diag: Invoke, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    (tmp_path / "text.db").write_text("not a database at all, and long enough to be looked at " * 20)
    (tmp_path / "empty.db").touch()
    for name in ("other.db", "text.db", "empty.db"):
        before = (tmp_path / name).read_bytes()
        for words in (("sweep", "--all", "--filter", "params.lr = '0.1'"), ("clean", "--all", "--yes")):
            result = diag(*words, uri=f"sqlite:///{tmp_path / name}")
            assert result.exit_code == 3
            (line,) = result.stderr.splitlines()
            assert "cannot be read: " in line
        assert (tmp_path / name).read_bytes() == before
