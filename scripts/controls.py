"""The seminar's three experiments, run for real.

Trains small networks on three tasks, whose data come in three forms: pictures in a data set of PyTorch behind a loader,
numbers in arrays, words in a mapping. Each network is tried sound, with its labels shuffled, and with an input that a
bug of preprocessing has made constant (scaled by a division that drops what is behind the point). Logs to a real MLflow
(sqlite) and to W&B (offline), reads the runs back through the adapters, and deletes them again. Needs PyTorch, for this
alone:

    .venv/bin/python -m pip install torch==2.13.0        (or: pip install --group prescriptions)

    scripts/controls                              print the tables (about eight minutes)
    scripts/controls --seeds 1
    scripts/controls --docs docs/how-to/controls.md      write the tables into the page, between its markers
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_MODE": "offline"}
os.environ |= {"WANDB_SILENT": "true", "WANDB_CONSOLE": "off", "WANDB_ERROR_REPORTING": "false"}

import mlflow
import numpy as np
import torch
from sklearn.datasets import load_digits, make_friedman1
from torch import nn
from torch.utils.data import DataLoader, Dataset

from scripts.accuracy import table
from scripts.between import write_between
from tracker_diag.adapters.base import Listing, Query
from tracker_diag.adapters.mlflow import connect, control_runs
from tracker_diag.adapters.wandb import control_runs as wandb_runs
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.controls import learning_rate_range, random_input, tiny_subset
from tracker_diag.core.controlled import is_ours

FIRST_SEED = 100
"""What counts as learned, collapsed and standing was settled with seeds 0 to 2 in view: those here are others."""
STATES = ("sound", "shuffled labels", "ignores its input")
EXPECTED = {
    "sound": ("input-used", "learned", "found"),
    "shuffled labels": ("input-ignored", "learned", "nothing-learned"),
    "ignores its input": ("input-ignored", "not-learned", "nothing-learned"),
}


@dataclass(frozen=True)
class Task:
    """A network's data, and how it is trained."""

    name: str
    about: str
    data: Callable[[int, bool], Any]
    train: Callable[[dict[str, Any], Any], Any]
    config: dict[str, Any]


class Pictures(Dataset[Any]):
    """Pictures and their labels, as a user's data set holds them."""

    def __init__(self, pictures: np.ndarray, labels: np.ndarray) -> None:
        self.pictures, self.labels = torch.tensor(pictures)[:, None], torch.tensor(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.pictures[i], self.labels[i]


def digits(seed: int, shuffled: bool) -> dict[str, Any]:
    """Pictures of digits, as whole numbers from 0 to 16."""
    rng = np.random.default_rng(seed)
    x, y = load_digits(return_X_y=True)
    order = rng.permutation(len(x))[:1000]
    x, y = x[order].reshape(-1, 8, 8).astype(np.uint8), y[order]
    y = rng.permutation(y) if shuffled else y
    return {"train": Pictures(x[:600], y[:600]), "val": Pictures(x[600:], y[600:])}


def friedman(seed: int, shuffled: bool) -> Any:
    """Friedman's first function of ten variables, with noise; the target as it comes."""
    x, y = make_friedman1(1000, noise=1.0, random_state=seed)
    y = np.random.default_rng(seed).permutation(y) if shuffled else y
    x, y = x.astype(np.float32), y.astype(np.float32)
    return (x[:600], y[:600]), (x[600:], y[600:])


def words(seed: int, shuffled: bool) -> dict[str, Any]:
    """Texts of 20 words of 200; five topics have words of their own."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 5, 1200)
    own = rng.random((1200, 20)) < 0.3
    token = np.where(own, 100 + 20 * topic[:, None] + rng.integers(0, 20, (1200, 20)), rng.integers(0, 100, (1200, 20)))
    topic = rng.permutation(topic) if shuffled else topic
    return {
        "tokens_train": token[:800],
        "label_train": topic[:800],
        "tokens_val": token[800:],
        "label_val": topic[800:],
    }


def fit(net: nn.Module, loss: Any, batches: Callable[[], Any], held: Callable[[], Any], config: dict[str, Any]) -> Any:
    """Train as a script does, and give what it logs of each epoch."""
    optimiser = torch.optim.Adam(net.parameters(), lr=config["lr"])
    for _ in range(config["epochs"]):
        net.train()
        losses, right, n = 0.0, 0, 0
        for x, y in batches():
            optimiser.zero_grad()
            out = net(x)
            value = loss(out, y)
            value.backward()
            optimiser.step()
            losses, n = losses + value.item() * len(y), n + len(y)
            right += int((out.argmax(-1) == y).sum()) if out.ndim == 2 else 0
        net.eval()
        with torch.no_grad():
            x, y = held()
            out = net(x)
            row = {"train_loss": losses / n, "val_loss": loss(out, y).item()}
            if out.ndim == 2:
                row |= {"train_accuracy": right / n, "val_accuracy": float((out.argmax(-1) == y).float().mean())}
        yield row


def train_digits(config: dict[str, Any], data: dict[str, Any]) -> Any:
    """A small convolution, fed by a loader."""
    torch.manual_seed(config["seed"])
    net = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 64), nn.ReLU(), nn.Linear(64, 10))
    loader = DataLoader(data["train"], batch_size=config["batch_size"], shuffle=True)
    held = DataLoader(data["val"], batch_size=len(data["val"]))
    scaled = (lambda x: (x // 17).float()) if config["ignores"] else (lambda x: x.float() / 16)
    batches = lambda: ((scaled(x), y) for x, y in loader)  # noqa: E731
    return fit(net, nn.functional.cross_entropy, batches, lambda: next((scaled(x), y) for x, y in held), config)


def train_friedman(config: dict[str, Any], data: Any) -> Any:
    """A perceptron on arrays."""
    torch.manual_seed(config["seed"])
    (x, y), (x_val, y_val) = ([torch.tensor(part) for part in each] for each in data)
    x, x_val = (x // 256, x_val // 256) if config["ignores"] else (x, x_val)
    net = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0))

    def batches() -> Any:
        return ((x[i], y[i]) for i in torch.randperm(len(x)).split(config["batch_size"]))

    return fit(net, nn.functional.mse_loss, batches, lambda: (x_val, y_val), config)


def train_words(config: dict[str, Any], data: dict[str, Any]) -> Any:
    """A bag of embeddings."""
    torch.manual_seed(config["seed"])
    held = {name: torch.tensor(part) for name, part in data.items()}
    if config["ignores"]:
        held |= {name: held[name] // 256 for name in ("tokens_train", "tokens_val")}
    net = nn.Sequential(nn.EmbeddingBag(200, 32), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 5))

    def batches() -> Any:
        order = torch.randperm(len(held["label_train"])).split(config["batch_size"])
        return ((held["tokens_train"][i], held["label_train"][i]) for i in order)

    return fit(net, nn.functional.cross_entropy, batches, lambda: (held["tokens_val"], held["label_val"]), config)


TASKS = (
    Task("digits", "images in a PyTorch dataset, a convolution", digits, train_digits,
         {"lr": 1e-3, "epochs": 20, "batch_size": 32}),
    Task("friedman", "numbers in arrays, a perceptron", friedman, train_friedman,
         {"lr": 3e-3, "epochs": 40, "batch_size": 32}),
    Task("words", "tokens in a mapping, a bag of embeddings", words, train_words,
         {"lr": 3e-3, "epochs": 20, "batch_size": 32}),
)  # fmt: skip


def controls(task: Task, state: str, seed: int, tracker: Any) -> list[Any]:
    """What the three experiments say of a network."""
    data = task.data(seed, state == "shuffled labels")
    config = {**task.config, "seed": seed, "ignores": state == "ignores its input"}
    return [
        random_input(task.train, config, data, tracker=tracker, seed=seed),
        tiny_subset(task.train, config, data, tracker=tracker, seed=seed),
        learning_rate_range(task.train, config, data, tracker=tracker),
    ]


def tuned(task: Task, seed: int, rate: float) -> float:
    """The lowest validation loss of a whole training at this rate."""
    config = {**task.config, "seed": seed, "ignores": False, "lr": rate}
    return min(row["val_loss"] for row in task.train(config, task.data(seed, False)))


def read_back(answers: list[Any], adapter: Any, project: str) -> dict[str, int]:
    """Count the logged runs that the adapter reads as controls, by what they control."""
    listings = [each for each in adapter.list_runs(Query((project,))) if isinstance(each, Listing)]
    ours = {each.id: each for each in listings if is_ours(each.tags)}
    missing = [run for answer in answers for run in answer.runs if run not in ours]
    assert not missing, f"not read back as controls: {missing}"
    return Counter(each.tags["diag.control"] for each in ours.values())


def tables(seeds: int, folder: Path) -> str:
    """Run it all."""
    began, said, rows, answers = time.monotonic(), {}, [], []
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.set_experiment("controls")
    for task in TASKS:
        for state in STATES:
            each = [controls(task, state, seed, "mlflow") for seed in range(FIRST_SEED, FIRST_SEED + seeds)]
            answers += [answer for three in each for answer in three]
            said[task.name, state] = each[0]
            verdicts = [Counter(answer.verdict for answer in column) for column in zip(*each, strict=True)]
            cells = [", ".join(f"{name} {n}/{seeds}" for name, n in found.most_common()) for found in verdicts]
            rows.append((task.name, state, *cells))
    right = sum(
        answer.verdict == expected
        for i, answer in enumerate(answers)
        for expected in [EXPECTED[STATES[i // (3 * seeds) % 3]][i % 3]]
    )
    adapter = connect(f"sqlite:///{folder}/mlflow.db")
    in_mlflow = read_back(answers, adapter, "controls")
    deleted = sum(control_runs.remove(run) for run in [each.id for each in adapter.list_runs(Query(("controls",)))])
    left = sum(1 for _ in adapter.list_runs(Query(("controls",))))
    os.environ["WANDB_DIR"] = str(folder)
    offline = controls(TASKS[0], "sound", FIRST_SEED, "wandb")
    shelf = open_folder(folder)
    in_wandb = read_back(offline, shelf, "*")
    listings = [each for each in shelf.list_runs(Query(everything=True)) if isinstance(each, Listing)]
    gone = sum(wandb_runs.remove_folder(folder, each.id, each.tags) for each in listings)
    remaining = len(list((folder / "wandb").glob("offline-run-*")))
    proposals = []
    for task in TASKS:
        ladder = said[task.name, "sound"][2]
        losses = {rung.rate: tuned(task, FIRST_SEED, rung.rate) for rung in ladder.rungs if rung.state == "fine"}
        best = min(losses, key=lambda rate: losses[rate])
        proposed = losses.get(ladder.proposed) or tuned(task, FIRST_SEED, ladder.proposed)
        proposals.append(
            (
                task.name,
                f"{ladder.highest:g}",
                f"{ladder.proposed:g}",
                f"{proposed:.4g}",
                f"{best:g}",
                f"{losses[best]:.4g}",
            )
        )
    quoted = "\n\n".join(
        f"**{state}** ({TASKS[0].name})\n\n" + "\n".join(f"- {answer.says}" for answer in said[TASKS[0].name, state])
        for state in STATES
    )
    counted = lambda found: ", ".join(f"{n} {name}" for name, n in sorted(found.items()))  # noqa: E731
    return "\n\n".join(
        [
            f"Made by `scripts/controls`: {seeds} seeds of each network, different from those with which the rules "
            f"were set; {right} of {len(answers)} answers are as "
            f"expected; {time.monotonic() - began:.0f} s in all.",
            table(("task", "network", "random input", "tiny subset", "learning rate range"), rows),
            "\n".join(f"- {task.name}: {task.about}" for task in TASKS),
            f"Runs read back from MLflow through the adapter: {counted(in_mlflow)}; {deleted} deleted, {left} left. "
            f"From the W&B folder, of one network: {counted(in_wandb)}; {gone} deleted, {remaining} left.",
            "The learning rate that the control proposes for the sound networks, and the best of the rates that it "
            "tried. Each was trained to its end, and the loss is the lowest validation loss:",
            table(("task", "highest", "proposed", "loss", "best", "loss"), proposals),
            "The answers for the first seed:",
            quoted,
        ]
    )  # fmt: skip


def main() -> None:
    """Read the options, train, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds, from 100 on")
    parser.add_argument("--docs", type=Path, help="write the tables into this page, between its markers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        text = tables(options.seeds, Path(folder))
    print(text)
    if options.docs:
        write_between(options.docs, "controls", text)


if __name__ == "__main__":
    main()
