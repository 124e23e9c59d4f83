"""What older clients left, kept as test data: made by them once, and never by the versions that the tests run with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

DATA = Path(__file__).parent / "data"


def mlflow_2_16(folder: Path) -> Path:
    """Put a database of MLflow 2.16 in a folder: four runs in "vision", and one that is deleted."""
    path = folder / "mlflow-2.16.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DATA / "mlflow-2.16.sql").read_text(encoding="utf-8"))
    return path


def schema(path: Path) -> list[tuple[object, ...]]:
    """Everything that a migration changes: all tables and indexes, and the version of the schema."""
    with closing(sqlite3.connect(path)) as connection:
        return [
            *connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"),
            *connection.execute("SELECT version_num FROM alembic_version"),
        ]
