"""Inputs that say what the run's names were taken for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tracker_diag.core.run import Run, Series
from tracker_diag.evidence.registry import rule_input
from tracker_diag.roles.metric_names import read_metric
from tracker_diag.roles.params import flatten
from tracker_diag.roles.resolve import Roles
from tracker_diag.timeline.straighten import Timeline


@rule_input(missing="no parameters logged", evidence="P")
def params(roles: Roles) -> Mapping[str, Any]:
    """All parameters by role."""
    return roles.params


@rule_input(missing="no names logged")
def names(roles: Roles) -> Mapping[str, str]:
    """The run's own name for each role."""
    return roles.names


@rule_input(missing="no names logged")
def traits(roles: Roles, ramp_end: float | None) -> frozenset[str]:
    """Kinds of training that the names give away: adversarial, reinforcement, contrastive, boosting, annealed.

    Of a term that is phased in no more is said where the curves are judged from the end of its ramp on.
    """
    return roles.traits if ramp_end is None else roles.traits - {"annealed"}


@rule_input(missing="no metrics logged", evidence="C")
def logged_metrics(run: Run) -> Mapping[str, Series]:
    """All metrics by the names under which they were logged."""
    return run.metrics


#: Values from which on a metric that is always the same is one that stands.
_STANDS = 5


@dataclass(frozen=True, slots=True)
class Standing:
    """A metric that never changes.

    Attributes
    ----------
    value : float
        The one that it has.
    kind : {'train loss', 'loss', 'score'}
        What it is.
    """

    value: float
    kind: str


@rule_input(missing="no metrics logged", evidence="C")
def standing(run: Run, roles: Roles, timeline: Timeline) -> Mapping[str, Standing]:
    """Losses and scores that never change, and the value: exactly 0, or any value beside a loss that moves."""
    moving = any(role.endswith("_loss") and _moves(series) for role, series in roles.metrics.items())
    found = {}
    for name, series in sorted(run.metrics.items()):
        reading = read_metric(name)
        if (
            reading is None
            or name in timeline.zeros
            or len(series) < _STANDS
            or _moves(series)
            or not np.isfinite(series.values[0])
        ):
            continue
        value = float(series.values[0])
        is_loss = reading.kind != "score"
        perfect = not is_loss and value in (reading.facts.best, reading.facts.in_unit_of(series.values).best)
        if (is_loss and value == 0) or (moving and not perfect):
            kind = "score" if not is_loss else "train loss" if reading.split in (None, "train") else "loss"
            found[name] = Standing(value, kind)
    return found


def _moves(series: Series) -> bool:
    return bool((series.values != series.values[0]).any())


@rule_input(missing="no parameters logged", evidence="P")
def logged_params(run: Run) -> Mapping[str, Any]:
    """All parameters as they were logged."""
    return run.params


@rule_input(missing="no parameters logged", evidence="P")
def flat_params(run: Run) -> Mapping[str, Any]:
    """All parameters without nesting (``optimizer.lr``), texts read as the numbers and truth values they are."""
    return flatten(run.params).values


@rule_input(missing="no parameters logged", evidence="P")
def numeric_params(flat_params: Mapping[str, Any]) -> Mapping[str, float]:
    """All parameters that are finite numbers, without nesting, in the order of their names; truth values are none."""
    return {
        name: float(value)
        for name, value in sorted(flat_params.items())
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


@rule_input(missing="no status known")
def active(run: Run) -> bool:
    """Whether the run may still log."""
    return run.active


@rule_input(missing="no tags set", evidence="P")
def logged_tags(run: Run) -> Mapping[str, str]:
    """All tags of the run."""
    return run.tags
