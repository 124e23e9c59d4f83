"""What the page of an experiment shows: its runs, and what follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tracker_diag.core.finding import Severity
from tracker_diag.core.report import Report
from tracker_diag.stats.contrasts import Contrasts

NOT_DIAGNOSED = "not diagnosed"
"""Stands for the verdict of a run that has none."""
FIRST_LOOKS = 12
"""Runs that are drawn."""

_HOUR = 3600.0
_PERIODS = (_HOUR, 24 * _HOUR, 7 * 24 * _HOUR, 28 * 24 * _HOUR, 364 * 24 * _HOUR)
_MOST_PERIODS = 32
_MONDAY = 4 * 24 * _HOUR  # the first one after the epoch, which was a Thursday
_LAST_MOMENT = 2.0**32  # in the year 2106: later ones come from no clock


@dataclass(frozen=True, slots=True)
class Row:
    """One run.

    Attributes
    ----------
    id, name : str
        The run's; the name is empty where it has none.
    link : str or None
        Its address in the tracker's UI, where there is one.
    verdict : str
        Empty where it could not be diagnosed.
    severity : Severity or None
        None where it could not be diagnosed.
    cause, summary : str
        The most likely cause, where something is wrong, and one line.
    start, end : float or None
        Seconds since the epoch.
    seconds : float or None
        Between the two.
    wasted : float or None
        Seconds that bought nothing: all of a lost run, what came after the best checkpoint of another. None where
        nobody knows how many.
    outcome : float or None
        The last value of the experiment's measure; not finite where the run diverged, None where it did not log it.
    status : str
        RUNNING, SCHEDULED, FINISHED, FAILED or KILLED.
    params : mapping of str to value
        Those of the overview's parameters that it logged, flat and parsed.
    """

    id: str
    name: str = ""
    link: str | None = None
    verdict: str = ""
    severity: Severity | None = None
    cause: str = ""
    summary: str = ""
    start: float | None = None
    end: float | None = None
    seconds: float | None = None
    wasted: float | None = 0.0
    outcome: float | None = None
    status: str = "FINISHED"
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> float | None:
        """When it ended, or else began; None for what no clock shows."""
        time = self.start if self.end is None else self.end
        return clocked(time)

    @property
    def rank(self) -> int:
        """0 for ok … 3 for error; -1 where it could not be diagnosed."""
        return -1 if self.severity is None else self.severity.rank

    @property
    def is_lost(self) -> bool:
        """Whether all of it was in vain."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, slots=True)
class Measure:
    """The metric by which the runs are compared.

    Attributes
    ----------
    name : str
        What is measured, in words.
    unit : str
        Empty where it is not known.
    better : {"min", "max"}
        Which way it gets better.
    """

    name: str
    unit: str = ""
    better: Literal["min", "max"] = "min"


@dataclass(frozen=True, slots=True)
class Period:
    """Runs that ended within one hour, day, week, four weeks or 52 weeks.

    Attributes
    ----------
    start, length : float
        Seconds since the epoch, seconds.
    verdicts : mapping of str to int
        Runs by verdict.
    """

    start: float
    length: float
    verdicts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Spent:
    """Where the time went, in seconds.

    Attributes
    ----------
    total : float
        All runs that have ended.
    lost : float
        Runs whose severity is error, from beginning to end.
    after_best : float
        The other runs, after their best checkpoint.
    unknown : int
        Runs of which it is not known what they wasted.
    """

    total: float
    lost: float
    after_best: float
    unknown: int


@dataclass(frozen=True, slots=True)
class Overview:
    """One experiment, as of one moment.

    Attributes
    ----------
    experiment, tracker : str
        Its name, and the tracker's in a few words.
    as_of : float or None
        The latest start or end among its runs, seconds since the epoch.
    rows : tuple of Row
        Its runs, worst first.
    measure : Measure or None
        The metric of the outcomes; None where no run logged one that can be compared.
    contrasts : Contrasts or None
        Effects of the parameters on the outcome, oriented so that less is better.
    compared : int
        Runs that these rest on: the largest group that can be compared, as far as they have ended.
    parameters : tuple of str
        Those that vary among them, as they are shown of each run: by effect, seeds last.
    first_looks : tuple of Report
        The runs to look at first, with their curves.
    unread : int
        Runs that could not be read.
    version : str
        Of tracker_diag.
    """

    experiment: str
    tracker: str
    as_of: float | None = None
    rows: tuple[Row, ...] = ()
    measure: Measure | None = None
    contrasts: Contrasts | None = None
    compared: int = 0
    parameters: tuple[str, ...] = ()
    first_looks: tuple[Report, ...] = ()
    unread: int = 0
    version: str = ""

    @property
    def severities(self) -> Mapping[str, int]:
        """Runs by severity, worst first; those that could not be diagnosed last."""
        counts = Counter(str(row.severity or NOT_DIAGNOSED) for row in self.rows)
        order = [*map(str, reversed(Severity)), NOT_DIAGNOSED]
        return {name: counts[name] for name in order if counts[name]}

    @property
    def verdicts(self) -> Mapping[str, int]:
        """Runs by verdict, most frequent first."""
        return _counted(row.verdict or NOT_DIAGNOSED for row in self.rows)

    @property
    def causes(self) -> Mapping[str, int]:
        """Runs by their most likely cause, most frequent first."""
        return _counted(row.cause for row in self.rows if row.cause)

    @property
    def spent(self) -> Spent:
        """Where the time went."""
        return Spent(
            total=sum(clocked(row.seconds) or 0.0 for row in self.rows),
            lost=sum(clocked(row.wasted) or 0.0 for row in self.rows if row.is_lost),
            after_best=sum(clocked(row.wasted) or 0.0 for row in self.rows if not row.is_lost),
            unknown=sum(clocked(row.wasted) is None for row in self.rows),
        )

    @property
    def periods(self) -> tuple[Period, ...]:
        """Verdicts over time, without a gap, in the shortest periods that make at most 32; runs without a time go."""
        timed = [(time, row.verdict or NOT_DIAGNOSED) for row in self.rows if (time := row.changed) is not None]
        if not timed:
            return ()
        first, last = min(timed)[0], max(timed)[0]
        length = next((x for x in _PERIODS if _place(last, x) - _place(first, x) < _MOST_PERIODS), _PERIODS[-1])
        begin = _place(first, length)
        counts = [Counter[str]() for _ in range(_place(last, length) - begin + 1)]
        for time, verdict in timed:
            counts[_place(time, length) - begin][verdict] += 1
        return tuple(Period((begin + i) * length + _MONDAY, length, dict(n)) for i, n in enumerate(counts))


def clocked(seconds: float | None) -> float | None:
    """Take a time, or a span of it; None for what no clock shows."""
    return seconds if seconds is not None and 0 <= seconds < _LAST_MOMENT else None


def worst_first(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Order runs as they are listed: by severity, verdict and cause, the longest first."""
    return tuple(sorted(rows, key=lambda r: (-r.rank, r.verdict, r.cause, -(clocked(r.seconds) or 0.0), r.id)))


def first_looks(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Choose the runs to look at first: of each trouble the run that cost most, then the next of each, and so on.

    Parameters
    ----------
    rows : sequence of Row
        In any order.

    Returns
    -------
    tuple of Row
        At most ``FIRST_LOOKS`` of severity warning or error.
    """
    turns: Counter[tuple[str, str]] = Counter()
    queue: list[tuple[int, int, Row]] = []
    for row in sorted(rows, key=lambda r: (-r.rank, -(clocked(r.wasted) or 0.0), -(clocked(r.seconds) or 0.0), r.id)):
        if row.rank >= Severity.WARNING.rank:
            queue.append((turns[row.verdict, row.cause], len(queue), row))
            turns[row.verdict, row.cause] += 1
    return tuple(row for _, _, row in sorted(queue, key=lambda entry: entry[:2])[:FIRST_LOOKS])


def _counted(words: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(words).items(), key=lambda x: (-x[1], x[0])))


def _place(time: float, length: float) -> int:
    return int((time - _MONDAY) // length)
