"""Runs of the server as runs of ours."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tracker_diag.adapters.base import Listing, TrackerError
from tracker_diag.adapters.wandb.answers import json_object, nodes, optional, part, texts
from tracker_diag.adapters.wandb.graphs import FOLDER as GRAPHS
from tracker_diag.adapters.wandb.graphs import LARGEST, watched_model
from tracker_diag.adapters.wandb.histories import read_history
from tracker_diag.adapters.wandb.history import as_number
from tracker_diag.adapters.wandb.names import Names, latest_values
from tracker_diag.adapters.wandb.private import CoreError
from tracker_diag.adapters.wandb.queries import WHOLE_RUNS, WHOLE_RUNS_AND_INPUTS
from tracker_diag.adapters.wandb.server import Project, RefusedError, RunPath, Server
from tracker_diag.adapters.wandb.used import datasets, used_on_server
from tracker_diag.core.foreign_files import NotAFileError, read_file
from tracker_diag.core.foreign_json import read_json_mapping
from tracker_diag.core.model import described_in
from tracker_diag.core.own import MODEL, MODEL_SUMMARY, PROFILE
from tracker_diag.core.run import ACTIVE, Run
from tracker_diag.models.merged import merged

FOLDER = "diagnosis"
# What training code may leave on a run for us.
LEFT = (f"{FOLDER}/{PROFILE}", f"{FOLDER}/{MODEL}", MODEL_SUMMARY)
LONGEST_FILE = 16 * 2**20
"""Bytes that are read of either."""
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "crashed": "FAILED", "killed": "KILLED", "preempted": "KILLED"}
_STATUS |= {"running": "RUNNING", "preempting": "RUNNING", "pending": "SCHEDULED"}


def listing_of(path: RunPath, node: Mapping[str, Any], experiment: str, names: Names) -> Listing:
    """Make a listing of a run as a page of runs shows it."""
    facts = _facts(node, names)
    return Listing(
        id=str(path),
        experiment=experiment,
        latest=latest_values(json_object(node.get("summaryMetrics"), "summary"), names),
        description=optional(node, "notes", str, ""),
        **{key: facts[key] for key in ("name", "status", "start_time", "end_time", "tags", "params")},
    )


def whole_runs(server: Server, project: Project, names: Sequence[str]) -> list[Any]:
    """Describe some runs of a project: one request, and once a session one more where the server does not tell inputs.

    Raises
    ------
    TrackerError
    """
    asked = {
        "entity": project.entity,
        "project": project.name,
        "perPage": len(names),
        "filters": json.dumps({"name": {"$in": list(names)}}),
        "files": list(LEFT),
    }
    about = f"project {project}"
    answer = None
    if server.tells_inputs:
        with contextlib.suppress(RefusedError):
            answer = server.ask(WHOLE_RUNS_AND_INPUTS, {**asked, "graphs": f"{GRAPHS}/%"}, about)
    if answer is None:
        answer = server.ask(WHOLE_RUNS, asked, about)
        server.tells_inputs = False
    found = optional(answer, "project", dict)
    return [] if found is None else nodes(part(found, "runs", dict))


def load_run(server: Server, path: RunPath, node: Mapping[str, Any], names: Names) -> Run:
    """Load a whole run: a request for the exports and one a file of them, or one a page of rows.

    A file that its summary, or training code, left for us is one more.

    Raises
    ------
    TrackerError, InvalidRunError
    """
    history = read_history(server, path, node)
    files = {part(file, "name", str): optional(file, "directUrl", str) for file in nodes(part(node, "files", dict))}
    profile, described, summary = (_left(server, files.get(name), str(path)) for name in LEFT)
    return Run.from_dict(
        {
            "id": str(path),
            "metrics": history.series(),
            "profile": read_json_mapping(profile),
            "model_summary": summary,
            "model": merged(
                [
                    watched_model(
                        json_object(node.get("summaryMetrics"), "summary"), partial(_graph, server, path, node)
                    ),
                    described_in(read_json_mapping(described), LEFT[1]),
                ]
            ),
            "datasets": datasets(used_on_server(node)),
            **_facts(node, names),
        }
    )


def changed(node: Mapping[str, Any]) -> float:
    """When a run last gave a sign, seconds since the epoch."""
    return _seconds(node.get("heartbeatAt")) or _seconds(node.get("createdAt")) or 0.0


def _facts(node: Mapping[str, Any], names: Names) -> dict[str, Any]:
    config = {
        key: entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry
        for key, entry in json_object(node.get("config"), "config").items()
        if key not in ("_wandb", "wandb_version")
    }
    summary = json_object(node.get("summaryMetrics"), "summary")
    group, job_type, sweep = (optional(node, key, str) for key in ("group", "jobType", "sweepName"))
    status = _STATUS.get(part(node, "state", str), "FAILED")
    # What was logged last ends a run: its heartbeat may go on after that, and is not always kept by copies.
    end = as_number(summary.get("_timestamp")) or _seconds(node.get("heartbeatAt"))
    return {
        "name": optional(node, "displayName", str),
        "status": status,
        "tags": names.read(texts(node, "tags"), config, summary, group=group, job_type=job_type, sweep=sweep),
        "params": names.without_own(config),
        "parent": sweep or group or None,
        "start_time": _seconds(node.get("createdAt")),
        "end_time": None if status in ACTIVE else end,
    }


def _seconds(text: Any) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        # Older servers leave out that their times are UTC.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError):
        raise TrackerError(f"{str(text)[:40]!r} is not a time") from None


def _left(server: Server, url: str | None, about: str) -> str | None:
    return None if url is None else _fetch(server, url, about, LONGEST_FILE).decode("utf-8", "replace")


def _graph(server: Server, path: RunPath, node: Mapping[str, Any], name: str) -> bytes | None:
    """Content of a graph of the run, None where the server names none of that name."""
    listed = nodes(node["graphs"]) if node.get("graphs") is not None else ()
    file = next((file for file in listed if part(file, "name", str) == name), None)
    url = None if file is None else optional(file, "directUrl", str)
    if file is None or url is None:
        return None
    size = str(file.get("sizeBytes"))[:30]
    if size.isdecimal() and int(size) > LARGEST:
        raise NotAFileError(f"has {int(size):,} bytes, more than the limit of {LARGEST:,}")
    return _fetch(server, url, str(path), LARGEST)


def _fetch(server: Server, url: str, about: str, most: int) -> bytes:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https"):
        raise TrackerError("the address of a file of the run is not http(s)")
    with tempfile.TemporaryDirectory(prefix="tracker-diag-") as folder:
        place = Path(folder) / "file"
        try:
            server.core.download(url, place)
        except CoreError as error:
            # Files lie in a store of their own: that it is out of reach says nothing of the server.
            raise TrackerError(str(server.explain(error, f"files of {about}"))) from None
        return read_file(place, most)
