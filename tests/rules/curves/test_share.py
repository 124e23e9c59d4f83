"""Effects in words."""

from __future__ import annotations

import pytest

from tracker_diag.rules.curves._share import of_improvement


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.8, "80% of the improvement achieved"),
        (9.9, "990% of the improvement achieved"),
        (17.2, "17.2 times the improvement achieved"),
        (4e6, "over a thousand times the improvement achieved"),
    ],
)
def test_a_share_or_a_multiple(share: float, words: str) -> None:
    assert of_improvement(share) == words
