"""Where figures go: the run that is going in MLflow or W&B, or a function of the user's.

Nothing here raises or waits: what cannot be logged is warned of once, and left out.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import queue
import sys
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from tracker_diag.core import own
from tracker_diag.core.signals import STEP

Log = Callable[[dict[str, float], int], Any]

#: Records that wait for a server; more are left out.
MOST_WAITING = 1_000
#: Seconds that the end of a training waits for what is still to be sent.
PATIENCE = 5.0
#: Records that one request holds.
MOST_SENT = 1_000


class ProbeWarning(UserWarning):
    """A watcher could not do something; the training goes on without it."""


class Warned:
    """Warns once of each kind of trouble."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def __call__(self, kind: str, text: str) -> None:
        """Warn, unless it was said before."""
        if kind not in self._said:
            self._said.add(kind)
            # Where warnings are errors, the training must not end by one of ours.
            try:
                warnings.warn(f"tracker_diag: {text}", ProbeWarning, stacklevel=3)
            except ProbeWarning:
                print(f"tracker_diag: {text}", file=sys.stderr)


class Sink(Protocol):
    """What takes figures and facts."""

    def log(self, figures: dict[str, float], step: int) -> None:
        """Take figures of a step."""

    def leave(self, name: str, data: Mapping[str, Any]) -> None:
        """Leave a file ``diagnosis/<name>`` beside the run."""

    def close(self) -> None:
        """Send what waits."""


class OfFunction:
    """Gives figures to a function ``log(dict, step)``; files it has no place for."""

    def __init__(self, log: Log, warn: Warned) -> None:
        self._log, self._warn = log, warn
        self._failed = False

    def log(self, figures: dict[str, float], step: int) -> None:
        """Call the function."""
        if self._failed:
            return
        try:
            self._log(figures, step)
        except Exception as error:  # noqa: BLE001 - whatever it raises, the training goes on
            self._failed = True
            self._warn("log", f"log() failed, so nothing more is logged: {_line(error)}")

    def leave(self, name: str, data: Mapping[str, Any]) -> None:
        """Nothing: a function takes numbers."""

    def close(self) -> None:
        """Nothing waits."""


class OfWandb:
    """Adds figures to the rows that the training logs, so that no step of its own is taken from it."""

    def __init__(self, run: Any, warn: Warned) -> None:
        self._run, self._warn = run, warn

    def log(self, figures: dict[str, float], step: int) -> None:
        """Add to the row that is not yet complete, with ``diag/step``."""
        try:
            self._run.log({**figures, STEP: step}, commit=False)
        except Exception as error:  # noqa: BLE001
            self._warn("wandb", f"W&B refused the metrics: {_line(error)}")

    def leave(self, name: str, data: Mapping[str, Any]) -> None:
        """Save a file of the run."""
        try:
            folder = Path(self._run.dir)
            path = folder / own.FOLDER / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(data), encoding="utf-8")
            self._run.save(str(path), base_path=str(folder), policy="now")
        except Exception as error:  # noqa: BLE001
            self._warn("wandb", f"W&B refused the file {name}: {_line(error)}")

    def close(self) -> None:
        """W&B sends by itself."""


class OfMlflow:
    """Sends figures to a run of MLflow from a thread of its own, so that no step waits for a server."""

    def __init__(self, run_id: str, tracking_uri: str, warn: Warned) -> None:
        self._run_id, self._uri, self._warn = run_id, tracking_uri, warn
        self._waiting: queue.Queue[Callable[[Any], None] | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._failed = False

    def log(self, figures: dict[str, float], step: int) -> None:
        """Put figures in the queue."""
        stamp = time.time_ns() // 1_000_000

        def send(client: Any) -> None:
            from mlflow.entities import Metric

            records = [Metric(name, value, stamp, step) for name, value in figures.items()]
            for start in range(0, len(records), MOST_SENT):
                client.log_batch(self._run_id, metrics=records[start : start + MOST_SENT])

        self._put(send)

    def leave(self, name: str, data: Mapping[str, Any]) -> None:
        """Put a file in the queue."""
        plain = json.loads(json.dumps(data))
        self._put(lambda client: client.log_dict(self._run_id, plain, f"{own.FOLDER}/{name}"))

    def _put(self, send: Callable[[Any], None]) -> None:
        if self._failed:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="tracker_diag", daemon=True)
            self._thread.start()
            # A loop that breaks off closes nothing.
            atexit.register(self.close)
        try:
            self._waiting.put_nowait(send)
        except queue.Full:
            self._warn("full", "the tracker is slower than training: some values are not logged")

    def _work(self) -> None:
        from mlflow import MlflowClient

        client = MlflowClient(self._uri)
        while (send := self._waiting.get()) is not None:
            if self._failed:
                continue
            try:
                send(client)
            except Exception as error:  # noqa: BLE001
                self._failed = True
                self._warn("mlflow", f"MLflow refused the metrics, so nothing more is logged: {_line(error)}")

    def close(self) -> None:
        """Wait a little for what is still to be sent."""
        if self._thread is None:
            return
        atexit.unregister(self.close)
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=PATIENCE)
        self._thread.join(PATIENCE)
        if self._thread.is_alive() and not self._failed:
            self._failed = True
            self._warn("mlflow", f"MLflow did not answer within {PATIENCE:g} s of the end: the last values are lost")
        self._thread = None


def find_sink(warn: Warned) -> Sink | None:
    """The run that is going: W&B's, else MLflow's; None where there is none.

    Neither is imported: a run can only be going where its library is.
    """
    wandb = sys.modules.get("wandb")
    if wandb is not None and getattr(wandb, "run", None) is not None:
        return OfWandb(wandb.run, warn)
    mlflow = sys.modules.get("mlflow")
    active = None if mlflow is None else mlflow.active_run()
    if mlflow is None or active is None:
        return None
    return OfMlflow(active.info.run_id, mlflow.get_tracking_uri(), warn)


def _line(error: BaseException) -> str:
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}"[:200]
