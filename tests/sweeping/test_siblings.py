"""Sweeps compare the runs of an experiment: by themselves, in any order, and at no cost where nothing is new."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.siblings import LATEST, RATES, WIDTHS, experiment, member
from tracker_diag import Run, Settings, diagnose
from tracker_diag.adapters.base import AwayError, Diagnosis, Failure, Listing, Query, TrackerError
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.adapters.overviews import OVERVIEW
from tracker_diag.comparison.experiment_table import Table
from tracker_diag.core import controlled
from tracker_diag.report.wording import headline
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.siblings import is_made_by_us
from tracker_diag.sweeping.sweep import sweep

NO_FILES = Settings(artifacts="none")
ALL = Plan(Query(everything=True), settings=NO_FILES)
ANSWER = ("verdict", "severity", "cause")


class Counting(MemoryAdapter):
    """A tracker in memory that keeps count of what is asked of it; its further listings can fail."""

    def __init__(self, runs: Sequence[Run] = (), experiment: str = "memory") -> None:
        super().__init__(runs, experiment)
        self.listed: list[Query] = []
        self.loaded: list[str] = []
        self.written: list[str] = []
        self.error: Exception | None = None

    def list_runs(self, query: Query) -> Iterator[Listing]:
        self.listed.append(query)
        if self.error is not None and len(self.listed) > 1:
            raise self.error
        # What a filter hides is not this adapter's to say: here it hides those whose rate is not the lowest.
        found = list(super().list_runs(replace(query, filter="")))
        return iter([x for x in found if not query.filter or x.params["lr"] == 0.0001])

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        self.loaded.extend(ids)
        return super().load_runs(ids)

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        self.written.append(run_id)
        return super().write(run_id, diagnosis)

    def forget(self) -> None:
        self.listed.clear()
        self.loaded.clear()
        self.written.clear()


def answers(tracker: MemoryAdapter) -> dict[str, tuple[str, ...]]:
    return {run.id: tuple(run.tags.get(f"diag.{name}", "") for name in ANSWER) for run in tracker.runs.values()}


def swept(runs: Sequence[Run], plan: Plan = ALL) -> Counting:
    tracker = Counting(runs)
    sweep(tracker, plan)
    return tracker


def test_a_sweep_says_what_diagnose_says_beside_all_the_others() -> None:
    tracker = swept([*experiment(), member(1.0, id="lost", end=math.nan)])
    assert len({cause for *_, cause in answers(tracker).values()}) >= 4
    for run in experiment():
        others = [other for other in tracker.runs.values() if other.id != run.id]
        report = diagnose(run, NO_FILES, others)
        cause = report.causes[0].name if report.causes and report.severity.rank > 1 else ""
        assert answers(tracker)[run.id] == (report.verdict, report.severity, cause)
        assert tracker.runs[run.id].tags["diag.summary"] == headline(report)


def test_experiments_are_compared_each_by_itself() -> None:
    tracker = Counting([member(0.1, 64, 0, end=1.9)], "other")
    for run in experiment():
        tracker.add(replace(run, id=f"here {run.id}"), "here")
    sweep(tracker, ALL)
    assert answers(tracker)["0.1-64-0"][0] == "good-fit"
    assert answers(tracker)["here 0.1-64-0"] == ("underfitting", "warning", "learning-rate-too-high")


@settings(max_examples=8)
@given(st.randoms())
def test_the_order_of_the_runs_does_not_matter(shuffling: random.Random) -> None:
    runs = experiment()
    shuffling.shuffle(runs)
    one, other = swept(runs), swept(experiment())
    assert {run.id: run.tags for run in one.runs.values()} == {run.id: run.tags for run in other.runs.values()}


@settings(max_examples=8)
@given(st.randoms(), st.integers(1, 6))
def test_runs_that_come_one_after_the_other_end_as_those_that_came_at_once(shuffling: random.Random, step: int) -> None:
    runs = [*experiment(), member(1.0, id="lost", end=math.nan), member(1.0, id="lost too", seed=1, end=math.nan)]
    whole = swept(runs)
    shuffling.shuffle(runs)
    tracker = Counting()
    for first in range(0, len(runs), step):
        for run in runs[first : first + step]:
            tracker.add(run)
        sweep(tracker, ALL)
    assert answers(tracker) == answers(whole)


def test_the_fingerprint_does_not_depend_on_siblings() -> None:
    tracker = swept(experiment())
    for run in experiment():
        assert swept([run]).runs[run.id].tags["diag.fingerprint"] == tracker.runs[run.id].tags["diag.fingerprint"]


def test_a_sweep_of_nothing_new_lists_once_and_reads_and_compares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = swept(experiment())
    tracker.forget()
    monkeypatch.setattr(Table, "of", lambda runs: pytest.fail("nothing is compared"))
    for query in (ALL.query, Query(everything=True, since=1.0), Query(everything=True, limit=9)):
        result = sweep(tracker, replace(ALL, query=query))
        assert result.rows == ()
    assert len(tracker.listed) == 3
    assert (tracker.loaded, tracker.written) == ([], [])


def test_a_sweep_of_everything_lists_once() -> None:
    assert len(swept(experiment()).listed) == 1


@pytest.mark.parametrize("scope", [{"since": LATEST - 1_000_000}, {"limit": 500}, {"filter": "the lowest rate"}])
def test_a_scope_that_hides_runs_is_listed_once_more_where_something_is_due(scope: dict[str, Any]) -> None:
    tracker = swept(experiment())
    for run in experiment():
        tracker.add(replace(run, id=f"b {run.id}"), "b")
    tracker.add(member(id="alone"), "c")
    sweep(tracker, ALL)
    tracker.add(member(0.0001, 64, 7, end_time=LATEST), "b")
    tracker.forget()
    sweep(tracker, replace(ALL, query=Query(everything=True, **scope)))
    assert tracker.listed[1:] == [Query(("b",))]
    assert "0.0001-64-7" in tracker.written


def test_what_the_scope_hides_is_compared_with_and_not_diagnosed() -> None:
    old = [replace(run, end_time=1000.0, start_time=0.0) for run in experiment()]
    new = member(0.1, 64, 0, id="new", end_time=LATEST)
    tracker = Counting([*old, new])
    sweep(tracker, replace(ALL, query=Query(everything=True, since=LATEST - 10)))
    assert tracker.written == ["new"]
    assert answers(tracker)["new"] == ("underfitting", "warning", "learning-rate-too-high")


@pytest.mark.expects_defects
@pytest.mark.parametrize(
    "error", [TrackerError("too many requests"), AwayError("no route"), ValueError("a listing of another form")]
)
def test_a_tracker_that_fails_there_still_gets_its_sweep(error: Exception) -> None:
    tracker = Counting(experiment())
    tracker.error = error
    result = sweep(tracker, replace(ALL, query=Query(everything=True, limit=4)))
    assert (len(result.rows), result.failures, result.error) == (4, (), "")


def test_a_better_run_renews_what_was_said_of_the_others_and_only_what_changed_is_written() -> None:
    tracker = swept([run for run in experiment() if not run.id.startswith("0.01-")])
    before = answers(tracker)
    tracker.forget()
    for seed in (0, 1):
        tracker.add(member(0.01, 64, seed))
    result = sweep(tracker, ALL)
    changed = {run_id for run_id, told in answers(tracker).items() if told != before.get(run_id)}
    assert set(tracker.written) == {row.id for row in result.rows} == changed
    assert {"0.1-64-0", "0.001-64-0"} < changed
    assert result.unchanged == 14 - len(result.rows)
    tracker.forget()
    assert sweep(tracker, ALL).rows == ()
    assert tracker.loaded == []


def test_a_run_that_changes_nothing_makes_few_others_read_again() -> None:
    tracker = swept([member(lr, width, seed) for lr in RATES for width in WIDTHS for seed in range(8)])
    tracker.forget()
    tracker.add(member(0.001, 4, 8))
    sweep(tracker, ALL)
    assert tracker.written == ["0.001-4-8"]
    assert len(tracker.loaded) <= 13


def test_runs_beyond_the_scope_that_are_judged_again_and_stay_as_they_are_are_not_told() -> None:
    tracker = swept(experiment())
    tracker.add(member(0.001, 4, 8, id="new", end_time=LATEST + 10))
    result = sweep(tracker, replace(ALL, query=Query(everything=True, limit=1)))
    assert len(tracker.loaded) > 1
    assert [row.id for row in result.rows] == ["new"]
    assert result.standing == ()


def test_counts_and_the_worst_severity_take_renewed_runs_in() -> None:
    tracker = swept([member(0.1, 64, seed) for seed in (0, 1)])
    assert sweep(tracker, ALL).worst == "info"
    tracker.add(member(0.01, 64, 0))
    result = sweep(tracker, ALL)
    assert result.worst == "warning"
    assert sum(result.verdicts.values()) == 3
    assert result.verdicts == sweep(tracker, ALL).verdicts
    assert [row.news for row in result.rows] == [True] * len(result.rows)


def test_a_dry_run_tells_what_would_be_renewed_and_writes_nothing() -> None:
    tracker = swept([member(0.1, 64, seed) for seed in (0, 1)])
    tracker.add(member(0.01, 64, 0))
    tracker.forget()
    result = sweep(tracker, replace(ALL, write=False))
    assert tracker.written == []
    assert {row.id for row in result.rows} == {"0.1-64-0", "0.1-64-1", "0.01-64-0"}


MADE = [
    controlled.tags(controlled.RANDOM_INPUT),
    controlled.tags(controlled.TINY_SUBSET),
    {"diag.control": OVERVIEW, "diag.overview-of": "vision"},
]


@pytest.mark.parametrize("tags", MADE, ids=["random input", "tiny subset", "overview"])
@pytest.mark.parametrize("scope", [{}, {"limit": 500}, {"since": 1.0}])
def test_runs_that_we_made_are_never_diagnosed(tags: dict[str, str], scope: dict[str, Any]) -> None:
    assert is_made_by_us(tags, "diag.")
    ours = member(0.001, end=1.5, id="ours", tags=tags)
    tracker = Counting([*experiment(), ours])
    plan = replace(ALL, query=Query(everything=True, **scope))
    result = sweep(tracker, plan)
    assert "ours" not in tracker.written
    assert tracker.runs["ours"].tags == tags
    assert sum(result.verdicts.values()) == 16
    tracker.add(member(0.01, 64, 2, end=0.1))
    sweep(tracker, plan)
    assert "ours" not in tracker.loaded


def test_runs_are_held_against_the_controls_that_we_made() -> None:
    control = member(id="c", end=0.19, tags=controlled.tags(controlled.RANDOM_INPUT))
    for query in (ALL.query, Query(everything=True, limit=500)):
        tracker = swept([*experiment(), control], replace(ALL, query=query))
        assert "EX901" in tracker.runs["0.01-64-0"].tags["diag.findings"]


def test_a_control_that_a_user_tagged_is_diagnosed_by_itself_and_held_against() -> None:
    tracker = swept(experiment())
    assert tracker.runs["0.01-64-0"].tags["diag.severity"] == "info"
    tracker.add(member(0.1, 64, 0, id="c", end=0.19, tags={"diag.control": "random-input"}))
    sweep(tracker, ALL)
    assert answers(tracker)["c"][0] == "good-fit"
    assert tracker.runs["c"].tags["diag.control"] == "random-input"
    assert tracker.runs["0.01-64-0"].tags["diag.severity"] == "warning"
    assert "EX901" in tracker.runs["0.01-64-0"].tags["diag.findings"]


def test_a_user_s_own_prefix_hides_no_control_of_ours() -> None:
    own = Settings(prefix="dx.", artifacts="none")
    control = member(0.1, 64, 0, id="c", end=0.0001, tags=controlled.tags(controlled.RANDOM_INPUT))
    tracker = MemoryAdapter([*experiment(), control], prefix="dx.")
    sweep(tracker, replace(ALL, settings=own))
    assert "diag.verdict" not in tracker.runs["c"].tags
    assert "dx.verdict" not in tracker.runs["c"].tags
    assert not any("best of 16" in run.tags.get("dx.summary", "") for run in tracker.runs.values())
    assert any("best of 15" in run.tags.get("dx.summary", "") for run in tracker.runs.values())


def test_running_and_failed_runs_are_diagnosed_and_count_for_none() -> None:
    strange = [
        member(0.1, 64, 5, end=0.001, id="going", status="RUNNING", end_time=None),
        member(0.1, 64, 6, end=0.001, id="failed", status="FAILED"),
        member(0.1, 64, 7, end=0.001, id="killed", status="KILLED"),
    ]
    one, other = swept(experiment()), swept([*experiment(), *strange])
    assert len(other.written) == 19
    for run in experiment():
        assert answers(one)[run.id] == answers(other)[run.id]


def test_settings_of_an_experiment_hold_in_its_comparison() -> None:
    names = {"lr": "zeal", "width": "hidden_units", "seed": "seed"}
    plan = replace(
        ALL, settings=Settings(artifacts="none", experiments={"mem*": {"vocabulary": {"learning_rate": ["zeal"]}}})
    )
    tracker = swept(experiment(names=names), plan)
    assert answers(tracker)["0.1-64-0"][2] == "learning-rate-too-high"
    assert answers(swept(experiment(names=names)))["0.1-64-0"][2] != "learning-rate-too-high"


@pytest.mark.expects_defects
def test_a_run_that_cannot_be_compared_is_diagnosed_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(table: Table, run_id: str) -> None:
        raise ArithmeticError(f"{run_id} of {len(table.places)}")

    monkeypatch.setattr(Table, "compare", fails)
    tracker = swept(experiment())
    assert len(tracker.written) == 16
    assert {told[0] for told in answers(tracker).values()} == {"good-fit"}


def test_an_experiment_whose_name_is_a_pattern_is_listed_by_its_name() -> None:
    tracker = Counting(experiment(), "lr [1-3]*")
    tracker.add(member(0.01, 64, 9, end=0.001, id="other"), "lr 2")
    sweep(tracker, replace(ALL, query=Query(("lr [1-3]*",), limit=500)))
    assert "other" not in tracker.written
    assert not any("other" in run.tags["diag.summary"] for run in tracker.runs.values() if run.id != "other")
