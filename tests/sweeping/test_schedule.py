from __future__ import annotations

import threading
import time
from datetime import datetime

import pytest

from tracker_diag.sweeping.schedule import ScheduleError, cron, every, repeat

MONDAY = datetime(2026, 6, 1, 12, 0).astimezone()


def _next_days(line: str, n: int) -> list[str]:
    trigger, days, last, now = cron(line), [], None, MONDAY
    for _ in range(n):
        last = trigger.get_next_fire_time(last, now)
        assert last is not None
        now = last
        days.append(last.strftime("%a %H:%M"))
    return days


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("*/15 * * * *", ["Mon 12:00", "Mon 12:15", "Mon 12:30"]),
        ("0 6 * * 0", ["Sun 06:00", "Sun 06:00"]),
        ("0 6 * * 7", ["Sun 06:00", "Sun 06:00"]),
        ("0 18 * * 1-5", ["Mon 18:00", "Tue 18:00", "Wed 18:00", "Thu 18:00", "Fri 18:00", "Mon 18:00"]),
        ("0 18 * * mon-fri", ["Mon 18:00", "Tue 18:00", "Wed 18:00", "Thu 18:00", "Fri 18:00", "Mon 18:00"]),
        ("0 18 * * 5-7", ["Fri 18:00", "Sat 18:00", "Sun 18:00"]),
        ("0 18 * * */3", ["Wed 18:00", "Sat 18:00", "Sun 18:00"]),
        ("0 18 * * 1,3", ["Mon 18:00", "Wed 18:00", "Mon 18:00"]),
    ],
)
def test_a_crontab_line_means_what_cron_means_by_it(line: str, days: list[str]) -> None:
    assert _next_days(line, len(days)) == days


@pytest.mark.parametrize(
    "line", ["", "* * * *", "61 * * * *", "x * * * *", "* * * * 8", "* * * * noday", "* * * * 1/0"]
)
def test_a_line_that_is_none_is_refused_in_one_line(line: str) -> None:
    with pytest.raises(ScheduleError, match=r"^--cron ") as refusal:
        cron(line)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("seconds", [0, -1, 0.2, float("nan")])
def test_an_interval_of_nothing_is_refused(seconds: float) -> None:
    with pytest.raises(ScheduleError, match="at least 1s"):
        every(seconds)


def test_work_is_repeated_and_never_overlaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_diag.sweeping.schedule.LOOK", 0.05)
    stop = threading.Event()
    spans: list[tuple[float, float]] = []

    def work() -> None:
        begin = time.monotonic()
        time.sleep(1.3)  # longer than the interval
        spans.append((begin, time.monotonic()))
        if len(spans) == 2:
            stop.set()

    repeat(work, every(1), stop)
    assert len(spans) == 2
    assert spans[0][1] <= spans[1][0]


def test_the_work_in_hand_is_finished_before_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_diag.sweeping.schedule.LOOK", 0.05)
    stop = threading.Event()
    finished = False

    def work() -> None:
        nonlocal finished
        stop.set()
        time.sleep(0.5)
        finished = True

    repeat(work, every(3600), stop, at_once=True)
    assert finished


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_does_not_end_the_repetition(monkeypatch: pytest.MonkeyPatch, jump: float) -> None:
    """The system clock cannot be set by a test: the two libraries' views of it are moved instead."""
    monkeypatch.setattr("tracker_diag.sweeping.schedule.LOOK", 0.05)
    moved = 0.0
    real_time = time.time

    class Moved(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(real_time() + moved, tz)  # type: ignore[arg-type]

    monkeypatch.setattr("tracker_diag.sweeping.schedule.time.time", lambda: real_time() + moved)
    monkeypatch.setattr("tracker_diag.sweeping.schedule.datetime", Moved)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Moved)
    monkeypatch.setattr("apscheduler.triggers.interval.datetime", Moved)
    stop = threading.Event()
    times: list[float] = []

    def work() -> None:
        nonlocal moved
        times.append(time.monotonic())
        moved = jump
        if len(times) == 3:
            stop.set()

    watch = threading.Timer(20, stop.set)
    watch.start()
    repeat(work, every(1), stop, at_once=True)
    watch.cancel()
    assert len(times) == 3
