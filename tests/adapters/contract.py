"""What every adapter keeps, against the real tracker: inherit :class:`AdapterContract`, define a ``tracker``."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from tracker_diag.adapters.base import Adapter, Diagnosis, Failure, Listing, Query, QueryError, UnknownRunError
from tracker_diag.adapters.named import find
from tracker_diag.core.run import Run

START = 1_700_000_000.0  # seconds since the epoch

Points = Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Logged:
    """What a training logged; points are (step, value, seconds)."""

    name: str = "a run"
    status: str = "FINISHED"
    params: Mapping[str, str] = field(default_factory=lambda: {"lr": "0.1", "layers": "[8, 8]"})
    metrics: Mapping[str, Points] = field(
        default_factory=lambda: {
            "train/loss": [(step, 1.0 / (step + 1), START + step) for step in range(20)],
            "val_loss": [(step, 1.5 / (step + 1), START + step) for step in range(0, 20, 2)],
        }
    )
    tags: Mapping[str, str] = field(default_factory=lambda: {"owner": "someone"})
    start: float = START
    end: float | None = START + 100.0


class Tracker(Protocol):
    """A real tracker, reached by its own client as a training and a person would, not by the adapter under test.

    Attributes
    ----------
    adapter : Adapter
    good_filter, bad_filter : str
        In the tracker's syntax: one that only runs whose param ``lr`` is 0.1 match, and one it refuses; "" where the
        tracker has no filter.
    keeps_times : bool
        Whether start, end and status can be set by :meth:`log`.
    """

    adapter: Adapter
    good_filter: str
    bad_filter: str
    keeps_times: bool

    def log(self, experiment: str, logged: Logged) -> str:
        """Log a run as a training would, and give its id."""

    def delete(self, run_id: str) -> None:
        """Delete a run as a person would."""

    def tag(self, run_id: str, key: str, value: str) -> None:
        """Set a tag under our prefix, given without it, as a person would."""

    def written(self, run_id: str) -> Mapping[str, str]:
        """Tags under our prefix, without it, as the tracker shows them."""

    def files(self, run_id: str) -> Mapping[str, bytes]:
        """Files under ``diagnosis/``."""

    def add_file(self, run_id: str, path: str, content: bytes) -> None:
        """Log an artifact as a person would."""

    def users(self, run_id: str) -> Any:
        """All that is not ours: params, metrics, other tags, other artifacts, status, times. Compared with ``==``."""


FIRST = Diagnosis(
    {
        "verdict": "overfitting",
        "severity": "warning",
        "cause": "too little data",
        "summary": "val_loss rises — “ab 12”",
    },
    {"report.json": b"{}", "report.html": b"<p>one</p>" * 500, "suggested_config.yaml": b"dropout: 0.5\n"},
    "f1",
)
SECOND = Diagnosis({"verdict": "healthy", "severity": "ok"}, {"report.json": b'{"verdict": "healthy"}'}, "f2")


class AdapterContract:
    """Inherit, and define a fixture ``tracker``; ``experiment`` gives a fresh name."""

    @pytest.fixture
    def experiment(self) -> str:
        return f"contract-{uuid.uuid4().hex[:12]}"

    # Reading

    def test_is_an_adapter(self, tracker: Tracker) -> None:
        assert isinstance(tracker.adapter, Adapter)
        assert "\n" not in tracker.adapter.describe()

    def test_a_listing_shows_enough_to_know_whether_a_run_is_due(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        (listing,) = tracker.adapter.list_runs(Query((experiment,)))
        assert listing.id == run_id
        assert listing.experiment.endswith(experiment)
        assert (listing.name, listing.status) == ("a run", "FINISHED")
        assert listing.params["lr"] in ("0.1", 0.1)
        assert listing.latest["train/loss"] == (19.0, pytest.approx(0.05))
        assert listing.latest["val_loss"] == (18.0, pytest.approx(1.5 / 19))
        if tracker.keeps_times:
            assert (listing.start_time, listing.end_time) == (START, START + 100.0)
        assert tracker.adapter.find_run(run_id) == listing

    def test_a_run_is_found_by_its_name_and_by_how_its_id_begins(self, tracker: Tracker, experiment: str) -> None:
        names = ("plain", 'it\'s 50 % of "x"; -- \\ AND', "50_%", "\u5b9f\u9a13")
        ids = {name: tracker.log(experiment, Logged(name=name, metrics={})) for name in names}
        for name, run_id in ids.items():
            project = run_id.rpartition("/")[0] or None
            within = f"{project}/" if project else ""
            assert find(tracker.adapter, run_id, project).id == run_id
            assert find(tracker.adapter, within + name, project).id == run_id
            # Ids of runs are drawn: half of one is enough, a few letters may not be.
            last = run_id.rpartition("/")[2]
            begin = last[: max(len(last) - 2, 4)]
            if not any(other != run_id and other.rpartition("/")[2].startswith(begin) for other in ids.values()):
                assert find(tracker.adapter, within + begin, project).id == run_id
        with pytest.raises(UnknownRunError, match="no run has") as told:
            find(tracker.adapter, within + "plai%", project)
        assert "\n" not in str(told.value)

    def test_of_several_runs_of_a_name_none_is_chosen(self, tracker: Tracker, experiment: str) -> None:
        twice = f"twice-{experiment}"
        ids = [tracker.log(experiment, Logged(name=twice, metrics={})) for _ in range(2)]
        project = ids[0].rpartition("/")[0] or None
        with pytest.raises(UnknownRunError) as told:
            find(tracker.adapter, f"{project}/{twice}" if project else twice, project)
        assert "fits several runs: give the ID of one, " in str(told.value)
        assert all(run_id in str(told.value) for run_id in ids)

    def test_a_run_comes_back_as_it_was_logged(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        (run,) = tracker.adapter.load_runs([run_id])
        assert isinstance(run, Run)
        assert (run.id, run.name, run.status) == (run_id, "a run", "FINISHED")
        assert str(run.params["lr"]) == "0.1"
        for name, points in Logged().metrics.items():
            assert run.metrics[name].steps.tolist() == [step for step, _, _ in points]
            assert run.metrics[name].values.tolist() == pytest.approx([value for _, value, _ in points])
        if tracker.keeps_times:
            assert run.metrics["val_loss"].seconds is not None
            assert run.metrics["val_loss"].seconds.tolist() == pytest.approx([START + step for step in range(0, 20, 2)])

    def test_values_that_are_not_finite_survive(self, tracker: Tracker, experiment: str) -> None:
        values = [1.0, math.nan, math.inf, -math.inf, 2.0]
        points = [(step, value, START + step) for step, value in enumerate(values)]
        run_id = tracker.log(experiment, Logged(metrics={"loss": points}))
        (run,) = tracker.adapter.load_runs([run_id])
        assert isinstance(run, Run)
        assert str(run.metrics["loss"].values.tolist()) == str(values)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
    def test_a_listing_shows_that_a_loss_is_not_finite(self, tracker: Tracker, experiment: str, value: float) -> None:
        run_id = tracker.log(experiment, Logged(metrics={"loss": [(0, 1.0, START), (1, value, START + 1)]}))
        assert str(tracker.adapter.find_run(run_id).latest) == str({"loss": (1.0, value)})

    def test_a_run_without_metrics_loads(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged(metrics={}))
        (run,) = tracker.adapter.load_runs([run_id])
        assert isinstance(run, Run)
        assert dict(run.metrics) == {}
        assert [listing.latest for listing in tracker.adapter.list_runs(Query((experiment,)))] == [{}]

    def test_many_runs_come_each_once_whatever_their_order(self, tracker: Tracker, experiment: str) -> None:
        ids = [
            tracker.log(
                experiment, Logged(name=f"run {i}", metrics={"loss": [(step, i + step, START) for step in (1, 2, 3)]})
            )
            for i in range(5)
        ]
        runs = list(tracker.adapter.load_runs(ids))
        assert sorted(run.id for run in runs) == sorted(ids)
        for run in runs:
            assert isinstance(run, Run)
            assert run.metrics["loss"].values.tolist() == [ids.index(run.id) + step for step in (1, 2, 3)]

    def test_a_run_that_is_not_there_is_a_failure_among_the_others(self, tracker: Tracker, experiment: str) -> None:
        run_id, gone = (tracker.log(experiment, Logged()) for _ in range(2))
        tracker.delete(gone)
        loaded = {run.id: run for run in tracker.adapter.load_runs([gone, run_id])}
        assert isinstance(loaded[run_id], Run)
        assert isinstance(loaded[gone], Failure)

    def test_nothing_asked_gives_nothing(self, tracker: Tracker) -> None:
        assert list(tracker.adapter.load_runs([])) == []

    # Scope

    def test_the_newest_change_comes_first_and_a_limit_keeps_it(self, tracker: Tracker, experiment: str) -> None:
        ids = [tracker.log(experiment, Logged(end=START + 100.0 * i)) for i in (1, 2, 3)]
        expected = ids[::-1]
        if tracker.keeps_times:
            middle = tracker.log(experiment, Logged(end=START + 150.0))
            expected = [ids[2], ids[1], middle, ids[0]]
        found = [listing.id for listing in tracker.adapter.list_runs(Query((experiment,)))]
        assert found == expected
        assert [listing.id for listing in tracker.adapter.list_runs(Query((experiment,), limit=2))] == expected[:2]

    def test_since_keeps_what_ended_later_and_what_still_goes(self, tracker: Tracker, experiment: str) -> None:
        if not tracker.keeps_times:
            pytest.skip("the tracker's client sets the times itself")
        tracker.log(experiment, Logged(end=START + 100.0))
        later = tracker.log(experiment, Logged(end=START + 300.0))
        going = tracker.log(experiment, Logged(status="RUNNING", end=None))
        found = tracker.adapter.list_runs(Query((experiment,), since=START + 200.0))
        assert [(listing.id, listing.status) for listing in found] == [(going, "RUNNING"), (later, "FINISHED")]

    def test_deleted_runs_are_left_out(self, tracker: Tracker, experiment: str) -> None:
        kept, gone = (tracker.log(experiment, Logged()) for _ in range(2))
        tracker.delete(gone)
        assert [listing.id for listing in tracker.adapter.list_runs(Query((experiment,)))] == [kept]

    def test_experiments_are_chosen_by_name_by_pattern_or_all(self, tracker: Tracker, experiment: str) -> None:
        ids = {tracker.log(f"{experiment}-{i}", Logged()) for i in range(2)}
        other = tracker.log(f"other-{experiment}", Logged())

        def listed(*names: str, everything: bool = False) -> set[str]:
            return {listing.id for listing in tracker.adapter.list_runs(Query(names, everything=everything))}

        assert listed(f"{experiment}-*") == ids
        assert listed(f"{experiment}-0", f"other-{experiment}") == {*(ids - listed(f"{experiment}-1")), other}
        assert {*ids, other} <= listed(everything=True)
        assert listed(f"{experiment}-none-*") == set()

    def test_an_experiment_that_does_not_exist_is_said(self, tracker: Tracker, experiment: str) -> None:
        with pytest.raises(UnknownRunError, match=experiment):
            list(tracker.adapter.list_runs(Query((experiment,))))

    def test_a_scope_is_asked_for(self, tracker: Tracker) -> None:
        with pytest.raises(QueryError, match="no runs selected"):
            list(tracker.adapter.list_runs(Query()))

    def test_a_filter_passes_through_and_a_bad_one_is_refused(self, tracker: Tracker, experiment: str) -> None:
        if not tracker.good_filter:
            pytest.skip("the tracker has no filter")
        run_id = tracker.log(experiment, Logged())
        tracker.log(experiment, Logged(params={"lr": "0.2"}))
        found = tracker.adapter.list_runs(Query((experiment,), filter=tracker.good_filter))
        assert [listing.id for listing in found] == [run_id]
        with pytest.raises(QueryError):
            list(tracker.adapter.list_runs(Query((experiment,), filter=tracker.bad_filter)))

    def test_unknown_and_deleted_runs_are_said_in_one_line(self, tracker: Tracker, experiment: str) -> None:
        gone = tracker.log(experiment, Logged())
        tracker.delete(gone)
        for run_id in (gone, "0" * 32, "no such/run'"):
            with pytest.raises(UnknownRunError) as caught:
                tracker.adapter.find_run(run_id)
            assert "\n" not in str(caught.value)

    # Writing

    def test_a_diagnosis_is_seen_in_the_tracker(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        tracker.adapter.write(run_id, FIRST)
        assert tracker.written(run_id) == {**FIRST.tags, "fingerprint": "f1"}
        assert tracker.files(run_id) == FIRST.artifacts
        assert _ours(tracker.adapter.find_run(run_id)) == _ours(next(tracker.adapter.list_runs(Query((experiment,)))))

    def test_a_later_diagnosis_replaces_the_earlier_one(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        tracker.adapter.write(run_id, FIRST)
        tracker.adapter.write(run_id, SECOND)
        assert tracker.written(run_id) == {**SECOND.tags, "fingerprint": "f2"}
        assert tracker.files(run_id) == SECOND.artifacts

    def test_writing_twice_is_writing_once(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        tracker.adapter.write(run_id, FIRST)
        before = tracker.written(run_id), tracker.files(run_id), tracker.users(run_id)
        tracker.adapter.write(run_id, FIRST)
        assert (tracker.written(run_id), tracker.files(run_id), tracker.users(run_id)) == before

    def test_what_is_the_users_stays(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        tracker.tag(run_id, "ignore", "LC104")
        tracker.tag(run_id, "control", "group-a")
        tracker.add_file(run_id, "diagnosis/profile.json", b'{"rows": 3}')
        tracker.add_file(run_id, "diagnosis/model.json", b'{"optimizer": "SGD"}')
        tracker.add_file(run_id, "diagnosis/notes.txt", b"mine")
        tracker.add_file(run_id, "model/weights.bin", b"\0\1")
        before = tracker.users(run_id)
        mine = {"profile.json": b'{"rows": 3}', "model.json": b'{"optimizer": "SGD"}', "notes.txt": b"mine"}
        tracker.adapter.write(run_id, FIRST)
        tracker.adapter.write(run_id, SECOND)
        assert tracker.files(run_id) == {**SECOND.artifacts, **mine}
        tracker.adapter.remove(run_id)
        assert tracker.files(run_id) == mine
        assert tracker.written(run_id) == {"ignore": "LC104", "control": "group-a"}
        assert tracker.users(run_id) == before

    def test_a_running_run_goes_on(self, tracker: Tracker, experiment: str) -> None:
        if not tracker.keeps_times:
            pytest.skip("the tracker's client sets the status itself")
        run_id = tracker.log(experiment, Logged(status="RUNNING", end=None))
        before = tracker.users(run_id)
        tracker.adapter.write(run_id, FIRST)
        assert tracker.users(run_id) == before
        assert tracker.adapter.find_run(run_id).status == "RUNNING"

    def test_removing_leaves_no_trace(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        before = tracker.users(run_id)
        tracker.adapter.write(run_id, FIRST)
        removal = tracker.adapter.remove(run_id)
        assert (removal.tags, removal.artifacts, removal.left) == (len(FIRST.tags) + 1, 3, ())
        assert (tracker.written(run_id), tracker.files(run_id)) == ({}, {})
        assert tracker.users(run_id) == before
        again = tracker.adapter.remove(run_id)
        assert (again.tags, again.artifacts, again.left) == (0, 0, ())

    def test_a_long_value_is_cut_and_many_tags_are_taken(self, tracker: Tracker, experiment: str) -> None:
        run_id = tracker.log(experiment, Logged())
        tags = {f"t{i}": str(i) for i in range(150)}
        tracker.adapter.write(run_id, Diagnosis({**tags, "summary": "x" * 20_000}, {}, "f"))
        written = dict(tracker.written(run_id))
        summary = written.pop("summary")
        assert summary.endswith("…")
        assert len(summary) <= 8000
        assert written == {**tags, "fingerprint": "f"}

    def test_writing_to_a_run_that_is_not_there_is_said(self, tracker: Tracker) -> None:
        with pytest.raises(UnknownRunError):
            tracker.adapter.write("0" * 32, FIRST)
        with pytest.raises(UnknownRunError):
            tracker.adapter.remove("0" * 32)


def _ours(listing: Listing) -> dict[str, str]:
    return {key: value for key, value in listing.tags.items() if key.startswith("diag")}
