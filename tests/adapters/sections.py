"""What every tracker keeps whose descriptions hold sections: inherit :class:`SectionContract`, define a ``tracker``."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Protocol

import pytest

from tests.adapters.contract import FIRST, SECOND, Logged, Tracker
from tracker_diag.adapters.base import Query
from tracker_diag.core import section
from tracker_diag.core.section import State

NOTE = (
    "**Diagnosis: overfitting** (warning) – “29%”\n\n| change | from | to |\n| --- | --- | --- |\n| lr | 0.1 | 0.01 |"
)
NOTED = replace(FIRST, note=NOTE)
LATER = replace(SECOND, note="**Diagnosis: healthy** (ok)")


class DescribingTracker(Tracker, Protocol):
    """A real tracker whose runs have descriptions."""

    def describe(self, run_id: str, text: str) -> None:
        """Write a description as a person would."""

    def description(self, run_id: str) -> str | None:
        """The description as the tracker holds it; None where there is none at all."""


class SectionContract:
    """Inherit, and define a fixture ``tracker``."""

    @pytest.fixture
    def run_id(self, tracker: DescribingTracker) -> str:
        self.experiment = f"sections-{uuid.uuid4().hex[:12]}"
        return tracker.log(self.experiment, Logged())

    def test_nobody_asked(self, tracker: DescribingTracker, run_id: str) -> None:
        tracker.adapter.write(run_id, FIRST)
        assert tracker.description(run_id) is None

    @pytest.mark.parametrize(
        "text",
        [None, "mine", "mine\n", "mine\n\n", "\n mine \r\n\r\n", "<!-- mine -->\n# “é” 😀", "x" * 1000],
        ids=["none", "one line", "a line end", "two", "odd ends", "marks and letters", "long"],
    )
    def test_a_description_is_restored_byte_for_byte(
        self, tracker: DescribingTracker, run_id: str, text: str | None
    ) -> None:
        if text is not None:
            tracker.describe(run_id, text)
        kept, before = tracker.description(run_id), tracker.users(run_id)
        assert text is None or kept == text
        tracker.adapter.write(run_id, NOTED)
        assert tracker.description(run_id) == section.with_section(text or "", NOTE)
        (listing,) = tracker.adapter.list_runs(Query((self.experiment,)))
        assert (listing.description, listing.tags.get("diag.fingerprint")) == (tracker.description(run_id), "f1")
        assert tracker.adapter.find_run(run_id).description == listing.description
        tracker.adapter.write(run_id, LATER)
        assert tracker.description(run_id) == section.with_section(text or "", LATER.note or "")
        removal = tracker.adapter.remove(run_id)
        assert (removal.notes, removal.left) == (1, ())
        assert tracker.description(run_id) == kept
        assert tracker.users(run_id) == before
        again = tracker.adapter.remove(run_id)
        assert (again.tags, again.notes, again.left) == (0, 0, ())

    def test_a_diagnosis_without_one_leaves_it(self, tracker: DescribingTracker, run_id: str) -> None:
        tracker.adapter.write(run_id, NOTED)
        kept = tracker.description(run_id)
        tracker.adapter.write(run_id, SECOND)
        assert tracker.description(run_id) == kept

    def test_what_was_written_since_the_run_was_listed_stays(self, tracker: DescribingTracker, run_id: str) -> None:
        tracker.describe(run_id, "first")
        list(tracker.adapter.list_runs(Query((self.experiment,))))
        list(tracker.adapter.load_runs([run_id]))
        tracker.describe(run_id, "second")
        tracker.adapter.write(run_id, NOTED)
        assert tracker.description(run_id) == section.with_section("second", NOTE)
        list(tracker.adapter.list_runs(Query((self.experiment,))))
        tracker.describe(run_id, f"{tracker.description(run_id)}\n\nthird")
        assert tracker.adapter.remove(run_id).notes == 1
        assert tracker.description(run_id) == "second\n\nthird"

    def test_a_section_that_was_edited_is_left_and_told(self, tracker: DescribingTracker, run_id: str) -> None:
        tracker.adapter.write(run_id, NOTED)
        edited = str(tracker.description(run_id)).replace("overfitting", "no, I looked")
        tracker.describe(run_id, edited)
        assert section.state(str(tracker.adapter.find_run(run_id).description)) is State.EDITED
        tracker.adapter.write(run_id, LATER)
        assert tracker.description(run_id) == edited
        assert tracker.written(run_id)["verdict"] == "healthy"
        list(tracker.adapter.list_runs(Query((self.experiment,))))
        removal = tracker.adapter.remove(run_id)
        assert (removal.notes, removal.left) == (0, ("the section in the description, because somebody has edited it",))
        assert removal.tags == len(SECOND.tags) + 1
        assert tracker.description(run_id) == edited

    def test_one_that_was_taken_out_since_is_not_missed(self, tracker: DescribingTracker, run_id: str) -> None:
        tracker.describe(run_id, "mine")
        tracker.adapter.write(run_id, NOTED)
        list(tracker.adapter.list_runs(Query((self.experiment,))))
        tracker.describe(run_id, "mine")
        removal = tracker.adapter.remove(run_id)
        assert (removal.notes, removal.left) == (0, ())
        assert tracker.description(run_id) == "mine"

    def test_a_section_alone_is_taken_out(self, tracker: DescribingTracker, run_id: str) -> None:
        """As somebody leaves it who deletes the tags by hand, or copies a description to another run."""
        tracker.describe(run_id, section.with_section("mine", NOTE))
        list(tracker.adapter.list_runs(Query((self.experiment,))))
        removal = tracker.adapter.remove(run_id)
        assert (removal.tags, removal.notes) == (0, 1)
        assert tracker.description(run_id) == "mine"

    def test_a_long_description_is_left_whole(self, tracker: DescribingTracker, run_id: str) -> None:
        text = "y" * (section.LONGEST - 10)
        tracker.describe(run_id, text)
        tracker.adapter.write(run_id, NOTED)
        assert tracker.description(run_id) == text
        assert tracker.written(run_id)["fingerprint"] == "f1"
