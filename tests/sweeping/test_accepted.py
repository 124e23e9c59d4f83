from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.accepted import Baseline, BaselineError, mark, read
from tracker_diag.sweeping.notify import digest
from tracker_diag.sweeping.result import Row, Swept

ROW = Row("a", "cnn", "vision", None, "overfitting", Severity.WARNING, "label-noise", "…", news=True)
LOST = replace(ROW, id="b", verdict="diverged", severity=Severity.ERROR)
GREEN = replace(ROW, id="c", verdict="good-fit", severity=Severity.OK)
SWEPT = Swept(rows=(LOST, ROW), standing=(GREEN,))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "baseline.json"


def test_without_a_file_all_runs_are_accepted_and_it_is_written(file: Path) -> None:
    marked = mark(file, SWEPT)
    assert [row.accepted for row in (*marked.rows, *marked.standing)] == [True, True, False]
    assert marked.at_least(Severity.WARNING) == ()
    assert digest(marked.rows) is None
    assert json.loads(file.read_text())["runs"] == {
        "a": {"verdict": "overfitting", "severity": "warning", "run": "cnn", "experiment": "vision"},
        "b": {"verdict": "diverged", "severity": "error", "run": "cnn", "experiment": "vision"},
    }


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        (ROW, False),
        (replace(ROW, cause="too-few-examples", codes=("DS203",)), False),
        (replace(ROW, severity=Severity.INFO), False),
        (replace(ROW, severity=Severity.ERROR), True),
        (replace(ROW, verdict="unstable"), True),
        (replace(ROW, id="new"), True),
        (replace(LOST, verdict="overfitting", severity=Severity.WARNING), True),
        (replace(GREEN, verdict="overfitting", severity=Severity.WARNING), True),
    ],
)
def test_only_what_is_new_or_worse_counts(file: Path, row: Row, counts: bool) -> None:
    mark(file, SWEPT)
    before = file.read_bytes()
    for swept in (Swept(rows=(row,)), Swept(standing=(row,))):
        marked = mark(file, swept)
        assert bool(marked.at_least(Severity.WARNING)) == counts
        assert (digest(marked.rows) is not None) == (counts and bool(swept.rows))
    assert file.read_bytes() == before


@pytest.mark.parametrize("unfinished", [{"error": "away"}, {"stopped": True}, {"left": 3}])
def test_a_sweep_that_did_not_see_all_runs_writes_none(file: Path, unfinished: dict[str, Any]) -> None:
    swept = replace(SWEPT, **unfinished)
    assert mark(file, swept) == swept
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00", r"baseline\.json: not a baseline file \(not JSON\); give another name$"),
        (b"import this", r"not a baseline file \(not JSON\); give another name$"),
        (b"SQLite format 3\x00\xff\xfe", r"not a baseline file \(not JSON\); give another name$"),
        (b"[]", r"not a baseline file \(no schema_version\); give another name$"),
        (b'{"runs": {}}', "not a baseline file"),
        (
            b'{"schema_version": 9}',
            "schema version 9, which this version does not read; delete it, and the next sweep",
        ),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_baseline_is_said_in_one_line(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(BaselineError, match=said):
        read(file)


def test_a_folder_is_no_baseline_and_a_folder_that_is_missing_takes_none(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="--baseline"):
        read(tmp_path)
    with pytest.raises(BaselineError, match="--baseline"):
        mark(tmp_path / "none" / "b.json", SWEPT)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
)


@given(runs=junk, entry=junk)
def test_damaged_entries_accept_nothing(tmp_path_factory: pytest.TempPathFactory, runs: Any, entry: Any) -> None:
    for data in (
        runs,
        {"a": entry},
        {"a": {"verdict": entry, "severity": "error"}},
        {"a": {"verdict": "x", "severity": entry}},
    ):
        file = tmp_path_factory.mktemp("b") / "b.json"
        file.write_text(json.dumps({"schema_version": 1, "runs": data}))
        found = read(file)
        assert isinstance(found, Baseline)
        assert not found.accepts(ROW)
