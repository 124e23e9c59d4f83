from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wandb.proto import wandb_internal_pb2 as pb

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.wandb import segment as segment_module
from tracker_diag.adapters.wandb.history import History
from tracker_diag.adapters.wandb.log import write_log
from tracker_diag.adapters.wandb.names import Names, latest_values
from tracker_diag.adapters.wandb.segment import Segment, holds_diagnosis, join_segments, nest, read_run, read_segment


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


@pytest.mark.parametrize(
    "item",
    [
        {"value_json": "1"},
        {"key": "", "nested_key": [""], "value_json": "1"},
        {"nested_key": ["", ""], "value_json": '"abc'},
        {"key": "b", "value_json": '"abc'},
        {"key": "b", "value_json": "tru"},
        {"key": "b", "value_json": "[" * 100_000},
        {"key": "_timestamp", "value_json": '"abc'},
        {"nested_key": ["_type"], "value_json": '"histogram"'},
        {"nested_key": ["b", "_type"], "value_json": "[" * 100_000},
        {"nested_key": ["b"] * 100_000 + ["_type"], "value_json": '"histogram"'},
        {"key": "b", "json": "[1"},
        {"key": "b", "text": '"' * 20},
        {},
    ],
    ids=lambda item: str(item)[:40],
)
def test_an_item_that_makes_no_sense_is_left_out(read: Any, item: dict[str, Any]) -> None:
    segment = read(row(0, item, {"key": "a", "value_json": "1"}), row(1, {"key": "a", "value_json": "2"}))
    series = segment.history.series()
    assert series["a"].values.tolist() == [1, 2]
    assert set(series) == {"a"}


def test_a_number_of_any_size_is_one(read: Any) -> None:
    texts = ["1" + "0" * 5000, "-1e999", str(2**63), "-0", "1e-999"]
    segment = read(*(row(i, {"key": "a", "value_json": text}) for i, text in enumerate(texts)))
    assert segment.history.series()["a"].values.tolist() == [math.inf, -math.inf, 2.0**63, 0, 0]


def test_deep_keys_are_kept_as_one_beyond_a_depth(read: Any) -> None:
    config = pb.Record()
    config.config.update.add(nested_key=["a"] * 100_000, value_json="1")
    segment = read(config, row(0, {"nested_key": ["b"] * 100_000, "value_json": "2"}))
    ((key, text),) = segment.config.items()
    assert (len(key), ".".join(key), text) == (50, ".".join(["a"] * 100_000), "1")
    assert _depth(nest(segment.config)) == 50
    assert segment.history.series()[".".join(["b"] * 100_000)].values.tolist() == [2]


def _depth(value: Any) -> int:
    levels = 0
    while isinstance(value, dict):
        levels, value = levels + 1, next(iter(value.values()))
    return levels


@pytest.mark.parametrize("levels", [51, 500, 100_000])
def test_a_deep_value_stays_a_text(levels: int) -> None:
    for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
        assert nest({("a",): text, ("b",): "1"}) == {"a": text, "b": 1}
    flat = json.dumps([[1]] * 60)
    assert nest({("a",): flat}) == {"a": [[1]] * 60}


def test_keys_that_clash_do_no_harm(read: Any) -> None:
    segment = read(
        summary(a="1", a__b="2"), summary(c__d="1"), summary(c="2"), row(0, {"key": "a.b", "value_json": "1"})
    )
    assert nest(segment.summary) == {"a": {"b": 2}, "c": 2}
    assert nest({("a",): "[1]", ("a", "b"): "2", ("a", "b", "c"): "3"}) == {"a": {"b": {"c": 3}}}


def test_a_step_that_is_set_and_taken_away_at_once_is_none(read: Any) -> None:
    record = summary(_step="3", loss="1")
    record.summary.remove.add(key="_step")
    record.summary.remove.add()
    segment = read(record)
    assert (segment.steps, segment.summary) == ({}, {("loss",): "1"})


@pytest.mark.parametrize("step", ["NaN", "1e999", '"abc', "null", "[]", "-5"])
def test_what_is_no_step_does_not_move_the_segments_that_follow(read: Any, step: str) -> None:
    first = read(summary(_step=step, a="1"), row(None, {"key": "_step", "value_json": step}, {"key": "a", "number": 1}))
    second = read(summary(_step="0", a="2"), row(0, {"key": "a", "number": 2}))
    series = join_segments([first, second]).history.series()["a"]
    assert np.isfinite(series.steps).all()
    assert (series.steps[-1], series.values[-1]) == (0, 2)


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
    run = pb.Record(num=1, run=pb.RunRecord(run_id="a", project="p")).SerializeToString()
    # The first is no message, the second has a text that is not UTF-8.
    write_log(path, [b"\x12\xff\xff\xff", run.replace(b"p", b"\xff"), run, b"\xff"])
    assert read_run(path).project == "p"
    (tmp_path / "run-b.wandb").touch()
    assert read_run(tmp_path / "run-b.wandb") is None


def test_only_a_log_with_that_fingerprint_and_without_a_row_holds_a_diagnosis(tmp_path: Path) -> None:
    run = pb.Record(num=1, run=pb.RunRecord(run_id="a")).SerializeToString()
    said = pb.SummaryRecord()
    said.update.add(key="diag/fingerprint", value_json='"f1"')
    own = pb.Record(summary=said).SerializeToString()
    # Without its number a row is no less one.
    logged = row(0, {"key": "a", "number": 1}).SerializeToString()
    records = {
        "own": [run, own],
        "logged": [run, own, logged],
        "training": [run, summary(loss="1").SerializeToString()],
    }
    for name, written in records.items():
        write_log(tmp_path / f"run-{name}.wandb", written)
    assert holds_diagnosis(tmp_path / "run-own.wandb", "f1")
    assert not holds_diagnosis(tmp_path / "run-own.wandb", "f2")
    assert not holds_diagnosis(tmp_path / "run-logged.wandb", "f1")
    assert not holds_diagnosis(tmp_path / "run-training.wandb", "f1")


NAMES = st.text("ab._/:ä ", min_size=1, max_size=4)
NUMBERS = st.one_of(st.floats(), st.integers(-(2**70), 2**70), st.booleans(), st.sampled_from(["NaN", "Infinity"]))
HISTOGRAMS = st.builds(
    lambda counts: {"_type": "histogram", "values": counts, "packedBins": {"min": -1.0, "size": 0.5, "count": 3}},
    st.lists(st.integers(0, 9), min_size=3, max_size=3),
)
NO_NUMBERS = st.one_of(st.none(), st.text(max_size=3), st.lists(st.integers(), max_size=2), st.just({}))
MEDIA = st.just({"_type": "image-file", "size": 3, "path": "x.png", "of": {"a": 1}})
NESTED = st.recursive(
    st.one_of(NUMBERS, NUMBERS, HISTOGRAMS, NO_NUMBERS, MEDIA),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
ROWS = st.lists(st.dictionaries(NAMES, NESTED, max_size=4), min_size=1, max_size=4)


def flattened(path: tuple[str, ...], value: Any) -> list[dict[str, Any]]:
    """Items as clients since 0.18 write them: one a leaf, objects of W&B's taken apart too."""
    if not isinstance(value, dict):
        return [{"nested_key": path, "value_json": json.dumps(value)}]
    return [item for name, inner in value.items() for item in flattened((*path, name), inner)]


def read_in(folder: Path, records: list[pb.Record], *, history: bool = True) -> Segment:
    path = folder / "run-a.wandb"
    path.unlink(missing_ok=True)
    write_log(path, (record.SerializeToString() for record in records))
    return read_segment(path, history=history)


def told(segment: Segment) -> dict[str, str]:
    return {name: str((s.steps.tolist(), s.values.tolist())) for name, s in segment.history.series().items()}


@given(ROWS)
def test_nested_values_are_read_as_since_0_18(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("logs")
    old, new = [], []
    online = History()
    for number, values in enumerate(rows):
        step = {"key": "_step", "value_json": str(number)}
        whole = [{"key": name, "value_json": json.dumps(value)} for name, value in values.items()]
        parts = [item for name, value in values.items() for item in flattened((name,), value)]
        old.append(pb.Record(num=2 * number + 1, history=row(number, *whole, step).history))
        said = pb.Record(num=2 * number + 1)
        for item in (*parts, step):
            said.summary.update.add(**item)
        new += [said, pb.Record(num=2 * number + 2, history=row(number, *parts, step).history)]
        online.put_row({"_step": number, **values})
    one, other = read_in(folder, old), read_in(folder, new)
    assert told(one) == told(other) == told(Segment(history=online))
    assert one.first_step == other.first_step == 0

    # What a listing shows: as with the history, and as since 0.18.
    listed, later = read_in(folder, old, history=False), read_in(folder, new, history=False)
    assert str(nest(listed.summary)) == str(nest(one.summary))
    assert str(sorted(latest(listed).items())) == str(sorted(latest(later).items()))


def latest(segment: Segment) -> dict[str, tuple[float, float]]:
    steps = {".".join(key): step for key, step in segment.steps.items()}
    return latest_values(nest(segment.summary), Names("diag."), steps)


def test_a_summary_at_the_end_says_what_the_rows_do_not(read: Any) -> None:
    rows = [
        row(step, {"key": "a", "value_json": f'{{"b": {step}}}'}, {"key": "_step", "value_json": str(step)})
        for step in range(3)
    ]
    end = summary(_step="2", a='{"b": {"min": 0}}')
    whole, listed = read(*rows, end), read(*rows, end, history=False)
    assert nest(whole.summary) == nest(listed.summary) == {"_step": 2, "a": {"b": {"min": 0}}}
    assert whole.steps == listed.steps == {("_step",): 2, ("a",): 2}
    assert latest(whole) == {"a.b.min": (2, 0)}
    assert whole.first_step == listed.first_step == 0


@pytest.mark.parametrize("summarised", [False, True])
@pytest.mark.parametrize("history", [False, True])
def test_a_segment_of_an_older_client_counts_on(read: Any, summarised: bool, history: bool) -> None:
    def segment(values: list[float]) -> Segment:
        rows = [row(step, {"key": "a", "value_json": f'{{"b": {value}}}'}) for step, value in enumerate(values)]
        for step, record in enumerate(rows):
            record.history.item.add(key="_step", value_json=str(step))
        return read(*rows, *[summary(_step=str(len(values) - 1), a="{}")] * summarised, history=history)

    joined = join_segments([segment([5, 4, 3]), segment([2, 1])])
    assert max(joined.steps.values()) == 4
    if history:
        assert joined.history.series()["a.b"].steps.tolist() == [0, 1, 2, 3, 4]


def test_what_is_nested_in_a_part_is_read_too(read: Any) -> None:
    segment = read(row(0, {"nested_key": ["a", "b"], "value_json": '{"c": 1}'}, {"key": "d", "json": '{"e": 2}'}))
    assert {name: s.values.tolist() for name, s in segment.history.series().items()} == {"a.b.c": [1], "d.e": [2]}


@pytest.mark.parametrize(
    "text",
    [
        '{"b": 1',
        "{}",
        '{"b": null}',
        '{"b": [1]}',
        '{"_type": "image-file", "b": 1}',
        f'{{"{"x" * 2001}": 1}}',
        f'{{"b": "{"x" * 2**24}", "c": 1}}',
        *('{"a":' * levels + "1" + "}" * levels for levels in (60, 900, 100_000)),
    ],
    ids=lambda text: text[:20],
)
def test_an_object_without_a_number_or_beyond_all_bounds_is_no_metric(read: Any, text: str) -> None:
    segment = read(row(0, {"key": "x", "value_json": text}, {"key": "a", "value_json": "1"}))
    assert set(segment.history.series()) == {"a"}
    assert set(latest(segment)) == {"a"}


def test_an_object_of_too_many_parts_is_not_read(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_module, "MOST_NAMES", 10)
    item = {"key": "x", "value_json": json.dumps({str(number): number for number in range(11)})}
    with pytest.raises(TrackerError, match="more than 10 metrics"):
        read(row(0, item), history=False)


def test_what_a_message_cannot_hold_is_left_out_of_a_summary(read: Any) -> None:
    deep = '{"a": ' + "[" * 900 + "]" * 900 + ', "b": 1}'
    items = [{"key": "x", "value_json": r'{"half \ud800": 1}'}, {"key": "y", "value_json": deep}]
    segment = read(row(0, *items))
    assert segment.summary == {("x", "half \ufffd"): "1", ("y", "b"): "1"}
