"""Real runs, made once a session: offline in a folder, online on a loopback server."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import wandb

from tests.adapters.wandb.server import KEY, Server, StoredRun
from tests.adapters.wandb.training import environment, train, training
from tracker_diag.adapters.wandb.online import OnlineAdapter

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


@pytest.fixture(scope="session")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[tuple[str, str, str], StoredRun], dict[str, Rows]]:
    """Runs that the real client logged to a server: as the server holds them, and what was logged."""
    home = tmp_path_factory.mktemp("online")
    with Server() as server:
        names = ("healthy", "diverged", "sparse", "resumed")
        truth = train(*names, home=home, env=environment(home, **account(server)))
        return server.store.runs, truth


@pytest.fixture
def server(logged: tuple[dict[tuple[str, str, str], StoredRun], dict[str, Rows]]) -> Iterator[Server]:
    """A server of the test's own that holds the logged runs."""
    with Server() as server:
        server.store.runs = copy.deepcopy(logged[0])
        yield server


@pytest.fixture
def truth(logged: tuple[dict[tuple[str, str, str], StoredRun], dict[str, Rows]]) -> dict[str, Rows]:
    return logged[1]


@pytest.fixture
def account_here(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process as a user of the server; its wandb-core is ended after the test."""
    env = environment(tmp_path / "home", **account(server))
    for name in [name for name in os.environ if name not in env]:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    yield
    wandb.teardown()


@pytest.fixture
def online(server: Server, account_here: None) -> OnlineAdapter:
    """The adapter, with nothing counted of how it connected."""
    adapter = OnlineAdapter("acme/vision")
    server.requests.clear()
    return adapter


def account(server: Server) -> dict[str, str]:
    """The environment of a user of the server."""
    return {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY, "WANDB_ENTITY": "acme"}
