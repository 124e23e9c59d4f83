"""Train small networks with known troubles into a local MLflow, sweep, and compare what is said with what was done."""

from __future__ import annotations

import contextlib
import copy
import math
import os
import shlex
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# One thread: matrices this small are slower on several.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "ERROR", "GIT_PYTHON_REFRESH": "quiet"}

import mlflow
import numpy as np
from mlflow.entities import Metric, Param
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tracker_diag import profile_data

FOLDER = Path("demo")
EXPERIMENT = "tracker-diag demo"
LOADERS = {"digits": load_digits, "breast cancer": load_breast_cancer, "diabetes": load_diabetes, "wine": load_wine}
SEED = 0


@dataclass(frozen=True)
class Training:
    """One network, and what is wrong with it."""

    name: str
    done: str
    """What was done to it, in words."""
    verdicts: tuple[str, ...]
    """What may be said of its curves."""
    causes: tuple[str, ...]
    """What may be named as the first cause; none where the verdict says all."""
    dataset: str
    n_train: int
    n_val: int
    epochs: int
    network: dict[str, Any] = field(default_factory=dict)
    standardised: bool = True
    wrong_labels: float = 0.0
    trains_a_copy: bool = False


SOUND = {"hidden_layer_sizes": (64,), "learning_rate_init": 1e-3, "alpha": 1e-2, "batch_size": 32}

TRAININGS = (
    Training("digits-healthy", "nothing", ("good-fit",), (), "digits", 1200, 500, 40, SOUND),
    Training(
        "cancer-healthy", "nothing", ("good-fit",), (), "breast cancer", 380, 180, 50,
        {"hidden_layer_sizes": (16,), "learning_rate_init": 1e-3, "alpha": 1.0, "batch_size": 16},
    ),
    Training(
        "diabetes-healthy", "nothing", ("good-fit",), (), "diabetes", 300, 140, 60,
        {"hidden_layer_sizes": (8,), "solver": "sgd", "learning_rate_init": 1e-3, "alpha": 1.0, "batch_size": 16},
    ),
    Training(
        "digits-overfitting", "300 examples, a third mislabelled, not regularised", ("overfitting",),
        ("label-noise", "too-few-examples", "no-regularisation", "network-too-big-for-data"),
        "digits", 300, 600, 60, {**SOUND, "hidden_layer_sizes": (128,), "learning_rate_init": 2e-3, "alpha": 0.0},
        wrong_labels=0.33,
    ),
    Training(
        "digits-underfitting", "weight decay of 300", ("underfitting",), ("regularisation-too-strong",),
        "digits", 1200, 500, 40, {**SOUND, "alpha": 300.0},
    ),
    Training(
        "digits-undertrained", "stopped while it learns", ("undertrained",), ("too-few-epochs",),
        "digits", 1200, 500, 15, {**SOUND, "learning_rate_init": 2e-4},
    ),
    Training(
        "diabetes-diverged", "a learning rate beyond what is stable", ("diverged",), ("learning-rate-too-high",),
        "diabetes", 300, 140, 40,
        {"hidden_layer_sizes": (32,), "activation": "identity", "solver": "sgd", "momentum": 0.0,
         "learning_rate_init": 0.4, "batch_size": 300},
    ),
    Training(
        "digits-noisy-validation", "twelve validation examples", ("unrepresentative-validation",),
        ("validation-too-small",),
        "digits", 1200, 12, 40,
        {**SOUND, "hidden_layer_sizes": (12,), "solver": "sgd", "learning_rate_init": 0.1, "momentum": 0.0,
         "batch_size": 16, "alpha": 0.1},
        wrong_labels=0.2,
    ),
    Training(
        "digits-frozen", "the loop trains a copy of the network", ("frozen",), ("weights-do-not-move",),
        "digits", 1200, 500, 30, SOUND, trains_a_copy=True,
    ),
    Training(
        "digits-rate-too-low", "a learning rate of 0.00003, SGD", ("slow-convergence", "undertrained"),
        ("learning-rate-too-low",), "digits", 1200, 500, 60, {**SOUND, "solver": "sgd", "learning_rate_init": 3e-5},
    ),
    Training(
        "cancer-rate-too-high", "a learning rate of 0.7, SGD with momentum", ("unstable", "diverged", "underfitting"),
        ("learning-rate-too-high",), "breast cancer", 380, 180, 60,
        {"hidden_layer_sizes": (16,), "solver": "sgd", "learning_rate_init": 0.7, "batch_size": 16},
    ),
    Training(
        "wine-unscaled", "inputs left in their units, from 0.1 to 1700", ("underfitting", "frozen"),
        ("unscaled-inputs", "mixed-feature-scales"),
        "wine", 120, 50, 60,
        {"hidden_layer_sizes": (32,), "solver": "sgd", "learning_rate_init": 1e-3, "batch_size": 16},
        standardised=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """Arrays to train on and to validate with."""

    x: np.ndarray
    y: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray

    @property
    def classes(self) -> np.ndarray | None:
        return np.unique(self.y) if self.y.dtype.kind == "i" else None


def data(training: Training) -> Data:
    """Split a bundled dataset, and do to it what the training asks for."""
    bunch = LOADERS[training.dataset]()
    rng = np.random.default_rng(SEED)
    order = rng.permutation(len(bunch.target))
    x, y = bunch.data[order].astype(float), bunch.target[order]
    first = x[: training.n_train]
    if training.standardised:
        spread = first.std(axis=0)
        x = (x - first.mean(axis=0)) / np.where(spread > 0, spread, 1)
    if y.dtype.kind == "f":
        y = (y - y[: training.n_train].mean()) / y[: training.n_train].std()
    else:
        wrong = rng.random(len(y)) < training.wrong_labels
        y = np.where(wrong, rng.integers(0, y.max() + 1, len(y)), y)
    a, b = training.n_train, training.n_train + training.n_val
    return Data(x[:a], y[:a], x[a:b], y[a:b])


def epochs(training: Training, given: Data) -> Iterator[dict[str, float]]:
    """Train, and give the metrics after each epoch; ends early where the weights are not finite any more."""
    kind = MLPRegressor if given.classes is None else MLPClassifier
    network = kind(random_state=SEED, **training.network)
    for epoch in range(training.epochs):
        trained = copy.deepcopy(network) if training.trains_a_copy and epoch else network
        try:
            if given.classes is None:
                trained.partial_fit(given.x, given.y)
            else:
                trained.partial_fit(given.x, given.y, classes=given.classes)
            yield metrics(network, given)
        except ValueError as error:
            if "non-finite" not in str(error) and "infinity" not in str(error):
                raise
            yield {"train_loss": math.nan, "val_loss": math.nan}
            return


def metrics(network: MLPClassifier | MLPRegressor, given: Data) -> dict[str, float]:
    """Loss, and accuracy where there are classes, on both sides."""
    sides = {"train": (given.x, given.y), "val": (given.x_val, given.y_val)}
    if given.classes is None:
        return {f"{side}_loss": mean_squared_error(y, network.predict(x)) for side, (x, y) in sides.items()}
    chances = {side: network.predict_proba(x) for side, (x, _) in sides.items()}
    losses = {f"{side}_loss": log_loss(y, chances[side], labels=given.classes) for side, (_, y) in sides.items()}
    guesses = {side: given.classes[chance.argmax(axis=1)] for side, chance in chances.items()}
    return losses | {f"{side}_accuracy": np.mean(guesses[side] == y) for side, (_, y) in sides.items()}


def params(training: Training, given: Data) -> dict[str, Any]:
    """What a careful person logs of a training."""
    chosen = {"solver": "adam", "activation": "relu", "alpha": 1e-4} | training.network
    if chosen["solver"] == "sgd":
        chosen = {"momentum": 0.9} | chosen
    known = {"dataset": training.dataset, "epochs": training.epochs, "n_train": len(given.y), "n_val": len(given.y_val)}
    known["loss"] = "squared_error" if given.classes is None else "log_loss"
    return chosen | known | ({} if given.classes is None else {"n_classes": len(given.classes)})


def log(client: mlflow.MlflowClient, experiment: str, training: Training) -> str:
    """Train a network into a new run, as a training script would; gives the run's id."""
    given = data(training)
    run = client.create_run(experiment, run_name=training.name)
    rows = [
        Metric(name, float(value), int(time.time() * 1000), epoch)
        for epoch, row in enumerate(epochs(training, given), start=1)
        for name, value in row.items()
    ]
    logged = [Param(name, str(value)) for name, value in params(training, given).items()]
    client.log_batch(run.info.run_id, metrics=rows, params=logged)
    client.log_dict(run.info.run_id, profile_data(given.x, given.y, given.x_val, given.y_val), "diagnosis/profile.json")
    client.set_terminated(run.info.run_id, "FAILED" if math.isnan(rows[-1].value) else "FINISHED")
    return run.info.run_id


def run(*words: str) -> None:
    """Show a command, and run it."""
    print(f"\n$ .venv/bin/tracker-diag {shlex.join(words)}\n", flush=True)
    subprocess.run([sys.executable, "-m", "tracker_diag", *words], check=True)


def compare(client: mlflow.MlflowClient, ids: dict[str, str]) -> bool:
    """Print what was done to each network beside what the tags say; whether they agree."""
    print(f"\n{'network':<24} {'what was done to it':<50} tags diag.verdict, diag.cause")
    verdicts = causes = 0
    for training in TRAININGS:
        tags = client.get_run(ids[training.name]).data.tags
        verdict, cause = tags.get("diag.verdict", "none"), tags.get("diag.cause", "")
        verdicts += verdict in training.verdicts
        causes += cause in training.causes
        expected = []
        if verdict not in training.verdicts:
            expected.append(" or ".join(training.verdicts))
        if training.causes and cause not in training.causes:
            expected.append(" or ".join(training.causes))
        said = f"{verdict}, {cause}" if cause else verdict
        remark = f"   ← expected {', '.join(expected)}" if expected else ""
        if cause and not training.causes:
            remark += "   (no rule stands for its cause: not compared)"
        print(f"{training.name:<24} {training.done:<50} {said}{remark}")
    compared = sum(1 for training in TRAININGS if training.causes)
    print(f"\nAs expected: {verdicts} of {len(TRAININGS)} verdicts, {causes} of {compared} first causes.")
    return verdicts == len(TRAININGS) and causes == compared


def main() -> int:
    started = time.monotonic()
    if (FOLDER / "mlflow.db").exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir(exist_ok=True)
    store = f"sqlite:///{FOLDER / 'mlflow.db'}"
    print(f"\nMaking an MLflow store in {FOLDER}/ …", flush=True)
    with contextlib.redirect_stderr(None), warnings.catch_warnings():
        client = mlflow.MlflowClient(store)
        experiment = client.create_experiment(EXPERIMENT, artifact_location=(FOLDER / "artifacts").resolve().as_uri())
    print("Training, and logging to MLflow as any script would:", flush=True)
    ids = {}
    for training in TRAININGS:
        print(f"  {training.name:<24} {training.done} …", flush=True)
        with warnings.catch_warnings():
            # Networks that cannot work are the point here.
            warnings.simplefilter("ignore")
            ids[training.name] = log(client, experiment, training)
    run("sweep", "--experiment", EXPERIMENT, "--note", "--view", "--tracking-uri", store)
    run("diagnose", "--run-id", ids["digits-overfitting"], "--tracking-uri", store, "--dry-run")
    agree = compare(client, ids)
    ui = f"http://127.0.0.1:5000/#/experiments/{experiment}"
    print(f"""
See it in MLflow's own UI:

  .venv/bin/mlflow server --backend-store-uri {store} --workers 1 --port 5000

  all runs   {ui}/runs?workflowType=machine_learning&viewStateShareKey=tracker-diag
             those that are not green, with verdict and cause; filter with tags.diag.verdict = "overfitting"
  one run    {ui}/runs/{ids["digits-overfitting"]}?workflowType=machine_learning
             its description says what to change, and leads to the report

Done in {time.monotonic() - started:.0f} s.""")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
