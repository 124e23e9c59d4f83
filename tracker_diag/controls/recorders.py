"""Where the runs of a control are logged."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal, Protocol

from tracker_diag.core.run import Series

TrackerName = Literal["mlflow", "wandb", "none"]
_TRACKERS = ("mlflow", "wandb")


class Recorder(Protocol):
    """One run a training, and the answer beside them."""

    def begin(self, name: str, control: str, params: Mapping[str, Any]) -> str:
        """Make a run, the active one from now on; gives its id."""

    def log(self, curves: Mapping[str, Series]) -> None:
        """Log what training returned to the run."""

    def end(self, *, failed: bool) -> None:
        """End the run."""

    def close(self, says: str) -> None:
        """Write the answer, empty where there is none, and end what is still open."""


class Nowhere:
    """Logs nothing."""

    def begin(self, name: str, control: str, params: Mapping[str, Any]) -> str:
        """Give no id."""
        return ""

    def log(self, curves: Mapping[str, Series]) -> None:
        """Log nothing."""

    def end(self, *, failed: bool) -> None:
        """End nothing."""

    def close(self, says: str) -> None:
        """Write nothing."""


def recorder(tracker: TrackerName | None, control: str) -> Recorder:
    """Open the tracker that the user names, or the one that has an active run in this process.

    Raises
    ------
    ValueError
        If there is no such tracker, or both have an active run and none is named.
    """
    if tracker not in (None, "none", *_TRACKERS):
        raise ValueError(f"tracker={tracker!r}: give 'mlflow', 'wandb', 'none', or None for that of the active run")
    if tracker is None:
        active = [name for name in _TRACKERS if _module(name).is_active()]
        if len(active) > 1:
            raise ValueError("MLflow and W&B both have an active run: name one, tracker='mlflow' or 'wandb'")
        tracker = active[0] if active else "none"  # type: ignore[assignment]
    if tracker == "none":
        return Nowhere()
    opened: Recorder = _module(str(tracker)).ControlRuns(control)
    return opened


def _module(name: str) -> Any:
    return import_module(f"tracker_diag.adapters.{name}.control_runs")
