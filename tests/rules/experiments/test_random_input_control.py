"""EX901 random-input-control."""

from __future__ import annotations

import pytest

from tests.rules.runs import found
from tests.siblings import beside, experiment, member
from tracker_diag.core.controlled import RANDOM_INPUT, tags

CODE = "EX901"


def control(end: float) -> object:
    return member(id="c", name="noise", end=end, tags=tags(RANDOM_INPUT))


def test_a_control_that_does_as_well_is_a_warning() -> None:
    seen = found(beside(member(), [*experiment(), control(0.21)]), CODE)  # type: ignore[list-item]
    assert seen is not None
    assert seen.severity == "warning"
    assert "run 'noise', which was trained on random input, at 0.2" in seen.message
    assert "the network seems not to use its input" in seen.message


@pytest.mark.parametrize("end", [0.7, 2.2])
def test_a_control_that_does_worse_is_none(end: float) -> None:
    assert found(beside(member(), [*experiment(), control(end)]), CODE) is None  # type: ignore[list-item]


def test_without_a_control_it_says_what_to_run() -> None:
    report = beside(member(), experiment())
    skip = next(s for s in report.skipped if s.code == CODE)
    assert "random_input" in skip.what_to_log


def test_the_input_matters_where_the_control_is_far_behind() -> None:
    """Whatever else is wrong with a run, its relation to the input is not random."""
    report = beside(member(0.1, 4, 0), [*experiment(), control(2.25)])  # type: ignore[list-item]
    assert "random-relation" not in [c.name for c in report.causes]
