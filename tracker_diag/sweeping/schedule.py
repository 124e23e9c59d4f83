"""Repeats a sweep: every so often, or as a crontab line says. Times and threads are APScheduler's."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LOOK = 5.0
"""Seconds between two looks at the clock."""
JUMP = 30.0
"""Seconds by which the clock must have jumped for the next sweep to be set anew; less is drift and slewing."""


class ScheduleError(ValueError):
    """A schedule that cannot be kept; one line that says how to write it."""


def every(seconds: float) -> BaseTrigger:
    """Fire after each interval.

    Raises
    ------
    ScheduleError
        If the interval is shorter than a second.
    """
    from apscheduler.triggers.interval import IntervalTrigger

    if not seconds >= 1:
        raise ScheduleError(f"an interval of {seconds:g} s is too short: give at least 1s, such as 15m")
    return IntervalTrigger(seconds=round(seconds))


def cron(line: str) -> BaseTrigger:
    """Fire as crontab's five fields say, in local time; where day and weekday are both given, both must hold.

    Raises
    ------
    ScheduleError
        If the fields cannot be read.
    """
    from apscheduler.triggers.cron import CronTrigger

    fields = line.split()
    if len(fields) != 5:
        raise ScheduleError(f"--cron {line!r}: write five fields (minute hour day month weekday)")
    minute, hour, day, month, weekday = fields
    try:
        return CronTrigger(minute=minute, hour=hour, day=day, month=month, day_of_week=_weekdays(weekday))
    except ValueError as error:
        raise ScheduleError(f"--cron {line!r}: {error}") from None


def repeat(work: Callable[[], None], trigger: BaseTrigger, stop: threading.Event, *, at_once: bool = False) -> None:
    """Do the work at each firing until ``stop`` is set, and return when the one in hand is done.

    A firing that comes while the last one is still at work is left out; several that were missed count as one. When the
    clock jumps, the next time is at once: a sweep too many costs little, one that waits for a lost day, the day.

    Parameters
    ----------
    work : callable
        Has to deal with its own errors.
    trigger : BaseTrigger
        From ``every`` or ``cron``.
    stop : threading.Event
        Set from another thread or a signal's handler.
    at_once : bool
        Whether the first time is now.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    scheduler = BackgroundScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
    job = scheduler.add_job(work, trigger)
    if at_once:
        job.modify(next_run_time=_now())
    offset = time.time() - time.monotonic()
    scheduler.start()
    try:
        while not stop.wait(LOOK):
            if abs(time.time() - time.monotonic() - offset) > JUMP:
                offset = time.time() - time.monotonic()
                job.modify(next_run_time=_now())
    finally:
        scheduler.shutdown(wait=True)


def _now() -> datetime:
    return datetime.now().astimezone()


def _weekdays(field: str) -> str:
    # Crontab counts from Sunday, APScheduler from Monday, and its ranges do not pass the week's end: name the days.
    if field == "*":
        return field
    days: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        start, end = (0, 6) if span == "*" else (_day(first), _day(last if dash else first))
        if end < start:
            end += 7
        days |= {day % 7 for day in range(start, end + 1, int(step or 1))}
    return ",".join(_DAYS[day] for day in sorted(days))


def _day(word: str) -> int:
    if word in _DAYS:
        return _DAYS.index(word)
    if word.isdecimal() and int(word) <= 7:
        return int(word)
    raise ValueError(f"no weekday {word!r}: use 0 to 7, or sun to sat")
