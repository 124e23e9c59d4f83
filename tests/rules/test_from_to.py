"""From where to where the curves went, in words."""

from __future__ import annotations

import math

import pytest

from tracker_diag.evidence.baseline import Explained
from tracker_diag.rules.from_to import beside_guessing, ends, from_to, reference


def went(train: float, val: float, baseline: float = 2.0, bottom: float = 0.0, *, known: bool = True) -> Explained:
    return Explained(baseline, bottom, known, 0.0, train, train, 0.0, val, val)


@pytest.mark.parametrize(
    ("explained", "said"),
    [
        (
            went(0.95, -0.5),
            "validation loss went from about 2 to 3, training loss went from about 2 to 0.1 (chance level 2)",
        ),
        (
            went(0.95, 0.5, known=False),
            "validation loss went from about 2 to 1, training loss went from about 2 to 0.1",
        ),
        (went(0.95, math.nan), "training loss went from about 2 to 0.1 (chance level 2)"),
        (went(math.nan, 0.5), "validation loss went from about 2 to 1 (chance level 2)"),
        (
            went(1.0, 0.0, -0.1, -1.0),
            "validation score stayed at about 0.1, training score went from about 0.1 to 1 (chance level 0.1)",
        ),
    ],
)
def test_says_where_each_side_went(explained: Explained, said: str) -> None:
    assert from_to(explained) == said


def test_names_the_level_that_shares_are_of() -> None:
    assert reference(went(0.5, 0.5)) == "chance level"
    assert reference(went(0.5, 0.5, known=False)) == "the initial level (2)"


@pytest.mark.parametrize(
    ("explained", "said"),
    [(went(0.95, -0.5), "3 against 0.1"), (went(1.0, 0.0, -0.1, -1.0), "0.1 against 1")],
)
def test_says_where_both_sides_ended(explained: Explained, said: str) -> None:
    assert ends(explained) == said


@pytest.mark.parametrize(
    ("times", "said"), [(0.0, "0, below random guessing"), (0.23, "only 23% of that of random guessing")]
)
def test_says_how_far_below_guessing_an_accuracy_lies(times: float, said: str) -> None:
    assert beside_guessing(times) == said
