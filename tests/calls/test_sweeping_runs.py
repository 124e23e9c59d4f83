"""``sweep`` from Python, on a real store of MLflow."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from tests.reading.test_tracked import mlruns
from tracker_diag import sweep
from tracker_diag.adapters.base import UnknownRunError
from tracker_diag.calls import showing


def test_a_sweep_writes_and_gives_a_table(tmp_path: Path) -> None:
    run = mlruns(tmp_path)
    uri = str(tmp_path / "mlruns")
    looked = sweep(experiment="vision", tracking_uri=uri, dry_run=True)
    assert not list((run / "tags").glob("diag.*"))
    swept = sweep(experiment=["vis*"], tracking_uri=uri)
    assert (run / "tags" / "diag.verdict").read_text() == "overfitting"
    for table in (looked.to_frame(), swept.to_frame()):
        assert table[["id", "verdict", "severity"]].values.tolist() == [[run.name, "overfitting", "warning"]]
    again = sweep(everything=True, tracking_uri=uri)
    assert (again.unchanged, again.to_frame()["verdict"].tolist()) == (1, ["overfitting"])
    assert "verdict" in sweep(everything=True, tracking_uri=uri, limit=1, filter="params.none = 'x'").to_frame()
    assert len(sweep(everything=True, tracking_uri=uri, force=True).rows) == 1
    for since in (timedelta(days=1), "24h"):
        assert sweep("vision", tracking_uri=uri, since=since).unchanged == 0


def test_the_scope_is_asked_for(tmp_path: Path) -> None:
    mlruns(tmp_path)
    uri = str(tmp_path / "mlruns")
    with pytest.raises(ValueError, match="no runs selected"):
        sweep(tracking_uri=uri)
    with pytest.raises(ValueError, match="everything=True cannot be combined with"):
        sweep(experiment="vision", everything=True, tracking_uri=uri)
    with pytest.raises(TypeError, match="since: give a timedelta or a text such as '24h', not int"):
        sweep(everything=True, tracking_uri=uri, since=24)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="since: write a time span"):
        sweep(everything=True, tracking_uri=uri, since="yesterday")
    with pytest.raises(UnknownRunError, match="did you mean 'vision'"):
        sweep(experiment="visoin", tracking_uri=uri)


@pytest.mark.parametrize(
    ("terminal", "jupyter", "seen"), [(True, False, True), (False, False, False), (False, True, False)]
)
def test_progress_is_shown_where_somebody_sees_it(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, jupyter: bool, seen: bool
) -> None:
    monkeypatch.setattr(showing, "SHOWN_AFTER", -1.0)
    monkeypatch.setattr(showing, "find_spec", lambda name: None)
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, force_jupyter=jupyter)
    with showing.shown("diagnosing", console) as advance:
        advance(1, 2)
        advance(2, 2)
    assert ("diagnosing" in file.getvalue()) is seen
