from __future__ import annotations

from dataclasses import replace

import pytest

from tracker_diag.adapters.base import Listing
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.judge import Judgement
from tracker_diag.sweeping.wrote import wrote

DONE = Judgement("a", "overfitting", Severity.WARNING, {"verdict": "x", "severity": "y"}, {"report.json": b"{}"})


@pytest.mark.parametrize(
    ("listing", "link", "stored", "said"),
    [
        (Listing("a"), None, False, "wrote 3 tags dx.* onto a"),
        (
            Listing("a", experiment="vision", name="cnn"),
            "http://h/#/x",
            True,
            "wrote 3 tags dx.* and 1 file diagnosis/ (report.json) onto cnn in vision: http://h/#/x",
        ),
        (Listing("a", name="x\x1b\n"), "javascript:1", False, "wrote 3 tags dx.* onto x\\x1b "),
    ],
)
def test_what_and_where(listing: Listing, link: str | None, stored: bool, said: str) -> None:
    assert wrote(listing, DONE, "dx.", link, stored=stored, noted=True) == said


def test_a_section_of_the_description_is_told_where_there_is_one() -> None:
    told = wrote(Listing("a"), replace(DONE, note="**x**"), "diag.", None, stored=True, noted=True)
    assert told == ("wrote 3 tags diag.*, 1 file diagnosis/ (report.json) and a section of the description onto a")
    assert "section" not in wrote(Listing("a"), replace(DONE, note="**x**"), "diag.", None, stored=True, noted=False)
