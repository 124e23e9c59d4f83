"""Runs of the server as runs of ours."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker_diag.adapters.base import Listing
from tracker_diag.adapters.wandb.histories import read_history
from tracker_diag.adapters.wandb.history import as_number
from tracker_diag.adapters.wandb.names import MODEL_SUMMARY, PROFILE, Names, latest_values
from tracker_diag.adapters.wandb.private import CoreError
from tracker_diag.adapters.wandb.server import RunPath, Server
from tracker_diag.core.run import Run

FOLDER = "diagnosis"
# What training code may leave on a run for us.
LEFT = (f"{FOLDER}/{PROFILE}", MODEL_SUMMARY)
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "crashed": "FAILED", "killed": "KILLED", "preempted": "KILLED"}
_STATUS |= {"running": "RUNNING", "preempting": "RUNNING", "pending": "SCHEDULED"}


def listing_of(path: RunPath, node: Mapping[str, Any], experiment: str, names: Names) -> Listing:
    """Make a listing of a run as a page of runs shows it."""
    facts = _facts(node, names)
    return Listing(
        id=str(path),
        experiment=experiment,
        latest=latest_values(as_mapping(node["summaryMetrics"]), names),
        **{key: facts[key] for key in ("name", "status", "start_time", "end_time", "tags", "params")},
    )


def load_run(server: Server, path: RunPath, node: Mapping[str, Any], names: Names) -> Run:
    """Load a whole run: a request for the exports and one a file of them, or one a page of rows.

    Raises
    ------
    TrackerError
    """
    history = read_history(server, path, node)
    files = {edge["node"]["name"]: edge["node"]["directUrl"] for edge in node["files"]["edges"]}
    profile, summary = (_fetch(server, files.get(name), str(path)) for name in LEFT)
    return Run(
        id=str(path),
        metrics=history.series(),
        profile=as_mapping(profile) or None,
        model_summary=summary,
        **_facts(node, names),
    )


def changed(node: Mapping[str, Any]) -> float:
    """When a run last gave a sign, seconds since the epoch."""
    return _seconds(node["heartbeatAt"]) or _seconds(node["createdAt"]) or 0.0


def as_mapping(text: Any) -> dict[str, Any]:
    """Read a JSON text that holds an object; what holds none is empty."""
    try:
        value = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return {}
    return dict(value) if isinstance(value, Mapping) else {}


def _facts(node: Mapping[str, Any], names: Names) -> dict[str, Any]:
    config = {
        key: entry["value"] if isinstance(entry, Mapping) and "value" in entry else entry
        for key, entry in as_mapping(node["config"]).items()
        if key not in ("_wandb", "wandb_version")
    }
    summary = as_mapping(node["summaryMetrics"])
    group, job_type, sweep = node["group"], node["jobType"], node["sweepName"]
    status = _STATUS.get(str(node["state"]), "FAILED")
    # What was logged last ends a run: its heartbeat may go on after that, and is not always kept by copies.
    end = as_number(summary.get("_timestamp")) or _seconds(node["heartbeatAt"])
    return {
        "name": node["displayName"],
        "status": status,
        "tags": names.read(node["tags"] or (), config, summary, group=group, job_type=job_type, sweep=sweep),
        "params": names.without_own(config),
        "parent": sweep or group or None,
        "start_time": _seconds(node["createdAt"]),
        "end_time": None if status in ("RUNNING", "SCHEDULED") else end,
    }


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    # Older servers leave out that their times are UTC.
    return (moment if moment.tzinfo else datetime.fromisoformat(f"{text}+00:00")).timestamp()


def _fetch(server: Server, url: str | None, about: str) -> str | None:
    if url is None:
        return None
    with tempfile.TemporaryDirectory(prefix="tracker-diag-") as folder:
        place = Path(folder) / "file"
        try:
            server.core.download(url, place)
        except CoreError as error:
            raise server.explain(error, about) from None
        return place.read_text(encoding="utf-8", errors="replace")
