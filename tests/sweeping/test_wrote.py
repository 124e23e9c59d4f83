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
        (Listing("a"), None, False, "wrote to run 'a': 3 dx.* tags"),
        (
            Listing("a", experiment="vision", name="cnn"),
            "http://h/#/x",
            True,
            "wrote to run 'cnn' (vision): 3 dx.* tags, 1 file in diagnosis/; http://h/#/x",
        ),
        (Listing("a", name="x\x1b\n"), "javascript:1", False, "wrote to run 'x\\x1b ': 3 dx.* tags"),
    ],
)
def test_what_and_where(listing: Listing, link: str | None, stored: bool, said: str) -> None:
    assert wrote(listing, DONE, "dx.", link, stored=stored, noted=True) == said


def test_a_section_of_the_description_is_told_where_there_is_one() -> None:
    told = wrote(Listing("a"), replace(DONE, note="**x**"), "diag.", None, stored=True, noted=True)
    assert told == "wrote to run 'a': 3 diag.* tags, 1 file in diagnosis/, a description section"
    assert "section" not in wrote(Listing("a"), replace(DONE, note="**x**"), "diag.", None, stored=True, noted=False)
