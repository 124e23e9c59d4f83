from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.runs import curves, make_run, make_runs
from tracker_diag.adapters.base import DeniedError, Diagnosis, Failure, Listing, Query, TrackerError, without_files
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.cli import summary
from tracker_diag.core import section
from tracker_diag.core.finding import Severity
from tracker_diag.core.run import Run, Series
from tracker_diag.core.section import State
from tracker_diag.settings.settings import Settings, parse_settings
from tracker_diag.sweeping.halt import GIVE_UP_AFTER
from tracker_diag.sweeping.plan import Plan
from tracker_diag.sweeping.result import Row, Swept
from tracker_diag.sweeping.sweep import sweep

ALL = Plan(Query(everything=True))
FINGERPRINT = "diag.fingerprint"


class Recording(MemoryAdapter):
    """A tracker in memory that keeps count of what is asked of it, and can fail."""

    def __init__(self, runs: Sequence[Run]) -> None:
        super().__init__(runs)
        self.loaded: list[str] = []
        self.written: list[str] = []
        self.unreadable: set[str] = set()
        self.unwritable: set[str] = set()
        self.dies_after: int | None = None

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        for n, run in enumerate(super().load_runs(ids)):
            if n == self.dies_after:
                raise TrackerError("the tracker went away")
            self.loaded.append(run.id)
            yield Failure(run.id, "its history is damaged") if run.id in self.unreadable else run

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        if run_id in self.unwritable:
            raise TrackerError(f"run {run_id}: permission denied")
        self.written.append(run_id)
        return super().write(run_id, diagnosis)


def test_every_run_is_diagnosed_once_and_then_left_alone() -> None:
    tracker = Recording(make_runs(9))
    first = sweep(tracker, ALL)
    assert sorted(tracker.written) == sorted(tracker.runs)
    assert first.verdicts == {"diverged": 3, "good-fit": 3, "overfitting": 3}
    assert [row.verdict for row in first.rows] == ["diverged"] * 3 + ["overfitting"] * 3 + ["good-fit"] * 3
    assert (first.worst, first.failures, first.left, first.oldest, first.error) == (Severity.ERROR, (), 0, None, "")
    tracker.loaded.clear()
    second = sweep(tracker, ALL)
    assert tracker.loaded == []
    assert (second.rows, second.unchanged, second.verdicts, second.worst) == ((), 9, first.verdicts, Severity.ERROR)


def test_a_run_that_changed_is_diagnosed_again_and_no_other() -> None:
    tracker = Recording(make_runs(6))
    sweep(tracker, ALL)
    tracker.written.clear()
    changed = make_run(0, "overfitting", tags=tracker.runs["run-000"].tags)
    tracker.runs["run-000"] = changed
    again = sweep(tracker, ALL)
    assert tracker.written == ["run-000"]
    assert (again.rows[0].verdict, again.rows[0].news) == ("overfitting", True)


def test_the_verdict_of_a_rule_that_is_not_installed_is_counted_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    tracker = Recording(make_runs(6))
    sweep(tracker, ALL)
    for name in ("run-000", "run-003"):
        tags = {**tracker.runs[name].tags, "diag.verdict": "nowhere-installed", "diag.severity": "info"}
        tracker.runs[name] = replace(tracker.runs[name], tags=tags)
    tags = {**tracker.runs["run-001"].tags, "diag.verdict": "written by hand"}
    tracker.runs["run-001"] = replace(tracker.runs["run-001"], tags=tags)
    tracker.written.clear()
    swept = sweep(tracker, ALL)
    assert (tracker.written, swept.unchanged) == ([], 6)
    counted = {"": 1, "diverged": 2, "nowhere-installed": 2, "overfitting": 1}
    assert swept.verdicts == summary.summary(swept, "x")["verdicts"] == counted
    summary.show_table(swept, write=True, scope="in experiment vision")
    assert "Verdicts: diverged 2, nowhere-installed 2, none 1, overfitting 1." in capsys.readouterr().out


def test_a_run_with_the_verdict_of_a_rule_that_is_not_installed_is_diagnosed_once_it_changes() -> None:
    tags = {"diag.verdict": "nowhere-installed", "diag.severity": "warning", FINGERPRINT: "an older one"}
    tracker = Recording([make_run(1, "overfitting", tags=tags)])
    (row,) = sweep(tracker, ALL).rows
    assert (row.verdict, row.news) == ("overfitting", True)
    assert tracker.runs["run-001"].tags["diag.verdict"] == "overfitting"


def test_force_diagnoses_all_and_nothing_is_news() -> None:
    tracker = Recording(make_runs(3))
    sweep(tracker, ALL)
    again = sweep(tracker, replace(ALL, force=True))
    assert len(again.rows) == 3
    assert not any(row.news for row in again.rows)


def test_a_dry_run_writes_nothing_and_says_the_same() -> None:
    tracker, other = Recording(make_runs(6)), Recording(make_runs(6))
    dry = sweep(tracker, replace(ALL, write=False))
    assert tracker.written == []
    assert all(not run.tags for run in tracker.runs.values())
    assert dry.rows == sweep(other, ALL).rows


def test_new_settings_make_runs_due_where_they_reach() -> None:
    tracker = Recording(make_runs(3))
    sweep(tracker, ALL)
    elsewhere = parse_settings({"experiments": {"speech*": {"ignore": ["overfitting"]}}})
    assert sweep(tracker, replace(ALL, settings=elsewhere)).unchanged == 3
    here = parse_settings({"experiments": {"mem*": {"ignore": ["overfitting"]}}})
    swept = sweep(tracker, replace(ALL, settings=here))
    assert len(swept.rows) == 3
    assert "overfitting" not in swept.verdicts


@pytest.mark.parametrize("artifacts", ["findings", "all", "none"])
def test_reports_are_written_for_the_runs_that_are_asked_for(artifacts: str) -> None:
    tracker = Recording(make_runs(3))
    sweep(tracker, replace(ALL, settings=Settings(artifacts=artifacts)))
    with_report = {run_id for run_id, files in tracker.artifacts.items() if files}
    expected = {"findings": {"run-001", "run-002"}, "all": set(tracker.runs), "none": set()}
    assert with_report == expected[artifacts]


def test_a_run_that_turned_green_loses_its_alarming_report() -> None:
    tracker = Recording([make_run(1, "overfitting")])
    sweep(tracker, ALL)
    tracker.runs["run-001"] = make_run(1, "healthy", tags=tracker.runs["run-001"].tags)
    sweep(tracker, ALL)
    assert b'"good-fit"' in tracker.artifacts["run-001"]["diagnosis/report.json"]


def test_the_ignore_tag_leaves_rules_out_and_names_words_that_are_no_rules() -> None:
    plain = make_run(1, "overfitting")
    ignoring = make_run(1, "overfitting", tags={"diag.ignore": "overfitting, overfiting"})
    tracker = Recording([plain])
    before = sweep(tracker, ALL).rows[0].verdict
    tracker = Recording([ignoring])
    after = sweep(tracker, replace(ALL, settings=Settings(artifacts="all")))
    assert before == "overfitting"
    assert after.rows[0].verdict != "overfitting"
    assert b"did you mean 'overfitting'?" in tracker.artifacts["run-001"]["diagnosis/report.json"]
    assert tracker.runs["run-001"].tags["diag.ignore"] == "overfitting, overfiting"


def test_a_run_that_cannot_be_read_or_written_is_told_and_the_others_are_done() -> None:
    tracker = Recording(make_runs(6))
    tracker.unreadable, tracker.unwritable = {"run-002"}, {"run-004"}
    swept = sweep(tracker, ALL)
    assert swept.failures == (
        Failure("run-002", "its history is damaged"),
        Failure("run-004", "run run-004: permission denied"),
    )
    assert sorted(tracker.written) == ["run-000", "run-001", "run-003", "run-005"]
    assert swept.oldest == tracker.runs["run-002"].end_time
    tracker.unreadable, tracker.unwritable = set(), set()
    assert sorted(row.id for row in sweep(tracker, ALL).rows) == ["run-002", "run-004"]


def test_a_run_that_does_not_come_is_a_failure() -> None:
    tracker = Recording(make_runs(3))
    load = tracker.load_runs
    tracker.load_runs = lambda ids: (run for run in load(ids) if run.id != "run-001")  # type: ignore[method-assign]
    assert [f.id for f in sweep(tracker, ALL).failures] == ["run-001"]


def test_a_tracker_that_goes_away_ends_the_sweep_after_the_runs_in_hand() -> None:
    tracker = Recording(make_runs(20))
    tracker.dies_after = 8
    swept = sweep(tracker, ALL)
    assert swept.error == "the tracker went away"
    assert len(swept.rows) == len(tracker.written) == 8
    assert (swept.left, swept.failures) == (12, ())


def test_a_store_that_takes_nothing_is_not_asked_a_thousand_times() -> None:
    tracker = Recording(make_runs(3 * GIVE_UP_AFTER))
    tracker.unwritable = set(tracker.runs)
    swept = sweep(tracker, ALL)
    assert "refused writes in a row" in swept.error
    assert GIVE_UP_AFTER <= len(swept.failures) < 2 * GIVE_UP_AFTER + 8
    assert len(swept.failures) + swept.left == len(tracker.runs)


def test_stopping_finishes_the_runs_in_hand_and_the_next_sweep_does_the_rest() -> None:
    tracker = Recording(make_runs(60))
    stop = threading.Event()

    class StopAfterFive:
        seen = 0

        def listed(self, due: int, unchanged: int) -> None:
            assert (due, unchanged) == (60, 0)

        def done(self, row: Row) -> None:
            self.seen += 1
            if self.seen == 5:
                stop.set()

        def failed(self, failure: Failure) -> None:
            raise AssertionError(failure)

    first = sweep(tracker, ALL, StopAfterFive(), stop)
    assert first.stopped
    assert len(first.rows) == len(tracker.written) < 60
    assert first.left == 60 - len(first.rows)
    assert sum(FINGERPRINT in run.tags for run in tracker.runs.values()) == len(first.rows)
    assert len(sweep(tracker, ALL).rows) == first.left


def test_the_result_is_the_same_wherever_the_work_runs() -> None:
    def tags_and_files(tracker: MemoryAdapter) -> object:
        return {run.id: (dict(run.tags), tracker.artifacts[run.id]) for run in tracker.runs.values()}

    results = []
    for workers in (1, 2):
        tracker = MemoryAdapter(make_runs(120))
        swept = sweep(tracker, replace(ALL, settings=Settings(artifacts="all"), workers=workers))
        results.append((swept.rows, tags_and_files(tracker)))
    assert results[0] == results[1]


def test_runs_of_every_status_are_swept() -> None:
    statuses = ("FINISHED", "FAILED", "KILLED", "RUNNING", "SCHEDULED")
    tracker = Recording([make_run(i, "healthy", status=status) for i, status in enumerate(statuses)])
    assert len(sweep(tracker, ALL).rows) == 5


def test_the_verdict_of_a_running_run_changes_only_with_its_evidence() -> None:
    def running(n: int, tags: dict[str, str]) -> Run:
        metrics = curves("overfitting", n=n)
        return make_run(0, "overfitting", metrics=metrics, status="RUNNING", end_time=None, tags=tags)

    tracker = Recording([running(40, {})])
    judged = 0
    for n in range(41, 61):
        swept = sweep(tracker, ALL)
        judged += len(swept.rows)
        assert sweep(tracker, ALL).rows == ()
        tracker.runs["run-000"] = running(n, dict(tracker.runs["run-000"].tags))
    assert judged <= 1 + math.log(60 / 40) / math.log(1.1) + 1
    tracker.runs["run-000"] = replace(tracker.runs["run-000"], status="FINISHED")
    assert len(sweep(tracker, ALL).rows) == 1


@pytest.mark.expects_defects
def test_a_run_whose_worker_cannot_judge_it_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from tracker_diag.sweeping import judge

    real = judge.examine

    def examine(task: judge.Task) -> object:
        if task.run.id == "run-001":
            raise RuntimeError("a bug\nover two lines")
        return real(task)

    monkeypatch.setattr(judge, "examine", examine)
    swept = sweep(Recording(make_runs(3)), ALL)
    assert swept.failures == (Failure("run-001", "RuntimeError: a bug over two lines"),)
    assert len(swept.rows) == 2


def test_a_run_that_cannot_even_be_listed_is_a_failure_and_the_others_are_done() -> None:
    class Listed(Recording):
        def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
            yield Failure("run-x", "end_time: a number is needed")
            yield from super().list_runs(query)

    told: list[str] = []

    class Watch:
        def listed(self, due: int, unchanged: int) -> None: ...

        def done(self, row: Row) -> None: ...

        def failed(self, failure: Failure) -> None:
            told.append(failure.id)

    swept = sweep(Listed(make_runs(4)), ALL, Watch())
    assert swept.failures == (Failure("run-x", "end_time: a number is needed"),)
    assert (len(swept.rows), told, swept.error) == (4, ["run-x"], "")


def test_a_run_whose_listing_cannot_be_hashed_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from tracker_diag.sweeping import due as module

    real = module.fingerprint

    def fingerprint(listing: Listing, settings: Settings) -> str:
        if listing.id == "run-001":
            raise RecursionError("too deep")
        return real(listing, settings)

    monkeypatch.setattr(module, "fingerprint", fingerprint)
    swept = sweep(Recording(make_runs(3)), ALL)
    assert swept.failures == (Failure("run-001", "RecursionError: too deep"),)
    assert len(swept.rows) == 2


@pytest.mark.expects_defects
def test_a_listing_that_breaks_off_is_a_tracker_that_cannot_be_read() -> None:
    class Breaking(Recording):
        def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
            yield next(super().list_runs(query))
            raise KeyError("runs")

    with pytest.raises(TrackerError, match="cannot be listed: KeyError: 'runs'"):
        sweep(Breaking(make_runs(3)), ALL)


def test_bulk_answers_that_break_off_cost_the_run_to_blame_alone() -> None:
    class Breaking(Recording):
        def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
            for run in super().load_runs(ids):
                if run.id == "run-004":
                    raise KeyError("history")
                yield run

    swept = sweep(Breaking(make_runs(9)), ALL)
    assert [f.id for f in swept.failures] == ["run-004"]
    assert (len(swept.rows), swept.error) == (8, "")


def test_an_experiment_that_may_not_be_written_to_is_said_once_and_the_others_are_done() -> None:
    class ReadOnly(Recording):
        def write(self, run_id: str, diagnosis: Diagnosis) -> str:
            if int(run_id[-3:]) >= 10:
                raise DeniedError("denied: ask for EDIT permission")
            return super().write(run_id, diagnosis)

    tracker = ReadOnly(make_runs(10))
    for run in [make_run(i, "healthy") for i in range(10, 90)]:
        tracker.add(run, "guarded")
    swept = sweep(tracker, ALL)
    assert swept.error == (
        "no permission to write to the runs: denied: ask for EDIT permission; "
        "--report-dir FOLDER stores the diagnoses in a folder"
    )
    assert (len(swept.rows), swept.failures, swept.left) == (10, (), 80)
    assert sorted(tracker.written) == [f"run-{i:03d}" for i in range(10)]


def test_one_run_that_may_not_be_written_to_fails_alone() -> None:
    class Guarded(Recording):
        def write(self, run_id: str, diagnosis: Diagnosis) -> str:
            if run_id in ("run-001", "run-005"):
                raise DeniedError("its folder may only be read")
            return super().write(run_id, diagnosis)

    swept = sweep(Guarded(make_runs(9)), ALL)
    assert swept.failures == tuple(Failure(f"run-00{i}", "its folder may only be read") for i in (1, 5))
    assert (len(swept.rows), swept.error, swept.left) == (7, "", 0)


def test_a_report_that_cannot_be_stored_is_noted_and_tried_again_when_the_address_changes() -> None:
    class Nowhere(Recording):
        store = "mlflow-artifacts:/1/x"
        reason = "no server"

        def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
            for listing in super().list_runs(query):
                assert isinstance(listing, Listing)
                yield replace(listing, store=self.store)

        def write(self, run_id: str, diagnosis: Diagnosis) -> str:
            marked = replace(diagnosis, artifacts={}, fingerprint=without_files(diagnosis.fingerprint, self.store))
            super().write(run_id, marked if self.reason else diagnosis)
            return self.reason

    tracker = Nowhere(make_runs(3))
    first = sweep(tracker, ALL)
    assert [row.not_stored for row in first.rows] == ["no server"] * 3
    assert (first.failures, first.error) == ((), "")
    second = sweep(tracker, ALL)
    assert (second.unchanged, second.without_reports) == (3, 3)
    tracker.store, tracker.reason = "s3://bucket/x", ""
    assert [row.not_stored for row in sweep(tracker, ALL).rows] == [""] * 3
    assert sweep(tracker, ALL).unchanged == 3


def test_reading_is_no_further_ahead_than_it_may_be() -> None:
    big = Series.from_points("train_loss", list(range(100)), [1.0] * 100)
    tracker = Recording([make_run(i, "healthy", metrics={"train_loss": big}) for i in range(400)])
    most = 0

    class Watch:
        done_runs = 0

        def listed(self, due: int, unchanged: int) -> None: ...

        def done(self, row: Row) -> None:
            nonlocal most
            self.done_runs += 1
            most = max(most, len(tracker.loaded) - self.done_runs)

        def failed(self, failure: Failure) -> None: ...

    assert isinstance(sweep(tracker, replace(ALL, workers=2), Watch()), Swept)
    assert most < 100


def test_a_narrower_choice_of_rules_does_not_overwrite_a_whole_diagnosis() -> None:
    tracker = Recording(make_runs(6))
    narrow = replace(ALL, settings=Settings(select=("LC101",)), narrowed=True)
    sweep(tracker, ALL)
    whole = {run_id: run.tags for run_id, run in tracker.runs.items()}
    tracker.written.clear()
    shown = sweep(tracker, narrow)
    assert tracker.written == []
    assert {row.kept for row in shown.rows} == {True}
    assert {row.news for row in shown.rows} == {False}
    assert {row.verdict for row in shown.rows} != {row.verdict for row in sweep(tracker, ALL).standing}
    assert {run_id: run.tags for run_id, run in tracker.runs.items()} == whole
    assert "6 diagnosed, none written, because they already have a diagnosis by all rules." in summary.closing_line(
        shown, write=True, scope="in experiment vision"
    )
    partly = replace(shown, rows=(replace(shown.rows[0], kept=False), *shown.rows[1:]))
    assert "6 diagnosed, 5 not written, because they already" in summary.closing_line(
        partly, write=True, scope="in experiment vision"
    )


def test_a_run_that_no_rule_was_asked_about_takes_a_narrow_diagnosis_until_a_whole_one_comes() -> None:
    tracker = Recording(make_runs(3))
    narrow = replace(ALL, settings=Settings(select=("LC101",)), narrowed=True)
    assert not any(row.kept for row in sweep(tracker, narrow).rows)
    assert sorted(tracker.written) == sorted(tracker.runs)
    tracker.written.clear()
    other = replace(narrow, settings=Settings(select=("LC104",)))
    for plan, written in ((narrow, 0), (other, 3), (ALL, 3), (other, 0), (ALL, 0)):
        tracker.written.clear()
        sweep(tracker, plan)
        assert len(tracker.written) == written
    assert {run.tags["diag.verdict"] for run in tracker.runs.values()} == {"diverged", "good-fit", "overfitting"}


def test_unchanged_runs_are_told_as_those_that_were_diagnosed() -> None:
    tracker = Recording(make_runs(6))
    first = sweep(tracker, ALL)
    second = sweep(tracker, ALL)
    told = [(r.id, r.name, r.verdict, r.severity, r.cause, r.summary, r.codes) for r in first.rows]
    assert [(r.id, r.name, r.verdict, r.severity, r.cause, r.summary, r.codes) for r in second.standing] == told
    assert second.at_least(Severity.WARNING) == second.standing[:4]
    assert [row.wasted for row in first.rows if row.verdict == "diverged"] == [100.0, 100.0]


NOTED = Plan(ALL.query, Settings(note=True))


def described(tracker: Recording) -> dict[str, State]:
    """What the description of each run holds of ours."""
    return {run_id: section.state(tracker.descriptions.get(run_id, "")) for run_id in tracker.runs}


def test_notes_come_to_runs_that_were_diagnosed_without_them_and_then_nothing_is_due() -> None:
    tracker = Recording(make_runs(3))
    sweep(tracker, ALL)
    assert set(described(tracker).values()) == {State.ABSENT}
    first, second = sweep(tracker, NOTED), sweep(tracker, NOTED)
    assert (len(first.rows), len(second.rows), second.unchanged) == (3, 0, 3)
    assert not any(row.news or row.unnoted for row in first.rows)
    assert set(described(tracker).values()) == {State.OURS}
    for run_id, text in tracker.descriptions.items():
        assert f"**Diagnosis: {tracker.runs[run_id].tags['diag.verdict']}**" in text


def test_a_section_that_is_there_is_kept_true_by_sweeps_that_do_not_ask_for_it() -> None:
    tracker = Recording(make_runs(3))
    sweep(tracker, NOTED)
    (healthy,) = (x for x, run in tracker.runs.items() if run.tags["diag.verdict"] == "good-fit")
    (lost,) = (x for x, run in tracker.runs.items() if run.tags["diag.verdict"] == "diverged")
    tracker.runs[healthy] = replace(tracker.runs[lost], id=healthy, tags=tracker.runs[healthy].tags)
    again = sweep(tracker, ALL)
    assert [row.verdict for row in again.rows] == ["diverged"]
    assert "**Diagnosis: diverged**" in tracker.descriptions[healthy]
    assert described(tracker)[healthy] is State.OURS
    # One that was taken out is not put back.
    tracker.descriptions[lost] = "mine"
    sweep(tracker, replace(ALL, force=True))
    assert tracker.descriptions[lost] == "mine"


def test_descriptions_that_get_no_section_are_told_and_not_tried_again() -> None:
    tracker = Recording(make_runs(3))
    sweep(tracker, NOTED)
    edited, full, _ = tracker.runs
    tracker.descriptions[edited] = tracker.descriptions[edited].replace("Diagnosis", "My diagnosis")
    tracker.descriptions[full] = "x" * section.LONGEST
    kept = dict(tracker.descriptions)
    tracker.loaded.clear()
    for plan, rows in ((NOTED, 0), (replace(NOTED, force=True), 3)):
        swept = sweep(tracker, plan)
        assert len(swept.rows) == rows
        assert {row.id: row.unnoted for row in (*swept.rows, *swept.standing) if row.unnoted} == {
            edited: "somebody has edited the section there",
            full: "the description is too long to add one",
        }
        assert tracker.descriptions == kept
    assert not any(row.unnoted for row in sweep(tracker, ALL).standing)


def test_where_no_description_can_be_written_nothing_is_due_for_it() -> None:
    class Bare(Recording):
        def list_runs(self, query: Query) -> Iterator[Listing]:
            return (replace(listing, description=None) for listing in super().list_runs(query))

    tracker = Bare(make_runs(2))
    sweep(tracker, NOTED)
    swept = sweep(tracker, NOTED)
    assert (swept.unchanged, tracker.descriptions) == (2, {})
    assert {row.unnoted for row in swept.standing} == {"none can be written here"}


def test_an_experiment_may_have_notes_of_its_own() -> None:
    tracker = Recording(make_runs(2))
    first, second = tracker.runs.values()
    tracker.add(first, "vision")
    tracker.add(second, "text")
    sweep(tracker, Plan(ALL.query, parse_settings({"experiments": {"vis*": {"note": True}}})))
    assert set(tracker.descriptions) == {first.id}


class Linked(Recording):
    """A tracker with pages."""

    def link(self, listing: Listing) -> str:  # type: ignore[override]
        return f"http://h/ml/#/runs/{listing.id}?v=1"

    def report_reference(self, run_id: str, experiment: str) -> str:
        return f"#/{experiment}/{run_id}/report.html?v=1"


@pytest.mark.parametrize(("artifacts", "with_report"), [("findings", {1, 2}), ("all", {0, 1, 2}), ("none", set())])
def test_a_link_opens_the_report_where_one_was_stored(artifacts: str, with_report: set[int]) -> None:
    tracker = Linked(make_runs(3))
    plan = Plan(ALL.query, Settings(artifacts=artifacts, note=True))
    kinds = ("good-fit", "overfitting", "diverged")
    for swept in (sweep(tracker, plan), sweep(tracker, plan)):
        for row in (*swept.rows, *swept.standing):
            page = f"#/memory/{row.id}/report.html?v=1"
            has = kinds.index(row.verdict) in with_report
            assert row.link == (f"http://h/ml/{page}" if has else f"http://h/ml/#/runs/{row.id}?v=1")
            assert (f"[The whole report]({page})" in tracker.descriptions[row.id]) is has


def test_a_report_that_could_not_be_stored_is_not_linked_to() -> None:
    class Full(Linked):
        def write(self, run_id: str, diagnosis: Diagnosis) -> str:
            super().write(run_id, replace(diagnosis, fingerprint=without_files(diagnosis.fingerprint, "")))
            return "no space"

    tracker = Full(make_runs(3))
    for swept in (sweep(tracker, ALL), sweep(tracker, ALL)):
        rows = (*swept.rows, *swept.standing)
        assert [row.link for row in rows] == [f"http://h/ml/#/runs/{row.id}?v=1" for row in rows]
