"""What came of a sweep: of each run that was diagnosed, and of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from tracker_diag.adapters.base import Failure
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.judge import NOTHING, Before

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the scope of a sweep, as its tags say it or will: the same whether it was diagnosed now or before.

    Attributes
    ----------
    id, name, experiment : str
        The run's; the name is empty where it has none.
    link : str or None
        The address of its report in the tracker's UI, where one was stored and that is known; else its own.
    verdict, severity, cause, summary : str
        As its report says them; the cause is the first.
    news : bool
        Its tags said something else, or nothing, before.
    not_stored : str
        Why its report could not be stored; empty if it could, or there is none.
    codes : tuple of str
        Of its findings.
    before : Before
        What its tags said before this sweep.
    wasted : float or None
        Seconds that bought nothing: all of a run that is lost, of others those after the best checkpoint. None where
        that is not known, as of a run that was not diagnosed now.
    gpus : int
        Graphics cards that it ran on; 0 where that is not logged.
    unnoted : str
        Why its description got no section; empty if it got one, or nobody asked for one.
    noted : bool
        A section was written into its description.
    kept : bool
        Nothing was written: it carries a diagnosis by all rules, and this one is by fewer.
    accepted : bool
        A baseline knows it as it is.
    """

    id: str
    name: str
    experiment: str
    link: str | None
    verdict: str
    severity: Severity
    cause: str
    summary: str
    news: bool
    not_stored: str = ""
    codes: tuple[str, ...] = ()
    before: Before = NOTHING
    wasted: float | None = None
    gpus: int = 0
    unnoted: str = ""
    noted: bool = False
    kept: bool = False
    accepted: bool = False

    @property
    def differs(self) -> bool:
        """Whether it was diagnosed before, and with another verdict, severity, first cause or other findings."""
        before = self.before
        return bool(before.verdict) and (self.verdict, self.severity, self.cause, set(self.codes)) != (
            before.verdict,
            before.severity,
            before.cause,
            set(before.codes),
        )


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did.

    Attributes
    ----------
    rows : tuple of Row
        Diagnosed now, worst first.
    standing : tuple of Row
        Those that carried the diagnosis of their present state, worst first.
    failures : tuple of Failure
        Runs that could not be read, diagnosed or written; they are tried again at the next sweep.
    verdicts : mapping of str to int
        Runs by verdict, the unchanged ones included.
    worst : Severity
        Of all runs in the scope, the unchanged ones included.
    without_reports : int
        Unchanged runs whose reports could not be stored when they were diagnosed.
    more : bool
        There are runs beyond the limit of the scope; they were neither read nor counted.
    left : int
        Runs that were due and not finished: the sweep was stopped, the tracker failed, or the experiment may not be
        written to.
    oldest : float or None
        When the oldest run that is still not diagnosed last changed, seconds since the epoch.
    seconds : float
        Duration.
    error : str
        Why the sweep ended early or left experiments out; empty if it did neither.
    stopped : bool
        Someone asked the sweep to end early.
    """

    rows: tuple[Row, ...] = ()
    standing: tuple[Row, ...] = ()
    failures: tuple[Failure, ...] = ()
    verdicts: Mapping[str, int] = field(default_factory=dict)
    worst: Severity = Severity.OK
    without_reports: int = 0
    more: bool = False
    left: int = 0
    oldest: float | None = None
    seconds: float = 0.0
    error: str = ""
    stopped: bool = False

    @property
    def unchanged(self) -> int:
        """Runs that carried the diagnosis of their present state."""
        return len(self.standing)

    def at_least(self, severity: Severity) -> tuple[Row, ...]:
        """List the runs of this severity or a higher one that no baseline accepts, worst first, unchanged ones too."""
        rows = (*self.rows, *self.standing)
        return worst_first(row for row in rows if row.severity.rank >= severity.rank and not row.accepted)

    def to_frame(self) -> pd.DataFrame:
        """Give the runs in the scope, a row each, worst first, those that have not changed too.

        Returns
        -------
        pandas.DataFrame
            The columns are the attributes of :class:`Row`, but for ``before``.
        """
        import pandas as pd

        columns = [field.name for field in fields(Row) if field.name != "before"]
        rows = [[getattr(row, name) for name in columns] for row in worst_first((*self.rows, *self.standing))]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.assign(severity=frame["severity"].astype(str))


def worst_first(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Order runs by severity, then by verdict, name and id."""
    return tuple(sorted(rows, key=lambda r: (-r.severity.rank, r.verdict, r.name, r.id)))
