"""One run, read, held against its experiment, diagnosed and, if asked to, written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tracker_diag.adapters.base import Adapter, Diagnosis, Failure, Listing, Query, TrackerError, UnknownRunError
from tracker_diag.adapters.guard import find_one, load_each, one_line
from tracker_diag.adapters.pages import report_reference
from tracker_diag.comparison.comparison import Comparison
from tracker_diag.core.own import FINGERPRINT
from tracker_diag.core.report import Report
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.due import noted, why_not_noted
from tracker_diag.sweeping.fingerprint import NARROWED, fingerprint, is_by_all_rules
from tracker_diag.sweeping.judge import Task, before, examine, render
from tracker_diag.sweeping.siblings import table_of
from tracker_diag.sweeping.wrote import wrote

COMPARED = 5_000
"""Runs of its experiment that one run is compared with at most: listing more is too slow."""

Advance = Callable[[int, int | None], None]
"""Told how many runs of the experiment were listed, and of how many; None, since nobody knows."""


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """What came of a run.

    Attributes
    ----------
    listing : Listing
        The run, as the tracker lists it.
    report : Report
        The diagnosis.
    notes : tuple of str
        What could not be done beside it, a line each: it was not compared, or its report could not be stored.
    wrote : str
        What was written, and where, in one line; empty where nothing was.
    """

    listing: Listing
    report: Report
    notes: tuple[str, ...] = ()
    wrote: str = ""


def diagnose_run(
    adapter: Adapter,
    run_id: str,
    settings: Settings,
    *,
    write: bool,
    narrowed: bool = False,
    advance: Advance = lambda done, total: None,
) -> Diagnosed:
    """Read a run, diagnose it and, if asked to, write the answer.

    Parameters
    ----------
    adapter : Adapter
        The tracker.
    run_id : str
        As the adapter takes it.
    settings : Settings
        What is judged how, in every experiment.
    write : bool
        Whether the answer is written onto the run.
    narrowed : bool
        Whether rules were chosen for this call alone: then a diagnosis by all rules is not overwritten.
    advance : callable, optional
        See ``Advance``.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    TrackerError
        If it cannot be read or written.
    """
    listing = find_one(adapter, run_id)
    run = next(load_each(adapter, [listing.id]), None)
    if run is None:
        raise UnknownRunError(f"run {run_id}: the tracker lists it but does not return it; try again")
    if isinstance(run, Failure):
        raise TrackerError(f"run {run_id}: {run.reason}")
    own = settings.for_experiment(listing.experiment)
    notes = []
    said = ""
    compared: Comparison | None = None
    try:
        compared = _compared(adapter, listing, own, advance)
    except Exception as error:  # noqa: BLE001  what is wrong with another run must not keep this one from its answer
        notes.append(f"could not compare the run with others of its experiment: {one_line(error)}")
    reference = report_reference(adapter, listing.id, listing.experiment)
    task = Task(run, own, before(listing.tags, own.prefix), compared, noted(listing, own), reference)
    report = examine(task)
    if write and narrowed and is_by_all_rules(listing.tags.get(f"{own.prefix}{FINGERPRINT}")):
        notes.append("nothing was written: the run already has a diagnosis by all rules, and this one uses fewer")
    elif write:
        judgement = render(task, report)
        mark = (NARROWED if narrowed else "") + fingerprint(listing, own)
        diagnosis = Diagnosis(judgement.tags, judgement.artifacts, mark, judgement.note)
        not_stored = adapter.write(listing.id, diagnosis)
        if not_stored:
            notes.append(f"tags were written, but the report could not be stored: {not_stored}")
        why = why_not_noted(listing, own)
        if why:
            notes.append(f"no section was written into the description: {why}")
        said = wrote(listing, judgement, own.prefix, adapter.link(listing), stored=not not_stored, noted=not why)
    return Diagnosed(listing, report, tuple(notes), said)


def _compared(adapter: Adapter, listing: Listing, settings: Settings, advance: Advance) -> Comparison | None:
    """What the other runs of its experiment say of a run, those that changed last."""
    if not listing.experiment:
        return None
    others = [listing]
    for other in adapter.list_runs(Query((listing.experiment,), limit=COMPARED)):
        if isinstance(other, Listing) and other.id != listing.id:
            others.append(other)
            advance(len(others), None)
    return table_of(others, settings).compare(listing.id)
