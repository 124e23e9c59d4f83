"""Labelled sets of real names, and runs that log them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from tracker_diag import Run

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "names"
FILES = ("deep_learning", "boosting_rl_and_hand_written", "left_out")
POINTS = 12


@dataclass(frozen=True)
class Label:
    """What a metric is.

    Attributes
    ----------
    kinds : frozenset of str
        loss, part, score, reward, gan, learning_rate and so on: the first reading and all others that are not wrong.
    main : str
        The first reading.
    split : str
        train, val, test or none.
    better : {'min', 'max'} or None
        Of a score.
    once : bool
        Whether it is logged a single time, at the end.
    """

    kinds: frozenset[str]
    main: str
    split: str
    better: str | None
    once: bool

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Label:
        """Read a label as the files have it."""
        return cls(
            kinds=frozenset([data["is"], *data.get("also", ())]),
            main=data["is"],
            split=data.get("split", "none"),
            better=data.get("better"),
            once=data.get("once", False),
        )

    def __str__(self) -> str:
        split = {"none": "", "train": "training ", "val": "validation ", "test": "test "}[self.split]
        if self.main in ("loss", "score", "reward"):
            return f"a {split}{self.main}" + ("" if split else " of no stated split")
        return {
            "part": f"a part of a {split}loss",
            "gan": "the loss of a player of a GAN",
            "other": "neither loss nor score",
            "unknown": "nothing one could know",
        }.get(self.main, f"a {self.main.replace('_', ' ')}")


@dataclass(frozen=True)
class NameSet:
    """One set of names with its labels.

    Attributes
    ----------
    source : str
        Whose names these are.
    metrics : mapping of str to Label
        By name.
    params : mapping of str to (value, role)
        By name.
    expect : mapping of str to tuple of str
        Role to the names that may fill it; ``held_out_loss`` is that of validation or test.
    """

    source: str
    metrics: Mapping[str, Label]
    params: Mapping[str, tuple[Any, str]]
    expect: Mapping[str, tuple[str, ...]]


def load(file: str) -> list[NameSet]:
    """The sets of a file."""
    data = yaml.safe_load((FOLDER / f"{file}.yaml").read_text(encoding="utf-8"))
    return [
        NameSet(
            source=each["source"],
            metrics={name: Label.of(label) for name, label in each["metrics"].items()},
            params={name: (value, role) for name, (value, role) in each.get("params", {}).items()},
            expect={role: tuple(names) for role, names in each.get("expect", {}).items()},
        )
        for each in data
    ]


def run_of(names: NameSet) -> Run:
    """A run with these names: every metric goes as such a metric goes, no two alike."""
    metrics = {}
    for i, (name, label) in enumerate(names.metrics.items()):
        points = 1 if label.once else POINTS
        metrics[name] = [[k, float(v)] for k, v in enumerate(_curve(label)[:points] * (1 + i / 1000))]
    return Run.from_dict(
        {"id": "names", "metrics": metrics, "params": {name: value for name, (value, _) in names.params.items()}}
    )


def _curve(label: Label) -> NDArray[np.float64]:
    k = np.arange(POINTS, dtype=np.float64)
    falling = np.exp(-k / 4)
    wave = 1 + 0.1 * np.cos(2.3 * k)
    curves = {
        "score": 0.7 - 0.5 * falling if label.better == "max" else 0.1 + 0.5 * falling,
        "reward": 100 - 80 * falling,
        "learning_rate": 0.001 * (1 - k / POINTS),
        "gradient_norm": wave,
        "weight_norm": 10 + k / 10,
        "loss_scale": np.full(POINTS, 1024.0),
        "epoch": k,
        "gan": 0.7 * wave,
        "other": 7 * wave,
        "unknown": 3 * wave,
    }
    return curves.get(label.main, 0.1 + 1.5 * falling)
