"""Runs of Weights & Biases that the controls make: in the project of the active run, and in a group of their own."""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker_diag.adapters import disk
from tracker_diag.core import controlled, own
from tracker_diag.core.plain import plain
from tracker_diag.core.run import Series

_JOB = "control"
_OF_THE_ACTIVE_RUN = [
    "config",
    "summary",
    "log",
    "save",
    "use_artifact",
    "log_artifact",
    "define_metric",
    "alert",
    "watch",
    "unwatch",
    "log_model",
    "use_model",
    "link_model",
]
"""What stands in wandb for the active run's, besides ``wandb.run``."""


def is_active() -> bool:
    """Whether this process has an active run."""
    wandb = sys.modules.get("wandb")
    return wandb is not None and getattr(wandb, "run", None) is not None


class ControlRuns:
    """The runs of one control, one a training; the run that the user has open stays open, and nothing is logged to it.

    Parameters
    ----------
    control : str
        What is controlled.
    """

    def __init__(self, control: str) -> None:
        import wandb

        self._wandb = wandb
        self._outer = wandb.run
        self._group = f"{control}-{uuid.uuid4().hex[:8]}"
        self._open: Any = None

    def begin(self, name: str, control: str, params: Mapping[str, Any]) -> str:
        """Make a run, the active one from now on; gives its id."""
        self._finish(0)
        outer = self._outer
        beside = {"project": outer.project, "entity": outer.entity or None, "reinit": "create_new"} if outer else {}
        run = self._wandb.init(
            **beside,
            group=self._group,
            job_type=_JOB,
            name=name,
            tags=[controlled.WORD],
            config={**plain(params), f"diag/{own.CONTROL}": control},
        )
        self._open = run
        if outer:
            self._make_active(run)
        return str(run.id)

    def log(self, curves: Mapping[str, Series]) -> None:
        """Log curves, but those that training has logged to the run by itself."""
        run = self._open
        if self._is_finished():
            return
        there = set(run.summary.keys())
        rows: dict[float, dict[str, float]] = {}
        for name, series in curves.items():
            if name not in there:
                for step, value in zip(series.steps, series.values, strict=True):
                    rows.setdefault(float(step), {})[name] = float(value)
        fresh = run.step == 0
        for step in sorted(rows):
            run.log(rows[step], **({"step": int(step)} if fresh and step == int(step) >= 0 else {}))

    def end(self, *, failed: bool) -> None:
        """End the run if training failed; else it stays open for the answer, until the next begins."""
        if failed:
            self._finish(1)

    def close(self, says: str) -> None:
        """Write the answer into the notes of the last run, and end it."""
        if self._open is not None and says and not self._is_finished():
            self._open.notes = says
        self._finish(0)

    def _is_finished(self) -> bool:
        """Whether training has finished the run, as scripts do that log by themselves; wandb then has no active one."""
        return self._wandb.run is not self._open

    def _finish(self, exit_code: int) -> None:
        if self._open is not None:
            self._open.finish(exit_code=exit_code)
            self._open = None
            if self._outer:
                self._make_active(self._outer)

    def _make_active(self, run: Any) -> None:
        """Have ``wandb.log`` and the like mean this run; with "create_new", wandb itself leaves them as they are."""
        self._wandb.run = run
        for name in _OF_THE_ACTIVE_RUN:
            if hasattr(run, name):
                setattr(self._wandb, name, getattr(run, name))


def remove_folder(path: Path, run_id: str, tags: Mapping[str, str]) -> bool:
    """Delete the folder of a run that a control logged offline; gives whether it was one.

    Parameters
    ----------
    path : Path
        The folder that holds it, as the adapter was opened with.
    run_id : str
        The run's.
    tags : mapping of str to str
        The run's, as the adapter reads them.

    Returns
    -------
    bool
        False where it is another's.

    Raises
    ------
    TrackerError
        If there is no such run, or it cannot be deleted.
    """
    from tracker_diag.adapters.wandb.folder import find_run

    if not controlled.is_ours(tags):
        return False
    folder = find_run(path, run_id)
    try:
        for log in folder.logs:
            if not log.parent.is_symlink():
                shutil.rmtree(log.parent)
    except OSError as error:
        raise disk.refusal(error, "check the folder's permissions") from None
    return True
