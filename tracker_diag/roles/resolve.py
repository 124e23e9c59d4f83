"""Which metric and which parameter of a run plays which role, resolved from the words of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Literal, Protocol

from tracker_diag.core.model import Model
from tracker_diag.core.run import Run, Series
from tracker_diag.roles.metric import LOSS, SCORE, Metric
from tracker_diag.roles.metric_names import facts_of_loss, read_metric
from tracker_diag.roles.metric_roles import find_metrics
from tracker_diag.roles.network_roles import read_network
from tracker_diag.roles.param_roles import FoundParams, find_params
from tracker_diag.roles.param_values import coerce, fits
from tracker_diag.roles.params import flatten
from tracker_diag.roles.parts import SUM
from tracker_diag.roles.role_names import all_roles, metric_roles, param_roles
from tracker_diag.roles.words import phrases, read, vocabulary

#: Frameworks that train boosted trees, as a description of the network names them.
OF_TREES = ("xgboost", "lightgbm", "catboost")


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """What a run's names were taken for.

    Attributes
    ----------
    metrics : mapping of str to Series
        By role: ``train_loss``, ``val_loss``, ``test_loss``, ``train_score``, ``val_score``, ``test_score``,
        ``learning_rate``, ``gradient_norm``, ``epoch`` and so on.
    params : mapping of str to value
        By role: ``learning_rate``, ``batch_size``, ``optimizer`` and so on; values checked and in one spelling. Those
        that no parameter gives are read off the description of the network, where there is one.
    names : mapping of str to str
        The name in the run that was taken for a role. A role that both a parameter and a metric have
        (``learning_rate``) gives the parameter's; the metric's is ``metrics[role].name``.
    facts : mapping of str to Metric
        What is known of each loss and score: what it is, which way it gets better, its unit.
    traits : frozenset of str
        Kinds of training that the names give away: ``adversarial``, ``reinforcement``, ``contrastive``,
        ``boosting``, ``annealed``.
    notes : tuple of str
        Choices a user should know of, in words.
    """

    metrics: Mapping[str, Series]
    params: Mapping[str, Any]
    names: Mapping[str, str]
    facts: Mapping[str, Metric]
    traits: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


NO_ROLES = Roles(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))
"""Those of a run whose names could not be read."""


class Told(Protocol):
    """What a user says of names; ``Settings`` does."""

    @property
    def roles(self) -> Mapping[str, str]:
        """Role to the metric or parameter that plays it."""

    @property
    def vocabulary(self) -> Mapping[str, list[str]]:
        """Role to further words for it."""

    @property
    def directions(self) -> Mapping[str, str]:
        """Metric name to ``min`` or ``max``: which way is better."""


def resolve(run: Run, settings: Told, network: Model | None = None) -> Roles:
    """Find the metric and the parameter for each role.

    Parameters
    ----------
    run : Run
        The one whose names are told.
    settings : Told
        What the user says of names.
    network : Model, optional
        As described; it gives values of roles that no parameter plays, under no name.

    Returns
    -------
    Roles
        The same whatever the order of metrics and parameters.
    """
    flat = flatten(run.params)
    extra = {role: phrases(texts) for role, texts in settings.vocabulary.items() if texts}
    on = [name for name, value in flat.values.items() if value not in (None, False, 0, "")]
    traits = frozenset().union(*map(traits_of, run.metrics), *map(traits_of, on))
    if network is not None and network.framework in OF_TREES:
        traits |= {"boosting"}
    found = find_metrics(run.metrics, settings.directions, traits)
    if found.adversarial:
        traits |= {"adversarial"}
    known = find_params(flat.values, {r: p for r, p in extra.items() if r in param_roles()})
    _read_for(traits, known)
    chosen = _by_words(run.metrics, {r: p for r, p in extra.items() if r in metric_roles()})
    notes = [*flat.notes, *found.notes, *known.notes]
    notes += _told(settings.roles, run.metrics, flat.values, chosen, known)
    for role, series in chosen.items():
        _choose(found.metrics, found.directions, role, series, settings.directions)
    if network is not None:
        known.complete(read_network(network))
    if "task" not in known.values:
        if found.task is not None:
            known.values["task"] = found.task
        elif known.values.get("n_classes", 1) > 1 and "class" in read(known.names["n_classes"]).words:
            known.values["task"], known.names["task"] = "classification", known.names["n_classes"]
    names = {role: series.name for role, series in found.metrics.items()} | known.names
    return Roles(
        metrics=MappingProxyType(found.metrics),
        params=MappingProxyType(known.values),
        names=MappingProxyType(names),
        facts=MappingProxyType(_facts(found.metrics, found.directions, known.values)),
        traits=traits,
        notes=tuple(sorted(set(notes))),
    )


def _told(
    roles: Mapping[str, str],
    metrics: Mapping[str, Series],
    params: Mapping[str, Any],
    chosen: dict[str, Series],
    known: FoundParams,
) -> list[str]:
    """Take the metrics and parameters that the user names for roles; what cannot be taken is said in words."""
    notes = []
    for role, name in roles.items():
        metric = name in metrics and len(metrics[name]) > 0 and role in metric_roles()
        if metric:
            chosen[role] = metrics[name]
        if name in params and role in param_roles():
            value = coerce(role, params[name])
            if fits(value):
                known.values[role], known.names[role] = value, name
            else:
                notes.append(f"roles.{role}: {name} = {str(params[name])[:40]!r} is not a valid value for {role}")
        elif not metric and name in metrics and role in metric_roles():
            notes.append(f"roles.{role}: metric {name!r} has no values")
        elif not metric:
            notes.append(f"roles.{role}: the run has no {all_roles()[role]} {name!r}")
    return notes


def _read_for(traits: frozenset[str], known: FoundParams) -> None:
    """Give parameters the meaning that they have in this kind of training.

    Trees grow in rounds, which some libraries call iterations, and have a depth and no layers; an agent's epochs and
    steps, unless they are those of the whole training, count its passes over what it gathered.
    """
    if "boosting" in traits:
        known.rename("layers", "max_depth")
        known.drop("layers")
        known.rename("max_steps", "n_estimators")
    if "reinforcement" in traits:
        for role in ("epochs", "max_steps"):
            if role in known.names and not read(known.names[role]).words & {"total", "max"}:
                known.drop(role)


def _by_words(metrics: Mapping[str, Series], extra: Mapping[str, tuple[frozenset[str], ...]]) -> dict[str, Series]:
    """The metric that a user's own words for a role fit best: the one with the fewest words besides."""
    chosen = {}
    for role, options in extra.items():
        fitting = [
            (len(read(name).words - phrase), len(name), name)
            for name, series in metrics.items()
            for phrase in options
            if phrase and phrase <= read(name).words and len(series)
        ]
        if fitting:
            chosen[role] = metrics[min(fitting)[2]]
    return chosen


def _choose(
    metrics: dict[str, Series], directions: dict[str, str], role: str, series: Series, told: Mapping[str, str]
) -> None:
    """Give a role the metric that the user named."""
    metrics[role] = series
    if role.endswith("_loss"):
        directions[role] = "min"
    elif role.endswith("_score"):
        reading = read_metric(series.name)
        directions[role] = told.get(series.name) or (reading.better if reading else "max")


def _facts(
    metrics: Mapping[str, Series], directions: Mapping[str, Any], params: Mapping[str, Any]
) -> dict[str, Metric]:
    """What is known of the metric in each of these roles."""
    return {
        role: _kind(role, metrics[role].name, better, params).in_unit_of(metrics[role].values)
        for role, better in directions.items()
    }


def _kind(role: str, name: str, better: Literal["min", "max"], params: Mapping[str, Any]) -> Metric:
    """What a metric is by the words of its name; what a loss leaves open, the loss function or the task says."""
    reading = read_metric(name)
    if not role.endswith("_loss"):
        # Where the user says which way it gets better, and the name says the other, the user knows what it is.
        return reading.facts if reading is not None and reading.better == better else replace(SCORE, better=better)
    if SUM in name:
        return Metric("sum of losses", "min")
    # A likelihood that is taken for a loss has had its sign turned.
    facts = LOSS if reading is None else replace(reading.facts, better="min")
    if facts == LOSS:
        facts = facts_of_loss(read(str(params.get("loss_function") or "")).words)
    if facts == LOSS and params.get("task") == "regression":
        return Metric("squared error", "min", "target squared", 0)
    return facts


@cache
def _trait_book() -> tuple[tuple[str, tuple[frozenset[str], ...]], ...]:
    return tuple((trait, phrases(text.split(","))) for trait, text in vocabulary()["traits"].items())


@lru_cache(maxsize=16384)
def traits_of(name: str) -> frozenset[str]:
    """List the kinds of training that a name gives away.

    Parameters
    ----------
    name : str
        Of a metric or a parameter.

    Returns
    -------
    frozenset of str
        Of ``adversarial``, ``reinforcement``, ``contrastive``, ``boosting``, ``annealed``.
    """
    found = read(name).words
    return frozenset(trait for trait, options in _trait_book() if any(option <= found for option in options))
