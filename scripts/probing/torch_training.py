"""Trains a setup with PyTorch by hand, watched, and logs it to MLflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from scripts.probing.setup import Array, Setup
from scripts.probing.training import Trained, log_run

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}


def network(setup: Setup) -> torch.nn.Sequential:
    """The network of a setup, with PyTorch's own initial weights."""
    layers: list[torch.nn.Module] = []
    if setup.network == "cnn":
        channels, height, width = setup.x.shape[1:]
        for filters in (16, 32):
            layers += [torch.nn.Conv2d(channels, filters, 3, padding=1), ACTIVATIONS[setup.activation]()]
            layers += [torch.nn.MaxPool2d(2)]
            channels, height, width = filters, height // 2, width // 2
        layers.append(torch.nn.Flatten())
        size = channels * height * width
    else:
        layers.append(torch.nn.Flatten())
        size = int(np.prod(setup.x.shape[1:]))
    for units in setup.hidden:
        layers.append(torch.nn.Linear(size, units))
        if setup.batch_norm:
            layers.append(torch.nn.BatchNorm1d(units))
        layers.append(ACTIVATIONS[setup.activation]())
        if setup.dropout:
            layers.append(torch.nn.Dropout(setup.dropout))
        size = units
    layers.append(torch.nn.Linear(size, setup.outputs))
    return torch.nn.Sequential(*layers)


def _begin(model: torch.nn.Module, setup: Setup) -> None:
    if setup.initial is None:
        return
    weighted = [m for m in model if isinstance(m, torch.nn.Linear | torch.nn.Conv2d)]
    given: list[Array] = []
    for layer in weighted:
        weight = layer.weight.detach().numpy()
        given += [np.moveaxis(weight, 0, -1).reshape(-1, weight.shape[0]), layer.bias.detach().numpy()]
    wanted = setup.initial(given, np.random.default_rng(setup.seed))
    with torch.no_grad():
        for i, layer in enumerate(weighted):
            shape = layer.weight.shape
            kernel = np.moveaxis(np.asarray(wanted[2 * i]).reshape(*shape[1:], shape[0]), -1, 0)
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel, dtype=np.float32)))
            layer.bias.copy_(torch.from_numpy(np.asarray(wanted[2 * i + 1], dtype=np.float32)))


class Loader:
    """What the loop iterates over."""

    def __init__(self, setup: Setup) -> None:
        self._setup, self._random = setup, np.random.default_rng(setup.seed + 1)

    def __iter__(self) -> Any:
        for x, y in self._setup.batches(self._setup, self._random):
            yield torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(np.ascontiguousarray(y))


def train(setup: Setup, x_test: Array, y_test: Array, *, watched: bool) -> Trained:
    """Train a setup; the run that is going in MLflow gets what is logged."""
    from tracker_diag.probes import torch as probes

    torch.manual_seed(setup.seed)
    model = network(setup)
    _begin(model, setup)
    kind = torch.optim.SGD if setup.optimizer == "sgd" else torch.optim.Adam
    extra = {"momentum": setup.momentum} if setup.optimizer == "sgd" else {}
    optimizer = kind(model.parameters(), lr=setup.rate, weight_decay=setup.decay, **extra)
    loss = torch.nn.CrossEntropyLoss() if setup.kind == "classification" else torch.nn.MSELoss()
    loader = Loader(setup)
    log = log_run(setup, "torch")
    watch = None
    if watched:
        watch = probes.watch(model, optimizer, loader, loss=loss, profile=log.profile())
    lines: list[tuple[int, str]] = []
    for epoch in range(1, setup.epochs + 1):
        model.train()
        total = right = seen = 0.0
        for x, y in loader:
            if setup.zero_gradients:
                optimizer.zero_grad()
            out = model(x)
            value = loss(out, y) if setup.kind == "classification" else loss(out[:, 0], y)
            value.backward()
            if setup.clip is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), setup.clip)
            optimizer.step()
            total += float(value.detach()) * len(x)
            right += float((out.argmax(1) == y).sum()) if setup.kind == "classification" else 0.0
            seen += len(x)
        model.train(setup.train_mode_in_evaluation)
        metrics = {"train_loss": total / seen, **_evaluated(model, setup, setup.x_val, setup.y_val)}
        if setup.kind == "classification":
            metrics["train_accuracy"] = right / seen
        log.epoch(metrics, epoch)
        if watch is not None and (said := watch.epoch(**metrics)):
            lines.append((epoch, said))
    if watch is not None:
        watch.close()
    model.eval()
    test = _evaluated(model, setup, x_test, y_test)
    return Trained(test["val_loss"], test.get("val_accuracy"), tuple(lines))


def _evaluated(model: torch.nn.Module, setup: Setup, x: Array, y: Array) -> dict[str, float]:
    with torch.no_grad():
        out = model(torch.from_numpy(np.ascontiguousarray(x)))
        target = torch.from_numpy(np.ascontiguousarray(y))
        if setup.kind == "classification":
            value = torch.nn.functional.cross_entropy(out, target)
            return {"val_loss": float(value), "val_accuracy": float((out.argmax(1) == target).float().mean())}
        return {"val_loss": float(torch.nn.functional.mse_loss(out[:, 0], target))}
