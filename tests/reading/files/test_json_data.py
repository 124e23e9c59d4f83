"""JSON: a history, rows, lines, the plain data of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.reading.trained import KEPT
from tracker_diag import ReadingError, diagnose, read, read_all


def test_a_saved_history_of_keras_is_read() -> None:
    run = read(KEPT / "keras" / "history.json")
    assert (run.id, len(run.metrics["val_loss"])) == ("history", 12)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"loss": [0.9, NaN]}'),
        ("a.json", '[{"loss": 0.9}, {"loss": NaN}]'),
        ("a.json", '{"log_history": [{"loss": 0.9}, {"loss": NaN}]}'),
        ("a.json", '{"id": "a", "metrics": {"loss": [[0, 0.9], [1, "NaN"]]}}'),
        ("a.jsonl", '{"loss": 0.9}\n\n{"loss": NaN}\n{"lo'),
        ("a.NDJSON", '{"step": 0, "loss": 0.9}\n{"step": 1, "loss": NaN}\n'),
    ],
)
def test_every_way_of_writing_curves_says_the_same(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    series = read(tmp_path / name).metrics["loss"]
    assert (series.steps.tolist(), [str(x) for x in series.values]) == ([0, 1], ["0.9", "nan"])


def test_a_file_that_names_runs_holds_several(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_text('{"a": {"loss": [0.9, 0.7]}, "b": {"loss": [0.8, 0.6]}}')
    assert [run.id for run in read_all(path)] == ["a", "b"]
    with pytest.raises(ReadingError, match="holds 2 runs"):
        read(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "{", "not valid JSON"),
        ("a.json", "[" * 100_000, "nested too deeply"),
        ("a.json", "[1, 2]", "no curves found"),
        ("a.json", "5", "no curves found"),
        ("a.json", '{"loss": 5}', "give a list"),
        ("a.json", json.dumps(diagnose({"loss": [1.0]}).to_dict()), "a report, not a run"),
        ("a.jsonl", "x\n{}\n", "line 1: not valid JSON"),
        ("a.jsonl", "", "no curves found"),
    ],
)
def test_what_holds_no_curves_says_so(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ReadingError, match=said) as error:
        read(tmp_path / name)
    assert "\n" not in str(error.value)
