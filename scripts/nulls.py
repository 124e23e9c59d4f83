"""What the statistics of curves do where their nulls hold, by length, tail and autocorrelation of the noise.

Each measure asks one statistic about curves of which the truth is known, and counts where it is wrong. ``tables`` gives
one table a measure for ``docs/how-it-works/calibration.md``; ``measured`` one cell, which the tests recompute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from scripts.rates import holds, percent, spread, table
from scripts.simulated import FAMILIES, NOISES, FloatArray, Generator, noise, settling, unsettled
from tracker_diag.stats.condense import condense
from tracker_diag.stats.extrapolation import extrapolate
from tracker_diag.stats.gap import gap
from tracker_diag.stats.noise import noise as measure_noise
from tracker_diag.stats.oscillation import spikes
from tracker_diag.stats.plateau import plateau
from tracker_diag.stats.sequential import ENDED, look
from tracker_diag.stats.trend import trend
from tracker_diag.stats.turning import turning

#: Points of the curves: all that are short, and those to which longer ones are condensed (256 to 511).
LENGTHS = (4, 5, 6, 8, 12, 20, 40, 100, 256, 500)
LONGER = tuple(n for n in LENGTHS if n >= 8)
#: A curve of so many points and more costs as much as a hundred short ones where all its pairs are asked.
MANY = 200


@dataclass(frozen=True)
class Measure:
    """One question about a statistic.

    Attributes
    ----------
    title : str
        What is counted.
    ask : callable
        From a generator, a kind of noise and a length to what one curve adds to the mean.
    promise : float or None
        The rate that is not to be exceeded; None for a mean that is shown as it is.
    lengths : tuple of int
        For which it is asked.
    share : int
        One over the share of the curves that are asked; pairs of long curves count for ten.
    """

    title: str
    ask: Callable[[Generator, str, int], float]
    promise: float | None = None
    lengths: tuple[int, ...] = LENGTHS
    share: int = 1
    pairs: bool = False

    def curves(self, n: int, asked: int) -> int:
        """How many curves of this length."""
        return max(20, asked // (self.share * (20 if self.pairs and n >= MANY else 1)))


def _steps(n: int) -> FloatArray:
    return np.arange(n, dtype=np.float64)


def _turns(level: float) -> Callable[[Generator, str, int], float]:
    return lambda rng, kind, n: turning(_steps(n), noise(rng, kind, n)).p < level


def _trends(level: float) -> Callable[[Generator, str, int], float]:
    return lambda rng, kind, n: trend(_steps(n), noise(rng, kind, n)).p < level


def _rests(moves: float) -> Callable[[Generator, str, int], float]:
    def ask(rng: Generator, kind: str, n: int) -> float:
        line = moves * _steps(n) / (n - 1)
        return plateau(_steps(n), noise(rng, kind, n) + line, moves or SEEN).p_rest < 0.05

    return ask


#: Movement, in standard deviations of the noise, that rest is tested against: at the margin, and where it is at rest.
MARGIN, SEEN = 3.0, 6.0
#: Noise of the two curves whose gap is asked for.
UPPER, LOWER = 0.05, 0.03


def _gap(rng: Generator, kind: str, n: int) -> tuple[float, float]:
    """How far the found gap is from the true one, which is 0, and half its interval."""
    fall = settling(rng, FAMILIES[int(rng.integers(2))])((_steps(n) + 1) / n)
    found = gap(fall + UPPER * noise(rng, kind, n), fall + LOWER * noise(rng, kind, n))
    return abs(found.value), (found.high - found.low) / 2


def _gap_misses(rng: Generator, kind: str, n: int) -> float:
    value, half = _gap(rng, kind, n)
    return value > half


def _gap_width(rng: Generator, kind: str, n: int) -> float:
    """Half of the interval, over that of a normal one for white noise of known size."""
    return _gap(rng, kind, n)[1] / (1.96 * np.hypot(UPPER, LOWER) / np.sqrt(max(2, round(0.2 * n))))


def _sigma(rng: Generator, kind: str, n: int) -> float:
    return measure_noise(noise(rng, kind, n)).sigma


def _spikes(rng: Generator, kind: str, n: int) -> float:
    return spikes(noise(rng, kind, n)).size / n * 1e5


def _ever(rng: Generator, kind: str, n: int) -> float:
    """Whether a look at any rung of a growing curve, or the one at its end, rejects at 1%."""
    y = noise(rng, kind, n)
    rungs = {found for k in range(8, n + 1) if (found := look(k))}
    going = any(turning(_steps(f.points), y[: f.points]).p <= 0.01 * f.share for f in rungs)
    return going or turning(_steps(n), y).p <= 0.01 * ENDED


def _carried_on(rng: Generator, kind: str, n: int) -> float:
    clock, y, truth = unsettled(rng, FAMILIES[int(rng.integers(2))], n, kind)
    further = extrapolate(*condense(clock, y), floor=0.0)
    return not further.low <= truth + 1e-12 <= further.high + 2e-12


MEASURES = {
    "turning": Measure("`turning`: p < 0.01 though at rest", _turns(0.01), 0.01),
    "turning far": Measure("`turning`: p < 0.001 though at rest", _turns(0.001), 0.001),
    "trend": Measure("`trend`: p < 0.05 though flat", _trends(0.05), 0.05, pairs=True),
    "trend far": Measure("`trend`: p < 0.01 though flat", _trends(0.01), 0.01, pairs=True),
    "plateau": Measure(
        "`plateau`: called at rest at 5% though it moves by the margin of three standard deviations of the noise",
        _rests(MARGIN),
        0.05,
        pairs=True,
    ),
    "plateau power": Measure(
        "`plateau`: called at rest at 5%, being so, for a margin of six standard deviations of the noise",
        _rests(0.0),
        pairs=True,
    ),
    "gap": Measure("`gap`: truth outside the 95% interval", _gap_misses, 0.05),
    "gap width": Measure("`gap`: width of the interval over the ideal one for white noise of known size", _gap_width),
    "noise": Measure("`noise`: sigma over the true standard deviation, on average", _sigma),
    "spikes": Measure("`spikes`: jumps found in 100,000 points of noise", _spikes, lengths=LONGER),
    "sequential": Measure(
        "`sequential`: `turning` at rest rejected at 1% in any look of a growing run, or in the last one",
        _ever,
        0.01,
        lengths=LONGER,
        share=4,
    ),
    "extrapolation": Measure(
        "`extrapolation`: truth outside the 90% interval", _carried_on, 0.10, lengths=LONGER, share=10
    ),
}
#: Measures that are means or counts, not shares of the curves.
PLAIN = {"gap width": 1, "noise": 2, "spikes": 1}


def measured(name: str, kind: str, n: int, curves: int, seed: int) -> tuple[float, int]:
    """The sum of a measure over so many curves, and how many they were."""
    rng = np.random.default_rng(seed)
    measure = MEASURES[name]
    asked = measure.curves(n, curves)
    return float(sum(float(measure.ask(rng, kind, n)) for _ in range(asked))), asked


def _task(task: tuple[str, str, int, int, int]) -> tuple[str, str, int, float, int]:
    name, kind, n, curves, seed = task
    return name, kind, n, *measured(name, kind, n, curves, seed)


def _cell(name: str, total: float, curves: int) -> str:
    if name in PLAIN:
        return f"{total / curves:.{PLAIN[name]}f}"
    promise = MEASURES[name].promise
    share = percent(total / curves)
    return share if promise is None or holds(round(total), curves, promise) else f"**{share}**"


def tables(curves: int, workers: int) -> Iterator[str]:
    """One table a measure: lengths by kinds of noise."""
    tasks = [
        (name, kind, n, curves, 5000 + seed)
        for seed, (name, kind, n) in enumerate(
            (name, kind, n) for name, measure in MEASURES.items() for kind in NOISES for n in measure.lengths
        )
    ]
    cells: dict[tuple[str, str, int], str] = {}
    for name, kind, n, total, asked in spread(_task, tasks, workers, "statistics"):
        cells[name, kind, n] = _cell(name, total, asked)
    yield "### Statistics where their nulls hold"
    yield (
        f"{curves:,} curves a cell; one in 4 for `sequential`, in 10 for `extrapolation`, in 20 for `trend` and "
        f"`plateau` from {MANY} points on. Bold: above the promise beyond chance (99% interval)."
    )
    for name, measure in MEASURES.items():
        promise = "" if measure.promise is None else f", promise {percent(measure.promise, 1)}"
        yield f"**{measure.title}{promise}**"
        yield table(("points", *NOISES), [(str(n), *(cells[name, k, n] for k in NOISES)) for n in measure.lengths])
