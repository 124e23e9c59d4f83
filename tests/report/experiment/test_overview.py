from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.experiment.conftest import START, large
from tracker_diag.core.finding import Severity
from tracker_diag.report.experiment.overview import FIRST_LOOKS, Overview, Row, first_looks, worst_first

DAY = 86400.0
times = st.none() | st.floats(allow_nan=True) | st.floats(0, 4e9)
severities = st.none() | st.sampled_from(Severity)
rows = st.lists(
    st.builds(
        Row,
        id=st.uuids().map(str),
        verdict=st.sampled_from(("", "good-fit", "overfitting", "diverged")),
        severity=severities,
        cause=st.sampled_from(("", "label-noise", "no-regularisation")),
        start=times,
        end=times,
        seconds=times,
        wasted=times,
    ),
    max_size=30,
)


def overview(*runs: Row) -> Overview:
    return Overview("e", "t", rows=runs)


def test_counts_add_up_and_stand_in_order() -> None:
    shown = large()
    for counts in (shown.severities, shown.verdicts):
        assert sum(counts.values()) == len(shown.rows) == 2000
    assert list(shown.severities) == ["error", "warning", "info", "ok", "not diagnosed"]
    assert list(shown.causes.values()) == sorted(shown.causes.values(), reverse=True)
    assert sum(shown.causes.values()) == sum(bool(row.cause) for row in shown.rows)


def test_what_was_spent_on_lost_runs_is_not_counted_twice() -> None:
    lost = Row("a", severity=Severity.ERROR, seconds=100.0, wasted=100.0)
    late = Row("b", severity=Severity.WARNING, seconds=50.0, wasted=20.0)
    unknown = Row("c", severity=Severity.WARNING, wasted=None)
    spent = overview(lost, late, unknown, Row("d", seconds=30.0)).spent
    assert (spent.total, spent.lost, spent.after_best, spent.unknown) == (180.0, 100.0, 20.0, 1)


@pytest.mark.parametrize(
    ("span", "length", "periods"),
    [(0.0, 3600.0, 1), (5 * 3600.0, 3600.0, 6), (2 * DAY, DAY, 3), (31 * DAY, DAY, 32), (60 * DAY, 7 * DAY, 9)],
)
def test_periods_are_as_short_as_32_of_them_allow(span: float, length: float, periods: int) -> None:
    # A Monday, at the beginning of a day.
    monday = 1_759_708_800.0
    found = overview(Row("a", end=monday), Row("b", end=monday + span)).periods
    assert [p.length for p in found] == [length] * periods
    assert found[0].start <= monday < found[0].start + length
    assert found[0].start % DAY == monday % DAY == 0


def test_weeks_begin_on_monday() -> None:
    found = overview(Row("a", end=START), Row("b", end=START + 60 * DAY)).periods
    assert {p.length for p in found} == {7 * DAY}
    assert found[0].start == 1_759_708_800.0


def test_a_run_that_has_not_ended_counts_when_it_began() -> None:
    (period,) = overview(Row("a", start=START, verdict="good-fit")).periods
    assert period.verdicts == {"good-fit": 1}


@given(rows)
def test_periods_follow_each_other_and_hold_every_run_with_a_time(runs: list[Row]) -> None:
    found = overview(*runs).periods
    assert sum(sum(p.verdicts.values()) for p in found) == sum(row.changed is not None for row in runs)
    assert len(found) <= 137 * 366 / 364 + 1
    for one, other in pairwise(found):
        assert other.start == one.start + one.length


@given(rows, st.randoms())
def test_the_order_of_runs_does_not_depend_on_theirs(runs: list[Row], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(runs, len(runs))
    assert worst_first(shuffled) == worst_first(runs)
    assert first_looks(shuffled) == first_looks(runs)


@given(rows)
def test_only_what_asks_for_a_change_is_looked_at_first_each_once(runs: list[Row]) -> None:
    looks = first_looks(runs)
    bad = [row for row in runs if row.severity in (Severity.WARNING, Severity.ERROR)]
    assert len(looks) == min(len(bad), FIRST_LOOKS)
    assert len({row.id for row in looks}) == len(looks)
    assert {row.id for row in looks} <= {row.id for row in bad}
    kinds = {(row.verdict, row.cause) for row in bad}
    assert {(row.verdict, row.cause) for row in looks} == kinds


def test_of_each_trouble_the_dearest_run_comes_before_the_second_of_any() -> None:
    dear = Row("a", verdict="diverged", severity=Severity.ERROR, wasted=9.0)
    cheap = replace(dear, id="b", wasted=3.0)
    other = Row("c", verdict="overfitting", severity=Severity.WARNING, wasted=100.0)
    assert [row.id for row in first_looks([cheap, other, dear])] == ["a", "c", "b"]
