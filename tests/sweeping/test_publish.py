from __future__ import annotations

import json
from dataclasses import replace

from tests.report.experiment.conftest import large, nothing
from tests.runs import make_runs
from tracker_diag.adapters.base import Query
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.adapters.overviews import EXPERIMENT
from tracker_diag.core.finding import Severity
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.publish import PAGES, figures, publish


def test_the_page_of_an_experiment_lies_on_a_run_that_no_page_shows() -> None:
    tracker = MemoryAdapter(make_runs(6))
    ids = {publish(tracker, tracker, "memory", Settings(), lambda done, total: None) for _ in range(2)}
    (run_id,) = ids
    assert set(tracker.artifacts[run_id]) == {f"diagnosis/{name}" for name in PAGES}
    data = json.loads(tracker.artifacts[run_id]["diagnosis/experiment.json"])
    assert data["verdicts"] == {"diverged": 2, "good-fit": 2, "overfitting": 2}
    (listing,) = tracker.list_runs(Query((EXPERIMENT,)))
    assert listing.latest["runs"] == (1.0, 6.0)
    publish(tracker, tracker, EXPERIMENT, Settings(), lambda done, total: None)
    page = json.loads(tracker.artifacts["overview of tracker-diag"]["diagnosis/experiment.json"])
    assert page["runs"] == []


def test_every_severity_is_a_figure_also_of_no_run() -> None:
    found = figures(large())
    assert (found["runs"], found["severity/error"], found["severity/none"]) == (2000.0, 152.0, 1.0)
    assert sum(found[f"severity/{name}"] for name in [*Severity, "none"]) == 2000.0
    assert sum(value for name, value in found.items() if name.startswith("verdict/")) == 1999.0
    assert found["seconds/lost"] + found["seconds/after_best"] < found["seconds/total"]
    assert set(figures(nothing()).values()) == {0.0}
    assert {f"severity/{name}" for name in Severity} < set(figures(nothing()))


def test_a_verdict_that_somebody_else_wrote_is_one_line() -> None:
    overview = large()
    row = replace(overview.rows[0], verdict="x\n" * 100)
    assert all("\n" not in name and len(name) < 80 for name in figures(replace(overview, rows=(row,))))
