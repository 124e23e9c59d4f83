"""Changes of parameters in words."""

import pytest

from tracker_diag.rules.api import Change, in_words


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (60, 15, "reduce x from 60 to 15"),
        (1e-5, 1e-4, "raise x from 1e-5 to 0.0001"),
        (0.0123456, 0.5, "raise x from 0.0123456 to 0.5"),
        (0, 0.3, "raise x from 0 to 0.3"),
        (None, 0.3, "set x to 0.3"),
        (12_000, 500, "reduce x from 12,000 to 500"),
    ],
)
def test_a_change_names_both_values_as_they_are_logged(before, after, said):
    assert in_words((Change("x", before, after),)) == said


def test_several_changes_are_joined():
    changes = (Change("lr", 1, 0.1), Change("dropout", None, 0.2))
    assert in_words(changes) == "reduce lr from 1 to 0.1 and set dropout to 0.2"
    assert in_words(()) == ""
