"""Stores the page of an experiment in its tracker."""

from __future__ import annotations

from tracker_diag.adapters.base import Adapter
from tracker_diag.adapters.overviews import Publication, Publisher
from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.report.experiment.overview import NOT_DIAGNOSED, Overview
from tracker_diag.report.experiment.rendering import render
from tracker_diag.settings.settings import Settings
from tracker_diag.sweeping.gather import Advance, gather

PAGES = {"experiment.html": "html", "experiment.json": "json", "experiment.csv": "csv"}
"""File name to form."""


def publish(adapter: Adapter, publisher: Publisher, experiment: str, settings: Settings, advance: Advance) -> str:
    """Gather the overview of an experiment, and store it on the run that holds it.

    Parameters
    ----------
    adapter : Adapter
        What the experiment is read through.
    publisher : Publisher
        What holds overviews; mostly the same.
    experiment : str
        Its name.
    settings : Settings
        What is judged how.
    advance : callable
        Told of progress.

    Returns
    -------
    str
        The id of the run.

    Raises
    ------
    TrackerError
        If the tracker refuses, or cannot be reached.
    """
    overview = gather(adapter, experiment, settings, advance)
    files = {name: render(form, overview).encode() for name, form in PAGES.items()}
    return publisher.publish(Publication(overview.experiment, figures(overview), files))


def figures(overview: Overview) -> dict[str, float]:
    """Choose what the tracker plots: runs by severity and by verdict, and where the time went.

    Returns
    -------
    dict of str to float
        Every severity, also those of no run: a line that ends is not one that falls to 0.
    """
    spent, severities = overview.spent, overview.severities
    counts = {f"severity/{name}": float(severities.get(name, 0)) for name in Severity}
    counts["severity/none"] = float(severities.get(NOT_DIAGNOSED, 0))
    counts |= {f"verdict/{clean(name, 60)}": float(n) for name, n in overview.verdicts.items() if name != NOT_DIAGNOSED}
    times = {"total": spent.total, "lost": spent.lost, "after_best": spent.after_best}
    return {"runs": float(len(overview.rows)), **counts, **{f"seconds/{name}": x for name, x in times.items()}}
