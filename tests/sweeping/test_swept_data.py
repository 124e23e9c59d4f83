from __future__ import annotations

import json

from tests.runs import make_runs
from tracker_diag.adapters.base import Failure, Query
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.result import Swept
from tracker_diag.sweeping.sweep import sweep
from tracker_diag.sweeping.swept_data import swept_data


def test_a_second_sweep_tells_the_same_of_the_runs() -> None:
    tracker = MemoryAdapter(make_runs(6))
    first, second = (swept_data(sweep(tracker, Plan(Query(everything=True))), "memory") for _ in range(2))
    assert (first.pop("sweep")["diagnosed"], second.pop("sweep")["unchanged"]) == (6, 6)
    assert first == second
    assert [run["severity"] for run in first["runs"]] == ["error"] * 2 + ["warning"] * 2 + ["ok"] * 2
    assert first["verdicts"] == {"diverged": 2, "good-fit": 2, "overfitting": 2}


def test_it_is_strict_json() -> None:
    swept = Swept(failures=(Failure("a", "its history is damaged"),), left=2, error="the tracker went away")
    data = json.loads(json.dumps(swept_data(swept, "memory"), allow_nan=False))
    assert data["failures"] == [{"id": "a", "reason": "its history is damaged"}]
    assert (data["sweep"]["not_reached"], data["sweep"]["error"]) == (2, "the tracker went away")
