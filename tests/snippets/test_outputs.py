"""Shown output is compared with what came, and renewed from it."""

from __future__ import annotations

import pytest

from tests.snippets.outputs import missing, renewed

CAME = "run 0123456789abcdef0123456789abcdef took 1.2 s\n\nWhat was seen\n  loss 0.5\n  and more\nCauses\n  1. a\n"


@pytest.mark.parametrize(
    "shown",
    [
        "run ffffffffffffffffffffffffffffffff took 33 s\n…\nCauses\n  1. a\n",
        "…\nWhat was seen\n  loss\n  0.5 and more\n…\n",
        "…\n  loss 0.5\n…\n",
    ],
)
def test_what_varies_and_what_is_left_out_does_not_count(shown: str) -> None:
    assert missing(shown, CAME) is None


@pytest.mark.parametrize(
    ("shown", "part"),
    [
        ("…\nWhat was seen\n  loss 0.6\n…\n", "What was seen\n  loss 0.6"),
        ("…\nCauses\n…\nWhat was seen\n…\n", "What was seen"),
        ("…\nWhat was seen\n  and more\n…\n", "What was seen\n  and more"),
        ("Causes\n  1. a\n", "nothing of 'run ID took DURATION What was seen loss 0.5 and more '"),
        ("…\nWhat was seen\n  loss 0.5\n  and more\n", "nothing of ' Causes 1. a'"),
    ],
)
def test_another_number_another_order_and_a_gap_that_is_not_told_are_seen(shown: str, part: str) -> None:
    assert missing(shown, CAME) == part


def test_what_came_takes_the_place_of_what_is_shown_part_by_part() -> None:
    shown = "an old line\n…\nWhat was seen\n  loss 0.7\n…\n"
    assert renewed(shown, CAME) == (
        "run 0123456789abcdef0123456789abcdef took 1.2 s\n…\nWhat was seen\n  loss 0.5\n…\n"
    )
    assert missing(renewed(shown, CAME), CAME) is None
    assert renewed("an old line\n", CAME) == CAME
    with pytest.raises(ValueError, match="no line of the output is 'Verdict'"):
        renewed("…\nVerdict\n", CAME)
