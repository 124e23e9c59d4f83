"""Runs of MLflow that the controls make: nested below the active run, or below one of their own."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.mlflow.policy import POLICY
from tracker_diag.core import controlled, own
from tracker_diag.core.run import Series

_FORBIDDEN = re.compile(r"[^\w\-. :/]")
_MOST_PARAMS, _MOST_METRICS = 100, 1000
"""Of one request."""
_LONGEST_NAME = 250


def is_active() -> bool:
    """Whether this process has an active run."""
    mlflow = sys.modules.get("mlflow")
    return mlflow is not None and mlflow.active_run() is not None


def tracking_uri() -> str | None:
    """Where this process logs to; None where it has not loaded MLflow."""
    mlflow = sys.modules.get("mlflow")
    return None if mlflow is None else str(mlflow.get_tracking_uri())


class ControlRuns:
    """The runs of one control, one a training; the run that the user has open gets children and is left as it is.

    Parameters
    ----------
    control : str
        What is controlled, the value of ``diag.control`` of the parent that is made where no run is active.
    """

    def __init__(self, control: str) -> None:
        import mlflow

        self._mlflow = mlflow
        self._control = control
        self._ids: list[str] = []
        self._parent: Any = None
        self._own_parent = False

    def begin(self, name: str, control: str, params: Mapping[str, Any]) -> str:
        """Make a run, the active one from now on, and log parameters; gives its id."""
        if self._parent is None:
            self._parent = self._mlflow.active_run() or self._start(self._control, self._control)
            self._own_parent = self._parent.info.run_id in self._ids
        run = self._start(name, control, nested=True, experiment_id=self._parent.info.experiment_id)
        flat = {_FORBIDDEN.sub("_", key)[:_LONGEST_NAME]: str(value) for key, value in params.items()}
        items = [(key, own.shortened(value, POLICY.longest)) for key, value in flat.items()]
        for i in range(0, len(items), _MOST_PARAMS):
            self._mlflow.log_params(dict(items[i : i + _MOST_PARAMS]))
        return str(run.info.run_id)

    def log(self, curves: Mapping[str, Series]) -> None:
        """Log curves, but those that training has logged to the run by itself."""
        from mlflow.entities import Metric

        client, run_id = self._mlflow.MlflowClient(), self._ids[-1]
        there = client.get_run(run_id).data.metrics
        now = int(client.get_run(run_id).info.start_time)
        points = [
            Metric(name, float(value), now, int(step))
            for name, series in ((_FORBIDDEN.sub("_", name)[:_LONGEST_NAME], s) for name, s in curves.items())
            if name not in there
            for step, value in zip(series.steps, series.values, strict=True)
        ]
        for i in range(0, len(points), _MOST_METRICS):
            client.log_batch(run_id, metrics=points[i : i + _MOST_METRICS])

    def end(self, *, failed: bool) -> None:
        """End the run; whatever training has started inside and left open ends too."""
        run_id, status = self._ids[-1], "FAILED" if failed else "FINISHED"
        client = self._mlflow.MlflowClient()
        while (active := self._mlflow.active_run()) is not None and active.info.run_id != self._parent.info.run_id:
            self._mlflow.end_run(status if active.info.run_id == run_id else "FINISHED")
        client.set_terminated(run_id, status)

    def close(self, says: str) -> None:
        """Write the answer into the description of the runs made, and end their parent where it was made too."""
        client = self._mlflow.MlflowClient()
        for run_id in self._ids if says else ():
            client.set_tag(run_id, own.DESCRIPTION, says)
        if self._own_parent:
            active = self._mlflow.active_run()
            if active is not None and active.info.run_id == self._parent.info.run_id:
                self._mlflow.end_run("FINISHED" if says else "FAILED")

    def _start(self, name: str, control: str, **where: Any) -> Any:
        with _no_run_in_environment():
            run = self._mlflow.start_run(run_name=name, tags=controlled.tags(control), **where)
        self._ids.append(run.info.run_id)
        return run


@contextlib.contextmanager
def _no_run_in_environment() -> Iterator[None]:
    """Hide MLFLOW_RUN_ID: MLflow would go on with that run, which is the user's, instead of making one."""
    run_id = os.environ.pop("MLFLOW_RUN_ID", None)
    try:
        yield
    finally:
        if run_id is not None:
            os.environ["MLFLOW_RUN_ID"] = run_id


def remove(run_id: str, tracking_uri: str | None = None) -> bool:
    """Delete a run that a control made; gives whether it was one. Any other run is left as it is.

    MLflow keeps deleted runs until ``mlflow gc``; ``mlflow runs restore`` brings one back.

    Parameters
    ----------
    run_id : str
        The run's.
    tracking_uri : str, optional
        MLflow's own where None.

    Returns
    -------
    bool
        False where it is another's, or deleted already.

    Raises
    ------
    TrackerError
        If there is no such run, or it cannot be deleted.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    client = mlflow.MlflowClient(tracking_uri)
    try:
        # Read anew: tags that a listing had may have been taken away since.
        run = client.get_run(run_id)
        if run.info.lifecycle_stage != "active" or not controlled.is_ours(run.data.tags):
            return False
        client.delete_run(run_id)
    except MlflowException as error:
        raise TrackerError(f"run {run_id}: {error.message}") from None
    return True
