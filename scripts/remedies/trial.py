"""One trial: train, diagnose, apply the prescription, train again, and compare on the test set."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np
from joblib import Memory
from numpy.typing import NDArray

from scripts.remedies.faults import FAULTS, sound
from scripts.remedies.habits import HABITS, Habit, NotMechanicalError, applied, params
from scripts.remedies.setup import Setup
from scripts.remedies.tasks import TASKS, Task
from scripts.remedies.training import Trained, data, train, uninformed
from tracker_diag import Report, Run, diagnose, profile_data

FloatArray = NDArray[np.float64]

#: Share of the test loss that a change has to bring.
LEAST = 0.02
#: And standard errors of the difference over the test examples: beyond chance at 5%.
BEYOND = 1.96


@dataclass(frozen=True)
class Trial:
    """What came of one faulty network.

    Attributes
    ----------
    task, fault : str
    seed : int
    verdict : str
    severe : bool
        Whether something of severity warning or above was reported.
    first : str
        The first cause, or nothing.
    cause : str
        The first cause with a prescription that names changes, or nothing.
    said : str
        Its changes, in words.
    outcome : str
        ``helps``, ``nothing``, ``harms``; ``by hand`` where the changes cannot be carried out by a table, ``none``
        where there is none.
    sound, before, after : float
        Mean test loss of the sound twin, the faulty network and the repaired one.
    effective : bool
        Whether the fault made the test loss worse at all.
    """

    task: str
    fault: str
    seed: int
    verdict: str
    severe: bool
    first: str
    cause: str
    said: str
    outcome: str
    sound: float
    before: float
    after: float
    effective: bool


@dataclass(frozen=True)
class Check:
    """A network without a fault: what was said of it, and which change would have made it better all the same."""

    task: str
    setup: str
    seed: int
    verdict: str
    severe: bool
    first: str
    better: str


def compare(before: FloatArray, after: FloatArray, ignorant: FloatArray) -> str:
    """What a change has brought: ``helps``, ``harms`` or ``nothing``.

    Parameters
    ----------
    before, after : ndarray, shape (n,)
        Losses of the same test examples.
    ignorant : ndarray, shape (n,)
        Those of a model that knows nothing, which stand in for a network that was lost before the change.
    """
    if not np.isfinite(after).all():
        return "harms" if np.isfinite(before).all() else "nothing"
    if not np.isfinite(before).all():
        before = ignorant
    difference = after - before
    error = float(difference.std(ddof=1)) / len(difference) ** 0.5
    mean = float(difference.mean())
    if abs(mean) <= max(LEAST * float(before.mean()), BEYOND * error):
        return "nothing"
    return "helps" if mean < 0 else "harms"


@cache
def _once() -> Callable[[Task, Setup, int], Trained]:
    """Training that is done once for the same words: in this process, or where REMEDIES_CACHE names a folder, ever."""
    folder = os.environ.get("REMEDIES_CACHE")
    return Memory(folder, verbose=0).cache(train) if folder else lru_cache(maxsize=1024)(train)


def trained(task: Task, setup: Setup, seed: int) -> Trained:
    """Train, unless the very same was trained before."""
    return _once()(task, setup, seed)


def diagnosed(task: Task, setup: Setup, seed: int, habit: Habit) -> Report:
    """Log as the habit has it, and diagnose."""
    curves = trained(task, setup, seed).curves
    profile = None
    if habit.profiles:
        given = data(task, setup, seed)
        profile = profile_data(given.x.numpy(), given.y.numpy(), given.x_val.numpy(), given.y_val.numpy())
    return diagnose(
        Run.from_dict(
            {
                "id": f"{task.name}-{seed}",
                "params": params(task, setup, habit),
                "metrics": {
                    habit.metrics[name]: [[epoch, value] for epoch, value in enumerate(values, start=1)]
                    for name, values in curves.items()
                },
                "profile": profile,
            }
        )
    )


def repair(task_name: str, fault_name: str, seed: int) -> Trial:
    """Inject a fault, and do what is prescribed."""
    task = next(t for t in TASKS if t.name == task_name)
    fault = next(f for f in FAULTS if f.name == fault_name)
    habit = HABITS[seed % len(HABITS)]
    faulty = fault.inject(task.sound, task)
    report = diagnosed(task, faulty, seed, habit)
    before = trained(task, faulty, seed).test_losses
    healthy = trained(task, task.sound, seed).test_losses
    ignorant = uninformed(task, task.sound, seed)
    cause = next((c for c in report.causes if c.prescription.changes), None)
    said, outcome, after = "", "none", np.full(1, np.nan)
    if cause is not None:
        said = ", ".join(f"{c.param}: {c.before} → {c.after}" for c in cause.prescription.changes)
        try:
            repaired = applied(faulty, cause.prescription.changes, habit)
        except NotMechanicalError:
            outcome = "by hand"
        else:
            after = trained(task, repaired, seed).test_losses
            outcome = compare(before, after, ignorant)
    return Trial(
        task.name,
        fault.name,
        seed,
        report.verdict,
        report.severity.rank >= 2,
        report.causes[0].name if report.causes else "",
        cause.name if cause else "",
        said,
        outcome,
        float(healthy.mean()),
        float(before.mean()),
        float(after.mean()),
        compare(healthy, before, ignorant) == "harms",
    )


OTHERWISE: dict[str, Callable[[Setup], Setup]] = {
    "twice the epochs": lambda s: replace(s, epochs=2 * s.epochs),
    "half the epochs": lambda s: replace(s, epochs=s.epochs // 2),
    "3 times the rate": lambda s: replace(s, lr=3 * s.lr),
    "a third of the rate": lambda s: replace(s, lr=s.lr / 3),
}


def check(task_name: str, setup_name: str, seed: int) -> Check:
    """Diagnose a network without a fault, and make sure that it has none: other lengths and rates bring little."""
    task = next(t for t in TASKS if t.name == task_name)
    setup = dict(sound(task))[setup_name]
    report = diagnosed(task, setup, seed, HABITS[seed % len(HABITS)])
    losses = trained(task, setup, seed).test_losses
    ignorant = uninformed(task, setup, seed)
    better = ""
    for name, change in OTHERWISE.items():
        other = trained(task, change(setup), seed).test_losses
        if compare(losses, other, ignorant) == "helps" and other.mean() < 0.9 * losses.mean():
            better = better or name
    first = report.causes[0].name if report.causes else ""
    return Check(task.name, setup_name, seed, report.verdict, report.severity.rank >= 2, first, better)
