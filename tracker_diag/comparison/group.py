"""Runs that can be compared with each other, as arrays."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tracker_diag.comparison.comparison import FAR, Foretold, Ladder
from tracker_diag.comparison.factors import Factor, Factors, factors
from tracker_diag.comparison.sibling import Measure, Sibling
from tracker_diag.core.run import ACTIVE
from tracker_diag.stats.arrays import FloatArray
from tracker_diag.stats.forecast import Correction, Forecast, correction
from tracker_diag.stats.robust import NORMAL
from tracker_diag.stats.surface import FEWEST, Surface, surface

#: Runs that a surface is laid through at most: its cost grows with their cube.
MOST = 160
#: Values of a parameter that are tried on the surface.
TRIED = 6
#: Settings for each parameter that varies, from which on a surface through them says anything.
PER_FACTOR = 3
#: Share of the runs that are the best.
BEST = 0.25
#: Distance beyond which arithmetic ends.
LARGEST = 1e300
#: Classes between which a network may have guessed.
CLASSES = range(2, 11)
#: How near to ln k runs end that guess between k classes, and the best of them, as shares of it.
GUESSES, NO_BETTER = 0.02, 0.03
#: Runs that stand at one level, so that it is one, and the band that it is, as a share of it.
SEVERAL, BAND = 3, 0.01
#: Share of such a level within which the training loss stands there too.
BOTH = 0.1
#: Share of such a level that the best run is below it.
LEFT_BEHIND = 0.7
#: Rates that make a ladder, and times the lowest that the highest is.
RUNGS, SPAN = 4, 30.0
#: Runs from which on some end within a hundredth of each other by chance.
MANY = 20
#: Standard deviations of the scatter by which such a level is above the best run.
SCATTER = 6.0
#: Share of the way from the best to a poor run by which two runs of one setting and seed differ in something else.
DOUBT = 0.25
#: And the share of their value, below which that is noise.
OF_NOTE = 0.1
#: Share of the runs with a rate that were lost, above which the rate explodes.
MOST_OF_THEM = 0.5
#: Runs that repeat a setting, from which on the noise between them is known: of one pair nobody knows if it is typical.
REPEATED = 3


@dataclass(frozen=True, eq=False)
class Group:
    """Runs with the same measure and data, and much the same parameters.

    Attributes
    ----------
    runs : tuple of Sibling
        By id; some may not have ended.
    measure : Measure
        What is compared.
    """

    runs: tuple[Sibling, ...]
    measure: Measure

    @cached_property
    def ended(self) -> NDArray[np.bool_]:
        """Which runs count, shape (n,): those that finished, or were lost on the way, and are not doubtful."""
        return self._over & ~self.doubtful

    @cached_property
    def _over(self) -> NDArray[np.bool_]:
        return np.array([r.status == "FINISHED" or (r.lost and r.status in ("FAILED", "KILLED")) for r in self.runs])

    @cached_property
    def doubtful(self) -> NDArray[np.bool_]:
        """Runs that have the settings and the seed of another one, and ended elsewhere, shape (n,).

        Something that was not logged tells the two apart, data or code, and nobody knows which of them is like the
        others: neither is compared with.
        """
        doubtful = np.zeros(len(self.runs), dtype=bool)
        finite = self.values[self._over & np.isfinite(self.values)]
        if not self.factors.repeats or not finite.size:
            return doubtful
        apart = DOUBT * float(np.quantile(finite, 0.75) - finite.min())
        rows = np.flatnonzero(self._over)
        both = np.concatenate([self.settings[rows], self.repeats[rows]], axis=1)
        same = np.unique(both, axis=0, return_inverse=True)[1].ravel()
        low, high = np.full(rows.size, np.inf), np.full(rows.size, -np.inf)
        np.minimum.at(low, same, self.values[rows])
        np.maximum.at(high, same, self.values[rows])
        with np.errstate(invalid="ignore"):
            doubtful[rows] = (high - low)[same] > np.maximum(apart, OF_NOTE * np.abs(low[same]))
        return doubtful

    @cached_property
    def left_out(self) -> Mapping[str, int]:
        """Why runs of the group are left out, and how many."""
        going = sum(run.status in ACTIVE for run in self.runs)
        doubtful = int(self.doubtful.sum())
        return {
            "still going": going,
            "interrupted": len(self.runs) - int(self.ended.sum()) - going - doubtful,
            "with the same settings and seed but another result": doubtful,
        }

    @cached_property
    def best_first(self) -> NDArray[np.int64]:
        """Places of the runs that count and ended with a finite value, the best first."""
        rows = np.flatnonzero(self.ended & np.isfinite(self.values))
        return rows[np.argsort(self.values[rows], kind="stable")]

    @cached_property
    def last_first(self) -> NDArray[np.int64]:
        """Places of the runs that count, those that ended last first."""
        rows = np.flatnonzero(self.ended)
        return rows[np.argsort(-self.end_times[rows], kind="stable")]

    @cached_property
    def alike(self) -> Mapping[tuple[int, float], tuple[int, ...]]:
        """Places of the runs that count, by their setting and their last value."""
        found: dict[tuple[int, float], tuple[int, ...]] = {}
        for j in np.flatnonzero(self.ended).tolist():
            key = (int(self.cells[j]), float(self.values[j]))
            found[key] = (*found.get(key, ()), j)
        return found

    @cached_property
    def lines(self) -> tuple[tuple[NDArray[np.uint64], NDArray[np.int64]], ...]:
        """For each factor a number that runs share which agree in all others, in order, and the places of these runs.

        The numbers are sums of random ones, one for each value of each factor; that two sums are equal by chance is
        next to impossible, and what is found is held against the settings.
        """
        rows = np.flatnonzero(self.ended)
        found = []
        for j in range(self.settings.shape[1]):
            key = self._sums[1] - self._sums[0][:, j]
            order = rows[np.argsort(key[rows], kind="stable")]
            found.append((key[order], order))
        return tuple(found)

    def matched(self, i: int, j: int) -> NDArray[np.int64]:
        """Find the runs that count and differ from one in a single factor alone.

        Parameters
        ----------
        i, j : int
            Place of the run, and of the factor.

        Returns
        -------
        ndarray of int, shape (m,)
            Their places, in order.
        """
        keys, order = self.lines[j]
        # Of an array, not of a number: sums that run over are meant to.
        key = (self._sums[1][i : i + 1] - self._sums[0][i : i + 1, j])[0]
        rows = order[np.searchsorted(keys, key, "left") : np.searchsorted(keys, key, "right")]
        differs = self.settings[rows] != self.settings[i]
        return np.sort(rows[differs[:, j] & (differs.sum(axis=1) == 1)])

    @cached_property
    def _sums(self) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        rng = np.random.default_rng(0)
        parts = np.zeros(self.settings.shape, dtype=np.uint64)
        for j, factor in enumerate(self.factors.chosen):
            numbers = rng.integers(0, 2**64, len(factor.values), dtype=np.uint64)
            parts[:, j] = numbers[self.settings[:, j]]
        return parts, parts.sum(axis=1, dtype=np.uint64)

    @cached_property
    def end_times(self) -> FloatArray:
        """Seconds since the epoch, shape (n,); minus infinity where nobody knows."""
        return np.array([-np.inf if r.ended is None else r.ended for r in self.runs], dtype=np.float64)

    @cached_property
    def values(self) -> FloatArray:
        """Last values, shape (n,), turned so that lower is better; infinite where a run was lost."""
        values = np.array([r.value for r in self.runs], dtype=np.float64)
        return np.where(np.isfinite(values), values, np.inf)

    @cached_property
    def lowest(self) -> float:
        """The best of those that count; infinite where all were lost."""
        return float(self.values[self.ended].min(initial=np.inf))

    @cached_property
    def unit(self) -> float:
        """Typical distance of a run from the best: the median; its level where all that were not lost end alike."""
        with np.errstate(over="ignore"):
            apart = np.minimum(self.values[self.ended & np.isfinite(self.values)] - self.lowest, LARGEST)
        if not apart.size or not apart.max() > 0:
            return abs(self.lowest) if math.isfinite(self.lowest) and self.lowest else 1.0
        return float(np.median(apart) or apart.mean())

    def distance(self, values: FloatArray) -> FloatArray:
        """Give the logarithm of one plus the distance from the best, in units of the typical one, capped at ten.

        Parameters
        ----------
        values : ndarray, shape (m,)
            In the unit of the metric.

        Returns
        -------
        ndarray, shape (m,)
            From 0 to ln 11.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.clip((values - self.lowest) / self.unit, 0.0, FAR)
        return np.asarray(np.log1p(apart))

    def back(self, distance: float) -> float:
        """Give the value at such a distance.

        Parameters
        ----------
        distance : float
            As ``distance`` gives it.

        Returns
        -------
        float
            In the unit of the metric.
        """
        return self.lowest + self.unit * math.expm1(distance)

    @cached_property
    def distances(self) -> FloatArray:
        """Of all runs, shape (n,)."""
        return self.distance(self.values)

    @cached_property
    def factors(self) -> Factors:
        """What varies."""
        return factors(self.runs, self._over)

    @cached_property
    def settings(self) -> NDArray[np.int64]:
        """Code of each run's value of each factor, shape (n, p)."""
        return _columns(self.factors.chosen, len(self.runs))

    @cached_property
    def repeats(self) -> NDArray[np.int64]:
        """Code of each run's seed and the like, shape (n, q)."""
        return _columns(self.factors.repeats, len(self.runs))

    @cached_property
    def tried(self) -> tuple[tuple[int, ...], ...]:
        """Codes of the values of each factor that are tried on the surface: those that ended, six at most."""
        found = []
        for j in range(self.settings.shape[1]):
            codes = np.unique(self.settings[self.ended, j])
            if codes.size > TRIED:
                codes = codes[np.linspace(0, codes.size - 1, TRIED).round().astype(int)]
            found.append(tuple(codes.tolist()))
        return tuple(found)

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """Number of the setting that each run has, shape (n,)."""
        return np.asarray(np.unique(self.settings, axis=0, return_inverse=True)[1], dtype=np.int64).ravel()

    @cached_property
    def sigma(self) -> float | None:
        """Standard deviation of the distance between runs of one setting; of the surface's noise where there is none.

        From the median absolute deviation from the mean of the setting, corrected for the few runs that each has: one
        setting at which seeds differ wildly does not speak for the others.
        """
        if self.repeated >= REPEATED:
            n = self._like_it[self._counted]
            total = np.bincount(self.cells[self._counted], self.distances[self._counted])
            apart = self.distances[self._counted] - total[self.cells[self._counted]] / n
            again = n > 1
            return float(NORMAL * np.median(np.abs(apart[again]) * np.sqrt(n[again] / (n[again] - 1))))
        return self.surface.sigma if self.surface is not None else None

    @cached_property
    def between_seeds(self) -> float | None:
        """Standard deviation between runs of one setting, in the unit of the metric; None where too few are repeated.

        Of the better half of the settings that were: what seeds do to bad settings says nothing of good ones.
        """
        rows = np.flatnonzero(self._counted & (self._like_it > 1) & np.isfinite(self.values))
        if self.repeated < REPEATED or not rows.size:
            return None
        n = self._like_it[rows]
        total = np.bincount(self.cells[rows], self.values[rows], minlength=int(self.cells.max()) + 1)
        mean = total[self.cells[rows]] / n
        good = mean <= np.median(mean)
        apart = np.abs(self.values[rows] - mean) * np.sqrt(n / (n - 1))
        return float(NORMAL * np.median(apart[good]))

    @cached_property
    def repeated(self) -> int:
        """How many runs have the setting of another one, both having ended well enough to be compared."""
        return int((self._like_it[self._counted] > 1).sum())

    @cached_property
    def _counted(self) -> NDArray[np.bool_]:
        return np.asarray(self.ended & (self.distances < math.log1p(FAR)))

    @cached_property
    def _like_it(self) -> NDArray[np.int64]:
        """How many runs that count have the setting of each, shape (n,)."""
        return np.bincount(self.cells[self._counted], minlength=int(self.cells.max(initial=0)) + 1)[self.cells]

    @cached_property
    def surface(self) -> Surface | None:
        """Of the distances over factors and repeats; None where too few runs ended or nothing varies."""
        varied = self.factors.chosen
        settings = np.unique(self.cells[self.ended]).size
        if not varied or settings < max(FEWEST, PER_FACTOR * len(varied)) or not np.isfinite(self.lowest):
            return None
        chosen = np.flatnonzero(self.ended)
        if chosen.size > MOST:
            # Drawn by id: one more run changes the draw by one at most, and so hardly what is said of the others.
            drawn = np.array([zlib.crc32(self.runs[i].id.encode(errors="replace")) for i in chosen])
            chosen = np.sort(chosen[np.argsort(drawn, kind="stable")[:MOST]])
        category = np.array([*(f.category for f in varied), *(True for _ in self.factors.repeats)])
        return surface(self.points(chosen), self.distances[chosen], category)

    def points(self, rows: NDArray[np.int64]) -> FloatArray:
        """Give the settings of some runs as the surface takes them.

        Parameters
        ----------
        rows : ndarray of int, shape (m,)
            Their places.

        Returns
        -------
        ndarray, shape (m, p + q)
            Factors, then repeats.
        """
        columns = [f.scaled[self.settings[rows, j]] for j, f in enumerate(self.factors.chosen)]
        columns += [self.repeats[rows, j].astype(np.float64) for j in range(len(self.factors.repeats))]
        return np.stack(columns, axis=1) if columns else np.empty((rows.size, 0))

    @cached_property
    def among_best(self) -> float:
        """The value that bounds the best quarter of the runs that count; infinite where so few were not lost."""
        values = np.sort(self.values[self.ended])
        return float(values[math.ceil(BEST * values.size) - 1]) if values.size else math.inf

    @cached_property
    def _corrected(self) -> Correction | None:
        """What makes the surface foretell how many are among the best; None where it says nothing."""
        if self.surface is None or not self.surface.variance > 0 or not math.isfinite(self.among_best):
            return None
        return correction(self.surface, float(self.distance(np.array(self.among_best))))

    def foretold(self, i: int) -> Foretold | None:
        """What the parameters of a run foretell of its end; None for one that has ended: the surface knows its end.

        Parameters
        ----------
        i : int
            Place of the run.
        """
        if self.ended[i] or self.surface is None or self._corrected is None:
            return None
        point = self.points(np.array([i]))
        end = Forecast(float(self.surface.at(point)[0]), self.surface.deviation(point[0]))
        return Foretold(self.among_best, self.lowest, self.unit, self._corrected.of(end))

    @cached_property
    def guessing(self) -> float | None:
        """Ln k, where several runs end there and none does better than guessing between k classes."""
        metric = self.measure.metric
        values = self.values[self.ended]
        if not metric.of_classes or metric.unit not in ("", "nats") or not math.isfinite(self.lowest):
            return None
        known = {r.data[-1] for r in self.runs}
        for k in CLASSES:
            level = math.log(k)
            at_it = int((np.abs(values - level) < GUESSES * level).sum())
            if (known <= {None, k}) and at_it >= SEVERAL and self.lowest > (1 - NO_BETTER) * level:
                return level
        return None

    @cached_property
    def level(self) -> float | None:
        """The highest level at which several runs of different settings stand, training as validation.

        The best run has to be well below it, and beyond what runs scatter: among many equal runs some always end within
        a hundredth of each other. None for scores, and for a loss that is not positive.
        """
        trained = np.array([r.train for r in self.runs])
        with np.errstate(invalid="ignore"):
            both = np.abs(trained - self.values) < BOTH * np.abs(self.values)
        rows = np.flatnonzero(self.ended & np.isfinite(self.values) & both)
        if self.measure.metric.better == "max" or rows.size < SEVERAL or not self.lowest > 0 or self.sigma is None:
            return None
        scatter = self.sigma
        if self.repeated < REPEATED and self.surface is not None and rows.size >= MANY:
            # A surface through noise follows it, and takes it for an effect: what it misses of each is the measure.
            scatter = max(scatter, NORMAL * float(np.median(np.abs(self.surface.missed))))
        beyond = self.lowest + self.unit * math.expm1(min(SCATTER * scatter, math.log1p(FAR)))
        rows = rows[np.argsort(-self.values[rows], kind="stable")]
        for row in rows:
            high = self.values[row]
            if not high > beyond:
                return None
            within = rows[(self.values[rows] <= high) & (self.values[rows] >= (1 - BAND) * high)]
            if np.unique(self.cells[within]).size >= SEVERAL and self.lowest < LEFT_BEHIND * high:
                return float(np.median(self.values[within]))
        return None

    @cached_property
    def poor(self) -> float:
        """The upper quartile of the values that count and are finite: where runs end that do not do well."""
        values = self.values[self.ended & np.isfinite(self.values)]
        return float(np.quantile(values, 0.75)) if values.size else math.nan

    @cached_property
    def ladder(self) -> Ladder | None:
        """The learning rates that were tried."""
        found = next((f for f in self.factors.chosen if f.role == "learning_rate" and not f.category), None)
        if found is None:
            return None
        j = self.factors.chosen.index(found)
        tried = np.unique(self.settings[self.ended, j])
        rates = [float(found.values[code]) for code in tried]
        if len(rates) < RUNGS or not rates[0] > 0 or rates[-1] < SPAN * rates[0]:
            return None
        lost = self.distances >= math.log1p(FAR)
        best = self.settings[self.ended & (self.values == self.lowest), j]
        exploded = [
            bool(lost[self.ended & (self.settings[:, j] == code)].mean() > MOST_OF_THEM) and code not in best
            for code in tried
        ]
        sound = None
        if any(exploded) and not all(exploded):
            first = exploded.index(True)
            sound = rates[first - 1] if first else None
        return Ladder(len(rates), rates[0], rates[-1], sound)


def _columns(several: Sequence[Factor], n: int) -> NDArray[np.int64]:
    return np.stack([f.codes for f in several], axis=1) if several else np.zeros((n, 0), dtype=np.int64)
