"""When a step is looked at, and that looking stays a small share of the time."""

from __future__ import annotations

import pytest

from tracker_diag.probes import looks
from tracker_diag.probes.looks import Schedule


class Clock:
    """Time that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


def looked_at(monkeypatch: pytest.MonkeyPatch, *, every: int, steps: int, step: float, look: float) -> list[int]:
    """Steps that are looked at in a training whose steps and looks take so many seconds."""
    clock = Clock()
    monkeypatch.setattr(looks, "time", clock)
    schedule = Schedule(every, _started=0.0)
    found = []
    for _ in range(steps):
        due = schedule.due
        clock.now += step
        schedule.step += 1
        if due:
            found.append(schedule.step)
            schedule.begin()
            clock.now += look
            schedule.end()
            schedule.looked()
    return found


def test_often_at_first_then_every_so_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked_at(monkeypatch, every=100, steps=400, step=1.0, look=0.001) == [1, 5, 20, 50, 150, 250, 350]


def test_early_looks_come_no_closer_than_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked_at(monkeypatch, every=10, steps=40, step=1.0, look=0.001) == [1, 5, 15, 25, 35]


def test_looks_that_cost_more_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    step, look, steps = 0.0003, 0.002, 100_000
    found = looked_at(monkeypatch, every=100, steps=steps, step=step, look=look)
    spent = len(found) * look
    assert spent - looks.AT_FIRST <= 1.1 * looks.MOST_OF_TIME * (steps * step + spent)
    assert len(found) > 50


def test_batches_are_looked_at_before_the_step_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = Schedule(100, step=100, _next=150)
    assert not schedule.batch_due
    schedule.step = 150 - looks.BATCHES
    assert schedule.batch_due
    assert Schedule(100, step=looks.FIRST_BATCHES - 1, _next=150).batch_due
