"""How often the contrasts of an experiment flag a parameter that has no effect, and how often one that has.

Real experiments (tests/data/siblings.jsonl.gz: 8 of 32 runs each, rate x width x dropout x seed, with their last loss):
a parameter is shuffled among the runs that agree in all others, or all outcomes are shuffled; and as they are, for
power.
Simulated ones: grids, random searches, few runs, heavy tails, diverged runs, seeds as repeats, effects that are known.

    .venv/bin/python -m scripts.contrasts                    a quarter of an hour on two cores
    .venv/bin/python -m scripts.contrasts --repetitions 50   a first impression
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scripts.accuracy import EXPERIMENTS, load
from scripts.rates import kept, rate, spread, table
from scripts.simulated import FloatArray, Generator
from tracker_diag.stats.contrasts import LEVEL, Contrasts, contrasts

SEEDS = ("seed", "random_state", "hparams/seed")
RATES = ("lr", "learning_rate", "optimizer.lr", "hparams/lr")


@dataclass(frozen=True)
class Experiment:
    """Runs, and what is known of their parameters.

    Attributes
    ----------
    parameters, outcome
        As `contrasts` takes them.
    truth : mapping
        True effect by parameter and value, up to a constant; a parameter that is not in it has none.
    unknown : frozenset of str
        Parameters that have an effect of unknown size.
    """

    parameters: Mapping[str, list[Any]]
    outcome: FloatArray
    truth: Mapping[str, Mapping[Any, float]]
    unknown: frozenset[str] = frozenset()

    def asked(self) -> Contrasts:
        return contrasts(self.parameters, self.outcome, [name for name in self.parameters if name in SEEDS])

    def judged(self, found: Contrasts) -> tuple[bool, bool, bool, bool]:
        """Whether one without effect is flagged, whether an interval misses, and whether there are any of each."""
        known = [c for c in found.contrasts if c.parameter not in self.unknown]
        null = [c for c in known if c.parameter not in self.truth]
        missed = any(not c.interval[0] <= self._true(c) <= c.interval[1] for c in known)
        return any(c.p <= LEVEL for c in null), missed, bool(null), bool(known)

    def _true(self, c: Any) -> float:
        effects = self.truth.get(c.parameter)
        return 0.0 if effects is None else effects[c.high] - effects[c.low]


# ---- simulated


def _normal(rng: Generator, n: int) -> FloatArray:
    return rng.standard_normal(n)


def _heavy(rng: Generator, n: int) -> FloatArray:
    return rng.standard_t(1.5, n)


def _diverging(rng: Generator, n: int) -> FloatArray:
    return np.where(rng.random(n) < 0.2, rng.choice([np.inf, np.nan, 1e30], n), np.exp(rng.standard_normal(n)))


Noise = Callable[[Generator, int], FloatArray]


def _grid(
    rng: Generator, noise: Noise, repeats: int, effects: Mapping[str, Mapping[Any, float]], *sizes: int
) -> Experiment:
    cells = np.array(np.meshgrid(*(np.arange(s) for s in (*sizes, repeats)))).reshape(len(sizes) + 1, -1)
    parameters = {f"p{k}": (cells[k] + 1).tolist() for k in range(len(sizes))}
    if repeats > 1:
        parameters["seed"] = cells[-1].tolist()
    return _with(rng, noise, parameters, effects, cells.shape[1])


def _with(
    rng: Generator, noise: Noise, parameters: dict[str, list[Any]], effects: Mapping[str, Mapping[Any, float]], n: int
) -> Experiment:
    y = noise(rng, n)
    for name, effect in effects.items():
        y = y + np.array([effect[v] for v in parameters[name]])
    return Experiment(parameters, y, effects)


def _search(rng: Generator, noise: Noise, n: int, effects: Mapping[str, Mapping[Any, float]]) -> Experiment:
    """A random search: two numbers from a range, words of very unequal frequency, two settings that are on or off."""
    parameters: dict[str, list[Any]] = {
        "rate": np.exp(rng.uniform(-10, 0, n)).tolist(),
        "decay": np.exp(rng.uniform(-12, -2, n)).tolist(),
        "optimizer": rng.choice(["adam", "sgd", "rmsprop"], n, p=[0.7, 0.2, 0.1]).tolist(),
        "depth": rng.integers(1, 4, n).tolist(),
        "augment": (rng.random(n) < 0.15).tolist(),
    }
    return _with(rng, noise, parameters, effects, n)


def _held(rng: Generator, noise: Noise, n: int, effect: Callable[[FloatArray], FloatArray]) -> Experiment:
    """A search in which the rate is all that matters, and the depth, which has no effect, mostly goes along with it."""
    found = _search(rng, noise, n, {})
    place = (np.log(found.parameters["rate"]) + 10) / 10
    depth = np.where(rng.random(n) < 0.7, 1 + np.floor(3 * place), rng.integers(1, 4, n))
    parameters = {**found.parameters, "depth": depth.astype(int).tolist()}
    return Experiment(parameters, found.outcome + effect(place), {}, frozenset({"rate"}))


def _valley(place: FloatArray) -> FloatArray:
    return 20 * (place - 0.4) ** 2


def _slope(place: FloatArray) -> FloatArray:
    return 4 * place


def _cliff(place: FloatArray) -> FloatArray:
    return np.where(place > 0.8, 4.0, 0.0)


def _seeded(rng: Generator, noise: Noise, n: int, seeds: int, shared: float) -> Experiment:
    """A search whose configurations differ by themselves, each with several seeds; these may have an effect."""
    one = _search(rng, noise, n, {})
    parameters = {name: [v for v in values for _ in range(seeds)] for name, values in one.parameters.items()}
    parameters["seed"] = list(range(seeds)) * n
    own = np.repeat(one.outcome, seeds) + 0.3 * noise(rng, n * seeds)
    return Experiment(parameters, own + np.tile(shared * noise(rng, seeds), n), {})


def _grid_with_seeds(rng: Generator, noise: Noise) -> Experiment:
    """A grid in which the seed has an effect, too: it decides the split of the data."""
    found = _grid(rng, noise, 3, {}, 2, 3, 2)
    return Experiment(
        found.parameters, found.outcome + 2 * rng.standard_normal(3)[np.array(found.parameters["seed"])], {}
    )


def _unequal(rng: Generator, noise: Noise) -> Experiment:
    """A grid whose third value is ten times as noisy."""
    found = _grid(rng, noise, 3, {}, 3, 2, 2)
    return Experiment(
        found.parameters,
        found.outcome * np.where(np.array(found.parameters["p0"]) == 3, 10.0, 1.0),
        {"p0": {1: 0.0, 2: 0.0, 3: 0.0}},
    )


STEPS = {1: 0.0, 2: 1.0, 3: -0.5, 4: 3.0}
SIMULATED: dict[str, Callable[[Generator, Noise], Experiment]] = {
    "8 runs: grid 2 x 2 x 2": lambda rng, noise: _grid(rng, noise, 1, {}, 2, 2, 2),
    "12 runs: grid 3 x 2, two seeds": lambda rng, noise: _grid(rng, noise, 2, {}, 3, 2),
    "24 runs: grid 4 x 3, two seeds": lambda rng, noise: _grid(rng, noise, 2, {}, 4, 3),
    "24 runs: grid 4 x 3, two seeds, known effects": lambda rng, noise: _grid(
        rng, noise, 2, {"p0": STEPS, "p1": STEPS}, 4, 3
    ),
    "36 runs: grid 2 x 3 x 2, three seeds that have an effect": _grid_with_seeds,
    "36 runs: grid 3 x 2 x 2, three seeds, unequal noise": _unequal,
    "288 runs: grid 4 x 4 x 3 x 3, two seeds": lambda rng, noise: _grid(rng, noise, 2, {}, 4, 4, 3, 3),
    "8 runs: search": lambda rng, noise: _search(rng, noise, 8, {}),
    "12 runs: search": lambda rng, noise: _search(rng, noise, 12, {}),
    "24 runs: search": lambda rng, noise: _search(rng, noise, 24, {}),
    "24 runs: search, known effect": lambda rng, noise: _search(rng, noise, 24, {"depth": STEPS}),
    "100 runs: search": lambda rng, noise: _search(rng, noise, 100, {}),
    "300 runs: search": lambda rng, noise: _search(rng, noise, 300, {}),
    **{
        f"{n} runs: search, depth goes along with the rate, whose effect is a {shape}": (
            lambda rng, noise, n=n, effect=effect: _held(rng, noise, n, effect)
        )
        for n in (24, 100)
        for shape, effect in (("slope", _slope), ("valley", _valley), ("cliff", _cliff))
    },
    "24 configurations x 4 seeds: search": lambda rng, noise: _seeded(rng, noise, 24, 4, 0.0),
    "24 configurations x 4 seeds that have an effect: search": lambda rng, noise: _seeded(rng, noise, 24, 4, 2.0),
}
NOISES: dict[str, Noise] = {"normal": _normal, "t, 1.5 degrees": _heavy, "log-normal, a fifth diverged": _diverging}

# ---- real


def read(path: Path) -> dict[str, Experiment]:
    """The experiments of a file, with the last validation loss."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in load(path):
        groups[record["group"]].append(record)
    result = {}
    for name, runs in groups.items():
        names = {p for run in runs for p in run["params"]}
        parameters = {p: [run["params"].get(p) for run in runs] for p in sorted(names)}
        parameters = {p: values for p, values in parameters.items() if len(set(values)) > 1}
        last = [next(points for m, points in run["metrics"].items() if "val" in m)[-1][1] for run in runs]
        result[name] = Experiment(parameters, np.array([float(v) for v in last]), {}, frozenset(parameters))
    return result


def _part(rng: Generator, found: Experiment, runs: int) -> Experiment:
    at = rng.permutation(found.outcome.size)[:runs]
    parameters = {name: [values[i] for i in at] for name, values in found.parameters.items()}
    return Experiment(parameters, found.outcome[at], found.truth, found.unknown)


def _shuffled(rng: Generator, found: Experiment, name: str) -> Experiment:
    """Without the effect of one parameter: outcomes shuffled among the runs that agree in the others."""
    others = [p for p in found.parameters if p != name and p not in SEEDS]
    blocks: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for i in range(found.outcome.size):
        blocks[tuple(found.parameters[p][i] for p in others)].append(i)
    y = found.outcome.copy()
    for members in blocks.values():
        y[members] = y[rng.permutation(members)]
    return Experiment(found.parameters, y, {}, frozenset(others))


def _real(rng: Generator, found: Experiment, how: str, runs: int) -> Experiment:
    if how == "all outcomes shuffled":
        return Experiment((part := _part(rng, found, runs)).parameters, rng.permutation(part.outcome), {})
    names = [p for p in found.parameters if p not in SEEDS]
    name = next(p for p in names if (p in RATES) == (how == "rate shuffled within blocks"))
    return _part(rng, _shuffled(rng, found, name), runs)


HOW = ("all outcomes shuffled", "rate shuffled within blocks", "another shuffled within blocks")
RUNS = (32, 24, 12, 8)

# ---- counting


def _null(task: tuple[str, str, Experiment | None, int, int]) -> tuple[str, str, FloatArray]:
    """Of how many experiments each holds that is asked of one."""
    kind, how, found, size, seed = task
    rng = np.random.default_rng(seed)
    counts = np.zeros(4)
    for _ in range(size):
        if found is None:
            experiment = SIMULATED[kind](rng, NOISES[how])
        else:
            experiment = _real(rng, found, how, int(kind.split()[0]))
        counts += experiment.judged(experiment.asked())
    return kind, how, counts


def null_tables(real: Mapping[str, Experiment], repetitions: int, workers: int) -> Iterator[str]:
    """False flags and missed intervals against their level."""
    each = max(1, repetitions // len(real))
    tasks = [
        (f"{n} real runs", how, e, each, 100 + k) for n in RUNS for how in HOW for k, e in enumerate(real.values())
    ]
    tasks += [(kind, how, None, repetitions, 200 + k) for k, kind in enumerate(SIMULATED) for how in NOISES]
    total: dict[tuple[str, str], FloatArray] = defaultdict(lambda: np.zeros(5))
    for task, (kind, how, counts) in zip(tasks, spread(_null, tasks, workers, "null experiments"), strict=True):
        total[kind, how] += (*counts, task[3])
    rows = []
    for (kind, how), counts in total.items():
        false, missed, null, known, asked = (int(c) for c in counts)
        flags = (rate(false, asked), kept(false, asked, LEVEL)) if null else ("–", "–")
        missing = (rate(missed, known), kept(missed, known, LEVEL)) if known else ("–", "–")
        rows.append((kind, how, str(asked), *flags, *missing))
    yield table(("experiment", "outcomes", "repetitions", "false flag", "kept", "interval misses", "kept"), rows)


def _power(task: tuple[str, Experiment, int, int, int]) -> tuple[str, int, dict[str, int], int]:
    name, found, runs, repetitions, seed = task
    rng = np.random.default_rng(seed)
    flagged: dict[str, int] = defaultdict(int)
    asked = 1 if runs == found.outcome.size else repetitions
    for _ in range(asked):
        for p in {c.parameter for c in _part(rng, found, runs).asked().flagged}:
            flagged["rate" if p in RATES else "others"] += 1
    return name, runs, dict(flagged), asked


def power_table(real: Mapping[str, Experiment], repetitions: int, workers: int) -> str:
    """How often the rate and the other two are flagged, by experiment and runs drawn of it."""
    tasks = [(name, e, runs, repetitions, 300 + k) for k, (name, e) in enumerate(real.items()) for runs in RUNS]
    rows: dict[str, list[str]] = defaultdict(list)
    for name, _, flagged, asked in spread(_power, tasks, workers, "power"):
        rows[name].append(f"{flagged.get('rate', 0) / asked:.2f} ({flagged.get('others', 0) / asked:.2f})")
    return table(("experiment", *(f"{n} runs" for n in RUNS)), [(name, *cells) for name, cells in rows.items()])


def aliased(rng: Generator) -> str:
    """One experiment in which the batch always changed with the rate, and a name with both and the width."""
    rates = [0.001, 0.01, 0.1] * 8
    width = [32] * 12 + [64] * 12
    parameters = {
        "lr": rates,
        "batch": [round(32_000 * r) for r in rates],
        "width": width,
        "name": [f"{r}-{w}" for r, w in zip(rates, width, strict=True)],
        "seed": [k // 3 % 4 for k in range(24)],
    }
    found = contrasts(parameters, np.log10(rates) + 0.1 * rng.standard_normal(24), ["seed"])
    lines = [f"- Cannot be told apart: {' and '.join(group)}." for group in found.aliased]
    lines += [f"- Left out: {name}, because it {why}." for name, why in found.left_out.items()]
    lines += [f"- {c.parameter} {c.high} against {c.low}: {c.effect:+.2f}, p {c.p:.4f}" for c in found.contrasts]
    return "\n".join(lines)


def main() -> None:
    """Read the options, repeat, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs",
        type=Path,
        default=EXPERIMENTS["crossed"],
        help="labelled runs, one a line (default: the project's own)",
    )
    parser.add_argument("--repetitions", type=int, default=1000, help="experiments of each kind (default 1000)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default 2)")
    options = parser.parse_args()
    real = read(options.runs)
    print("### Experiments in which a parameter has no effect\n")
    print(
        "False flag: the share of experiments in which any parameter without effect has p of at most 0.05. Interval "
        "misses: the share in which any of the simultaneous 95% intervals misses a known effect. In brackets: their "
        "99% intervals.\n"
    )
    for text in null_tables(real, options.repetitions, options.workers):
        print(text, end="\n\n")
    print("### Real experiments: how often the rate is flagged (the other two, on average a repetition)\n")
    print(power_table(real, max(1, options.repetitions // 5), options.workers), end="\n\n")
    print("### Aliased parameters\n")
    print(aliased(np.random.default_rng(0)))


if __name__ == "__main__":
    main()
