"""Which metric and which parameter of a run plays which role, resolved from the tokens of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tracker_diag.core.params import flatten
from tracker_diag.core.run import Run, Series
from tracker_diag.core.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """What a run's names were taken for.

    Attributes
    ----------
    metrics : mapping of str to Series
        By role: ``train_loss``, ``val_loss``, ``test_loss``, ``train_score``, ``val_score``, ``test_score``,
        ``learning_rate``, ``gradient_norm``, ``epoch``, …
    params : mapping of str to value
        By role: ``learning_rate``, ``batch_size``, ``optimizer``, …; values checked and in one spelling.
    names : mapping of str to str
        The name in the run that was taken for a role. A role that both a parameter and a metric have
        (``learning_rate``) gives the parameter's; the metric's is ``metrics[role].name``.
    directions : mapping of str to 'min' or 'max'
        Which way is better, for each loss and score.
    traits : frozenset of str
        Kinds of training that the names give away: ``adversarial``, ``reinforcement``, ``contrastive``,
        ``boosting``, ``annealed``.
    notes : tuple of str
        Choices a user should know of, in words.
    """

    metrics: Mapping[str, Series]
    params: Mapping[str, Any]
    names: Mapping[str, str]
    directions: Mapping[str, str]
    traits: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def resolve(run: Run, settings: Settings) -> Roles:
    """Find the metric and the parameter for each role."""
    rough = {
        "train_loss": ("train_loss", "train/loss", "loss"),
        "val_loss": ("val_loss", "val/loss", "eval_loss"),
        "train_score": ("train_accuracy", "train/accuracy", "train_acc", "accuracy"),
        "val_score": ("val_accuracy", "val/accuracy", "val_acc"),
        "learning_rate": ("learning_rate", "lr", "train/lr"),
    }
    metrics = {r: run.metrics[n] for r, ns in rough.items() for n in reversed(ns) if n in run.metrics}
    flat = flatten(run.params).values
    params = {k.replace("/", ".").rsplit(".", 1)[-1]: v for k, v in flat.items()}
    directions = {r: "max" if "score" in r else "min" for r in metrics if "loss" in r or "score" in r}
    names = {r: s.name for r, s in metrics.items()}
    return Roles(
        MappingProxyType(metrics), MappingProxyType(params), MappingProxyType(names), MappingProxyType(directions)
    )


def what_to_log(role: str) -> str:
    """What a user should log for this role, as a phrase that follows 'to enable this rule, '."""
    return f"log {role.replace('_', ' ')}"


def all_roles() -> Mapping[str, str]:
    """Every role, and whether it is filled by a 'metric', a 'param' or 'both'."""
    return MappingProxyType({})
