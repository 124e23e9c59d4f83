"""What the other runs of an experiment say of one run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tracker_diag.comparison.sibling import Measure

if TYPE_CHECKING:
    # A sweep of nothing new is not to wait for SciPy.
    from tracker_diag.stats.forecast import Forecast

#: Times the typical distance from the best beyond which one bad end is as bad as another.
FAR = 10.0
#: Standard errors of a one-sided 95% interval.
ONE_SIDED = 1.645
#: Letters of a run's or a parameter's name that are shown.
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Other:
    """Another run, by what it ended with.

    Attributes
    ----------
    id, name : str
        The run's.
    value, train, score : float
        As those of ``Sibling``.
    """

    id: str
    name: str
    value: float
    train: float
    score: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another value of one parameter, the others held, and what comes out with it.

    Attributes
    ----------
    parameter, role : str
        The name as logged; the role is empty where none is known.
    before, after : value
        This run's, and the other.
    value : float
        What comes out, turned so that lower is better: the mean of the matched runs, or where there is none the value
        of a surface through all comparable runs.
    at_worst : float
        Upper end of the one-sided 95% interval of that.
    matched : Other or None
        A run that differs from this one in nothing else, or in its seed besides; the one nearest to the mean.
    runs : int
        How many of these there are.
    tied : tuple of str
        Other parameters that always varied with this one.
    """

    parameter: str
    role: str
    before: Any
    after: Any
    value: float
    at_worst: float
    matched: Other | None
    runs: int
    tied: tuple[str, ...] = ()

    @property
    def direction(self) -> int:
        """1 where the other value is higher, -1 where it is lower, 0 where neither is a number."""
        before, after = self.before, self.after
        if isinstance(before, bool) or isinstance(after, bool):
            return 0
        if not isinstance(before, int | float) or not isinstance(after, int | float):
            return 0
        return (after > before) - (after < before)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The learning rates of an experiment, and which of them exploded.

    Attributes
    ----------
    rates : int
        How many different ones there are.
    lowest, highest : float
        The range.
    sound : float or None
        The highest that did not explode, below the lowest that did; None where none or all exploded.
    """

    rates: int
    lowest: float
    highest: float
    sound: float | None


@dataclass(frozen=True, slots=True)
class Foretold:
    """What the parameters of a run that has not ended foretell of its end.

    Attributes
    ----------
    among_best : float
        The value that bounds the best quarter of the comparable runs that have ended.
    lowest, unit : float
        The value of the best of them, and how far from it they typically end.
    end : Forecast
        Of its distance from the best, as ``distance`` measures it, corrected by what leaving out each of the runs that
        have ended shows.
    """

    among_best: float
    lowest: float
    unit: float
    end: Forecast

    def distance(self, value: float) -> float:
        """Logarithm of one plus the distance from the best in units of the typical one; what is far is capped."""
        return math.log1p(min(max((value - self.lowest) / self.unit, 0.0), FAR))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the comparable runs of an experiment say of one run.

    All values are turned so that lower is better.

    Attributes
    ----------
    runs : int
        Comparable runs that have ended, this one aside.
    as_of : float or None
        The latest end among them, seconds since the epoch.
    measure : Measure
        What is compared.
    value, train, score : float
        This run's, as those of ``Sibling``.
    best : Other or None
        The best of the comparable runs; None where none ended with a finite value.
    poor : float
        The upper quartile of all these runs: where those end that do not do well.
    noise : float or None
        Standard deviation between runs that differ in their seed alone, at the level of this run; where too few repeat
        a setting, the scatter around the surface; None without either.
    near_best : float or None
        The same at the level of the best.
    between_seeds : float or None
        Standard deviation between runs of one setting, of the better half of the settings that were repeated; None
        where too few were.
    repeated : int
        Runs that differ from another in their seed alone; the noise is that between them, where there are enough.
    same_setting : bool
        Whether the best run has the setting of this one, and another seed.
    alternatives : tuple of Alternative
        For each parameter that varies the best other value, the best first.
    shared : frozenset of str
        Roles whose parameter has the same value in this run and in the best.
    guessing : float or None
        Where no comparable run does better than guessing between k classes: ln k.
    level : float or None
        A level at which several runs of different settings stand, training as validation: what knowing nothing costs.
    ladder : Ladder or None
        The learning rates, where several were tried.
    twin : Other or None
        A run with the same parameters and the same last values throughout.
    controls : mapping of str to Other
        What runs were a control for, to the run.
    foretold : Foretold or None
        What its parameters foretell of its end; None for a run that counts among those that have ended, and where no
        surface can be laid through them.
    left_out : tuple of str
        Why runs of the experiment were not compared, and how many; which parameters were not looked at.
    """

    runs: int
    as_of: float | None
    measure: Measure
    value: float
    train: float
    score: float
    best: Other | None
    poor: float
    noise: float | None
    near_best: float | None
    between_seeds: float | None
    repeated: int
    same_setting: bool
    alternatives: tuple[Alternative, ...]
    shared: frozenset[str]
    guessing: float | None
    level: float | None
    ladder: Ladder | None
    twin: Other | None
    controls: Mapping[str, Other]
    foretold: Foretold | None = None
    left_out: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @property
    def of_when(self) -> str:
        """What was compared, and until when: "of 19 runs, as of 2026-11-27 21:40 UTC"."""
        runs = f"of {self.runs:,} run{'' if self.runs == 1 else 's'}"
        return (
            runs
            if self.as_of is None
            else f"{runs}, as of {datetime.fromtimestamp(self.as_of, UTC):%Y-%m-%d %H:%M} UTC"
        )
