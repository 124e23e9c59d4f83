from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.runs import curves, make_run, make_runs
from tracker_diag.adapters.base import Failure, Listing, Query, UnknownRunError
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.core.finding import Severity
from tracker_diag.core.own import CONTROL
from tracker_diag.core.run import Run
from tracker_diag.report.experiment.as_json import render
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.gather import gather
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.sweep import sweep


class Watched(MemoryAdapter):
    """Keeps which runs were read whole."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.read: list[str] = []

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        self.read += ids
        return super().load_runs(ids)


def swept(runs: Sequence[Run]) -> Watched:
    tracker = Watched(runs)
    sweep(tracker, Plan(Query(everything=True)))
    tracker.read.clear()
    return tracker


def test_of_runs_that_were_diagnosed_only_those_that_wasted_time_or_are_drawn_are_read() -> None:
    tracker = swept(make_runs(30))
    before = dict(tracker.runs)
    overview = gather(tracker, "memory", Settings())
    assert tracker.runs == before
    assert overview.verdicts == {"diverged": 10, "good-fit": 10, "overfitting": 10}
    kinds = {"overfitting": 1, "diverged": 2}
    wasteful = {f"run-{i:03d}" for i in range(30) if i % 3 == kinds["overfitting"]}
    looks = {report.run_id for report in overview.first_looks}
    assert set(tracker.read) == wasteful | looks
    assert {row.verdict for row in overview.rows if row.id in looks} == set(kinds)
    assert len(looks) == 12


def test_runs_that_no_sweep_has_seen_are_diagnosed_in_memory_and_told_alike() -> None:
    runs = make_runs(9)
    assert render(gather(MemoryAdapter(runs), "memory", Settings())) == render(
        gather(swept(runs), "memory", Settings())
    )


def test_a_lost_run_is_wasted_whole_and_another_after_its_best_checkpoint() -> None:
    def timed(number: int, kind: str) -> Run:
        metrics = {
            name: [(step, value, 1_700_000_000.0 + step) for step, value in points]
            for name, points in curves(kind, seed=number).items()
        }
        return make_run(number, kind, metrics=metrics, start_time=1_700_000_000.0, end_time=1_700_000_100.0)

    tracker = MemoryAdapter([timed(0, "healthy"), timed(1, "overfitting"), timed(2, "diverged")])
    overview = gather(tracker, "memory", Settings())
    wasted = {row.verdict: row.wasted for row in overview.rows}
    best = next(r for r in overview.first_looks if r.verdict == "overfitting").findings[0].evidence["best_step"]
    assert wasted == {"good-fit": 0.0, "diverged": 100.0, "overfitting": pytest.approx(59.0 - best, abs=1.0)}
    assert overview.spent.total == 300.0


def test_without_wall_times_the_share_of_the_steps_stands_for_that_of_the_time() -> None:
    (row,) = gather(MemoryAdapter([make_run(1, "overfitting")]), "memory", Settings()).rows
    (report,) = gather(MemoryAdapter([make_run(1, "overfitting")]), "memory", Settings()).first_looks
    assert row.wasted == pytest.approx(100.0 * report.cost["wasted_share"])


def test_a_run_that_has_not_ended_wastes_nobody_knows_what() -> None:
    run = make_run(2, "diverged", status="RUNNING", end_time=None)
    (row,) = gather(MemoryAdapter([run]), "memory", Settings()).rows
    assert (row.severity, row.wasted) == (Severity.ERROR, None)


def test_what_cannot_be_read_is_counted_or_shown_without_a_verdict() -> None:
    class Broken(MemoryAdapter):
        def list_runs(self, query: Query) -> Iterator[Listing | Failure]:  # type: ignore[override]
            yield Failure("x", "unreadable")
            yield from super().list_runs(query)

        def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
            return (run if run.id != "run-001" else Failure(run.id, "gone") for run in super().load_runs(ids))

    overview = gather(Broken(make_runs(3)), "memory", Settings())
    assert overview.unread == 1
    assert {row.id for row in overview.rows if row.severity is None} == {"run-001"}
    assert overview.severities["not diagnosed"] == 1


def test_controls_and_overviews_are_left_out() -> None:
    runs = make_runs(3)
    runs[0] = replace(runs[0], tags={f"diag.{CONTROL}": "random-input"})
    assert {row.id for row in gather(MemoryAdapter(runs), "memory", Settings()).rows} == {"run-001", "run-002"}


def test_one_experiment_is_asked_for() -> None:
    tracker = MemoryAdapter(make_runs(2), "vision-a")
    tracker.add(make_run(9, "healthy"), "vision-b")
    with pytest.raises(UnknownRunError, match="matches 2 experiments"):
        gather(tracker, "vision-*", Settings())
    with pytest.raises(UnknownRunError, match="no experiment with runs matches"):
        gather(tracker, "text-*", Settings())
    with pytest.raises(UnknownRunError, match="did you mean"):
        gather(tracker, "vision-c", Settings())
    assert gather(tracker, "*-b", Settings()).experiment == "vision-b"


def grid() -> list[Run]:
    """Runs of three rates and two widths, each with four seeds: the rate alone matters."""
    rng = random.Random(3)
    runs = []
    for rate in (0.001, 0.01, 0.1):
        for width in (32, 64):
            for seed in range(4):
                end = {0.001: 0.5, 0.01: 0.2, 0.1: math.inf if seed == 0 else 1.5}[rate] + rng.gauss(0, 0.01)
                loss = [(step, end + 2.0 * math.exp(-step / 5)) for step in range(30)]
                runs.append(
                    make_run(
                        len(runs),
                        "healthy",
                        params={
                            "lr": rate,
                            "hidden_units": width,
                            "seed": seed,
                            "host": "a",
                            "out": f"/r/{rate}/{seed}",
                        },
                        metrics={"train_loss": loss, "val_loss": loss},
                    )
                )
    return runs


def test_the_parameters_effects_are_told_and_seeds_are_none() -> None:
    overview = gather(MemoryAdapter(grid()), "memory", Settings())
    assert overview.measure is not None
    assert (overview.measure.name, overview.measure.better) == ("validation loss", "min")
    assert overview.contrasts is not None
    assert {c.parameter for c in overview.contrasts.flagged} == {"lr"}
    assert "seed" not in {c.parameter for c in overview.contrasts.contrasts}
    assert sum(math.isinf(row.outcome or 0.0) for row in overview.rows) == 2


def test_the_parameters_that_vary_are_shown_of_each_run_by_effect_and_seeds_last() -> None:
    others = [make_run(i, "healthy", metrics={"loss": [(0, 1.0), (1, 0.5)]}, params={"lr": 9.0}) for i in (90, 91)]
    overview = gather(MemoryAdapter([*grid(), *others]), "memory", Settings())
    assert overview.parameters == ("lr", "hidden_units", "seed")
    assert overview.compared == 24
    params = {row.id: row.params for row in overview.rows}
    assert params["run-000"] == {"lr": 0.001, "hidden_units": 32, "seed": 0}
    assert params["run-090"] == {"lr": 9.0}


def test_of_many_parameters_eight_are_shown() -> None:
    rng = random.Random(1)
    several = [replace(run, id=f"{run.id}-{k}", name=None) for run in grid() for k in range(4)]
    runs = [replace(run, params=run.params | {f"p{k}": rng.randint(0, 1) for k in range(9)}) for run in several]
    overview = gather(MemoryAdapter(runs), "memory", Settings())
    assert overview.contrasts is not None
    told = list(dict.fromkeys(contrast.parameter for contrast in overview.contrasts.contrasts))
    assert len(told) > 8
    assert overview.parameters == tuple(told[:8])
    assert overview.parameters[0] == "lr"


def test_parameters_that_always_varied_together_are_all_shown() -> None:
    runs = [replace(run, params=run.params | {"a": run.params["hidden_units"] * 2}) for run in grid()]
    overview = gather(MemoryAdapter(runs), "memory", Settings())
    assert overview.contrasts is not None
    assert overview.contrasts.aliased == (("a", "hidden_units"),)
    assert overview.parameters == ("lr", "a", "hidden_units", "seed")


def test_where_all_runs_are_lost_and_no_effect_can_be_told_what_varies_is_shown_all_the_same() -> None:
    lost = {name: [(0, 1.0), (1, 5.0), (2, math.nan)] for name in ("train_loss", "val_loss")}
    runs = [make_run(i, "diverged", metrics=lost, params={"lr": 0.1 * i, "dropout": i % 2}) for i in range(4)]
    overview = gather(MemoryAdapter(runs), "memory", Settings())
    assert overview.contrasts is not None
    assert overview.contrasts.contrasts == ()
    assert overview.parameters == ("dropout", "lr")


def test_a_score_keeps_its_sign() -> None:
    runs = [
        make_run(i, "healthy", metrics={"val_accuracy": [(step, 0.5 + 0.01 * step + 0.02 * i) for step in range(20)]})
        for i in range(3)
    ]
    overview = gather(MemoryAdapter(runs), "memory", Settings())
    assert overview.measure is not None
    assert (overview.measure.name, overview.measure.better) == ("validation accuracy", "max")
    assert sorted(row.outcome or 0.0 for row in overview.rows) == pytest.approx([0.69, 0.71, 0.73])


def test_the_order_of_runs_changes_nothing() -> None:
    runs = [*grid(), *make_runs(12)[3:]]
    runs = [replace(run, id=f"{i:03d}") for i, run in enumerate(runs)]
    first = render(gather(MemoryAdapter(runs), "memory", Settings()))
    assert render(gather(MemoryAdapter(random.Random(1).sample(runs, len(runs))), "memory", Settings())) == first


def test_progress_is_told() -> None:
    told: list[tuple[int, int | None]] = []
    gather(MemoryAdapter(make_runs(3)), "memory", Settings(), lambda done, total: told.append((done, total)))
    assert told == [(1, None), (2, None), (3, None), (1, 3), (2, 3), (3, 3), (1, 2), (2, 2)]
