"""Whatever a file holds, it is read, or refused in one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker_diag import ReadingError, diagnose, read_all
from tracker_diag.adapters.base import TrackerError

CELLS = st.sampled_from(["0.5", "nan", "", "1", "2", "x", '"', "inf", "1e400", "-", "\0", "ü", "loss", "step", "epoch"])
TABLES = st.lists(st.lists(CELLS, max_size=4).map(",".join), max_size=8).map("\n".join).map(str.encode)
VALUES = st.recursive(
    st.sampled_from(["1", "NaN", "null", '"loss"', "true", "1e999", "[]", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda x: f"[{','.join(x)}]")
        | st.lists(st.tuples(st.sampled_from(["loss", "step", "id", "metrics", "log_history"]), inner), max_size=3).map(
            lambda x: "{" + ",".join(f'"{key}": {value}' for key, value in x) + "}"
        )
    ),
    max_leaves=12,
)
JSON = VALUES.map(str.encode)


@pytest.mark.parametrize(
    "name",
    ["a.csv", "metrics.csv", "results.csv", "a.json", "a.jsonl", "trainer_state.json", "events.out.tfevents.1.h"],
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=TABLES | JSON | st.binary(max_size=200))
def test_any_bytes(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused = ""
    try:
        for run in read_all(path)[:1]:
            diagnose(run)
    except (ReadingError, TrackerError) as error:
        refused = str(error)
        assert str(path.parent) in refused
    assert "\n" not in refused
