"""Where the curves end, in words."""

from __future__ import annotations

import math

import pytest

from tracker_diag.evidence.baseline import Explained
from tracker_diag.rules.at_the_end import at_the_end, reference


def ended(train: float, val: float, baseline: float = 2.0, bottom: float = 0.0, *, known: bool = True) -> Explained:
    return Explained(baseline, bottom, known, 0.0, train, train, 0.0, val, val)


@pytest.mark.parametrize(
    ("explained", "said"),
    [
        (ended(0.95, -0.5), "validation loss ends near 3, training loss near 0.1 (chance level 2)"),
        (ended(0.95, 0.5, known=False), "validation loss ends near 1, training loss near 0.1"),
        (ended(0.95, math.nan), "training loss ends near 0.1 (chance level 2)"),
        (ended(math.nan, 0.5), "validation loss ends near 1 (chance level 2)"),
        (ended(1.0, 0.0, -0.1, -1.0), "validation score ends near 0.1, training score near 1 (chance level 0.1)"),
    ],
)
def test_says_where_each_side_ends(explained: Explained, said: str) -> None:
    assert at_the_end(explained) == said


def test_names_the_level_that_shares_are_of() -> None:
    assert reference(ended(0.5, 0.5)) == "chance level"
    assert reference(ended(0.5, 0.5, known=False)) == "the initial level"
