"""How people and frameworks name metrics and parameters: habits, as scripts/naming_habits.yaml holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

HABITS = Path(__file__).with_name("naming_habits.yaml")
SPLITS = ("train", "val", "test")
PER_CLASS = "f1_class"
CLASSES = 10
QUANTITIES = (
    "loss", "accuracy", "error", "f1", *(f"{PER_CLASS}_{k}" for k in range(CLASSES)), "auc", "rmse", "mae", "r2",
    "dice", "iou", "pixel_accuracy", "recall_at_1",
)  # fmt: skip
#: Metrics by what they are: split/quantity, or a curve of the whole run.
METRICS = (*(f"{s}/{q}" for s in SPLITS for q in QUANTITIES), "train/batch_loss")
WHOLE_RUN = ("learning_rate", "grad_norm", "gpu")

Points = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Habit:
    """How someone names things.

    Attributes
    ----------
    loss, score : mapping
        For each split that the habit can say, the form of a loss's name and of any other quantity's; {} is its word.
    words : mapping
        Words for quantities; others are called as here, in the habit's style.
    kinds : mapping
        Words for the loss by its kind (cross_entropy, mse, bce), in a habit that names the loss so.
    names : mapping
        Names of single metrics where forms do not give them; None where the habit cannot say it.
    params : mapping
        Names of parameters by role; others are called by their role, in the habit's style.
    style : str
        snake, camel, pascal, upper, title or hyphen.
    percent : frozenset of str
        Quantities that the habit writes in per cent.
    besides, besides_params : mapping
        What the framework logs as well: metrics by the way they go, parameters by value.
    """

    loss: Mapping[str, str]
    score: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    style: str = "snake"
    percent: frozenset[str] = frozenset()
    besides: Mapping[str, str] = field(default_factory=dict)
    besides_params: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Habit:
        """Read a habit as the file has it."""
        rest = {key: value for key, value in data.items() if key not in ("loss", "score", "percent")}
        percent = frozenset(data.get("percent", ()))
        return cls(loss=data["loss"], score=data.get("score", data["loss"]), percent=percent, **rest)

    def metric(self, what: str, kind: str | None = None) -> str | None:
        """The name of a metric, None where the habit cannot say it."""
        if kind is not None and kind in self.kinds and what.endswith("/loss"):
            return self.loss[what.removesuffix("/loss")].format(self.kinds[kind])
        if what in self.names:
            return self.names[what]
        split, _, quantity = what.partition("/")
        form = (self.loss if quantity == "loss" else self.score).get(split)
        if not quantity or quantity == "batch_loss" or form is None:
            return None
        return form.format(self.word(quantity))

    def word(self, quantity: str) -> str:
        """The word for a quantity."""
        if family(quantity) == PER_CLASS and PER_CLASS in self.words:
            return self.words[PER_CLASS].format(quantity.rpartition("_")[2])
        return self.words.get(quantity) or styled(quantity, self.style)

    def param(self, role: str) -> str:
        """The name of a parameter."""
        return self.params.get(role) or styled(role, self.style)


@dataclass(frozen=True)
class Practice:
    """How the names of the labelled runs are read.

    Attributes
    ----------
    habits : mapping
        The habits that the runs were logged with.
    roles : mapping
        Roles by the name of a parameter.
    dropped : frozenset of str
        Metrics that frameworks log besides, which are not carried over.
    unnamed_losses, unnamed_groups : frozenset of str
        Practices and groups in which the scores of a run do not tell the kind of its loss.
    """

    habits: Mapping[str, Habit]
    roles: Mapping[str, str]
    dropped: frozenset[str]
    unnamed_losses: frozenset[str]
    unnamed_groups: frozenset[str]


@dataclass(frozen=True)
class Habits:
    """The file of habits: plain names, the habits that are tried, and how the labelled runs are read."""

    reference: Habit
    tried: Mapping[str, Habit]
    practice: Practice


def family(quantity: str) -> str:
    """The quantity, whichever class it is of."""
    return PER_CLASS if quantity.startswith(PER_CLASS) else quantity


def styled(name: str, style: str) -> str:
    """A name of words joined by underscores in another style of writing."""
    parts = name.split("_")
    capital = [p[:1].upper() + p[1:] for p in parts]
    return {
        "snake": name,
        "camel": parts[0] + "".join(capital[1:]),
        "pascal": "".join(capital),
        "upper": name.upper(),
        "title": " ".join(capital),
        "hyphen": "-".join(parts),
    }[style]


def read_habits(path: Path = HABITS) -> Habits:
    """Read a file of habits; plain names, and how the labelled runs are read, are always those of the first file."""
    data = yaml.safe_load(HABITS.read_text(encoding="utf-8"))
    given = data["practice"]
    practice = Practice(
        habits={name: Habit.of(habit) for name, habit in given["habits"].items()},
        roles={name: role for role, names in given["params"].items() for name in names},
        dropped=frozenset(given["dropped"]),
        unnamed_losses=frozenset(given["unnamed_losses"]),
        unnamed_groups=frozenset(given["unnamed_groups"]),
    )
    chosen = data if path == HABITS else yaml.safe_load(path.read_text(encoding="utf-8"))
    tried = {name: Habit.of(habit) for name, habit in chosen["habits"].items()}
    return Habits(Habit.of(data["reference"]), tried, practice)


def meanings(habit: Habit) -> dict[str, tuple[str, str | None, float]]:
    """What each name of a habit stands for: the metric, the kind of loss it tells, and by what to divide its values."""
    found: dict[str, tuple[str, str | None, float]] = {"test_loss": ("test/loss", None, 1.0)}
    found |= {name: (what, None, 1.0) for what in WHOLE_RUN if (name := habit.metric(what))}
    for what in METRICS:
        split, quantity = what.split("/")
        hundredth = 100.0 if family(quantity) in habit.percent else 1.0
        if (name := habit.metric(what)) is not None:
            found[name] = (what, None, hundredth)
        if quantity == "error" and split in habit.score:
            found[habit.score[split].format("err_pct")] = (what, None, 100.0)
        if quantity == "loss":
            found |= {name: (what, kind, 1.0) for kind in habit.kinds if (name := habit.metric(what, kind))}
    return found
