from __future__ import annotations

from dataclasses import replace

import pytest

from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.result import Row
from tracker_diag.sweeping.spending import Spending, in_words, spending

ROW = Row("a", "cnn", "vision", None, "overfitting", Severity.WARNING, "", "…", news=True)
LATE = replace(ROW, wasted=5400.0, gpus=2)
LOST = replace(ROW, severity=Severity.ERROR, wasted=7200.0)
GREEN = replace(ROW, severity=Severity.OK, wasted=0.0)


def test_what_was_lost_and_what_came_too_late_are_apart() -> None:
    assert spending([LATE, LOST, GREEN, ROW]) == Spending(7200.0, 5400.0, 10800.0, 1)
    assert spending([]) == Spending()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [LATE, LOST],
            "Wasted 3 h 30 min, 3.0 GPU hours: 2 h in runs with an error and 1 h 30 min after the best checkpoint.",
        ),
        ([LOST, ROW], "Wasted 2 h: 2 h in runs with an error (no time known for 1 run)."),
        ([replace(LATE, gpus=0)], "Wasted 1 h 30 min: 1 h 30 min after the best checkpoint."),
        ([GREEN, ROW], ""),
        ([replace(LATE, wasted=30.0)], ""),
    ],
)
def test_it_is_said_in_hours(rows: list[Row], said: str) -> None:
    assert in_words(spending(rows)) == said
