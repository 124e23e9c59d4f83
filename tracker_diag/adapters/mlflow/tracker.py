"""How runs of MLflow are named, and how it is opened."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from tracker_diag.adapters.address import shown_address
from tracker_diag.adapters.base import Adapter, TrackerError
from tracker_diag.adapters.locating import Asked, Location, LocationError, Opening, Tracker
from tracker_diag.adapters.mlflow.meta import META, read_meta
from tracker_diag.adapters.mlflow.policy import POLICY
from tracker_diag.core.outgoing import clean

_NAME = "mlflow"
_SQLITE = b"SQLite format 3\0"
_PAGE = re.compile(r"/?(?:experiments/[^/]+/)?runs/(?P<run>[^/?]+)")
_EXPERIMENT = re.compile(r"/?(?:experiments/[^/?]+|compare-experiments)(?:[/?]|\Z)")
_COMPARISON = re.compile(r"/?compare-runs(?:/[^?]*)?\?(?P<query>.*)")
_STORE = re.compile(r"(?:sqlite|postgres\w*|mysql|mssql)(?:\+\w+)?:", re.IGNORECASE)
_PARTS = re.compile(r"(?![/.~])[^:\x00-\x1f\x7f]+")
_URI = re.compile(r"runs:/+(?P<run>[^/]+)")
_MOST_SHOWN = 10
"""Of the runs that an address compares."""


def locate(asked: Asked) -> Location | None:
    """Where a run is that is named by a ``runs:/`` URI or an address of MLflow's pages, or by a bare word for sure."""
    if uri := _URI.match(asked.run):
        return Location(_NAME, uri["run"], asked.uri)
    if "://" in asked.run:
        found = _of_page(asked.run)
        return None if found is None else replace(found, uri=asked.uri or found.uri)
    if not asked.is_form:
        return Location(_NAME, asked.run or None, asked.uri) if asked.certain else None
    # Runs of MLflow may be called anything: a/b is a name where the store can be no other's.
    certain = asked.certain or _STORE.match(asked.uri or "") is not None
    return Location(_NAME, asked.run, asked.uri) if certain and _PARTS.fullmatch(asked.run) else None


def _of_page(text: str) -> Location | None:
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.hostname:
        return None
    return _of_address(url)


def _of_address(url: SplitResult) -> Location | None:
    uri = f"{url.scheme}://{url.netloc}{url.path}".rstrip("/")
    if page := _PAGE.match(url.fragment):
        return Location(_NAME, page["run"], uri=uri)
    shown = shown_address(uri)
    if page := _COMPARISON.match(url.fragment):
        runs = _compared(page["query"])
        if len(runs) == 1:
            return Location(_NAME, runs[0], uri=uri)
        if runs:
            ids = ", ".join(clean(run, 40) for run in runs[:_MOST_SHOWN]) + (", …" if len(runs) > _MOST_SHOWN else "")
            raise LocationError(
                f"this address compares {len(runs)} runs: name one with --tracking-uri {shown} --run-id ID, "
                f"where ID is one of {ids}"
            )
    if _EXPERIMENT.match(url.fragment):
        raise LocationError(
            f"this address shows an experiment, not a run: give the address of a run ({shown}/#/experiments/"
            f"1/runs/id), or diagnose all with `tracker-diag sweep --tracking-uri {shown} --experiment NAME`"
        )
    return None


def _compared(query: str) -> list[str]:
    try:
        found = json.loads(parse_qs(query).get("runs", ["[]"])[0])
    except (ValueError, RecursionError):
        return []
    runs = found if isinstance(found, list) else []
    return list(dict.fromkeys(run for run in runs if isinstance(run, str) and run))


def recognise(thing: object) -> Location | None:
    """Where a run of MLflow's client is, or the runs of a folder of its file store or of an SQLite database."""
    if isinstance(thing, Path):
        return _of_path(thing)
    kinds = [kind for kind in type(thing).__mro__ if kind.__module__.partition(".")[0] == _NAME]
    if not any(kind.__name__ in ("Run", "RunInfo") for kind in kinds):
        return None
    run_id = getattr(getattr(thing, "info", thing), "run_id", None)
    return Location(_NAME, run_id) if isinstance(run_id, str) and run_id else None


def _of_path(path: Path) -> Location | None:
    try:
        if path.is_file():
            with path.open("rb") as file:
                return Location(_NAME, uri=f"sqlite:///{path}") if file.read(len(_SQLITE)) == _SQLITE else None
        if (path / META).is_file():
            if "run_uuid" not in read_meta(path):
                shown = clean(path.parent)
                raise LocationError(f"{clean(path)} is the folder of an experiment: give a run's folder, or {shown}")
            return Location(_NAME, path.name, uri=str(path.parent.parent))
        return Location(_NAME, uri=str(path)) if any(path.glob(f"*/{META}")) else None
    except (OSError, TrackerError):
        return None


def open_location(where: Location, opening: Opening) -> Adapter:
    """Open a server, a database or a folder; nothing is sent yet."""
    from tracker_diag.adapters.mlflow import connect

    if opening.annotate:
        raise LocationError("--annotate needs a folder of W&B logs: give one with --tracking-uri or --run-id")
    return connect(where.uri, opening.prefix)


TRACKER = Tracker(
    title="MLflow",
    forms="an MLflow run ID (32 hex digits) or the URL of a run (http://host:5000/#/experiments/1/runs/id)",
    locate=locate,
    open=open_location,
    policy=POLICY,
    recognise=recognise,
)
