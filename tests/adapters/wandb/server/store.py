"""What the server holds: runs with their histories and files, artifacts."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

KEY = "0123456789abcdef" * 2 + "01234567"
ENTITY = "acme"


def stamp(seconds: float) -> str:
    """A time as the server writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def opaque(text: str) -> str:
    """An identifier that says nothing."""
    return base64.b64encode(text.encode()).decode()


@dataclass(eq=False)
class StoredRun:
    """A run.

    Attributes
    ----------
    config, summary : str
        JSON texts, as the client sends them.
    history : dict of int to str
        Line number to JSON text.
    exported : int or None
        How many lines the parquet export holds; None if there is no export.
    used : list of str
        Identifiers of artifacts.
    """

    entity: str
    project: str
    name: str
    display_name: str | None = None
    state: str = "running"
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    group: str | None = None
    job_type: str | None = None
    sweep: str | None = None
    config: str = "{}"
    summary: str = "{}"
    created: float = field(default_factory=time.time)
    heartbeat: float = field(default_factory=time.time)
    history: dict[int, str] = field(default_factory=dict)
    events: dict[int, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    exported: int | None = None
    used: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def id(self) -> str:
        return opaque(f"Run:v1:{self.name}:{self.project}:{self.entity}")

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.entity, self.project, self.name)

    def rows(self) -> list[dict[str, Any]]:
        """The history; numbers that JSON does not know are texts, as the server gives them out."""
        return [json.loads(self.history[line], parse_constant=str) for line in sorted(self.history)]

    def last_step(self) -> int:
        return max((int(row.get("_step", -1)) for row in self.rows()), default=-1)

    def parquet(self) -> bytes:
        """The export: a column a metric, what is nested as a structure."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        words = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}
        rows = self.rows()[: self.exported]
        columns = {}
        for name in {name for row in rows for name in row}:
            values = [row.get(name) for row in rows]
            values = [words.get(v, v) if isinstance(v, str) else v for v in values]
            if any(isinstance(v, float) for v in values) and all(isinstance(v, float | int | None) for v in values):
                values = [None if v is None else float(v) for v in values]
            columns[name] = pa.array(values)
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out)
        return out.getvalue()


class Store:
    """All runs and artifacts."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.runs: dict[tuple[str, str, str], StoredRun] = {}
        self.made: set[tuple[str, str]] = set()
        self.blobs: dict[str, bytes] = {}
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.read_only: set[str] = set()

    def add(self, run: StoredRun) -> StoredRun:
        with self.lock:
            self.made.add(run.key[:2])
            return self.runs.setdefault(run.key, run)

    def by_id(self, run_id: str) -> StoredRun:
        return next(run for run in self.runs.values() if run.id == run_id)

    def projects(self, entity: str) -> list[str]:
        """Those of an entity; one stays when its runs go."""
        made = self.made | {run.key[:2] for run in self.runs.values()}
        return sorted(project for of, project in made if of == entity)

    def select(self, entity: str, project: str, filters: dict[str, Any], order: str) -> list[StoredRun]:
        """Runs of a project that a filter lets through."""
        found = [r for r in self.runs.values() if r.key[:2] == (entity, project) and matches(r, filters)]
        keys = {"created_at": lambda r: r.created, "heartbeat_at": lambda r: r.heartbeat}
        return sorted(found, key=keys[order.lstrip("+-")], reverse=order.startswith("-"))

    def blob_of(self, content: bytes) -> dict[str, Any]:
        """What the server tells of a file's content."""
        return {"sizeBytes": str(len(content)), "md5": base64.b64encode(hashlib.md5(content).digest()).decode()}


def matches(run: StoredRun, filters: dict[str, Any]) -> bool:
    """The part of W&B's filters, MongoDB's, that the tests use."""
    for name, wanted in filters.items():
        if name in ("$and", "$or"):
            if not (all if name == "$and" else any)(matches(run, part) for part in wanted):
                return False
            continue
        value = _field(run, name)
        for operator, operand in (wanted if isinstance(wanted, dict) else {"$eq": wanted}).items():
            if operator not in OPERATORS:
                raise ValueError(f"unknown operator {operator}")
            if not OPERATORS[operator](value, operand):
                return False
    return True


OPERATORS = {
    "$eq": lambda value, operand: value == operand,
    "$ne": lambda value, operand: value != operand,
    "$in": lambda value, operand: value in operand,
    "$gt": lambda value, operand: value is not None and value > operand,
    "$regex": lambda value, operand: value is not None and re.search(operand, value) is not None,
}


def _field(run: StoredRun, name: str) -> Any:
    if name.startswith("config."):
        return json.loads(run.config).get(name.split(".")[1], {}).get("value")
    plain = {"state": run.state, "name": run.name, "display_name": run.display_name, "jobType": run.job_type}
    if name not in plain:
        raise ValueError(f"unknown field {name}")
    return plain[name]
