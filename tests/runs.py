"""Small runs with known troubles, made by formula: what sweeps and the command line are tested on."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from tracker_diag.core.run import Run

KINDS = ("healthy", "overfitting", "diverged")


def curves(kind: str, n: int = 60, seed: int = 0) -> dict[str, list[tuple[float, float]]]:
    """Training and validation loss of a run of some kind: step and value."""
    rng = random.Random(seed)
    train, val = [], []
    for step in range(n):
        loss = math.exp(-step / 10) + 0.05 + rng.gauss(0, 0.004)
        held_out = loss + 0.03 + rng.gauss(0, 0.008)
        if kind == "overfitting":
            held_out += 0.012 * max(0, step - 20)
        if kind == "diverged" and step > n // 2:
            loss = held_out = math.nan
        train.append((float(step), loss))
        val.append((float(step), held_out))
    return {"train_loss": train, "val_loss": val}


def make_run(number: int, kind: str, **fields: Any) -> Run:
    """One run, as ``Run.from_dict`` reads it."""
    data: Mapping[str, Any] = {
        "id": f"run-{number:03d}",
        "name": f"{kind} {number}",
        "params": {"lr": "0.01", "batch_size": "32", "optimizer": "sgd"},
        "metrics": curves(kind, seed=number),
        "start_time": 1_700_000_000.0 + number,
        "end_time": 1_700_000_100.0 + number,
    }
    return Run.from_dict({**data, **fields})


def make_runs(n: int) -> list[Run]:
    """Make runs of each kind in turn."""
    return [make_run(i, KINDS[i % len(KINDS)]) for i in range(n)]
