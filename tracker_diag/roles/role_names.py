"""Every role there is, what fills it, and what to log for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from tracker_diag.roles.words import vocabulary


def what_to_log(role: str) -> str:
    """What a user should log for this role, as a phrase: "log the validation loss each epoch, e.g. as val_loss"."""
    book = vocabulary()
    metrics, params = book["metrics"], book["params"]
    if role in metrics["log"]:
        return str(metrics["log"][role])
    entry = params.get(role) or metrics["plain"].get(role)
    return str(entry["log"]) if entry else f"log the {role.replace('_', ' ')}, e.g. as {role}"


@cache
def all_roles() -> Mapping[str, str]:
    """Every role, and what fills it: 'metric', 'param', or 'metric or param'."""
    both = dict.fromkeys(metric_roles(), "metric")
    for role in param_roles():
        both[role] = "metric or param" if role in both else "param"
    return MappingProxyType(both)


@cache
def metric_roles() -> tuple[str, ...]:
    """List the roles that a metric may play."""
    metrics = vocabulary()["metrics"]
    return (*metrics["log"], *metrics["plain"])


@cache
def param_roles() -> tuple[str, ...]:
    """List the roles that a parameter may play."""
    return (*vocabulary()["params"], "layer_widths")
