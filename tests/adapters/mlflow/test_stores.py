"""A diagnosis does not depend on where a run is kept: a server, SQLite, PostgreSQL, a folder."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.contract import START, Logged, Points
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.runs import KINDS, curves
from tracker_diag import diagnose
from tracker_diag.core.run import Run


@dataclass(frozen=True)
class Case:
    """What is logged in one run, in this order; and whether its steps are out of order."""

    metrics: Mapping[str, Points]
    out_of_order: bool = False


def _timed(points: list[tuple[float, float]], pause: float = 1.0) -> Points:
    return [(step, value, START + pause * number) for number, (step, value) in enumerate(points)]


def _shuffled(points: Points) -> Points:
    return random.Random(0).sample(list(points), len(points))


_CURVE = curves("overfitting")["train_loss"]

CASES = {
    **{kind: Case({name: _timed(points) for name, points in curves(kind).items()}) for kind in KINDS},
    # What a store gives in an order of its own must not look as if it had been logged so …
    "rows in any order": Case({name: _shuffled(_timed(points)) for name, points in curves("overfitting").items()}),
    "within a millisecond": Case({name: _timed(points, 0.0) for name, points in curves("overfitting").items()}),
    "two at a time": Case({"loss": _timed([point for point in _CURVE for _ in "ab"], 0.0)}),
    # … and what was logged so must.
    "out of order": Case({"loss": _timed([*_CURVE[:20], *_CURVE[30:], *_CURVE[20:30]])}, out_of_order=True),
    "a step again": Case(
        {"loss": [*_timed(_CURVE), (7.0, 9.0, START + 99), (7.0, 8.0, START + 99)]}, out_of_order=True
    ),
    "one step": Case({"loss": _timed([(0.0, value) for _, value in _CURVE])}),
    "one step, one moment": Case({"loss": _timed([(0.0, value) for _, value in _CURVE], 0.0)}),
    "not finite": Case(
        {"loss": _timed([(s, v) for s, v in enumerate([1.0, 2.0, math.inf, -math.inf, math.nan, math.nan, 0.0])], 0.0)}
    ),
    "not finite at one step": Case(
        {"loss": [*_timed(_CURVE), *((80.0, v, START + 80) for v in (math.nan, 1.0, -1.0, math.inf, math.nan, -1.0))]}
    ),
    "letters": Case(
        {"Loss": _timed(_CURVE), "loss": _timed([(s, 2 * v) for s, v in _CURVE]), "LOSS": _shuffled(_timed(_CURVE))}
    ),
}


@pytest.fixture
def stores(
    mlflow_server: str, sqlite_store: tuple[str, Path], postgres_store: tuple[str, Path], tmp_path: Path
) -> Iterator[dict[str, MlflowTracker]]:
    trackers = {
        "server": MlflowTracker(mlflow_server),
        "sqlite": MlflowTracker(sqlite_store[0], sqlite_store[1].as_uri()),
        "postgresql": MlflowTracker(postgres_store[0], postgres_store[1].as_uri()),
        "folder": MlflowTracker(str(tmp_path)),
    }
    yield trackers
    for tracker in trackers.values():
        tracker.adapter.close()


def _report(run: object) -> dict[str, Any]:
    assert isinstance(run, Run)
    found = diagnose(run).to_dict()
    return {key: value for key, value in found.items() if key != "run_id"}


def test_findings_are_the_same_from_every_store(stores: dict[str, MlflowTracker]) -> None:
    experiment = f"stores-{uuid.uuid4().hex[:12]}"
    reports: dict[str, dict[str, Any]] = {}
    for name, tracker in stores.items():
        ids = {tracker.log(experiment, Logged(name=case, metrics=CASES[case].metrics)): case for case in CASES}
        reports[name] = {ids[run.id]: _report(run) for run in tracker.adapter.load_runs(list(ids))}
    for case in CASES:
        for name in stores:
            assert str(reports[name][case]) == str(reports["server"][case]), (case, name)


def test_steps_out_of_order_are_found_where_they_were_logged_so_and_nowhere_else(
    stores: dict[str, MlflowTracker],
) -> None:
    experiment = f"stores-{uuid.uuid4().hex[:12]}"
    for name, tracker in stores.items():
        ids = {tracker.log(experiment, Logged(name=case, metrics=CASES[case].metrics)): case for case in CASES}
        for run in tracker.adapter.load_runs(list(ids)):
            assert isinstance(run, Run)
            notes = [note for series in run.metrics.values() for note in series.notes if "out of order" in note]
            assert bool(notes) == CASES[ids[run.id]].out_of_order, (name, ids[run.id], notes)
