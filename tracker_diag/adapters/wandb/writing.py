"""A diagnosis onto a run of the server, and off it again.

Tags and summary can only be sent whole. They are read again just before they are sent, and nothing else is, so that
what someone else writes is lost only if it falls between two requests in a row; the files go up before.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker_diag.adapters.base import Diagnosis, Removal, TrackerError, UnknownRunError
from tracker_diag.adapters.wandb.names import FINGERPRINT, PROFILE, REPORTS, Names
from tracker_diag.adapters.wandb.private import CoreError
from tracker_diag.adapters.wandb.queries import DELETE_FILES, PREPARE, STANDING, UPDATE
from tracker_diag.adapters.wandb.reading import FOLDER, as_mapping
from tracker_diag.adapters.wandb.server import RunPath, Server


@dataclass(frozen=True, slots=True)
class Standing:
    """What a run carries at this moment.

    Attributes
    ----------
    live : bool
        Whether a process still logs to it: the summary is then that process's, which sends it whole every few seconds.
    files : mapping of str to str
        Names under ``diagnosis/`` to the server's identifiers.
    """

    id: str
    live: bool
    tags: tuple[str, ...]
    summary: Mapping[str, Any]
    files: Mapping[str, str]


def write(server: Server, path: RunPath, diagnosis: Diagnosis, names: Names) -> None:
    """Write a diagnosis: at most eight requests with three files, two without.

    A run that is being logged to gets words and files, but nothing in its summary, hence no fingerprint: it will be
    looked at again.

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
    _update(server, path, standing, names.replace_words(standing.tags, diagnosis.tags), keys, names)


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
    words = [word for word in standing.tags if names.is_own_word(word)]
    keys = [key for key in standing.summary if names.is_own_key(key)]
    others = [name for name in standing.files if name not in REPORTS and name != PROFILE]
    left = [f"{path}: {FOLDER}/{name} not written here" for name in others]
    if standing.live and keys:
        left.append(f"{path}: keys in the summary, which its process still writes; clean again when it has ended")
        keys = []
    if words or keys:
        _update(server, path, standing, names.replace_words(standing.tags, {}), {}, names)
    files = [key for name, key in standing.files.items() if name in REPORTS]
    if files:
        server.ask(DELETE_FILES, {"files": files}, f"files of {path}")
    # The words say again what the keys say.
    return Removal(len(keys) or len(words), len(files), tuple(left))


def _read(server: Server, path: RunPath) -> Standing:
    asked = {**path.variables, "pattern": f"{FOLDER}/%"}
    run = (server.ask(STANDING, asked, str(path)).get("project") or {}).get("run")
    if run is None:
        raise UnknownRunError(f"W&B at {server.shown_url} has no run {path}: check the id")
    if run["readOnly"]:
        raise TrackerError(f"{path} cannot be written with this key: use one that can, or --dry-run")
    files = {edge["node"]["name"].removeprefix(f"{FOLDER}/"): edge["node"]["id"] for edge in run["files"]["edges"]}
    live = run["state"] in ("running", "preempting")
    return Standing(run["id"], live, tuple(run["tags"] or ()), as_mapping(run["summaryMetrics"]), files)


def _write_files(
    server: Server,
    path: RunPath,
    standing: Standing,
    artifacts: Mapping[str, bytes],
    stale: list[str],
    names: Names,
) -> None:
    fingerprint = names.key(FINGERPRINT)
    prepared = server.ask(
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
    places = prepared["createRunFiles"]
    if not places["runID"]:
        raise TrackerError(f"{path} takes no files with this key: use one that can write, or --artifacts none")
    headers = dict(header.split(":", 1) for header in places["uploadHeaders"])
    with tempfile.TemporaryDirectory(prefix="tracker-diag-") as folder:
        try:
            for place in places["files"]:
                name = place["name"].removeprefix(f"{FOLDER}/")
                content = Path(folder) / Path(name).name
                content.write_bytes(artifacts[name])
                url = place["uploadUrl"]
                server.core.upload(content, f"{server.url}{url}" if url.startswith("/") else url, headers)
            project = path.project
            server.core.commit_files(project.entity, project.name, path.run, [p["name"] for p in places["files"]])
        except CoreError as error:
            raise server.explain(error, f"files of {path}") from None


def _update(
    server: Server, path: RunPath, standing: Standing, words: list[str], keys: Mapping[str, str], names: Names
) -> None:
    change: dict[str, Any] = {"id": standing.id, "tags": words}
    if not standing.live:
        kept = {key: value for key, value in standing.summary.items() if not names.is_own_key(key)}
        change["summary"] = json.dumps({**kept, **keys})
    server.ask(UPDATE, change, str(path))
