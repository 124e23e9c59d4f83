"""Trains the networks of one group, each into several stores, and writes down what was trained.

A process of its own: what autologging changes in a framework stays changed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import warnings
from pathlib import Path
from typing import Any

GROUPS = {
    "keras": ("keras", "torch"),
    "lightning": ("lightning", "torch"),
    "transformers": ("transformers", "accelerate", "torch"),
    "sklearn": ("sklearn",),
    "boosting": ("xgboost", "lightgbm"),
    "leakage": ("xgboost", "lightgbm"),
}
"""What each group needs, by the names under which it is imported; its networks are in the module ``<group>_runs``."""

QUIET = {
    "KERAS_BACKEND": "torch",
    # One thread: networks this small are slower on several.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING": "false",
    # Which packages a model needs is guessed by loading it once more, and not read here.
    "MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONWARNINGS": "ignore",
}


def main() -> None:
    """Train one group; one line of JSON a run goes to the file that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("group", choices=GROUPS)
    parser.add_argument("to", type=Path, help="file that gets the lines")
    parser.add_argument("stores", nargs="+", metavar="NAME=URI")
    parser.add_argument("--only", nargs="+", default=[""], help="train the runs whose name holds one of these")
    options = parser.parse_args()
    os.environ.update(QUIET)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    module = importlib.import_module(f"scripts.autologged.{options.group}_runs")
    module.prepare()
    with options.to.open("w", encoding="utf-8") as lines:
        for name, train in module.RUNS.items():
            for store in options.stores if any(text in name for text in options.only) else ():
                kind, _, uri = store.partition("=")
                line = {"group": options.group, "name": name, "store": kind, **logged(uri, name, train)}
                lines.write(json.dumps(line) + "\n")
                lines.flush()


def logged(uri: str, name: str, train: Any) -> dict[str, Any]:
    """Train one network into one store; gives its run, and what was trained or why that failed."""
    import mlflow
    from mlflow.exceptions import MlflowException

    mlflow.set_tracking_uri(uri)
    if mlflow.get_experiment_by_name("frameworks") is None:
        # Beside a database, artifacts would go to wherever the process runs.
        beside = Path(uri.removeprefix("sqlite:///")).parent / "artifacts" if uri.startswith("sqlite:") else None
        mlflow.create_experiment("frameworks", beside and beside.as_uri())
    mlflow.set_experiment("frameworks")
    with mlflow.start_run(run_name=name) as run:
        try:
            return {"run": run.info.run_id, "trained": train()}
        except MlflowException as error:
            return {"run": run.info.run_id, "failed": str(error)[:300]}


if __name__ == "__main__":
    main()
