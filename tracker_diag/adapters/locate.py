"""One way to name a run: what was typed says which tracker is meant, and where."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from tracker_diag.adapters.address import shown_address
from tracker_diag.core.outgoing import clean

FORMS = (
    "entity/project/run or a W&B address (https://wandb.ai/entity/project/runs/run), "
    "an MLflow run id (32 hex digits) or address (http://host:5000/#/experiments/1/runs/id), or a wandb/ folder"
)

_MLFLOW_ID = re.compile(r"[0-9a-f]{32}\Z")
_MLFLOW_PAGE = re.compile(r"/?experiments/[^/]+/runs/(?P<run>[^/?]+)")
_MLFLOW_EXPERIMENT = re.compile(r"/?(?:experiments/[^/?]+|compare-experiments)(?:[/?]|\Z)")
_MLFLOW_COMPARISON = re.compile(r"/?compare-runs(?:/[^?]*)?\?(?P<query>.*)")
_MLFLOW_URI = re.compile(r"runs:/+(?P<run>[^/]+)")
_WANDB_PAGE = re.compile(r"(?:^|/)(?P<entity>[^/]+)/(?P<project>[^/]+)/runs/(?P<run>[^/]+)")
_MOST_SHOWN = 10  # of the runs that an address compares
_RUN_FOLDER = re.compile(r"(offline-)?run-\d{8}_\d{6}-.+\Z")
# The hosts whose API has another address than their pages.
_APIS = {
    "wandb.ai": "https://api.wandb.ai",
    "www.wandb.ai": "https://api.wandb.ai",
    "forge.coreweave.com": "https://api.forge.coreweave.com",
}


class LocationError(ValueError):
    """A text that names no run; says which forms there are."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a run is.

    Attributes
    ----------
    tracker : {"mlflow", "wandb", "wandb-offline"}
    run_id : str or None
        As the tracker's adapter takes it: on W&B ``entity/project/run`` as far as it was given. None for a folder,
        which may hold several runs.
    uri : str or None
        Address of the server, where the text holds one; else the environment of the SDK says it.
    project : str or None
        ``entity/project`` or ``project`` on W&B, as far as it was given.
    folder : str or None
        On disk.
    """

    tracker: str
    run_id: str | None = None
    uri: str | None = None
    project: str | None = None
    folder: str | None = None


def locate(text: str, tracker: str | None = None) -> Location:
    """Tell from its form what a text names; nothing is looked up.

    Parameters
    ----------
    text : str
        ``entity/project/run``, ``project/run``, a W&B address, an MLflow run id, address or ``runs:/`` URI, or a
        folder: one that starts with ``/``, ``./``, ``../``, ``~`` or ``file:``, is named ``wandb``, ends in
        ``.wandb``, or is named as W&B names a run's folder.
    tracker : {"mlflow", "wandb"} or None
        What the user said; then a bare word is a run's id there.

    Raises
    ------
    LocationError
        If the text has none of these forms, or one of the other tracker.
    """
    text = text.strip()
    found = _locate(text, tracker)
    if found is None:
        raise LocationError(f"'{clean(text, 200)}' names no run; give {FORMS}")
    if tracker is not None and not found.tracker.startswith(tracker):
        raise LocationError(
            f"'{clean(text, 200)}' names a run of {found.tracker}, not of {tracker}; leave --tracker out"
        )
    return found


def _locate(text: str, tracker: str | None) -> Location | None:
    if text.startswith("file:"):
        return Location("wandb-offline", folder=unquote(urlsplit(text).path)) if tracker != "mlflow" else None
    if uri := _MLFLOW_URI.match(text):
        return Location("mlflow", uri["run"])
    if "://" in text:
        return _locate_page(text)
    if _is_folder(text):
        return Location("wandb-offline", folder=text)
    if _MLFLOW_ID.match(text) and tracker != "wandb":
        return Location("mlflow", text)
    parts = text.split("/")
    if not all(parts) or any(part != part.strip() for part in parts):
        return None
    if len(parts) in (2, 3) and tracker != "mlflow":
        return Location("wandb", text, project="/".join(parts[:-1]))
    return Location(tracker, text) if len(parts) == 1 and tracker is not None else None


def _locate_page(text: str) -> Location | None:
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.hostname:
        return None
    if found := _locate_mlflow_page(url):
        return found
    if page := _WANDB_PAGE.search(url.path):
        entity, project, run = (unquote(page[name]) for name in ("entity", "project", "run"))
        return Location("wandb", f"{entity}/{project}/{run}", uri=_api(url), project=f"{entity}/{project}")
    return None


def _locate_mlflow_page(url: SplitResult) -> Location | None:
    uri = f"{url.scheme}://{url.netloc}{url.path}".rstrip("/")
    if page := _MLFLOW_PAGE.match(url.fragment):
        return Location("mlflow", page["run"], uri=uri)
    shown = shown_address(uri)
    if page := _MLFLOW_COMPARISON.match(url.fragment):
        runs = _compared(page["query"])
        if len(runs) == 1:
            return Location("mlflow", runs[0], uri=uri)
        if runs:
            ids = ", ".join(clean(run, 40) for run in runs[:_MOST_SHOWN]) + (", …" if len(runs) > _MOST_SHOWN else "")
            raise LocationError(
                f"this address compares {len(runs)} runs: give one of them with --tracking-uri {shown} --run-id ID, "
                f"where ID is one of {ids}"
            )
    if _MLFLOW_EXPERIMENT.match(url.fragment):
        raise LocationError(
            f"this address shows an experiment and names no run: give the address of one run ({shown}/#/experiments/"
            f"1/runs/id), or take all with `tracker-diag sweep --tracking-uri {shown} --experiment NAME`"
        )
    return None


def _compared(query: str) -> list[str]:
    try:
        found = json.loads(parse_qs(query).get("runs", ["[]"])[0])
    except (ValueError, RecursionError):
        return []
    runs = found if isinstance(found, list) else []
    return list(dict.fromkeys(run for run in runs if isinstance(run, str) and run))


def _api(url: SplitResult) -> str:
    known = _APIS.get(url.hostname or "")
    # Servers in a customer's cloud have their pages at app.…, their API at api.…
    return known or f"{url.scheme}://{re.sub(r'^app[.]', 'api.', url.netloc)}"


def _is_folder(text: str) -> bool:
    if text.startswith(("/", "./", "../", "~")) or text in (".", ".."):
        return True
    path = PurePath(text)
    return path.suffix == ".wandb" or path.name in ("wandb", ".wandb") or bool(_RUN_FOLDER.match(path.name))
