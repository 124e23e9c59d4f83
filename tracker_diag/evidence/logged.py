"""Inputs that say what the run's names were taken for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker_diag.core.run import Run, Series
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.resolve import Roles


@rule_input(missing="no parameters", evidence="P")
def params(roles: Roles) -> Mapping[str, Any]:
    """All parameters by role."""
    return roles.params


@rule_input(missing="no names")
def names(roles: Roles) -> Mapping[str, str]:
    """The run's own name for each role."""
    return roles.names


@rule_input(missing="no names")
def traits(roles: Roles) -> frozenset[str]:
    """Kinds of training that the names give away: adversarial, reinforcement, contrastive, boosting, annealed."""
    return roles.traits


@rule_input(missing="no metrics", evidence="C")
def logged_metrics(run: Run) -> Mapping[str, Series]:
    """All metrics by the names under which they were logged."""
    return run.metrics


@rule_input(missing="no parameters", evidence="P")
def logged_params(run: Run) -> Mapping[str, Any]:
    """All parameters as they were logged."""
    return run.params


@rule_input(missing="no status")
def active(run: Run) -> bool:
    """Whether the run may still log."""
    return run.active


@rule_input(missing="no tags", evidence="P")
def logged_tags(run: Run) -> Mapping[str, str]:
    """All tags of the run."""
    return run.tags
