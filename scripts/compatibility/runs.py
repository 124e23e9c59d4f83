"""The runs that every version logs: a dozen kinds of curve, three of each, with what a store finds hard to hold."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

import tracker_diag
from tracker_diag.core.run import Run

POINTS = 40
BEGIN = 1_700_000_000_000  # milliseconds since the epoch
SECOND = 1000
Curve = list[tuple[int, float]]


def runs() -> list[dict[str, Any]]:
    """Describe all 36 runs, in a form that JSON holds."""
    return [_run(3 * kind + copy, kind, copy) for kind in range(len(_KINDS)) for copy in range(3)]


def logged(run: dict[str, Any]) -> Run:
    """Make the run that an adapter should read from a store."""
    return Run.from_dict(
        {
            "id": run["name"],
            "name": run["name"],
            "status": run["status"],
            "params": run["params"],
            "tags": run["tags"],
            "metrics": run["metrics"],
            "start_time": run["begin"] / SECOND,
            "end_time": None if run["end"] is None else run["end"] / SECOND,
            "datasets": [{**_DATASET, "profile": None, "schema": None}] if run["dataset"] else [],
            "profile": json.loads(run["files"].get("diagnosis/profile.json", "null")),
            "model_summary": run["files"].get("model_summary.txt"),
        }
    )


def write(path: Path, described: list[dict[str, Any]]) -> None:
    """Write runs to a file for the clients, which know nothing of this project."""
    path.write_text(json.dumps(described), encoding="utf-8")


def _run(number: int, kind: int, copy: int) -> dict[str, Any]:
    name, shape = _KINDS[kind]
    rng = np.random.default_rng(number)
    metrics = {key: _points(values) for key, values in shape(rng).items()}
    files = {}
    if copy == 1:
        files["model_summary.txt"] = _SUMMARY
    if copy == 2:
        files["diagnosis/profile.json"] = _profile(number)
    going = name == "still going"
    begin = BEGIN + number * 3600 * SECOND
    return {
        "number": number,
        "name": f"{name} {copy}",
        "status": "RUNNING" if going else ("FINISHED", "FINISHED", "FAILED")[copy],
        "params": {
            "lr": ("0.01", "0.1", "0.001")[copy],
            "batch_size": "32",
            "epochs": str(POINTS),
            "optimizer": ("sgd", "adam", "sgd")[copy],
            "note": "naïve café ☕ <b>&amp;</b>",
        },
        "tags": {"team": "vision", "über": "größer", "empty": ""},
        "metrics": metrics,
        "files": files,
        "begin": begin,
        "end": None if going else begin + POINTS * SECOND,
        "nested": copy == 1,
        "dataset": _DATASET if number % 2 == 0 else None,
    }


def _points(values: np.ndarray) -> Curve:
    return [(step, float(value)) for step, value in enumerate(values)]


def _profile(number: int) -> str:
    rng = np.random.default_rng(number)
    inputs, labels = rng.normal(0, 1, (200, 3)), rng.integers(0, 2, 200)
    return json.dumps(tracker_diag.profile_data(inputs[:150], labels[:150], inputs[150:], labels[150:]))


def _step() -> np.ndarray:
    return np.arange(POINTS) / POINTS


def _falling(rng: np.random.Generator, pace: float = 8.0, floor: float = 0.05, noise: float = 0.004) -> np.ndarray:
    return 2.3 * np.exp(-pace * _step()) + floor + rng.normal(0, noise, POINTS)


def _healthy(rng: np.random.Generator) -> dict[str, np.ndarray]:
    loss = _falling(rng)
    return {"train_loss": loss, "val_loss": loss + 0.03 + rng.normal(0, 0.004, POINTS), "val_acc": 1 - loss / 3}


def _overfitting(rng: np.random.Generator) -> dict[str, np.ndarray]:
    loss = _falling(rng)
    return {"train_loss": loss, "val_loss": loss + 0.05 + 1.5 * np.maximum(0, _step() - 0.3)}


def _undertrained(rng: np.random.Generator) -> dict[str, np.ndarray]:
    loss = _falling(rng, pace=1.5, noise=0.01)
    return {"train_loss": loss, "val_loss": loss + 0.02}


def _nan(rng: np.random.Generator) -> dict[str, np.ndarray]:
    loss = _falling(rng)
    loss[25:] = math.nan
    return {"train_loss": loss, "val_loss": np.where(np.isnan(loss), math.nan, loss + 0.1)}


def _infinite(rng: np.random.Generator) -> dict[str, np.ndarray]:
    loss = _falling(rng) * 10.0 ** np.maximum(0, np.arange(POINTS) - 20)
    loss[30:] = math.inf
    return {"train_loss": loss, "val_loss": np.where(np.isinf(loss), -math.inf, loss)}


def _unstable(rng: np.random.Generator) -> dict[str, np.ndarray]:
    loss = _falling(rng) + 0.8 * np.abs(rng.normal(0, 1, POINTS))
    return {"train_loss": loss, "val_loss": loss + 0.1 * np.abs(rng.normal(0, 1, POINTS))}


def _frozen(rng: np.random.Generator) -> dict[str, np.ndarray]:
    del rng
    return {"train_loss": np.full(POINTS, 2.302585), "val_loss": np.full(POINTS, 2.302585)}


def _flat(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"train_loss": 2.3 + rng.normal(0, 0.01, POINTS), "val_loss": 2.31 + rng.normal(0, 0.01, POINTS)}


def _gap(rng: np.random.Generator) -> dict[str, np.ndarray]:
    loss = _falling(rng)
    return {"train_loss": loss, "val_loss": _falling(rng, floor=0.9, noise=0.01)}


def _no_validation(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"loss": _falling(rng), "grad_norm": np.abs(rng.normal(1, 0.1, POINTS))}


def _few(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {"train_loss": _falling(rng)[:3], "val_loss": _falling(rng)[:3], "lr": np.array([1e-308, 5e-324, 1e308])}


_DATASET = {"name": "digits", "digest": "d1g3st", "context": "train"}
_SUMMARY = """Layer (type)                Output Shape              Param #
dense (Dense)               (None, 64)                50240
dense_1 (Dense)             (None, 10)                650
Total params: 50,890
"""

_KINDS = (
    ("healthy", _healthy),
    ("overfitting", _overfitting),
    ("undertrained", _undertrained),
    ("not a number", _nan),
    ("infinite", _infinite),
    ("unstable", _unstable),
    ("frozen", _frozen),
    ("flat", _flat),
    ("gap", _gap),
    ("no validation", _no_validation),
    ("few points", _few),
    ("still going", _undertrained),
)
