"""What both frameworks have in common: what a training logs by itself, and how it came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.probing.setup import Setup


@dataclass(frozen=True)
class Trained:
    """How a training came out on independent data.

    Attributes
    ----------
    loss : float
        Of the test set.
    accuracy : float or None
        Of the test set; None for regression.
    lines : tuple of (int, str)
        What was said while it went on: the epoch, and the line.
    """

    loss: float
    accuracy: float | None
    lines: tuple[tuple[int, str], ...] = ()


class LoggedRun:
    """What the training itself logs, watched or not."""

    def __init__(self, setup: Setup, framework: str) -> None:
        self._setup = setup
        import mlflow

        params: dict[str, Any] = {}
        if setup.name_rate:
            params = {
                "optimizer": setup.optimizer,
                "learning_rate": setup.rate,
                "batch_size": setup.batch_size,
                "epochs": setup.epochs,
                "hidden_units": str(list(setup.hidden)),
                "activation": setup.activation,
                "dropout": setup.dropout,
                "weight_decay": setup.decay,
                "framework": framework,
            }
            if setup.clip is not None:
                params["gradient_clip"] = setup.clip
        mlflow.log_params(params)
        self._mlflow = mlflow

    def epoch(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Log the metrics of an epoch."""
        self._mlflow.log_metrics(dict(metrics), step=epoch)

    def profile(self) -> dict[str, Any]:
        """The profile of the data as they are fed to the network."""
        from tracker_diag import profile_data

        flat = self._setup
        return profile_data(flat.x, flat.y, flat.x_val, flat.y_val)


def log_run(setup: Setup, framework: str) -> LoggedRun:
    """Log the parameters of a run."""
    return LoggedRun(setup, framework)
