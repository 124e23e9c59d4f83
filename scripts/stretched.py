"""What a schedule stretched over twice the epochs brings, beside what is extrapolated from the shorter run.

    python -m scripts.stretched

Small networks are trained twice, over T epochs and over 2 T, with the same rate, held or annealed to zero over the
whole run. The shorter run is carried on over its steps, and over its cumulative learning rate; the truth is where the
longer one ends. ``held`` and ``below`` are the shares of the intervals that hold the truth, and that lie above it;
``told`` are those of which one might warn, and ``nothing`` counts those of them that gained less than 2% of what was
achieved. A rise counts as no gain, and half a percent of what was achieved matters to nobody.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, make_classification, make_friedman1

from scripts.carried_on import EXPECTED, SURE
from tracker_diag.evidence.optimiser import DOUBT_OF_A_SCHEDULE
from tracker_diag.stats.extrapolation import DOUBT, extrapolate

FloatArray = NDArray[np.float64]
SCHEDULES = ("held", "linear", "cosine")
#: Rates of the lower kind leave little noise to anneal; with the higher, half of the validation curves turn.
RATES = {"low": (3e-4, 2e-2), "high": (2e-2, 1.5e-1)}
MATTERS, NOTHING = 0.005, 0.02


@dataclass(frozen=True, eq=False)
class Task:
    """Inputs and targets, one column a class, or a single real number."""

    name: str
    x: FloatArray
    y: FloatArray


@dataclass(frozen=True, eq=False)
class Trained:
    """Validation loss after each epoch, and the rate at its end."""

    loss: FloatArray
    rate: FloatArray


def tasks() -> list[Task]:
    """Three classifications and two regressions."""
    classes = {
        "digits": load_digits(return_X_y=True),
        "cancer": load_breast_cancer(return_X_y=True),
        "five classes": make_classification(1500, 20, n_informative=8, n_classes=5, class_sep=1.5, random_state=0),
    }
    numbers = {
        "diabetes": load_diabetes(return_X_y=True),
        "friedman": make_friedman1(1200, noise=0.5, random_state=0),
    }
    return [
        *(Task(name, _even(x), np.eye(int(y.max()) + 1)[y]) for name, (x, y) in classes.items()),
        *(Task(name, _even(x), _even(y[:, None])) for name, (x, y) in numbers.items()),
    ]


def _even(x: FloatArray) -> FloatArray:
    even: FloatArray = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-9)
    return even


def train(task: Task, peak: float, epochs: int, schedule: str, seed: int, hidden: int = 32, batch: int = 32) -> Trained:
    """Train one hidden layer with momentum 0.9."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(task.x))
    n = int(0.7 * order.size)
    seen, unseen = order[:n], order[n:]
    width, outputs = task.x.shape[1], task.y.shape[1]
    weights = [
        rng.standard_normal((width, hidden)) * np.sqrt(2 / width),
        np.zeros(hidden),
        rng.standard_normal((hidden, outputs)) * np.sqrt(1 / hidden),
        np.zeros(outputs),
    ]
    moving = [np.zeros_like(w) for w in weights]
    losses, rates, batches, done = [], [], n // batch, 0
    rate = peak
    for _ in range(epochs):
        for chosen in np.split(rng.permutation(seen)[: batches * batch], batches):
            rate = peak * left(schedule, done / (epochs * batches))
            done += 1
            x, y = task.x[chosen], task.y[chosen]
            units = np.maximum(x @ weights[0] + weights[1], 0)
            slope = _slope(units @ weights[2] + weights[3], y) / batch
            back = (slope @ weights[2].T) * (units > 0)
            for k, gradient in enumerate((x.T @ back, back.sum(axis=0), units.T @ slope, slope.sum(axis=0))):
                moving[k] = 0.9 * moving[k] + gradient
                weights[k] = weights[k] - rate * moving[k]
        units = np.maximum(task.x[unseen] @ weights[0] + weights[1], 0)
        losses.append(_loss(units @ weights[2] + weights[3], task.y[unseen]))
        rates.append(rate)
    return Trained(np.array(losses), np.array(rates))


def left(schedule: str, share: float) -> float:
    """What is left of the rate after this share of the run."""
    return {"held": 1.0, "linear": 1 - share, "cosine": 0.5 * (1 + float(np.cos(np.pi * share)))}[schedule]


def _probabilities(answers: FloatArray) -> FloatArray:
    powers = np.exp(answers - answers.max(axis=1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _slope(answers: FloatArray, y: FloatArray) -> FloatArray:
    return 2 * (answers - y) if y.shape[1] == 1 else _probabilities(answers) - y


def _loss(answers: FloatArray, y: FloatArray) -> float:
    if y.shape[1] == 1:
        return float(((answers - y) ** 2).mean())
    return float(-np.log(np.maximum((_probabilities(answers) * y).sum(axis=1), 1e-12)).mean())


@dataclass(frozen=True)
class Pair:
    """A run and its longer twin: what the longer one brought, in units of what the shorter achieved."""

    shorter: Trained
    gained: float
    achieved: float


def pairs(kind: str, schedule: str, each: int) -> Iterator[Pair]:
    """So many of each task that learned anything, and stayed finite."""
    rng = np.random.default_rng([len(kind), len(schedule)])
    low, high = np.log(RATES[kind])
    for task in tasks():
        for _ in range(each):
            peak, epochs = float(np.exp(rng.uniform(low, high))), int(rng.choice([8, 15, 25]))
            seed = int(rng.integers(10**6))
            with np.errstate(all="ignore"):
                shorter, longer = (train(task, peak, e, schedule, seed) for e in (epochs, 2 * epochs))
            achieved = float(shorter.loss[0] - shorter.loss.min())
            if not np.isfinite([*shorter.loss, *longer.loss]).all() or achieved < 0.05 * shorter.loss[0]:
                continue
            yield Pair(shorter, float(shorter.loss[-1] - longer.loss[-1]) / achieved, achieved)


def row(name: str, found: list[Pair], over: str, doubt: float) -> str:
    """One line of the table."""
    below, above, told = [], [], []
    for pair in found:
        rates = pair.shorter.rate
        clock = np.cumsum(rates) if over == "rate" else np.arange(1.0, rates.size + 1)
        carried = extrapolate(clock, pair.shorter.loss, floor=0.0, doubt=doubt)
        low, high, gained = carried.low / pair.achieved, carried.high / pair.achieved, max(pair.gained, 0.0)
        below.append(gained < low - MATTERS)
        above.append(gained > high + MATTERS)
        if carried.gain >= EXPECTED * pair.achieved and low >= SURE:
            told.append(pair.gained)
    n = len(found)
    held = 1 - (sum(below) + sum(above)) / n
    nothing = sum(gained < NOTHING for gained in told)
    return f"{name:22s} {over:6s} {doubt:5.2f} {n:5d} {held:6.3f} {sum(below) / n:6.3f} | {len(told):4d} {nothing:7d}"


def main() -> None:
    """Read the option, train, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=20, help="pairs of runs of each task, rate and schedule")
    options = parser.parse_args()
    print(f"{'rate, schedule':22s} over   doubt  runs   held  below | told nothing")
    for kind in RATES:
        for schedule in SCHEDULES:
            found = list(pairs(kind, schedule, options.each))
            for over, doubt in (("steps", DOUBT), ("rate", DOUBT), ("rate", DOUBT_OF_A_SCHEDULE)):
                if schedule != "held" or (over, doubt) == ("steps", DOUBT):
                    print(row(f"{kind}, {schedule}", found, over, doubt), flush=True)


if __name__ == "__main__":
    main()
