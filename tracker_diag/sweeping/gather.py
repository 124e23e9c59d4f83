"""Reads what the page of an experiment shows; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from tracker_diag.adapters.base import Adapter, Failure, Listing, Query, UnknownRunError
from tracker_diag.adapters.guard import failure, load_each
from tracker_diag.comparison.experiment_table import Table
from tracker_diag.comparison.group import Group
from tracker_diag.core.finding import Severity
from tracker_diag.core.own import CONTROL
from tracker_diag.core.report import Report
from tracker_diag.core.run import Run
from tracker_diag.core.version import __version__
from tracker_diag.report.experiment.overview import Measure, Overview, Row, first_looks, worst_first
from tracker_diag.report.tags import tags
from tracker_diag.roles.params import flatten
from tracker_diag.rules.registry import all_rules
from tracker_diag.settings.settings import Settings
from tracker_diag.stats.contrasts import Contrasts, contrasts
from tracker_diag.sweeping.cost import wasted
from tracker_diag.sweeping.flow import completed
from tracker_diag.sweeping.judge import Task, before, examine
from tracker_diag.sweeping.open_engine import open_engine
from tracker_diag.sweeping.siblings import table_of

Advance = Callable[[int, int | None], None]
"""Told how many runs were read, and of how many; None while they are listed."""

PARAMETERS = 8
"""Parameters that are shown of each run."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Brief:
    """What is kept of a diagnosis that was made for the page: thousands of reports would be too much."""

    verdict: str
    severity: Severity
    cause: str
    summary: str
    wasted: float | None


def gather(
    adapter: Adapter, experiment: str, settings: Settings, advance: Advance = lambda done, total: None
) -> Overview:
    """Read an experiment: its listing, and whole only those runs of which the listing does not say enough.

    These are the runs that were never diagnosed, those that wasted some of their time, and the ones to look at first.
    They are diagnosed in memory. Runs that are controls or overviews are left out.

    Parameters
    ----------
    adapter : Adapter
        The tracker.
    experiment : str
        Its name, or a pattern that matches one.
    settings : Settings
        What is judged how.
    advance : callable, optional
        See ``Advance``.

    Raises
    ------
    UnknownRunError
        If there is no such experiment, or several match.
    TrackerError
        If the tracker cannot be reached.
    """
    listings, unread = _listed(adapter, experiment, settings.prefix, advance)
    names = sorted({listing.experiment for listing in listings})
    if len(names) > 1:
        raise UnknownRunError(f"{experiment!r} matches {len(names)} experiments: give the full name of one")
    name = names[0] if names else experiment
    own = settings.for_experiment(name)
    to_read = [x.id for x in listings if not before(x.tags, own.prefix).verdict or _has_waste(x, own.prefix)]
    table = table_of(listings, own)
    briefs = dict(_diagnosed(adapter, to_read, own, table, advance, _brief))
    group = next(iter(table.groups), None)
    rows = worst_first([_row(x, adapter.link(x), briefs.get(x.id), own.prefix) for x in listings])
    effects: Contrasts | None = None
    parameters: tuple[str, ...] = ()
    if group is not None:
        effects = _contrasts(group)
        parameters = _parameters(group, effects)
        params = {x.id: _values(x, parameters) for x in listings}
        rows = tuple(replace(row, outcome=_outcome(row.id, table, group), params=params[row.id]) for row in rows)
    looks = [row.id for row in first_looks(rows)]
    reports = dict(_diagnosed(adapter, looks, own, table, advance, examine))
    return Overview(
        experiment=name,
        tracker=adapter.describe(),
        as_of=max((time for row in rows if (time := row.changed) is not None), default=None),
        rows=rows,
        measure=None if group is None else _measure(group),
        contrasts=effects,
        compared=0 if group is None else int(group.ended.sum()),
        parameters=parameters,
        first_looks=tuple(reports[run_id] for run_id in looks if run_id in reports),
        unread=unread,
        version=__version__,
    )


def _listed(adapter: Adapter, experiment: str, prefix: str, advance: Advance) -> tuple[list[Listing], int]:
    listings, unread = [], 0
    for listing in adapter.list_runs(Query((experiment,))):
        if isinstance(listing, Failure):
            unread += 1
        elif f"{prefix}{CONTROL}" not in listing.tags:
            listings.append(listing)
            advance(len(listings), None)
    if not listings and not unread and any(letter in experiment for letter in "*?["):
        raise UnknownRunError(f"no experiment with runs matches {experiment!r}: check the name")
    return listings, unread


def _has_waste(listing: Listing, prefix: str) -> bool:
    """Whether a diagnosed run wasted some of its time, but not all of it."""
    if before(listing.tags, prefix).severity is Severity.ERROR:
        return False
    wasteful = {rule.code for rule in all_rules().values() if rule.verdict is not None and rule.verdict.wasted}
    return not wasteful.isdisjoint(listing.tags.get(f"{prefix}findings", "").split(","))


def _diagnosed(
    adapter: Adapter,
    ids: Sequence[str],
    settings: Settings,
    table: Table,
    advance: Advance,
    what: Callable[[Task], T],
) -> Iterator[tuple[str, T]]:
    """Load and diagnose runs; those that cannot be are left out, and the log says why."""
    if not ids:
        return
    loaded = (run for run in load_each(adapter, ids) if isinstance(run, Run))
    with open_engine("local", calls=len(ids)) as engine:
        tasks = (Task(run, settings, siblings=table.compare(run.id)) for run in loaded)
        for done, (task, outcome) in enumerate(completed(engine, what, tasks), 1):
            advance(done, len(ids))
            if isinstance(outcome, Exception):
                failure(task.run.id, outcome)
            else:
                yield task.run.id, outcome


def _brief(task: Task) -> Brief:
    report: Report = examine(task)
    said = tags(report)
    return Brief(
        verdict=report.verdict,
        severity=report.severity,
        cause=said.get("cause", ""),
        summary=said["summary"],
        wasted=wasted(task.run, report),
    )


def _row(listing: Listing, link: str | None, brief: Brief | None, prefix: str) -> Row:
    known = before(listing.tags, prefix)
    seconds = None
    if listing.start_time is not None and listing.end_time is not None:
        seconds = max(0.0, listing.end_time - listing.start_time)
    row = Row(
        id=listing.id,
        name=listing.name or "",
        link=link,
        start=listing.start_time,
        end=listing.end_time,
        seconds=seconds,
        status=listing.status,
    )
    # What the tags say was written from the same run, and is what its own page shows.
    if known.verdict:
        row = replace(
            row,
            verdict=known.verdict,
            severity=known.severity,
            cause=listing.tags.get(f"{prefix}cause", ""),
            summary=listing.tags.get(f"{prefix}summary", ""),
        )
    elif brief is not None:
        row = replace(row, verdict=brief.verdict, severity=brief.severity, cause=brief.cause, summary=brief.summary)
    return replace(row, wasted=_wasted(row, brief))


def _wasted(row: Row, brief: Brief | None) -> float | None:
    if row.is_lost:
        return row.seconds
    return 0.0 if brief is None else brief.wasted


def _outcome(run_id: str, table: Table, group: Group) -> float | None:
    """The last value of the measure of the largest group; None for a run that has another one, or none."""
    place, i = table.places.get(run_id, (0, -1))
    measure = table.groups[place].measure
    if i < 0 or measure.key != group.measure.key:
        return None
    return measure.shown(table.groups[place].runs[i].value)


def _measure(group: Group) -> Measure:
    metric, role = group.measure.metric, group.measure.role
    name = "validation loss" if role == "val_loss" else f"validation {metric.kind}"
    return Measure(name, metric.unit, metric.better)


def _contrasts(group: Group) -> Contrasts:
    """Effects of the parameters among the runs that have ended and can be compared."""
    runs = [run for run, ended in zip(group.runs, group.ended, strict=True) if ended]
    names = sorted({name for run in runs for name in run.params})
    parameters = {name: [run.params.get(name) for run in runs] for name in names}
    outcome = np.array([run.value for run in runs], dtype=np.float64)
    return contrasts(parameters, outcome, [factor.name for factor in group.factors.repeats])


def _parameters(group: Group, found: Contrasts) -> tuple[str, ...]:
    """The parameters that are shown of each run: by p, then name, those that varied together too; seeds last."""
    p = {contrast.parameter: contrast.p for contrast in found.contrasts}
    for first, *others in found.aliased:
        p |= dict.fromkeys(others, p[first])
    # Where no effect can be told, as where all runs are lost, what varies is shown all the same.
    varied = sorted(p, key=lambda name: (p[name], name)) or sorted(factor.name for factor in group.factors.chosen)
    seeds = (factor.name for factor in group.factors.repeats)
    return tuple(dict.fromkeys((*varied, *seeds)))[:PARAMETERS]


def _values(listing: Listing, names: Sequence[str]) -> dict[str, Any]:
    logged = flatten(listing.params).values
    return {name: logged[name] for name in names if name in logged}
