from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.adapters.contract import FIRST, SECOND, AdapterContract, Logged
from tests.adapters.sections import SectionContract
from tracker_diag.adapters.base import Query, QueryError
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.core.run import Run

_OURS = {"report.json", "report.html", "suggested_config.yaml"}


class MemoryTracker:
    good_filter = bad_filter = ""
    keeps_times = True

    def __init__(self) -> None:
        self.adapter = MemoryAdapter()

    def log(self, experiment: str, logged: Logged) -> str:
        run = Run.from_dict(
            {
                "id": uuid.uuid4().hex,
                "name": logged.name,
                "status": logged.status,
                "params": logged.params,
                "metrics": logged.metrics,
                "tags": logged.tags,
                "start_time": logged.start,
                "end_time": logged.end,
            }
        )
        self.adapter.add(run, experiment)
        return run.id

    def delete(self, run_id: str) -> None:
        del self.adapter.runs[run_id]

    def tag(self, run_id: str, key: str, value: str) -> None:
        run = self.adapter.runs[run_id]
        self.adapter.runs[run_id] = replace(run, tags={**run.tags, f"diag.{key}": value})

    def describe(self, run_id: str, text: str) -> None:
        self.adapter.descriptions[run_id] = text

    def description(self, run_id: str) -> str | None:
        return self.adapter.descriptions.get(run_id)

    def written(self, run_id: str) -> Mapping[str, str]:
        tags = self.adapter.runs[run_id].tags
        return {key.removeprefix("diag."): value for key, value in tags.items() if key.startswith("diag.")}

    def files(self, run_id: str) -> Mapping[str, bytes]:
        found = self.adapter.artifacts.get(run_id, {})
        return {path.removeprefix("diagnosis/"): data for path, data in found.items() if path.startswith("diagnosis/")}

    def add_file(self, run_id: str, path: str, content: bytes) -> None:
        self.adapter.artifacts.setdefault(run_id, {})[path] = content

    def users(self, run_id: str) -> Any:
        run = self.adapter.runs[run_id]
        ours = {f"diagnosis/{name}" for name in _OURS}
        return {
            "run": (run.name, run.status, dict(run.params), run.start_time, run.end_time),
            "metrics": {name: series.values.tolist() for name, series in run.metrics.items()},
            "tags": {
                key: value
                for key, value in run.tags.items()
                if not key.startswith("diag.") or key in ("diag.ignore", "diag.control")
            },
            "files": {path: data for path, data in self.adapter.artifacts.get(run_id, {}).items() if path not in ours},
        }


class TestMemory(AdapterContract, SectionContract):
    @pytest.fixture
    def tracker(self) -> MemoryTracker:
        return MemoryTracker()


def test_a_filter_is_not_understood() -> None:
    with pytest.raises(QueryError, match="filter"):
        list(MemoryAdapter().list_runs(Query(everything=True, filter="params.lr = '1'")))


def test_a_prefix_that_others_use_too_destroys_nothing() -> None:
    mine = {f"user.x{number}": str(number) for number in range(120)}
    adapter = MemoryAdapter([Run("a", tags=mine)], prefix="user.")
    adapter.write("a", FIRST)
    adapter.write("a", SECOND)
    assert adapter.runs["a"].tags == {
        **mine,
        "user.verdict": "healthy",
        "user.severity": "ok",
        "user.fingerprint": "f2",
    }
    adapter.remove("a")
    assert adapter.runs["a"].tags == mine
