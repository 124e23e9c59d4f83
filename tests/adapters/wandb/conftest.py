"""Real runs, made once a session: offline in a folder, online on a loopback server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.adapters.wandb.training import environment, train, training

Rows = list[dict[str, float]]


@dataclass(frozen=True)
class Trained:
    """Where runs were logged to, and what was logged: run id to rows with their ``_step``."""

    home: Path
    truth: dict[str, Rows]


@pytest.fixture(scope="session")
def offline_runs(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    home = tmp_path_factory.mktemp("offline")
    names = ("healthy", "diverged", "sparse", "resumed")
    return Trained(home, train(*names, home=home, env=environment(home, WANDB_MODE="offline")))


@pytest.fixture(scope="session")
def killed_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a training that was killed without notice."""
    home = tmp_path_factory.mktemp("killed")
    with training("endless", home=home, env=environment(home, WANDB_MODE="offline")) as process:
        while not (logs := list(home.glob("wandb/offline-run-*/*.wandb"))) or logs[0].stat().st_size < 300_000:
            assert process.poll() is None, "the training ended"
    return logs[0]


def points(rows: Rows, name: str) -> tuple[list[float], list[float]]:
    """Steps and values of a metric in what was logged."""
    kept = [(row["_step"], row[name]) for row in rows if name in row]
    return [step for step, _ in kept], [value for _, value in kept]
