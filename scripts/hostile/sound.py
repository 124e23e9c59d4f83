"""Runs and dataset profiles as anybody might log them: what hostile ones are made from."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scripts.hostile.anything import Random, text


def sound(rng: Random) -> dict[str, Any]:
    """A run as anybody might log it."""
    n = rng.choice([1, 2, 3, 4, 5, 8, 9, 12, 16, 24, 40, 60])
    shape = rng.choice(list(SHAPES.values()))
    names = rng.choice([("train_loss", "val_loss"), ("loss", "val_loss"), ("train/loss", "eval/loss"), ("loss", "x")])
    pair = dict(zip(names, (shape(rng, n), shape(rng, n)), strict=True))
    if rng.random() < 0.5:
        pair |= {name: [1 - y / 3 for y in shape(rng, n)] for name in ("train_accuracy", "val_accuracy")}
    for name in ("learning_rate", "grad_norm", "epoch", "val_auc", "r2"):
        if rng.random() < 0.2:
            pair[name] = shape(rng, n)
    if rng.random() < 0.2:
        del pair[rng.choice(list(pair))]
    metrics = {name: [[i, y] for i, y in enumerate(curve)] for name, curve in pair.items()}
    if rng.random() < 0.2:
        metrics["nothing"] = []
    usual = {"num_classes": 10, "optimizer": "adam", "lr": 1e-3, "batch_size": 64, "epochs": n, "dropout": 0.1}
    status = rng.choice(["FINISHED", "FINISHED", "RUNNING", "RUNNING", "FAILED", "KILLED", "SCHEDULED"])
    params = {name: value for name, value in usual.items() if rng.random() < 0.7}
    return {"id": "r", "metrics": metrics, "params": params, "status": status}


SHAPES: dict[str, Callable[[Random, int], list[float]]] = {
    "settling": lambda rng, n: [0.2 + 2 * math.exp(-i / 4) + rng.gauss(0, 0.01) for i in range(n)],
    "turning": lambda rng, n: [2 * math.exp(-i / 5) + 0.03 * max(0, i - 9) + rng.gauss(0, 0.01) for i in range(n)],
    "slow": lambda rng, n: [2.3 - 0.01 * i + rng.gauss(0, 0.002) for i in range(n)],
    "flat": lambda rng, n: [2.3] * n,
    "noisy": lambda rng, n: [2.3 + rng.gauss(0, 0.5) for _ in range(n)],
    "lost": lambda rng, n: [2.3 - 0.1 * i if i < n // 2 else math.nan for i in range(n)],
    "exploding": lambda rng, n: [2.3 * 3.0**i for i in range(n)],
}


def plausible_profile(rng: Random) -> dict[str, Any]:
    def some() -> float:
        return rng.choice([0.0, 1.0, 1e-9, 1e9, -1.0, rng.gauss(0, 1), rng.uniform(0, 1)])

    def count() -> int:
        return rng.choice([0, 1, 2, 10, 100, 1000, 10**6, 10**15])

    def share() -> float:
        return rng.random()

    def feature() -> dict[str, Any]:
        low, high = sorted((some(), some()))
        numbers = ("mean", "skewness", "box_cox", "yeo_johnson", "skewness_after", "smd")
        counts, shares = ("infinite", "distinct", "clusters"), ("exponential_distance", "missing", "gap", "ks")
        return {
            "name": text(rng)[:50],
            "kind": rng.choice(["number", "category"]),
            **{name: 5 * some() for name in numbers},
            **{name: count() for name in counts},
            **{name: share() for name in shares},
            "std": abs(some()),
            "min": low,
            "max": high,
            "quantiles": sorted(some() for _ in range(7)),
            "whole": share() < 0.5,
            "information": abs(some()),
            "information_p": share(),
            "validation": {"mean": some(), "std": abs(some()), "missing": share()},
        }

    def side() -> dict[str, Any]:
        counts = ("rows", "rows_read", "duplicates", "conflicts", "non_finite", "non_finite_rows")
        shares = ("twins", "constant_share", "zero_share")
        return {n: count() for n in counts} | {n: share() for n in shares} | {"labels_sorted": share() < 0.5}

    classes = rng.choice([1, 2, 10])
    columns = ("count", "described", "near_constant", "non_finite", "skewed")
    targets = ("largest_class", "smallest_class", "unseen", "non_finite")
    return {
        "schema_version": 1,
        "kind": rng.choice(["table", "image"]),
        "train": side() | {"features": [feature() for _ in range(rng.choice([0, 1, 3]))]},
        "validation": side(),
        "columns": {
            **{name: count() for name in columns},
            "smallest_scale": abs(some()),
            "smallest_scale_name": "a",
            "largest_scale": abs(some()),
            "largest_scale_name": "b",
        },
        "target": {
            **{name: count() for name in targets},
            "kind": rng.choice(["classification", "multilabel", "regression"]),
            "n_classes": classes,
            "class_counts": {str(i): rng.choice([0, 1, 5, 500]) for i in range(classes)},
            "smallest_label": 0,
            "largest_label": classes - 1,
            "mean": some(),
            "variance": abs(some()),
            "order": {"autocorrelation": some(), "p": share(), "is_sorted": share() < 0.5},
        },
        "overlap": {"rows": count(), "share": share()},
    }
