"""Whether a diagnosis names the fault of a training that was watched, and what it says without that.

Trains small networks with PyTorch by hand and with Keras, each kind of fault on each task, and sound ones; logs them
with the callbacks on to a real MLflow server, and diagnoses each from there: with what the callbacks logged, and
without it. A fault counts where the sound twin does better on independent data; a sound variation where it does not do
worse.

    scripts/probes                              all; about half an hour on two cores
    scripts/probes --task digits --framework torch --kind "dead units"
    scripts/probes --fresh                      only the kinds and the task written without a look at the rules
    scripts/probes --runs FILE                  keep what was trained, or diagnose again what FILE holds
    scripts/probes --docs docs/how-it-works/probes-shown.md  write the page

Exit code: 0; 2 for wrong usage or a missing framework.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scripts.probing import fresh
from scripts.probing.faults import FAULTS, SOUND
from scripts.probing.setup import Fault, Setup, Task
from scripts.probing.shown import answered, page, table
from scripts.probing.tasks import TASKS

FRAMEWORKS = ("torch", "keras")


def main() -> int:
    """Do what is asked for; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="scripts/probes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", nargs="+", metavar="NAME", help="tasks of these names")
    parser.add_argument("--framework", nargs="+", choices=FRAMEWORKS, default=list(FRAMEWORKS), help="both by default")
    parser.add_argument("--kind", nargs="+", metavar="TEXT", help="kinds whose name holds one of these")
    parser.add_argument("--fresh", action="store_true", help="only what was written without a look at the rules")
    parser.add_argument("--old", action="store_true", help="leave the fresh kinds and task out")
    parser.add_argument("--runs", type=Path, metavar="FILE", help="where the runs are kept, or read if it exists")
    parser.add_argument("--errors", action="store_true", help="list the runs that were answered wrongly")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="the page to write")
    options = parser.parse_args()
    if options.runs is not None and options.runs.exists():
        runs = [json.loads(text) for text in options.runs.read_text(encoding="utf-8").splitlines()]
    else:
        runs = list(trained(list(chosen(options))))
        if options.runs is not None:
            options.runs.write_text("".join(json.dumps(run) + "\n" for run in runs), encoding="utf-8")
    answers = answered(runs)
    print(table(answers, errors=options.errors))
    if options.docs is not None:
        options.docs.write_text(page(answers), encoding="utf-8")
    return 0


def chosen(options: argparse.Namespace) -> Iterator[tuple[Task, Fault, str, bool]]:
    """Task, kind, framework of each training, and whether task or kind are fresh."""
    for task in (*TASKS, *fresh.TASKS):
        for fault in (*SOUND, *FAULTS, *fresh.SOUND, *fresh.FAULTS):
            new = task in fresh.TASKS or fault in (*fresh.FAULTS, *fresh.SOUND)
            if (options.fresh and not new and fault is not SOUND[0]) or (options.old and new):
                continue
            if options.task and task.name not in options.task:
                continue
            if options.kind and fault is not SOUND[0] and not any(text in fault.name for text in options.kind):
                continue
            for framework in options.framework:
                if framework in fault.frameworks:
                    yield task, fault, framework, new


def trained(wanted: list[tuple[Task, Fault, str, bool]]) -> Iterator[dict[str, Any]]:
    """Train each of them into one server; gives the runs as they are read from there."""
    import os

    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    import mlflow

    from scripts.probing.serving import serving

    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as address:
        mlflow.set_tracking_uri(address)
        mlflow.set_experiment("watched")
        started = time.monotonic()
        for i, (task, fault, framework, new) in enumerate(wanted):
            seed = sum(map(ord, task.name + fault.name)) % 1000
            sound, x_test, y_test = task.make(seed)
            setup = fault.inject(sound, np.random.default_rng(seed))
            if setup is None:
                continue
            took = time.monotonic() - started
            sys.stderr.write(f"\r{i}/{len(wanted)} {took:4.0f} s {task.name} {framework} {fault.name:50.50}")
            sys.stderr.flush()
            known = {"task": task.name, "kind": fault.name, "framework": framework, "fresh": new}
            with mlflow.start_run() as run:
                result = _train(framework, setup, *_as_fed(fault, sound, setup, x_test, y_test))
            yield known | {
                "causes": list(fault.causes),
                "test_loss": result.loss if math.isfinite(result.loss) else "NaN",
                "test_accuracy": result.accuracy,
                "lines": list(result.lines),
                "epochs": setup.epochs,
                "run": _read(address, run.info.run_id),
            }


def _as_fed(fault: Fault, sound: Setup, setup: Setup, x: Any, y: Any) -> tuple[Any, Any]:
    """The test set, brought to the scale of a setup that only changes scales of inputs or targets."""
    if fault.name in ("raw inputs", "columns of other scales", "raw targets", "inputs within 0 and 1"):
        changed = fault.inject(sound.but(x_val=x, y_val=y), np.random.default_rng(0))
        if changed is not None:
            return changed.x_val, changed.y_val
    return x, y


def _train(framework: str, setup: Setup, x_test: Any, y_test: Any) -> Any:
    if framework == "torch":
        from scripts.probing import torch_training as training
    else:
        from scripts.probing import keras_training as training  # type: ignore[no-redef]
    return training.train(setup, x_test, y_test, watched=True)


def _read(address: str, run_id: str) -> dict[str, Any]:
    """A run as the adapter reads it, as plain data."""
    from scripts.probing.serving import read_run

    return read_run(address, run_id)


if __name__ == "__main__":
    raise SystemExit(main())
