"""How people log a setup, and how what is prescribed in their words finds its way back into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scripts.remedies.setup import Setup
from scripts.remedies.tasks import Task
from tracker_diag import Change


@dataclass(frozen=True)
class Habit:
    """Names of parameters and metrics, and whether a dataset profile is logged."""

    names: Mapping[str, str]
    metrics: Mapping[str, str]
    optimizers: Mapping[str, str]
    losses: Mapping[str, str]
    profiles: bool


PLAIN = Habit(
    names={
        "lr": "lr", "epochs": "epochs", "batch_size": "batch_size", "hidden_units": "hidden_units",
        "layers": "layers", "optimizer": "optimizer", "momentum": "momentum", "dropout": "dropout",
        "weight_decay": "weight_decay", "grad_clip": "grad_clip", "activation": "activation", "init": "init",
        "init_std": "init_std", "shuffle": "shuffle", "n_train": "n_train", "n_val": "n_val",
        "n_classes": "n_classes", "loss": "loss",
    },
    metrics={"train_loss": "train_loss", "val_loss": "val_loss", "train_acc": "train_acc", "val_acc": "val_acc"},
    optimizers={"adam": "adam", "sgd": "sgd"},
    losses={"classification": "cross_entropy", "regression": "mse"},
    profiles=False,
)  # fmt: skip

CAREFUL = Habit(
    names={
        "lr": "optimizer.learning_rate", "epochs": "trainer.max_epochs", "batch_size": "data.batch_size",
        "hidden_units": "model.hidden_size", "layers": "model.num_layers", "optimizer": "optimizer.name",
        "momentum": "optimizer.momentum", "dropout": "model.dropout_rate", "weight_decay": "optimizer.weight_decay",
        "grad_clip": "trainer.gradient_clip_val", "activation": "model.activation_fn",
        "init": "model.weight_init", "init_std": "model.init_std", "shuffle": "data.shuffle",
        "scaler": "data.input_scaler", "output_activation": "model.output_activation",
        "n_train": "data.num_train_examples", "n_val": "data.num_val_examples", "n_classes": "model.num_classes",
        "loss": "loss_fn",
    },
    metrics={
        "train_loss": "train/loss", "val_loss": "val/loss", "train_acc": "train/accuracy",
        "val_acc": "val/accuracy",
    },
    optimizers={"adam": "Adam", "sgd": "SGD"},
    losses={"classification": "CrossEntropyLoss", "regression": "MSELoss"},
    profiles=True,
)  # fmt: skip

HABITS = (PLAIN, CAREFUL)

#: Settings by the names that rules use where a run has none of its own.
INVENTED = {
    "preprocessing.scaler": "scaler", "learning_rate": "lr", "gradient_clip": "grad_clip",
    "initialiser": "init", "class_weight": "class_weight", "output_activation": "output_activation",
    "activation": "activation", "dropout": "dropout", "weight_decay": "weight_decay", "shuffle": "shuffle",
    "optimizer": "optimizer",
}  # fmt: skip


class NotMechanicalError(ValueError):
    """A change that no table can carry out: someone has to look, or more data are needed."""


def params(task: Task, setup: Setup, habit: Habit) -> dict[str, Any]:
    """What is logged of a setup."""
    kind = "regression" if task.n_classes is None else "classification"
    known: dict[str, Any] = {name: getattr(setup, name) for name in Setup.__dataclass_fields__}
    known |= {"n_val": task.n_val, "n_classes": task.n_classes, "loss": habit.losses[kind]}
    known["optimizer"] = habit.optimizers[setup.optimizer]
    absent = {
        name
        for name, says in (
            ("momentum", setup.optimizer == "sgd"),
            ("init_std", setup.init == "normal"),
            ("grad_clip", setup.grad_clip > 0),
            ("n_classes", task.n_classes is not None),
        )
        if not says
    }
    return {logged: known[name] for name, logged in habit.names.items() if name not in absent}


def applied(setup: Setup, changes: Sequence[Change], habit: Habit) -> Setup:
    """The setup with the changes made.

    Raises
    ------
    NotMechanicalError
        If a change is not one of a setting, or gives it a value it cannot take.
    """
    settings = INVENTED | {logged: name for name, logged in habit.names.items()}
    new: dict[str, Any] = {}
    for change in changes:
        name = settings.get(change.param)
        if name not in Setup.__dataclass_fields__ or name == "n_train":
            raise NotMechanicalError(f"{change.param} → {change.after}")
        new[name] = _value(name, change.after)
    return replace(setup, **new)


def _value(name: str, value: Any) -> Any:
    if name == "output_activation":
        return "none" if str(value).startswith(("none", "linear", "identity")) else str(value)
    if name in ("epochs", "batch_size", "hidden_units", "layers"):
        return int(value)
    if name in ("optimizer", "activation", "init", "scaler", "class_weight"):
        return str(value).lower()
    return bool(value) if name == "shuffle" else float(value)
