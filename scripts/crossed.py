"""Sweeps of small networks, each run labelled by intervention: what changing one factor alone brings."""

from __future__ import annotations

import itertools
import math
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import Any

# One thread a process: networks this small are slower on several.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import numpy as np
from sklearn.datasets import make_circles, make_gaussian_quantiles, make_swiss_roll
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor

N_TRAIN, N_VAL, N_TEST = 300, 300, 2000

#: Shares of (baseline - best) that the best single change brings: from the first on a run is faulty, below the second
#: (and as close to the best run) it is sound; what lies between is labelled neither.
FAULTY, SOUND = 0.14, 0.05
#: All changes that bring this share of the greatest gain are right answers.
AS_GOOD = 0.8
#: How far above its own lowest value a validation loss has to end for early stopping to be a right answer too.
RISEN = 0.15
#: A best run that is not better than guessing by this share of the baseline has learned nothing.
LEARNED = 0.03
#: A loss of so many baselines has blown up.
BLOWN_UP = 100.0
OVERFITTED = ("no-early-stopping", "no-regularisation", "too-few-examples")
CAUSES = {  # of a factor: what is wrong where a lower value does better, and where a higher one does
    "lr": (("learning-rate-too-high",), ("learning-rate-too-low",)),
    "width": (
        ("too-many-hidden-units", "network-too-big-for-data"),
        ("too-few-hidden-units", "network-too-small-for-data"),
    ),
    "depth": (("too-deep",), ("network-too-small-for-data",)),
    "decay": (("regularisation-too-strong",), OVERFITTED),
    "batch": (("batch-too-large",), ("batch-too-small-for-rate",)),
    "epochs": (OVERFITTED, ("too-few-epochs", "too-few-updates")),
}


@dataclass(frozen=True)
class Setup:
    """One training: the task, and what may be varied."""

    task: str
    lr: float = 1e-3
    optimizer: str = "adam"
    decay: float = 0.0
    batch: int = 32
    width: int = 32
    depth: int = 1
    epochs: int = 40
    seed: int = 0


@dataclass(frozen=True)
class Trained:
    """Losses after each epoch; the loss on the test set at the end."""

    train: tuple[float, ...]
    val: tuple[float, ...]
    test: float


@dataclass(frozen=True)
class Experiment:
    """Trainings of one sweep, and how its script logs them.

    Attributes
    ----------
    name : str
    tasks : tuple of str
        More than one where an experiment holds several; their runs are never compared.
    factors : mapping
        Factor to its values; where the runs are drawn, the values of the twins.
    names : mapping
        Factor to the name of its parameter. What is not named is not logged.
    metrics : tuple of two str
        Names of training and validation loss.
    fixed : mapping
    drawn : int
        Runs drawn at random, log-uniformly between the lowest and the highest value; 0: all values crossed, two seeds.
    """

    name: str
    tasks: tuple[str, ...]
    factors: Mapping[str, tuple[Any, ...]]
    names: Mapping[str, str]
    metrics: tuple[str, str] = ("train_loss", "val_loss")
    fixed: Mapping[str, Any] = field(default_factory=dict)
    drawn: int = 0


@dataclass(frozen=True)
class Label:
    """What is known of a run: whether it is faulty (None: nobody can say), and the causes that are right."""

    faulty: bool | None
    causes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Case:
    """A run with its label, as it is logged."""

    experiment: Experiment
    id: str
    setup: Setup
    trained: Trained
    label: Label

    @property
    def params(self) -> dict[str, Any]:
        """Parameters by the names of the experiment."""
        values = asdict(self.setup)
        return {name: values[factor] for factor, name in self.experiment.names.items()}

    @property
    def rows(self) -> list[dict[str, float]]:
        """Metrics, an epoch a row."""
        return [
            dict(zip(self.experiment.metrics, row, strict=True))
            for row in zip(self.trained.train, self.trained.val, strict=True)
        ]


RATES = (1e-5, 1e-2, 1.0)
EXPERIMENTS = (
    Experiment(
        "decay",
        ("quantiles",),
        {"lr": RATES, "decay": (0.0, 0.1, 100.0), "batch": (10, 300)},
        {"lr": "learning_rate", "decay": "weight_decay", "batch": "batch_size", "seed": "seed", "epochs": "epochs"},
    ),
    Experiment(
        "depth",
        ("circles",),
        {"depth": (1, 3, 16), "optimizer": ("sgd", "adam"), "lr": (1e-5, 1e-3, 0.3)},
        {"depth": "model.n_layers", "optimizer": "optim.name", "lr": "optim.lr", "seed": "random_state", "batch": "bs"},
        ("train/loss", "val/loss"),
        {"width": 24},
    ),
    Experiment(
        "width",
        ("swiss-roll",),
        {"width": (1, 64), "lr": (1e-5, 3e-3, 0.5), "batch": (10, 300)},
        {"width": "n_hidden", "lr": "lr", "batch": "train.batch_size", "seed": "seed", "decay": "wd"},
        ("loss", "val_loss"),
    ),
    Experiment(
        "search",
        ("quantiles",),
        {"lr": (1e-4, 1e-3, 1e-2, 0.1), "width": (2, 12, 100), "decay": (1e-4, 0.1, 30.0), "batch": (8, 40, 300)},
        {"lr": "lr", "width": "hidden_size", "decay": "weight_decay", "batch": "batch_size", "optimizer": "optimizer"},
        ("train_loss", "eval_loss"),
        drawn=30,
    ),
    Experiment(
        "two-tasks",
        ("swiss-roll", "circles"),
        {"lr": (1e-5, 3e-3, 0.5), "width": (1, 64)},
        {"task": "dataset", "lr": "lr", "width": "hidden", "seed": "seed"},
    ),
    Experiment(
        "guessing",
        ("shuffled",),
        {"lr": (1e-5, 1e-3, 0.1), "width": (2, 64)},
        {"lr": "lr", "width": "hidden", "seed": "seed", "epochs": "epochs"},
    ),
)


@lru_cache
def data(task: str) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Inputs and targets of the training, validation and test set; standardised by the training set."""
    n = N_TRAIN + N_VAL + N_TEST
    rng = np.random.default_rng(16)
    if task == "quantiles":
        x, y = make_gaussian_quantiles(n_samples=n, n_features=4, n_classes=3, random_state=16)
    elif task == "swiss-roll":
        x, y = make_swiss_roll(n, noise=0.5, random_state=16)
    else:
        x, y = make_circles(n, noise=0.12, factor=0.5, random_state=16)
    if task == "shuffled":
        y = rng.permutation(y)
    order = rng.permutation(n)
    x, y = x[order], y[order]
    x = (x - x[:N_TRAIN].mean(axis=0)) / x[:N_TRAIN].std(axis=0)
    if y.dtype.kind == "f":
        y = 4 * (y - y[:N_TRAIN].mean()) / y[:N_TRAIN].std()
    cuts = (N_TRAIN, N_TRAIN + N_VAL)
    return tuple(zip(np.split(x, cuts), np.split(y, cuts), strict=True))


def baselines(task: str) -> tuple[float, float]:
    """What the best constant costs on the validation and on the test set."""
    (_, y), *others = data(task)
    if y.dtype.kind == "f":
        return tuple(float(np.mean((v - y.mean()) ** 2)) for _, v in others)  # type: ignore[return-value]
    shares = np.bincount(y) / y.size
    return tuple(float(-np.log(shares[v]).mean()) for _, v in others)  # type: ignore[return-value]


def train(setup: Setup) -> Trained:
    """Train a network; it ends early where the weights are not finite any more."""
    (x, y), validation, test = data(setup.task)
    classes = None if y.dtype.kind == "f" else np.unique(y)
    network = (MLPRegressor if classes is None else MLPClassifier)(
        hidden_layer_sizes=(setup.width,) * setup.depth,
        solver=setup.optimizer,
        learning_rate_init=setup.lr,
        alpha=setup.decay,
        batch_size=setup.batch,
        random_state=setup.seed,
    )
    known = {} if classes is None else {"classes": classes}

    def loss(x: np.ndarray, y: np.ndarray) -> float:
        if classes is None:
            return float(mean_squared_error(y, network.predict(x)))
        return float(log_loss(y, network.predict_proba(x), labels=classes))

    rows: list[tuple[float, float]] = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Networks that cannot work are the point here.
        warnings.simplefilter("ignore")
        try:
            for _ in range(setup.epochs):
                network.partial_fit(x, y, **known)
                rows.append((loss(x, y), loss(*validation)))
            end = loss(*test)
        except ValueError as error:
            if not any(word in str(error) for word in ("non-finite", "infinity", "NaN")):
                raise
            rows.append((math.nan, math.nan))
            end = math.nan
    learned, held = zip(*rows, strict=True)
    return Trained(learned, held, end)


def setups(experiment: Experiment) -> list[Setup]:
    """The runs of an experiment, in a settled order."""
    fixed = dict(experiment.fixed)
    if experiment.drawn:
        rng = np.random.default_rng(16)
        return [
            Setup(task, **fixed, **{f: _draw(v, rng) for f, v in experiment.factors.items()}, seed=i)
            for task in experiment.tasks
            for i in range(experiment.drawn)
        ]
    crossed = itertools.product(experiment.tasks, (0, 1), *experiment.factors.values())
    return [
        Setup(task, seed=seed, **fixed, **dict(zip(experiment.factors, values, strict=True)))
        for task, seed, *values in crossed
    ]


def _draw(values: Sequence[Any], rng: np.random.Generator) -> Any:
    """A value between the lowest and the highest, log-uniformly; one of them where they are words."""
    if isinstance(values[0], str):
        return str(rng.choice(values))
    drawn = math.exp(rng.uniform(math.log(min(values)), math.log(max(values))))
    return round(drawn) if isinstance(values[0], int) else float(f"{drawn:.3g}")


def twins(experiment: Experiment, setup: Setup) -> list[tuple[str, Setup]]:
    """The same with one factor changed, and which. Those of drawn runs are no runs of the experiment."""
    changed = [(f, replace(setup, **{f: v})) for f, values in experiment.factors.items() for v in values]
    return [(factor, twin) for factor, twin in changed if twin != setup]


def label(setup: Setup, changed: Sequence[tuple[str, Setup]], known: Mapping[Setup, Trained], best: Trained) -> Label:
    """What changing one factor alone brings.

    A change brings the share of (baseline - best) by which it lowers the last loss: the smaller of the shares on the
    validation and on the test set, so that luck on either is none.

    Parameters
    ----------
    setup : Setup
    changed : sequence of (str, Setup)
        Its twins.
    known : mapping
        All that was trained.
    best : Trained
        The run of the experiment, on the same task, with the lowest validation loss at the end.
    """
    base = baselines(setup.task)
    span = [b - e for b, e in zip(base, ends(best, base), strict=True)]
    if min(s / b for s, b in zip(span, base, strict=True)) < LEARNED:
        return Label(None)
    own = ends(known[setup], base)
    gains: dict[str, tuple[float, bool]] = {}
    for factor, twin in changed:
        pairs = zip(own, ends(known[twin], base), span, strict=True)
        gained = min(_gain(mine, other, s) for mine, other, s in pairs)
        if gained > gains.get(factor, (-math.inf, False))[0]:
            gains[factor] = gained, getattr(twin, factor) > getattr(setup, factor)
    greatest = max(gained for gained, _ in gains.values())
    behind = (own[0] - ends(best, base)[0]) / span[0]
    if greatest < SOUND and behind < SOUND:
        return Label(False)
    if greatest < FAULTY:
        return Label(None)
    right = {
        cause
        for factor, (gained, upwards) in gains.items()
        if factor in CAUSES and gained >= max(AS_GOOD * greatest, FAULTY)
        for cause in CAUSES[factor][upwards]
    }
    if right and math.isfinite(own[0]) and (own[0] - min(known[setup].val)) / span[0] > RISEN:
        right |= set(OVERFITTED)
    return Label(True, frozenset(right))


def ends(trained: Trained, base: Sequence[float]) -> tuple[float, ...]:
    """The last validation loss and the test loss; infinite where they blew up."""
    both = (trained.val[-1], trained.test)
    return tuple(x if x < BLOWN_UP * b else math.inf for x, b in zip(both, base, strict=True))


def _gain(own: float, other: float, span: float) -> float:
    if math.isfinite(own):
        return (own - other) / span
    return math.inf if math.isfinite(other) else 0.0


def cases(experiments: Iterable[Experiment], processes: int) -> list[Case]:
    """Train the runs and their twins, and label the runs."""
    listed = [(e, setups(e)) for e in experiments]
    needed = {s for e, own in listed for setup in own for s in (setup, *(t for _, t in twins(e, setup)))}
    order = sorted(needed, key=repr)
    with ProcessPoolExecutor(processes) as pool:
        known = dict(zip(order, pool.map(train, order, chunksize=8), strict=True))
    out = []
    for experiment, own in listed:
        for i, setup in enumerate(own):
            rivals = [known[s] for s in own if s.task == setup.task]
            best = min(rivals, key=lambda t: t.val[-1] if math.isfinite(t.val[-1]) else math.inf)
            right = label(setup, twins(experiment, setup), known, best)
            out.append(Case(experiment, f"{experiment.name}{i:03d}", setup, known[setup], right))
    return out
