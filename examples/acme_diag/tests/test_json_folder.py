from __future__ import annotations

import json
from pathlib import Path

import pytest
from acme_diag.json_folder import JsonFolder, locate

from tracker_diag.adapters.base import Query, UnknownRunError
from tracker_diag.adapters.locating import Asked


def test_a_run_is_read_and_nothing_outside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "runs" / "vision").mkdir(parents=True)
    (tmp_path / "runs" / "vision" / "a.json").write_text(json.dumps({"metrics": {"loss": [[0, 1.0], [1, 0.5]]}}))
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "b.json").write_text("{}")
    tracker = JsonFolder(tmp_path / "runs", "diag.")
    assert [run.id for run in tracker.list_runs(Query(everything=True))] == ["vision/a"]
    for outside in ("../secret/b", "vision/../../secret/b", "vision/.", "/", ""):
        with pytest.raises(UnknownRunError, match="a run is named experiment/run"):
            tracker.find_run(outside)


def test_it_takes_only_what_is_said_to_be_its_own() -> None:
    assert locate(Asked("vision/a", "/data")) is None
    found = locate(Asked("vision/a", "/data", certain=True))
    assert found is not None
    assert (found.tracker, found.run_id, found.uri) == ("json-folder", "vision/a", "/data")
