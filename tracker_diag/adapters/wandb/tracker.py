"""How runs of Weights & Biases are named, and how it is opened."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path, PurePath
from urllib.parse import SplitResult, unquote, urlsplit

from tracker_diag.adapters.base import Adapter
from tracker_diag.adapters.locating import Asked, Location, LocationError, Opening, Tracker
from tracker_diag.adapters.wandb.policy import POLICY
from tracker_diag.core.outgoing import clean

_NAME = "wandb"
_LOGS = ("*.wandb", "*run-*/*.wandb", "wandb/*run-*/*.wandb")
_PAGE = re.compile(r"(?:^|/)(?P<entity>[^/]+)/(?P<project>[^/]+)/runs/(?P<run>[^/]+)")
_RUN_FOLDER = re.compile(r"(offline-)?run-\d{8}_\d{6}-.+\Z")
# The hosts whose API has another address than their pages.
_APIS = {
    "wandb.ai": "https://api.wandb.ai",
    "www.wandb.ai": "https://api.wandb.ai",
    "forge.coreweave.com": "https://api.forge.coreweave.com",
}


def locate(asked: Asked) -> Location | None:
    """Where runs are that W&B's names, pages, projects or folders name.

    Forms of a run are ``entity/project/run``, ``project/run``, an address of W&B's pages, and a folder: one that starts
    with ``/``, ``./``, ``../``, ``~`` or ``file:``, is named ``wandb``, ends in ``.wandb``, or is named as W&B names a
    run's folder. A tracking URI that is a folder of W&B's logs means W&B, and so does a project.
    """
    folder = None if asked.uri is None else asked.uri.removeprefix("file://")
    if folder is not None and _holds_logs(Path(folder)):
        return Location(_NAME, asked.run or None, folder=folder)
    alone = not (asked.certain or asked.projects or asked.uri)
    if asked.is_form or (alone and _is_folder(asked.run)):
        found = _of_form(asked.run)
        if found is not None and found.uri is None and found.folder is None:
            _refuse_unsure(asked)
        return None if found is None else replace(found, uri=asked.uri or found.uri)
    if asked.certain or asked.projects:
        project = asked.projects[0] if len(asked.projects) == 1 else None
        return Location(_NAME, asked.run or None, asked.uri, project)
    return None


def _refuse_unsure(asked: Asked) -> None:
    """Refuse a run ``a/b`` on a server of which nobody said that it is one of W&B: it would be sent the key."""
    uri = (asked.uri or "").rstrip("/")
    if asked.certain or asked.projects or not uri or uri == os.environ.get("WANDB_BASE_URL", "").rstrip("/"):
        return
    raise LocationError(
        f"'{clean(asked.run, 100)}' may be a run in W&B, or the name of a run in MLflow: add --tracker wandb or "
        "--tracker mlflow"
    )


def _of_form(text: str) -> Location | None:
    if text.startswith("file:"):
        return Location(_NAME, folder=unquote(urlsplit(text).path))
    if "://" in text:
        return _of_page(text)
    if _is_folder(text):
        return Location(_NAME, folder=text)
    parts = text.split("/")
    if len(parts) not in (2, 3) or any(not part or part != part.strip() or part[-1] == ":" for part in parts):
        return None
    return Location(_NAME, text, project="/".join(parts[:-1]))


def _of_page(text: str) -> Location | None:
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    page = _PAGE.search(url.path)
    if url.scheme not in ("http", "https") or not url.hostname or page is None:
        return None
    entity, project, run = (unquote(page[name]) for name in ("entity", "project", "run"))
    return Location(_NAME, f"{entity}/{project}/{run}", uri=_api(url), project=f"{entity}/{project}")


def _api(url: SplitResult) -> str:
    known = _APIS.get(url.hostname or "")
    # Servers in a customer's cloud have their pages at app.…, their API at api.…
    return known or f"{url.scheme}://{re.sub(r'^app[.]', 'api.', url.netloc)}"


def _is_folder(text: str) -> bool:
    if text.startswith(("/", "./", "../", "~")) or text in (".", ".."):
        return True
    path = PurePath(text)
    return path.suffix == ".wandb" or path.name in ("wandb", ".wandb") or bool(_RUN_FOLDER.match(path.name))


def _holds_logs(path: Path) -> bool:
    try:
        if path.suffix == ".wandb":
            return path.is_file()
        return path.is_dir() and any(next(path.glob(pattern), None) is not None for pattern in _LOGS)
    except OSError:  # an address of a server may be too long for a path
        return False


def recognise(thing: object) -> Location | None:
    """Where a run of W&B's client is, or the runs of a folder of its logs, or of a log."""
    if isinstance(thing, Path):
        return Location(_NAME, folder=str(thing)) if _holds_logs(thing) else None
    kind = type(thing)
    if kind.__module__.partition(".")[0] != _NAME or kind.__name__ != "Run":
        return None
    if getattr(thing, "offline", False):
        # Of the run that is going: its log lies beside its files.
        return Location(_NAME, folder=str(Path(str(getattr(thing, "dir", ""))).parent))
    parts = [getattr(thing, name, None) for name in ("entity", "project", "id")]
    return Location(_NAME, "/".join(map(str, parts)), project="/".join(map(str, parts[:2]))) if all(parts) else None


def open_location(where: Location, opening: Opening) -> Adapter:
    """Open a server, or a folder of logs."""
    from tracker_diag.adapters import wandb

    if where.folder is not None:
        return wandb.open_folder(
            where.folder, annotate=opening.annotate, prefix=opening.prefix, verdicts=opening.verdicts
        )
    if opening.annotate:
        raise LocationError("--annotate needs a folder of W&B logs: give one with --tracking-uri or --run-id")
    if where.uri is not None:
        os.environ["WANDB_BASE_URL"] = where.uri
    return wandb.connect(where.project, opening.prefix, opening.verdicts)


TRACKER = Tracker(
    title="Weights & Biases",
    forms="entity/project/run or a W&B URL (https://wandb.ai/entity/project/runs/run) or a wandb/ folder",
    locate=locate,
    open=open_location,
    policy=POLICY,
    recognise=recognise,
)
