"""Which metric and which parameter of a run plays which role, resolved from the words of their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from tracker_diag.core.metric_roles import find_metrics, read_metric
from tracker_diag.core.param_roles import find_params
from tracker_diag.core.param_values import coerce, fits
from tracker_diag.core.params import flatten
from tracker_diag.core.run import Run, Series
from tracker_diag.core.settings import Settings
from tracker_diag.core.words import phrases, read, vocabulary


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


NO_ROLES = Roles(MappingProxyType({}), MappingProxyType({}), MappingProxyType({}), MappingProxyType({}))
"""Those of a run whose names could not be read."""


def resolve(run: Run, settings: Settings) -> Roles:
    """Find the metric and the parameter for each role.

    Parameters
    ----------
    run : Run
    settings : Settings
        ``roles`` names a metric or parameter outright, ``vocabulary`` adds words for a role, ``directions`` says which
        way a metric gets better.

    Returns
    -------
    Roles
        The same whatever the order of metrics and parameters.
    """
    flat = flatten(run.params)
    extra = {role: phrases(texts) for role, texts in settings.vocabulary.items() if texts}
    found = find_metrics(run.metrics, settings.directions)
    known = find_params(flat.values, {r: p for r, p in extra.items() if r in _param_roles()})
    chosen = _by_words(run.metrics, {r: p for r, p in extra.items() if r in _metric_roles()})
    notes = [*flat.notes, *found.notes, *known.notes]
    for role, name in settings.roles.items():
        metric = name in run.metrics and len(run.metrics[name]) > 0 and role in _metric_roles()
        param = name in flat.values and role in _param_roles()
        if metric:
            chosen[role] = run.metrics[name]
        if param:
            value = coerce(role, flat.values[name])
            if fits(value):
                known.values[role], known.names[role] = value, name
            else:
                notes.append(f"roles.{role}: {name} = {str(flat.values[name])[:40]!r} does not fit")
        elif not metric and name in run.metrics and role in _metric_roles():
            notes.append(f"roles.{role}: {name!r} has no value")
        elif not metric:
            notes.append(f"roles.{role}: the run has no {all_roles()[role]} {name!r}")
    for role, series in chosen.items():
        _choose(found.metrics, found.directions, role, series, settings.directions)
    if "task" not in known.values:
        if found.task is not None:
            known.values["task"] = found.task
        elif known.values.get("n_classes", 1) > 1 and "class" in read(known.names["n_classes"]).words:
            known.values["task"], known.names["task"] = "classification", known.names["n_classes"]
    names = {role: series.name for role, series in found.metrics.items()} | known.names
    on = [name for name, value in flat.values.items() if value not in (None, False, 0, "")]
    traits = frozenset().union(*map(_traits, run.metrics), *map(_traits, on))
    return Roles(
        metrics=MappingProxyType(found.metrics),
        params=MappingProxyType(known.values),
        names=MappingProxyType(names),
        directions=MappingProxyType(found.directions),
        traits=traits,
        notes=tuple(sorted(set(notes))),
    )


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
    both = dict.fromkeys(_metric_roles(), "metric")
    for role in _param_roles():
        both[role] = "metric or param" if role in both else "param"
    return MappingProxyType(both)


@cache
def _metric_roles() -> tuple[str, ...]:
    metrics = vocabulary()["metrics"]
    return (*metrics["log"], *metrics["plain"])


@cache
def _param_roles() -> tuple[str, ...]:
    return (*vocabulary()["params"], "layer_widths")


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


@cache
def _trait_book() -> tuple[tuple[str, tuple[frozenset[str], ...]], ...]:
    return tuple((trait, phrases(text.split(","))) for trait, text in vocabulary()["traits"].items())


@lru_cache(maxsize=16384)
def _traits(name: str) -> frozenset[str]:
    found = read(name).words
    return frozenset(trait for trait, options in _trait_book() if any(option <= found for option in options))
