"""How many requests the work takes."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest

from tests.adapters.wandb.server import Server, StoredRun
from tests.adapters.wandb.test_online import DIAGNOSIS
from tracker_diag.adapters.base import Diagnosis, Query
from tracker_diag.adapters.wandb.online import PAGE, OnlineAdapter
from tracker_diag.core.run import Run
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.sweep import Plan, sweep

RUNS = 200


@pytest.fixture
def many(server: Server) -> list[str]:
    """200 finished runs with complete exports."""
    lines = {step: json.dumps({"_step": step, "_timestamp": 1e9 + step, "loss": 1 / (1 + step)}) for step in range(5)}
    for i in range(RUNS):
        run = StoredRun("acme", "many", f"run{i}", state="finished", heartbeat=1e9 + i, history=dict(lines), exported=5)
        server.store.add(run)
    return [f"acme/many/run{i}" for i in range(RUNS)]


def test_a_sweep_over_many_runs(server: Server, online: OnlineAdapter, many: list[str]) -> None:
    listed = [listing.id for listing in online.list_runs(Query(experiments=("many",)))]
    assert listed == many[::-1]
    assert len(server.requests) == RUNS / PAGE

    server.requests.clear()
    runs = list(online.load_runs(listed))
    assert all(isinstance(run, Run) and len(run.metrics["loss"]) == 5 for run in runs)
    assert len(server.requests) == 2 * RUNS + RUNS / PAGE

    # Whether the server can be told of files is asked once a session.
    online.write(listed[0], DIAGNOSIS)
    server.requests.clear()
    for run_id in listed[1:]:
        online.write(run_id, DIAGNOSIS)
    assert len(server.requests) == 8 * (RUNS - 1)

    server.requests.clear()
    for run_id in listed[:20]:
        online.write(run_id, Diagnosis(DIAGNOSIS.tags, DIAGNOSIS.artifacts, "f2"))
    assert len(server.requests) == 8 * 20, Counter(request.name for request in server.requests)

    server.requests.clear()
    for run_id in listed[:20]:
        online.write(run_id, Diagnosis(DIAGNOSIS.tags, {"report.json": b"{}"}, "f3"))
    assert len(server.requests) == 6 * 20

    server.requests.clear()
    for run_id in listed[:20]:
        online.remove(run_id)
    assert len(server.requests) == 3 * 20


def test_nothing_new_is_one_request(server: Server, online: OnlineAdapter, many: list[str]) -> None:
    assert list(online.list_runs(Query(experiments=("many",), since=2e9))) == []
    assert len(server.requests) == 1
    server.requests.clear()
    recent = online.list_runs(Query(experiments=("many",), since=1e9 + 197))
    assert [listing.id for listing in recent] == many[:-3:-1]
    assert len(server.requests) == 1


def test_a_green_run_takes_two_requests(server: Server, online: OnlineAdapter, many: list[str]) -> None:
    online.write(many[0], Diagnosis({"verdict": "good-fit"}, {}, "f1"))
    assert len(server.requests) == 2


def test_a_second_sweep_has_nothing_to_do(server: Server, online: OnlineAdapter) -> None:
    plan = Plan(query=Query(experiments=("vision",), since=time.time() - 3600), settings=Settings())
    first = sweep(online, plan)
    assert (len(first.rows), first.failures) == (4, ())
    for run in server.store.runs.values():
        assert json.loads(run.summary)["diag/verdict"]
        assert any(tag.startswith("diag:") for tag in run.tags)
    server.requests.clear()
    second = sweep(online, plan)
    assert (len(second.rows), second.unchanged, second.failures) == (0, 4, ())
    assert [request.name for request in server.requests] == ["Runs"]
