"""Trains a network as its setup says, and measures it on the independent test set."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from scripts.remedies.setup import Setup
from scripts.remedies.tasks import Task

FloatArray = NDArray[np.float64]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "elu": nn.ELU,
    "linear": nn.Identity,
}  # fmt: skip
CONVOLUTIONS: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d}


@dataclass(frozen=True)
class Data:
    """Inputs and targets of the three sides, as the network gets them."""

    x: torch.Tensor
    y: torch.Tensor
    x_val: torch.Tensor
    y_val: torch.Tensor
    x_test: torch.Tensor
    y_test: torch.Tensor


@dataclass(frozen=True)
class Trained:
    """A trained network: its curves, by metric, one value an epoch; and the loss of each test example."""

    curves: dict[str, list[float]] = field(repr=False)
    test_losses: FloatArray = field(repr=False)

    @property
    def lost(self) -> bool:
        """Whether the network answers with something that is no number."""
        return not bool(np.isfinite(self.test_losses).all())


@lru_cache(maxsize=8)
def drawn(task: Task, seed: int) -> tuple[FloatArray, FloatArray]:
    """Test, validation and a pool of training examples, in this order: a smaller training set leaves the rest alone."""
    rng = np.random.default_rng([seed, len(task.name), ord(task.name[0])])
    return task.draw(task.n_test + task.n_val + task.sound.n_train, rng)


def data(task: Task, setup: Setup, seed: int) -> Data:
    """What the setup makes of the task's examples; wrong labels are on all sides, since nobody knows which they are."""
    x, y = drawn(task, seed)
    a, b = task.n_test, task.n_test + task.n_val
    rng = np.random.default_rng([seed, 1])
    if setup.spread:
        x = x * 10 ** rng.uniform(-setup.spread / 2, setup.spread, x.shape[1:])
    x = x * setup.magnified
    train = slice(b, b + setup.n_train)
    if setup.scaler == "standard":
        # Pictures and sequences by channel, tables by column.
        axes = (0, *range(2, x.ndim))
        deviation = x[train].std(axis=axes, keepdims=True)
        x = (x - x[train].mean(axis=axes, keepdims=True)) / np.where(deviation > 0, deviation, 1)
    noisy = np.where(rng.random(len(y)) < setup.wrong_labels, y[rng.permutation(len(y))], y)
    x_train, y_train = x[train], noisy[train]
    if setup.sorted:
        order = np.argsort(y_train, kind="stable")
        x_train, y_train = x_train[order], y_train[order]
    kind = torch.float32 if task.n_classes is None else torch.int64
    sides = ((x_train, y_train), (x[a:b], noisy[a:b]), (x[:a], noisy[:a]))
    return Data(*(torch.tensor(v, dtype=d) for side in sides for v, d in zip(side, (torch.float32, kind), strict=True)))


def network(task: Task, setup: Setup, shape: torch.Size) -> nn.Sequential:
    """The network; its weights begin as the setup says."""
    parts: list[nn.Module] = []
    width = int(shape[1])
    for _ in range(setup.layers - 1):
        if task.conv:
            parts.append(CONVOLUTIONS[task.conv](width, setup.hidden_units, 5, padding="same"))
        else:
            parts.append(nn.Linear(width, setup.hidden_units))
        parts.append(ACTIVATIONS[setup.activation]())
        if setup.dropout:
            parts.append(nn.Dropout(setup.dropout))
        width = setup.hidden_units
    if task.conv:
        parts += [nn.AdaptiveMaxPool1d(1) if task.conv == 1 else nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    parts.append(nn.Linear(width, task.n_classes or 1))
    if setup.output_activation == "softmax":
        parts.append(nn.Softmax(dim=1))
    weighty = [m for m in parts if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d)]
    for layer in weighty:
        _initialise(layer, setup)
    if setup.init == "default":
        with torch.no_grad():
            for layer in weighty[:-1]:
                layer.bias += setup.hidden_bias
    return nn.Sequential(*parts)


def _initialise(layer: Any, setup: Setup) -> None:
    if setup.init == "default":
        return
    starts = {
        "he": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
        "xavier": nn.init.xavier_normal_,
        "zeros": nn.init.zeros_,
        "normal": lambda w: nn.init.normal_(w, 0.0, setup.init_std),
    }
    starts[setup.init](layer.weight)
    nn.init.zeros_(layer.bias)


def train(task: Task, setup: Setup, seed: int) -> Trained:
    """Train, and measure after every epoch as scripts commonly do: the training loss is the mean over the batches."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    given = data(task, setup, seed)
    net = network(task, setup, given.x.shape)
    kind = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[setup.optimizer]
    more = {"momentum": setup.momentum} if setup.optimizer == "sgd" else {}
    optimizer = kind(net.parameters(), lr=setup.lr, weight_decay=setup.weight_decay, **more)
    weights = None
    if setup.class_weight == "balanced" and task.n_classes:
        weights = len(given.y) / (task.n_classes * torch.bincount(given.y, minlength=task.n_classes).clamp(min=1))
    n = len(given.y)
    names = ("train_loss", "val_loss") + (("train_acc", "val_acc") if task.n_classes else ())
    curves: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(setup.epochs):
        net.train()
        order = torch.randperm(n) if setup.shuffle else torch.arange(n)
        total = torch.zeros(())
        right = torch.zeros(())
        for batch in order.split(setup.batch_size):
            answers, wanted = net(given.x[batch]), given.y[batch]
            loss = losses(answers, wanted, weights).mean()
            optimizer.zero_grad()
            loss.backward()
            if setup.grad_clip:
                nn.utils.clip_grad_norm_(net.parameters(), setup.grad_clip)
            optimizer.step()
            total += loss.detach() * len(batch)
            right += (answers.argmax(1) == wanted).sum() if task.n_classes else 0
        val_loss, val_acc = _measure(net, given.x_val, given.y_val)
        row = (float(total) / n, val_loss.mean(), float(right) / n, val_acc)
        for name, value in zip(names, row, strict=False):
            curves[name].append(float(value))
        if not np.isfinite(row[0]) and not np.isfinite(row[1]):
            # It never comes back: the rest would be the same.
            for name in names:
                curves[name] += [curves[name][-1]] * (setup.epochs - len(curves[name]))
            break
    return Trained(curves, _measure(net, given.x_test, given.y_test)[0])


def losses(answers: torch.Tensor, wanted: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """The loss of each example: cross-entropy from logits, or the squared error."""
    if wanted.dtype == torch.int64:
        return nn.functional.cross_entropy(answers, wanted, weight=weights, reduction="none")
    return (answers[:, 0] - wanted) ** 2


def _measure(net: nn.Module, x: torch.Tensor, y: torch.Tensor) -> tuple[FloatArray, float]:
    net.eval()
    with torch.no_grad():
        answers = net(x)
        right = float((answers.argmax(1) == y).float().mean())
        return losses(answers, y).double().numpy(), right


def uninformed(task: Task, setup: Setup, seed: int) -> FloatArray:
    """The test losses of a model that knows nothing of the input."""
    y = data(task, setup, seed).y_test.double().numpy()
    return (y - y.mean()) ** 2 if task.n_classes is None else np.full(len(y), np.log(task.n_classes))
