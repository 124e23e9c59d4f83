"""What every tracker that holds overviews keeps: inherit :class:`OverviewContract`, define a ``tracker``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.contract import Logged, Tracker
from tests.report.conftest import PAYLOAD
from tracker_diag.adapters.base import Listing, Query, UnknownRunError
from tracker_diag.adapters.overviews import EXPERIMENT, Publication, Publisher, is_overview

FILES = {"experiment.html": b"<p>one</p>" * 500, "experiment.csv": b"id\r\n"}


class OverviewContract:
    """Inherit, and define a fixture ``tracker`` of a store that holds no overview yet."""

    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Clients of trackers put what has no other place into a folder here."""
        monkeypatch.chdir(tmp_path)

    @pytest.fixture
    def publisher(self, tracker: Tracker) -> Publisher:
        assert isinstance(tracker.adapter, Publisher)
        return tracker.adapter

    def found(self, tracker: Tracker) -> list[Listing]:
        """What lies in the experiment of overviews."""
        try:
            return [run for run in tracker.adapter.list_runs(Query((EXPERIMENT,))) if isinstance(run, Listing)]
        except UnknownRunError:
            return []

    def test_an_overview_is_a_run_that_says_what_it_is(
        self, tracker: Tracker, publisher: Publisher, capsys: pytest.CaptureFixture[str]
    ) -> None:
        tracker.log("a", Logged())
        capsys.readouterr()
        run_id = publisher.publish(Publication("a", {"runs": 3.0, "verdict/good-fit": 2.0}, FILES))
        assert capsys.readouterr().out == ""
        (listing,) = self.found(tracker)
        assert listing.id == run_id
        assert is_overview(listing.tags, "diag.", {"a"})
        assert not is_overview(listing.tags, "diag.", {"b"})
        assert {name: value for name, (_, value) in listing.latest.items()} == {"runs": 3.0, "verdict/good-fit": 2.0}
        assert tracker.files(run_id) == FILES

    def test_the_next_one_is_a_step_on_the_same_run(self, tracker: Tracker, publisher: Publisher) -> None:
        tracker.log("a", Logged())
        first = publisher.publish(Publication("a", {"runs": 3.0, "verdict/good-fit": 3.0}, FILES))
        second = publisher.publish(Publication("a", {"runs": 4.0, "verdict/frozen": 4.0}, {"experiment.html": b"two"}))
        assert first == second
        (listing,) = self.found(tracker)
        assert listing.latest == {"runs": (1.0, 4.0), "verdict/good-fit": (1.0, 0.0), "verdict/frozen": (1.0, 4.0)}
        assert tracker.files(first)["experiment.html"] == b"two"

    def test_each_experiment_has_its_own(self, tracker: Tracker, publisher: Publisher) -> None:
        for name in ("a", "b"):
            tracker.log(name, Logged())
        ids = [publisher.publish(Publication(name, {"runs": 1.0}, FILES)) for name in ("a", "b", "a")]
        assert ids[0] == ids[2] != ids[1]
        assert len(self.found(tracker)) == 2

    @pytest.mark.parametrize("name", ['it\'s "quoted" `so`', PAYLOAD.partition("\x1b")[0], "ü" * 200, "a b"])
    def test_whatever_the_experiment_is_called(self, tracker: Tracker, publisher: Publisher, name: str) -> None:
        ids = {publisher.publish(Publication(name, {"runs": 1.0}, FILES)) for _ in range(2)}
        assert len(ids) == 1
        assert publisher.withdraw({"another"}) == 0
        assert publisher.withdraw({name}) == 1
        assert self.found(tracker) == []

    def test_only_the_overviews_asked_for_are_deleted(self, tracker: Tracker, publisher: Publisher) -> None:
        kept = tracker.log("a", Logged())
        beside = tracker.log(EXPERIMENT, Logged())
        control = tracker.log(EXPERIMENT, Logged())
        tracker.tag(control, "control", "overview")
        marked = tracker.log("a", Logged())
        tracker.tag(marked, "control", "overview")
        tracker.tag(marked, "overview-of", "a")
        for name in ("a", "b", "c"):
            publisher.publish(Publication(name, {"runs": 1.0}, FILES))
        assert publisher.withdraw({"a", "x"}) == 1
        assert publisher.withdraw({"a"}) == 0
        assert publisher.withdraw(None) == 2
        assert {run.id for run in self.found(tracker)} == {beside, control}
        assert {kept, marked} <= {run.id for run in tracker.adapter.list_runs(Query(("a",)))}

    def test_where_there_are_none_none_are_deleted(self, publisher: Publisher) -> None:
        assert publisher.withdraw(None) == publisher.withdraw({"a"}) == 0

    def test_one_that_was_deleted_is_made_anew(self, tracker: Tracker, publisher: Publisher) -> None:
        tracker.log("a", Logged())
        publisher.publish(Publication("a", {"runs": 1.0}, FILES))
        publisher.withdraw(None)
        publisher.publish(Publication("a", {"runs": 2.0}, FILES))
        (listing,) = self.found(tracker)
        assert listing.latest == {"runs": (0.0, 2.0)}
