"""A diagnosis onto a run of the server, and off it again.

Tags, notes and summary can only be sent whole. They are read again just before they are sent, and nothing else is, so
that what someone else writes is lost only if it falls between two requests in a row; the files go up before. Notes are
sent only where they change.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker_diag.adapters.base import DeniedError, Diagnosis, Removal, TrackerError, UnknownRunError
from tracker_diag.adapters.wandb.answers import json_object, nodes, optional, part, texts
from tracker_diag.adapters.wandb.names import Names
from tracker_diag.adapters.wandb.notes import EDITED, is_edited, noted
from tracker_diag.adapters.wandb.private import CoreError
from tracker_diag.adapters.wandb.queries import DELETE_FILES, PREPARE, STANDING, UPDATE
from tracker_diag.adapters.wandb.reading import FOLDER
from tracker_diag.adapters.wandb.server import ForbiddenError, RunPath, Server
from tracker_diag.core.own import FINGERPRINT, LEFT, REPORTS
from tracker_diag.core.section import without_section


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run carries at this moment.

    Attributes
    ----------
    id : str
        The server's own for it.
    live : bool
        Whether a process still logs to it: the summary is then that process's, which sends it whole every few seconds.
    tags : tuple of str
        Plain words.
    notes : str
        The user's, with our section if there is one.
    summary : mapping of str to object
        All of it, whoever wrote it.
    files : mapping of str to str
        Names under ``diagnosis/`` to the server's identifiers.
    """

    id: str
    live: bool
    tags: tuple[str, ...]
    notes: str
    summary: Mapping[str, Any]
    files: Mapping[str, str]


def write(server: Server, path: RunPath, diagnosis: Diagnosis, names: Names) -> None:
    """Write a diagnosis: at most eight requests with three files, two without.

    A run that is being logged to gets words, files and notes, but nothing in its summary, hence no fingerprint: it will
    be looked at again.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    TrackerError
        If anything is refused; the fingerprint is then absent.
    """
    standing = _read(server, path)
    stale = [key for name, key in standing.files.items() if name in REPORTS and name not in diagnosis.artifacts]
    if stale or diagnosis.artifacts:
        _write_files(server, path, standing, diagnosis.artifacts, stale, names)
        standing = _read(server, path)
    keys = names.keys({**diagnosis.tags, FINGERPRINT: diagnosis.fingerprint})
    words = names.replace_words(standing.tags, diagnosis.tags, standing.summary)
    _update(server, path, standing, _Change(words, noted(standing.notes, diagnosis), keys), names)


def remove(server: Server, path: RunPath, names: Names) -> Removal:
    """Take a diagnosis off a run: at most three requests.

    Raises
    ------
    UnknownRunError
        If there is no such run.
    TrackerError
        If anything is refused.
    """
    standing = _read(server, path)
    words = [word for word in standing.tags if names.is_own_word(word, standing.summary)]
    keys = [key for key in standing.summary if names.is_own_key(key)]
    others = [name for name in standing.files if name not in REPORTS and name not in LEFT]
    left = [f"{path}: {FOLDER}/{name} was not written by tracker-diag" for name in others]
    if standing.live and keys:
        left.append(
            f"{path}: keys in the summary, because its process still writes them; clean again when it has ended"
        )
        keys = []
    notes = without_section(standing.notes)
    if is_edited(notes):
        left.append(f"{path}: {EDITED}")
    if words or keys or notes != standing.notes:
        others_words = names.replace_words(standing.tags, {}, standing.summary)
        _update(server, path, standing, _Change(others_words, notes), names)
    files = [key for name, key in standing.files.items() if name in REPORTS]
    if files:
        server.change(DELETE_FILES, {"files": files}, f"files of {path}")
    # The words say again what the keys say.
    return Removal(len(keys) or len(words), len(files), tuple(left), notes=int(notes != standing.notes))


def _read(server: Server, path: RunPath) -> Standing:
    asked = {**path.variables, "pattern": f"{FOLDER}/%"}
    project = optional(server.ask(STANDING, asked, str(path)), "project", dict)
    run = None if project is None else optional(project, "run", dict)
    if run is None:
        raise UnknownRunError(f"W&B at {server.shown_url} has no run {path}: check the ID")
    if part(run, "name", str) != path.run:
        raise TrackerError(f"W&B at {server.shown_url} answered with another run than {path}")
    if run.get("readOnly"):
        raise DeniedError(f"{path} cannot be written with this key: use one that can, or --dry-run")
    files = nodes(part(run, "files", dict))
    return Standing(
        id=part(run, "id", str),
        live=part(run, "state", str) in ("running", "preempting"),
        tags=tuple(texts(run, "tags")),
        notes=optional(run, "notes", str, ""),
        summary=json_object(run.get("summaryMetrics"), "summary"),
        files={part(file, "name", str).removeprefix(f"{FOLDER}/"): part(file, "id", str) for file in files},
    )


def _write_files(
    server: Server,
    path: RunPath,
    standing: Standing,
    artifacts: Mapping[str, bytes],
    stale: list[str],
    names: Names,
) -> None:
    fingerprint = names.key(FINGERPRINT)
    prepared = server.change(
        PREPARE,
        {
            **path.variables,
            "id": standing.id,
            "clear": fingerprint in standing.summary and not standing.live,
            "summary": json.dumps({key: value for key, value in standing.summary.items() if key != fingerprint}),
            "drop": bool(stale),
            "stale": stale,
            "create": bool(artifacts),
            "files": [f"{FOLDER}/{name}" for name in artifacts],
        },
        f"files of {path}",
    )
    if not artifacts:
        return
    places = part(prepared, "createRunFiles", dict)
    if not places.get("runID"):
        raise DeniedError(f"{path} takes no files with this key: use one that can write, or --artifacts none")
    addresses = _addresses(server, places, {f"{FOLDER}/{name}": name for name in artifacts})
    headers = dict(header.partition(":")[::2] for header in texts(places, "uploadHeaders"))
    with tempfile.TemporaryDirectory(prefix="tracker-diag-") as folder:
        try:
            for name, address in addresses.items():
                content = Path(folder) / name
                content.write_bytes(artifacts[name])
                server.core.upload(content, address, headers)
            project = path.project
            stored = [f"{FOLDER}/{name}" for name in addresses]
            server.core.commit_files(project.entity, project.name, path.run, stored)
        except CoreError as error:
            explained = server.explain(error, f"files of {path}")
            raise DeniedError(str(explained)) if isinstance(explained, ForbiddenError) else explained from None


def _addresses(server: Server, places: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, str]:
    """Where each file goes: the server names places for those that were asked for, and for no others."""
    found: dict[str, str] = {}
    for place in part(places, "files", list):
        name, address = part(place, "name", str), part(place, "uploadUrl", str)
        if address.startswith("/"):
            address = f"{server.url}{address}"
        if name not in asked or not address.lower().startswith(("http://", "https://")):
            raise TrackerError(f"W&B at {server.shown_url} gave an invalid upload address; nothing was stored")
        found[asked[name]] = address
    if len(found) != len(asked):
        raise TrackerError(f"W&B at {server.shown_url} gave no upload address for some of the files: try again later")
    return found


@dataclass(frozen=True, slots=True)
class _Change:
    """What a run is to carry: its words and notes, and our keys of the summary."""

    words: list[str]
    notes: str
    keys: Mapping[str, str] = field(default_factory=dict)


def _update(server: Server, path: RunPath, standing: Standing, change: _Change, names: Names) -> None:
    sent: dict[str, Any] = {"id": standing.id, "tags": change.words}
    if change.notes != standing.notes:
        sent["notes"] = change.notes
    if not standing.live:
        kept = {key: value for key, value in standing.summary.items() if not names.is_own_key(key)}
        sent["summary"] = json.dumps({**kept, **change.keys})
    server.change(UPDATE, sent, str(path))
