"""JSON: a dict of lists, as a history of Keras is often saved, the rows of a log, or the plain data of a run."""

from __future__ import annotations

from typing import Any

from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import InvalidRunError, Run
from tracker_diag.reading.file_format import FileFormat, Found, ReadingError, content, json_of
from tracker_diag.reading.in_memory import runs_of
from tracker_diag.reading.kinds import log_history

_FORMS = 'give {"loss": [0.9, …]}, or rows such as {"step": 10, "loss": 0.7}'


def read(found: Found) -> tuple[Run, ...]:
    """Read the runs of a file."""
    path = found.files[-1]
    data = _lines(found) if path.suffix.lower() != ".json" else json_of(found)
    try:
        if isinstance(data, dict) and isinstance(data.get("log_history"), list):
            return (log_history.run_of(data["log_history"], found.id, {}),)
        if isinstance(data, dict) and "schema_version" in data and "verdict" in data:
            raise ReadingError(f"{clean(path)}: this is a report, not a run: show it with `tracker-diag report FILE`")
        if isinstance(data, dict):
            return runs_of(data, found.id)
        if isinstance(data, list) and log_history.takes(data):
            return log_history.read(data, found.id)
    except InvalidRunError as error:
        raise ReadingError(f"{clean(path)}: {error}") from None
    raise ReadingError(f"{clean(path)}: no curves found: {_FORMS}")


def _lines(found: Found) -> list[Any]:
    """A row on each line; the last one may be unfinished."""
    lines = content(found).splitlines()
    rows = []
    for i, line in enumerate(lines):
        if not line.strip():
            continue
        try:
            rows.append(read_json(line))
        except ValueError:
            if i + 1 < len(lines):
                raise ReadingError(f"{clean(found.files[-1])}, line {i + 1}: not valid JSON") from None
    return rows


FORMAT = FileFormat(
    "JSON (a dict of lists, or rows)", ("*.json", "*.jsonl", "*.ndjson"), read, lambda path: path, general=True
)
