from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runs import make_runs
from tracker_diag.adapters.aside import AsideAdapter, folder_name
from tracker_diag.adapters.base import Adapter, Diagnosis, Listing, Query, TrackerError
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.sweeping.sweep import Plan, sweep

ALL = Plan(Query(everything=True))
DIAGNOSIS = Diagnosis({"verdict": "overfitting", "severity": "warning"}, {"report.json": b"{}"}, "f1")


def test_the_tracker_is_read_and_the_answers_lie_in_the_folder(tmp_path: Path) -> None:
    tracker = MemoryAdapter(make_runs(6))
    aside = AsideAdapter(tracker, tmp_path / "answers")
    assert isinstance(aside, Adapter)
    assert str(tmp_path / "answers") in aside.describe()
    swept = sweep(aside, ALL)
    assert (len(swept.rows), swept.failures, swept.error) == (6, (), "")
    assert all(not run.tags for run in tracker.runs.values())
    assert sweep(aside, ALL).unchanged == 6
    assert aside.find_run("run-001").tags["diag.verdict"] == "overfitting"
    assert [run.id for run in aside.load_runs(["run-001"])] == ["run-001"]
    removal = aside.remove("run-001")
    assert (removal.tags, removal.artifacts, removal.left) == (7, 2, ())
    assert not (tmp_path / "answers" / "run-001").exists()
    assert [row.id for row in sweep(aside, ALL).rows] == ["run-001"]


def test_only_what_is_kept_here_says_whether_a_run_is_due_and_the_users_tags_count(tmp_path: Path) -> None:
    tracker = MemoryAdapter(make_runs(2))
    sweep(tracker, ALL)
    run = tracker.runs["run-001"]
    tracker.runs["run-001"] = replace(run, tags={**run.tags, "diag.ignore": "overfitting", "owner": "someone"})
    aside = AsideAdapter(tracker, tmp_path)
    listings = {x.id: x for x in aside.list_runs(Query(everything=True)) if isinstance(x, Listing)}
    assert dict(listings["run-001"].tags) == {"diag.ignore": "overfitting", "owner": "someone"}
    assert {row.id: row.verdict for row in sweep(aside, ALL).rows}["run-001"] != "overfitting"


@pytest.mark.parametrize(
    "run_id", ["../../victim", "..", ".", "/etc", "a/b/c", "a\0b", "x" * 900, "\udcff", "ü%2F", " "]
)
def test_an_id_is_never_a_path(tmp_path: Path, run_id: str) -> None:
    folder = tmp_path / "answers"
    AsideAdapter(MemoryAdapter(), folder).write(run_id, DIAGNOSIS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answers"]
    (inside,) = folder.iterdir()
    assert sorted(path.name for path in inside.iterdir()) == ["report.json", "tags.json"]


@given(st.lists(st.text(min_size=1, max_size=300), min_size=2, max_size=2, unique=True))
def test_different_ids_have_different_folders(ids: list[str]) -> None:
    names = {folder_name(run_id) for run_id in ids}
    assert len(names) == 2
    assert all(len(name) < 140 and name.isascii() and "/" not in name and "." not in name for name in names)


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(TrackerError, match="--report-dir"):
        AsideAdapter(MemoryAdapter(), tmp_path / "file")
