"""The records of one metric, cut where its steps go back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tracker_diag.core.run import Records
from tracker_diag.stats.arrays import FloatArray

#: Values under one step, on average, from which on they are a curve of their own and not corrections of one value.
CROWDED = 3
#: Stretches a record above which the records are in no order at all.
DISORDERED = 1 / 3


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Records of one metric, one after another, over which its steps rise.

    Attributes
    ----------
    steps, values : ndarray of float64, shape (n,)
        Strictly increasing steps.
    at : ndarray of int, shape (n,)
        Which records these are.
    """

    steps: FloatArray
    values: FloatArray
    at: NDArray[np.intp]

    def parted(self, step: float) -> tuple[Stretch, Stretch]:
        """Cut at a step.

        Parameters
        ----------
        step : float
            In the unit of the steps.

        Returns
        -------
        tuple of Stretch
            What lies below it, and what does not; either may be empty.
        """
        n = int(np.searchsorted(self.steps, step))
        return self.part(slice(n)), self.part(slice(n, None))

    def part(self, which: slice | NDArray[np.intp]) -> Stretch:
        """Take some of the records.

        Parameters
        ----------
        which : slice or ndarray of int
            Their places.

        Returns
        -------
        Stretch
            In the order of the places.
        """
        return Stretch(self.steps[which], self.values[which], self.at[which])

    def moved(self, by: float) -> Stretch:
        """Shift the steps.

        Parameters
        ----------
        by : float
            In the unit of the steps.

        Returns
        -------
        Stretch
            The same records.
        """
        return Stretch(self.steps + by, self.values, self.at)


def values_a_step(records: Records) -> float:
    """How many values were logged one after another under each step, on average.

    Parameters
    ----------
    records : Records
        In the order of logging.

    Returns
    -------
    float
        1 where every value has a step of its own.
    """
    return float(records.steps.size / (1 + np.count_nonzero(np.diff(records.steps))))


def stretches(records: Records) -> list[Stretch]:
    """Cut the records of a metric where its steps go back.

    Of values logged one after another under one step the last is taken, as of a value that was corrected. Where there
    are three and more on average, each gets a step of its own, evenly spaced up to the next; if they share a timestamp,
    so that their order is not known, their median is taken. Left out are a single last record at the first step, the
    final value that was logged without a step, and stretches that repeat what was logged before, record by record:
    MLflow's autologging logs the values of the restored epoch once more, and some exports hold every line twice.

    Parameters
    ----------
    records : Records
        In the order of logging.

    Returns
    -------
    list of Stretch
        In the order of logging. A single one, sorted by step, where the records are in no order: if all steps differ,
        or if more than a third of the records go back.
    """
    crowded = values_a_step(records) >= CROWDED
    every = (_spread(records) if order_is_known(records) else _medians(records)) if crowded else _last_of_each(records)
    found = list(_cut(every))
    no_order = len(found) > max(DISORDERED * every.steps.size, 1)
    if len(found) > 1 and (no_order or np.unique(every.steps).size == every.steps.size):
        order = np.argsort(every.steps, kind="stable")
        last = np.append(np.diff(every.steps[order]) > 0, True)
        return [every.part(order[last])]
    return _without_last_word(_without_copies(found))


def _without_last_word(found: list[Stretch]) -> list[Stretch]:
    """Leave out a single last record at the first step: the final value, logged without one."""
    alone = len(found) > 1 and found[-1].steps.size == 1 and found[-2].steps.size > 1
    return found[:-1] if alone and found[-1].steps[0] <= found[0].steps[0] else found


def _cut(every: Stretch) -> Iterator[Stretch]:
    edges = np.flatnonzero(np.diff(every.steps) <= 0) + 1
    for start, stop in zip([0, *edges], [*edges, every.steps.size], strict=True):
        yield every.part(slice(start, stop))


def _last_of_each(records: Records) -> Stretch:
    kept = np.flatnonzero(np.append(np.diff(records.steps) != 0, True))
    return Stretch(records.steps[kept], records.values[kept], kept)


def order_is_known(records: Records) -> bool:
    """Whether the clock, or for want of one the order of lines, tells apart what was logged under one step.

    Parameters
    ----------
    records : Records
        In the order of logging.

    Returns
    -------
    bool
        False where most values of a step have the timestamp of the one before.
    """
    if records.seconds is None:
        return True
    same_step = np.diff(records.steps) == 0
    return bool(np.count_nonzero(same_step & (np.diff(records.seconds) == 0)) <= np.count_nonzero(same_step) / 2)


def _medians(records: Records) -> Stretch:
    """The median of the values under each step, where nothing tells in which order they were logged."""
    starts = np.flatnonzero(np.append(True, np.diff(records.steps) != 0))
    values = np.array([np.median(part) for part in np.split(records.values, starts[1:])])
    return Stretch(records.steps[starts], values, starts)


def _spread(records: Records) -> Stretch:
    """Give each of many values under one step its own: evenly spaced up to the next step."""
    n = records.steps.size
    starts = np.flatnonzero(np.append(True, np.diff(records.steps) != 0))
    sizes = np.diff(np.append(starts, n))
    levels = records.steps[starts]
    gaps = np.append(np.diff(levels), np.nan)
    rising = gaps[gaps > 0]
    gaps = np.where(gaps > 0, gaps, np.median(rising) if rising.size else 1.0)
    place = np.arange(n) - np.repeat(starts, sizes)
    steps = np.repeat(levels, sizes) + place / np.repeat(sizes, sizes) * np.repeat(gaps, sizes)
    return Stretch(steps, records.values, np.arange(n))


def _without_copies(found: list[Stretch]) -> list[Stretch]:
    kept, seen = found[:1], set(_pairs(found[0]))
    for stretch in found[1:]:
        pairs = _pairs(stretch)
        # A metric that stands repeats itself by being logged again; one that moves does not.
        told = len(pairs) == 1 or len({value for _, value in pairs}) > 1
        if not (told and seen.issuperset(pairs)):
            kept.append(stretch)
            seen.update(pairs)
    return kept


def _pairs(stretch: Stretch) -> list[tuple[float, float]]:
    return list(zip(stretch.steps.tolist(), stretch.values.tolist(), strict=True))
