"""What pages speak of as if it were there: an MLflow server, stores and files, W&B runs, arrays to train on."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.releasing.trying import CURVES
from tests.adapters.wandb.conftest import account
from tests.adapters.wandb.server import Server
from tests.adapters.wandb.training import environment, train
from tests.mlflow_server import serving
from tests.runs import KINDS, curves
from tests.snippets.session import Session
from tracker_diag.cli.console import QUIET

EXAMPLE_SERVER = "http://127.0.0.1:5000"
EXAMPLE_ID = "0123456789abcdef0123456789abcdef"
#: Experiments that pages name, and runs; each run of another kind than the one before.
EXPERIMENTS = {"vision": ["cnn-7", "cnn-8", "cnn-9"], "vision-large": ["vit-1", "vit-2"], "speech": ["asr-1", "asr-2"]}


def fill(uri: str, artifacts: str | None = None) -> None:
    """Log runs of known troubles."""
    import mlflow

    client = mlflow.MlflowClient(uri)
    number = 0
    for experiment, names in EXPERIMENTS.items():
        experiment_id = client.create_experiment(
            experiment, artifact_location=artifacts and f"{artifacts}/{experiment}"
        )
        for name in names:
            kind = KINDS[number % 3]
            run = client.create_run(experiment_id, run_name=name).info.run_id
            metrics = [
                mlflow.entities.Metric(metric, value, 1_700_000_000_000 + int(step), int(step))
                for metric, points in curves(kind, seed=number).items()
                for step, value in points
            ]
            params = {"lr": "0.01", "optimizer": "sgd", "epochs": "60", "seed": str(number)}
            client.log_batch(run, metrics, [mlflow.entities.Param(*pair) for pair in params.items()])
            client.set_terminated(run)
            number += 1


def run_id(uri: str) -> str:
    """Give the ID of a run."""
    import mlflow

    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name("vision")
    assert experiment is not None
    return str(client.search_runs([experiment.experiment_id])[0].info.run_id)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real server with runs."""
    with serving(tmp_path_factory.mktemp("served")) as uri:
        fill(uri)
        yield uri


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what pages name by relative paths."""
    folder = tmp_path_factory.mktemp("stores")
    fill(f"sqlite:///{folder / 'mlflow.db'}", (folder / "mlartifacts").as_uri())
    lightning = folder / "lightning_logs" / "version_3"
    lightning.mkdir(parents=True)
    for place in (folder, lightning):
        (place / "metrics.csv").write_text(CURVES)
    (folder / "train.py").write_text(
        "import numpy as np\n\n\ndef make_loader():\n    rng = np.random.default_rng(0)\n"
        "    return [(rng.normal(size=(32, 8)), rng.integers(0, 10, 32)) for _ in range(60)]\n"
    )
    return folder


@pytest.fixture(scope="session")
def mlruns(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``mlruns``, under git, with its runs staged."""
    folder = tmp_path_factory.mktemp("committed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        fill(str(folder / "mlruns"))
    return folder / "mlruns"


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder ``wandb`` that the real client left."""
    home = tmp_path_factory.mktemp("offline")
    train("healthy", "diverged", home=home, env=environment(home, WANDB_MODE="offline"))
    return home / "wandb"


@pytest.fixture(scope="session")
def wandb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A loopback server to which the real client logged."""
    home = tmp_path_factory.mktemp("online")
    with Server() as server:
        train("healthy", "diverged", home=home, env=environment(home, **account(server)))
        yield server


def training() -> dict[str, Any]:
    """What a training script has at hand, under the names that it mostly has."""
    import mlflow
    import numpy as np
    import pandas as pd

    import tracker_diag

    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 8))
    y = rng.integers(0, 10, 400)
    loader = [(X[i : i + 32], y[i : i + 32]) for i in range(0, 300, 32)]
    named = [f"x{i}" for i in range(8)]
    network: dict[str, Any] = {}
    if importlib.util.find_spec("torch"):
        import torch

        network["model"] = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10))
        network["optimizer"] = torch.optim.Adam(network["model"].parameters(), lr=1e-3)
        network["criterion"] = torch.nn.CrossEntropyLoss()
        network["loader"] = [(torch.tensor(x, dtype=torch.float32), torch.tensor(labels)) for x, labels in loader]
    return {
        **network,
        "X_train": X[:300],
        "y_train": y[:300],
        "X_val": X[300:],
        "y_val": y[300:],
        "train": pd.DataFrame(X[:300], columns=named),
        "validation": pd.DataFrame(X[300:], columns=named),
        "train_loader": loader,
        "val_loader": loader[:3],
        "epochs": 2,
        "np": np,
        "mlflow": mlflow,
        "tracker_diag": tracker_diag,
    }


def end_run() -> None:
    """End the run that a page left open."""
    import mlflow

    mlflow.end_run()


@pytest.fixture
def reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[[str], Session]]:
    """Make a session for the blocks of a page, in a folder with what they name."""
    environ, levels = dict(os.environ), {name: logging.getLogger(name).level for name in QUIET}
    folder = tmp_path / "work"
    folder.mkdir()
    with contextlib.ExitStack() as stack:

        def session(text: str) -> Session:
            own = tmp_path / "tracker.db"
            shutil.copy(request.getfixturevalue("stores") / "mlflow.db", own)
            uri, replaced = f"sqlite:///{own}", {}
            if EXAMPLE_SERVER in text:
                uri = replaced[EXAMPLE_SERVER] = request.getfixturevalue("served")
            if EXAMPLE_ID in text:
                replaced[EXAMPLE_ID] = run_id(uri)
            for name in [name for name in os.environ if name.startswith(("MLFLOW_", "WANDB_", "TRACKER_DIAG"))]:
                monkeypatch.delenv(name)
            for name, value in {
                "MLFLOW_TRACKING_URI": uri,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MPLBACKEND": "agg",
                "KERAS_BACKEND": "torch",
                "OMP_NUM_THREADS": "1",
                "COLUMNS": "100",
                "HOME": str(tmp_path),
                "PWD": str(folder),
            }.items():
                monkeypatch.setenv(name, value)
            monkeypatch.chdir(folder)
            monkeypatch.syspath_prepend(str(folder))
            # Nothing else: some commands take whatever is there.
            for path in request.getfixturevalue("stores").iterdir():
                if path.name in text or f"{path.stem}:" in text:
                    (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
            if "mlruns" in text or "git diff" in text:
                shutil.copytree(request.getfixturevalue("mlruns"), folder / "mlruns")
            if "git diff" in text:
                subprocess.run("git init --quiet && git add mlruns", shell=True, check=True)
            if "./wandb" in text:
                shutil.copytree(request.getfixturevalue("offline"), folder / "wandb", symlinks=True)
            if "my-team/my-project" in text:
                for name, value in environment(tmp_path, **account(request.getfixturevalue("wandb_server"))).items():
                    monkeypatch.setenv(name, value)
                replaced["my-team/my-project"] = "acme/vision"
                import wandb

                stack.callback(wandb.teardown)
            # What an earlier test made the current experiment of this process does not exist here.
            import mlflow

            mlflow.set_experiment(experiment_id="0")
            # Values that are logged outside a run begin one, which would be the next page's too.
            stack.callback(end_run)
            return Session(folder, replaced, stack, names=training())

        yield session
    os.environ.clear()
    os.environ.update(environ)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
