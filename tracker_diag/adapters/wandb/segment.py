"""One segment of a run as its transaction log holds it; segments of one run put together.

Since 0.18, clients write one item for each leaf of a nested value (``nested_key``), and before each row its changes to
the summary. Older clients write one item (``key``) that holds a JSON object, and the summary once, at the end of the
run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from wandb.proto import wandb_internal_pb2 as pb

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.wandb.history import (
    DEEPEST,
    MOST_NAMES,
    History,
    Key,
    leaves,
    number_of_json,
    parse_object,
)
from tracker_diag.adapters.wandb.log import read_records
from tracker_diag.adapters.wandb.used import Used, note_used
from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.outgoing import well_formed
from tracker_diag.core.own import FINGERPRINT

# Field 1 is the record's number, a varint; field 2, which follows it, is a history row.
_HISTORY_TAG = 0x12
_STEP = ("_step",)


@dataclass(eq=False)
class Segment:
    """What a log says, up to where it ends.

    Attributes
    ----------
    run : RunRecord
        As of the last record of its kind; empty if the log ends before the first.
    header : HeaderRecord
        Which version of the SDK wrote it; empty if the log ends before it.
    config, summary : dict of str tuple to str
        Path of the key to JSON text.
    steps : dict of str tuple to float
        For keys of the summary that came with a history row, that row's step.
    first_step : float or None
        None before the first row.
    history : History
        The rows, where they are wanted.
    used : list of Used
        Datasets that were used.
    exit : RunExitRecord or None
        None if the process has not ended, or was killed.
    """

    run: Any = field(default_factory=pb.RunRecord)
    header: Any = field(default_factory=pb.HeaderRecord)
    config: dict[Key, str] = field(default_factory=dict)
    summary: dict[Key, str] = field(default_factory=dict)
    steps: dict[Key, float] = field(default_factory=dict)
    first_step: float | None = None
    history: History = field(default_factory=History)
    used: list[Used] = field(default_factory=list)
    exit: Any = None


def read_segment(path: Path, *, history: bool = True) -> Segment:
    """Read a log.

    Parameters
    ----------
    path : Path
        Of the log.
    history : bool
        Whether the history rows are wanted; without them reading takes a third of the time.

    Raises
    ------
    LogError
        If it is not a log, or one of another version.
    TrackerError
        If its history is too long.
    """
    segment, summarised = Segment(), False
    for record in _messages(path, history=history):
        kind = record.WhichOneof("record_type")
        if kind == "history":
            if segment.first_step is None:
                segment.first_step = _step_of(record.history)
            if history:
                _add_row(segment.history, record.history)
        elif kind == "summary":
            summarised = True
            _keep_steps(segment, _update(segment.summary, record.summary))
        elif kind == "config":
            _update(segment.config, record.config)
        elif kind == "run":
            segment.run = _merge_run(segment.run, record.run)
            _update(segment.config, record.run.config)
            _update(segment.summary, record.run.summary)
        elif kind == "use_artifact":
            note_used(segment.used, record.use_artifact)
        elif kind == "exit":
            segment.exit = pb.RunExitRecord.FromString(record.exit.SerializeToString())
        elif kind == "header":
            segment.header = pb.HeaderRecord.FromString(record.header.SerializeToString())
    if segment.first_step is not None and not summarised:
        _summarise(segment, path)
    return segment


def read_run(path: Path) -> Any:
    """Read no further than the first run record of a log; None if it ends before.

    Raises
    ------
    LogError
        If it is not a log, or one of another version.
    """
    return next((record.run for record in _messages(path, history=False) if record.HasField("run")), None)


def holds_diagnosis(path: Path, fingerprint: str) -> bool:
    """Whether a log holds the diagnosis of that fingerprint, and nothing that was logged.

    Raises
    ------
    LogError
        If it is not a log, or one of another version.
    """
    said, found = json.dumps(fingerprint), False
    for record in _messages(path, history=True):
        if record.HasField("history"):
            return False
        found |= any(x.key.endswith(f"/{FINGERPRINT}") and x.value_json == said for x in record.summary.update)
    return found


def join_segments(segments: Sequence[Segment]) -> Segment:
    """Put the segments of one run together, in the order in which they were written; later values win.

    A resumed segment that counts its steps from 0 again goes on where the one before it ended, as on the server; one
    that starts at a later step says itself where it belongs.
    """
    joined = Segment(header=segments[0].header)
    for segment in segments:
        shift = max([-1.0, *joined.steps.values()]) + 1 if segment.first_step == 0 else 0.0
        joined.history.extend(segment.history, shift=shift)
        joined.run = _merge_run(joined.run, segment.run)
        joined.config |= segment.config
        joined.summary |= segment.summary
        joined.steps |= {key: step + shift for key, step in segment.steps.items()}
        joined.used += segment.used
        joined.exit = segment.exit
    return joined


def nest(values: Mapping[Key, str]) -> dict[str, Any]:
    """Put values by path into nested dicts; a text that is not JSON, or nested too deeply, stays what it is."""
    nested: dict[str, Any] = {}
    for key, text in values.items():
        level = nested
        for part in key[:-1]:
            inner = level.get(part)
            if not isinstance(inner, dict):
                inner = level[part] = {}
            level = inner
        level[key[-1]] = _value(text)
    return nested


def _value(text: str) -> Any:
    try:
        value = read_json(text)
    except ValueError:
        return text
    # Few texts have so many brackets that they could be nested too deeply.
    return text if text.count("[") + text.count("{") > DEEPEST and _is_deep(value, DEEPEST) else value


def _is_deep(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(part, levels - 1) for part in inner)


def _key(item: Any) -> Key:
    """Path of what an item is about, empty if it does not say; beyond so many parts the rest is one."""
    if item.key:
        return (item.key,)
    path = item.nested_key
    return tuple(path) if len(path) <= DEEPEST else (*path[: DEEPEST - 1], ".".join(path[DEEPEST - 1 :]))


def _messages(path: Path, *, history: bool) -> Iterator[Any]:
    """Records of a log as messages, each to be used before the next is asked for; of history rows all, or the first."""
    record = pb.Record()
    skip = False
    for data in read_records(path):
        if not history and _is_history(data):
            if skip:
                continue
            skip = True
        try:
            record.ParseFromString(data)
        except DecodeError:
            # A whole record of a kind that these messages cannot hold: leave it, as W&B's own reader does.
            continue
        yield record


def _is_history(data: bytes) -> bool:
    if data[:1] != b"\x08":
        return False
    at = 1
    while at < len(data) and data[at] & 0x80:
        at += 1
    return data[at + 1 : at + 2] == bytes([_HISTORY_TAG])


def _merge_run(old: Any, new: Any) -> Any:
    # A later record replaces an earlier one, but one without tags or a start does not take these away.
    merged = pb.RunRecord.FromString(new.SerializeToString())
    for name in ("run_id", "entity", "project", "display_name", "run_group", "job_type", "sweep_id", "host", "notes"):
        if not getattr(merged, name):
            setattr(merged, name, getattr(old, name))
    if not merged.tags:
        merged.tags.extend(old.tags)
    if old.HasField("start_time"):
        merged.start_time.CopyFrom(old.start_time)
    return merged


def _update(values: dict[Key, str], record: Any) -> list[Key]:
    """Take over what a record says; gives the keys it sets."""
    changed = []
    for item in record.update:
        key = _key(item)
        if key:
            values[key] = item.value_json
            changed.append(key)
    gone = {_key(item) for item in record.remove}
    if gone:
        for key in [key for key in values if any(key[:n] in gone for n in range(1, len(key) + 1))]:
            del values[key]
    return changed


def _summarise(segment: Segment, path: Path) -> None:
    """Take the summary from the rows, as since 0.18: of a nested value each part as it was logged last."""
    for record in _messages(path, history=True):
        changed: dict[Key, str] = {}
        for item in record.history.item:
            key, found = _key(item), parse_object(item.value_json)
            if found:
                told = ((inner, leaf) for inner, leaf in leaves(key, found) if not _is_deep(leaf, DEEPEST))
                # A message holds UTF-8 only, which JSON's texts need not be.
                changed |= {tuple(map(well_formed, inner)): json.dumps(leaf) for inner, leaf in told}
            elif key and item.value_json[:1] != "{":
                changed[key] = item.value_json
        segment.summary |= changed
        if len(segment.summary) > MOST_NAMES:
            raise TrackerError(f"its history has more than {MOST_NAMES:,} metrics, too many to read")
        _keep_steps(segment, changed)


def _step_of(row: Any) -> float | None:
    if row.HasField("step"):
        return float(row.step.num)
    step = next((_number(item) for item in row.item if _key(item) == _STEP), None)
    return step if step is not None and math.isfinite(step) else None


def _keep_steps(segment: Segment, changed: Collection[Key]) -> None:
    # What a row changes in the summary has its step, whichever of the two says it.
    step = number_of_json(segment.summary.get(_STEP, "")) if _STEP in changed else None
    if step is not None and math.isfinite(step):
        segment.steps |= dict.fromkeys(changed, step)
        if segment.first_step is None:
            segment.first_step = step


def _add_row(history: History, record: Any) -> None:
    step = float(record.step.num) if record.HasField("step") else math.nan
    seconds = math.nan
    plain: list[tuple[str, float]] = []
    objects: list[tuple[str, Any]] = []
    nested: list[tuple[Key, Any]] = []
    for item in record.item:
        name = item.key
        if not name:
            path = item.nested_key
            if len(path) > 1 and path[0][:1] != "_":
                nested.append((_key(item), item))
            name = path[0] if len(path) == 1 else ""
        if not name or name[0] == "_":
            if name == "_timestamp":
                seconds = _number(item) or math.nan
            elif name == "_step" and math.isnan(step) and (said := _number(item)) is not None:
                step = said
            continue
        number = number_of_json(item.value_json) if item.value_json else _number(item)
        if number is not None:
            plain.append((name, number))
        elif found := _object(item):
            objects.append((name, found))
    history.start_row(step, seconds)
    for name, number in plain:
        history.put(name, number)
    for name, value in objects:
        history.put_at(len(history) - 1, name, value)
    if nested:
        _add_nested(history, nested)


def _add_nested(history: History, items: Sequence[tuple[Key, Any]]) -> None:
    row = len(history) - 1
    # What has a _type is an object of W&B's: a histogram, or media whose sizes are not metrics.
    objects = {path[:-1] for path, _ in items if path[-1] == "_type"}
    fields: dict[Key, dict[Key, str]] = {path: {} for path in objects}
    for path, item in items:
        owner = next((path[:n] for n in range(1, len(path)) if path[:n] in objects), None)
        if owner is not None:
            fields[owner][path[len(owner) :]] = item.value_json
        elif (number := _number(item)) is not None:
            history.put(".".join(path), number)
        elif found := _object(item):
            history.put_at(row, ".".join(path), found)
    for path, values in fields.items():
        history.put_at(row, ".".join(path), nest(values))


def _object(item: Any) -> dict[str, Any]:
    """Read the nested value an item holds; an empty one where it holds none."""
    return parse_object(item.value_json or item.json)


def _number(item: Any) -> float | None:
    """Read the number an item holds, as a typed value or as JSON."""
    if item.value_json:
        return number_of_json(item.value_json)
    kind = item.WhichOneof("value")
    if kind in ("boolean", "integer", "number"):
        return float(getattr(item, kind))
    return number_of_json(json.dumps(item.text)) if kind == "text" else None
