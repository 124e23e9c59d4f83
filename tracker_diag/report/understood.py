"""Which names of the run were understood in a way that is not obvious."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tracker_diag.report.wording import role_words

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Words that people take for one another.
_SAME = {
    "valid": "val",
    "validation": "val",
    "eval": "val",
    "dev": "val",
    "training": "train",
    "acc": "score",
    "accuracy": "score",
    "size": "n",
    "num": "n",
    "lr": "learning rate",
    "optim": "optimizer",
    "opt": "optimizer",
    "wd": "weight decay",
    "bs": "batch n",
    "init": "initialiser",
    "initializer": "initialiser",
    "fn": "function",
}
# Where a parameter or a metric stands, and how often it is logged.
_PLACES = frozenset(
    re.findall(
        r"\w+",
        "hparams hparam hyperparameters config configuration cfg params parameters args model network "
        "optimizer trainer train data dataset metrics metric epoch step rounds mean avg average max total name type "
        "value of the per n",
    )
)
# Concluded from what a value is, and not a name of anything in the run.
_CONCLUDED = frozenset({"task"})


def not_obvious(roles: Mapping[str, str]) -> dict[str, str]:
    """Leave out roles whose name says them: ``val_loss`` taken from ``validation_loss``, ``batch_size``, ``lr``.

    Parameters
    ----------
    roles : mapping of str to str
        Role to the name taken for it.
    """
    return {role: name for role, name in roles.items() if role not in _CONCLUDED and not _says(name, role)}


def read_as(roles: Mapping[str, str]) -> dict[str, str]:
    """Say for each name that is not obvious what it was read as: ``hidden units, layers`` for ``hidden_layer_sizes``.

    Parameters
    ----------
    roles : mapping of str to str
        Role to the name taken for it.
    """
    read: dict[str, list[str]] = {}
    for role, name in not_obvious(roles).items():
        read.setdefault(name, []).append(role_words(role))
    return {name: ", ".join(words) for name, words in read.items()}


def _says(name: str, role: str) -> bool:
    """Whether the words of the name are those of the role, besides the place where it stands."""
    wanted, found = _words(role), _words(name)
    # A loss of which nothing is said is that of training.
    return bool(wanted & found) and wanted - {"train", "n", "function"} <= found and found <= wanted | _PLACES


def _words(text: str) -> set[str]:
    words = [word.lower() for word in _WORD.findall(text[:500])]
    return {part for word in words for part in _SAME.get(word, word).split()}
