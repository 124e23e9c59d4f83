"""What another value of a parameter brings, in words."""

from __future__ import annotations

import pytest

from tracker_diag.comparison.comparison import Alternative
from tracker_diag.comparison.sibling import Measure
from tracker_diag.evidence.beside_siblings import Gain
from tracker_diag.rules.gains import change, shows


def alternative(*tied: str, before: float = 0.1, after: float = 0.01) -> Alternative:
    return Alternative("lr", "learning_rate", before, after, 0.2, 0.3, None, 0, tied)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (alternative(), "lower lr from 0.1 to 0.01"),
        (alternative(before=4, after=9), "raise lr from 4 to 9"),
        (alternative(before=9, after=4), "reduce lr from 9 to 4"),
        (alternative("momentum"), "take over the values for lr and momentum"),
        (alternative("momentum", "epochs"), "take over the values for lr, momentum and epochs"),
    ],
)
def test_what_to_change(one: Alternative, said: str) -> None:
    assert change(one) == said


def test_parameters_that_changed_together_are_not_said_to_have_the_same_value() -> None:
    said = shows(Gain(alternative("momentum", "epochs"), 0.5, 0.4, 10.0), Measure("val_loss"))
    assert said.startswith("with other values of lr, momentum and epochs, a model fitted")


def test_of_one_parameter_nothing_else_changed() -> None:
    said = shows(Gain(alternative(), 0.5, 0.4, 10.0), Measure("val_loss"))
    assert said.startswith("with lr 0.01 instead of 0.1 and nothing else changed, ")
