from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from wandb.proto import wandb_internal_pb2 as pb

from tracker_diag.adapters.wandb.log import write_log
from tracker_diag.adapters.wandb.segment import Segment, join_segments, nest, read_run, read_segment


def row(step: int | None, *items: dict[str, Any]) -> pb.Record:
    record = pb.Record()
    for item in items:
        record.history.item.add(**item)
    if step is not None:
        record.history.step.num = step
    return record


def summary(**values: str) -> pb.Record:
    record = pb.Record()
    for key, text in values.items():
        record.summary.update.add(nested_key=key.split("__"), value_json=text)
    return record


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Write records to a log, and read it."""

    def written(*records: pb.Record | bytes, history: bool = True) -> Segment:
        path = tmp_path / "run-a.wandb"
        path.unlink(missing_ok=True)
        numbered = []
        for number, record in enumerate(records, 1):
            if isinstance(record, pb.Record):
                record.num = number
                record = record.SerializeToString()
            numbered.append(record)
        write_log(path, numbered)
        return read_segment(path, history=history)

    return written


def test_typed_values_and_json_are_the_same(read: Any) -> None:
    segment = read(
        row(0, {"key": "a", "value_json": "1.5"}, {"nested_key": ["b"], "value_json": "true"}),
        row(1, {"key": "a", "number": 2.5}, {"nested_key": ["b"], "boolean": False}),
        row(2, {"key": "a", "integer": -3}, {"key": "b", "none": 0}, {"key": "c", "text": "words"}),
        row(3, {"key": "a", "text": "NaN"}, {"key": "c", "json": "[1]"}),
        row(4, {"key": "a", "number": math.inf}, {"nested_key": ["v", "acc"], "number": 0.5}),
    )
    series = segment.history.series()
    assert set(series) == {"a", "b", "v.acc"}
    assert str(series["a"].values.tolist()) == "[1.5, 2.5, -3.0, nan, inf]"
    assert series["b"].values.tolist() == [1, 0]
    assert series["v.acc"].steps.tolist() == [4]


def test_older_logs_hold_the_step_among_the_values(read: Any) -> None:
    segment = read(row(None, {"key": "_step", "value_json": "7"}, {"key": "a", "value_json": "1"}))
    assert segment.history.series()["a"].steps.tolist() == [7]


def test_sizes_of_media_are_no_metrics(read: Any) -> None:
    image = {"_type": '"image-file"', "size": "3", "width": "4"}
    items = [{"nested_key": ["img", key], "value_json": text} for key, text in image.items()]
    deep = [{"nested_key": ["val", "img", key], "value_json": text} for key, text in image.items()]
    segment = read(row(0, *items, *deep, {"key": "a", "value_json": "1"}))
    assert set(segment.history.series()) == {"a"}


def test_later_records_win_and_removed_keys_go(read: Any) -> None:
    gone = pb.Record()
    gone.summary.remove.add(nested_key=["val"])
    config = pb.Record()
    config.config.update.add(key="lr", value_json="0.2")
    run = pb.Record(run=pb.RunRecord(run_id="a", tags=["x"], notes="n"))
    run.run.config.update.add(key="lr", value_json="0.1")
    segment = read(
        run,
        summary(_step="0", val__acc="1", val__f1="2", loss="3"),
        gone,
        summary(best="9"),
        config,
        pb.Record(run=pb.RunRecord(run_id="a", display_name="later")),
    )
    assert nest(segment.summary) == {"_step": 0, "loss": 3, "best": 9}
    assert nest(segment.config) == {"lr": 0.2}
    assert (segment.run.display_name, list(segment.run.tags), segment.run.notes) == ("later", ["x"], "n")
    assert segment.steps[("loss",)] == 0
    assert ("best",) not in segment.steps


def test_without_history_the_rest_is_the_same(read: Any) -> None:
    records = [
        pb.Record(run=pb.RunRecord(run_id="a")),
        summary(_step="0", loss="3"),
        row(0, {"key": "loss", "value_json": "3"}),
        pb.Record(exit=pb.RunExitRecord(exit_code=3)),
    ]
    whole, rest = read(*records), read(*records, history=False)
    assert (len(whole.history), len(rest.history)) == (1, 0)
    assert rest.summary == whole.summary
    assert rest.exit.exit_code == whole.exit.exit_code == 3


def test_a_record_that_is_none_is_left_out(read: Any) -> None:
    segment = read(
        row(0, {"key": "a", "value_json": "1"}), b"\x12\xff\xff\xff", row(1, {"key": "a", "value_json": "2"})
    )
    assert segment.history.series()["a"].values.tolist() == [1, 2]


def test_a_value_that_is_no_json_stays_a_text() -> None:
    assert nest({("a", "b"): "1", ("a", "c"): "{oops", ("d",): "null"}) == {"a": {"b": 1, "c": "{oops"}, "d": None}


def test_segments_count_on_only_where_they_start_anew(read: Any) -> None:
    def segment(*steps: int) -> Segment:
        return read(
            *(r for s in steps for r in (summary(_step=str(s), a="1"), row(s, {"key": "a", "value_json": "1"})))
        )

    def steps(*segments: Segment) -> list[float]:
        return join_segments(segments).history.series()["a"].steps.tolist()

    assert steps(segment(0, 1, 2), segment(0, 1)) == [0, 1, 2, 3, 4]
    assert steps(segment(0, 1, 2), segment(3, 4)) == [0, 1, 2, 3, 4]
    # Gone back to a checkpoint, and said so: the later values count.
    assert steps(segment(0, 1, 2, 3), segment(2, 3, 4)) == [0, 1, 2, 3, 4]


def test_the_run_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "run-a.wandb"
    write_log(path, [pb.Record(num=1, run=pb.RunRecord(run_id="a", project="p")).SerializeToString(), b"\xff"])
    assert read_run(path).project == "p"
    (tmp_path / "run-b.wandb").touch()
    assert read_run(tmp_path / "run-b.wandb") is None
