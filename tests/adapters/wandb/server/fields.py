"""The fields of W&B's GraphQL schema that the client and wandb-core ask for."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.adapters.wandb.server.artifacts import ArtifactFields
from tests.adapters.wandb.server.store import ENTITY, Store, StoredRun, opaque, stamp

FEATURES = ("MARK_RUN_FILES_UPLOADED", "LARGE_FILENAMES", "CLIENT_IDS")
_CHANGEABLE = {
    "displayName": "display_name",
    "notes": "notes",
    "tags": "tags",
    "config": "config",
    "summaryMetrics": "summary",
    "groupName": "group",
    "jobType": "job_type",
    "sweep": "sweep",
    "state": "state",
}


class RefusedError(Exception):
    """The server says no, with a status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Fields(ArtifactFields):
    """What stands at each field of a query or mutation."""

    def __init__(self, store: Store, base: str) -> None:
        super().__init__(store, base)

    def at(self, name: str) -> Any:
        found = getattr(self, name, None)
        if found is None:
            raise RefusedError(400, f"unknown field {name}")
        return found

    # Who, and what can be done.

    def viewer(self) -> dict[str, Any]:
        team = {"node": {"id": "1", "name": ENTITY}}
        return {
            "id": opaque("User:1"),
            "entity": ENTITY,
            "username": "tester",
            "name": "Tester",
            "email": "tester@example.org",
            "admin": False,
            "flags": "{}",
            "apiKeys": {"edges": []},
            "teams": {"edges": [team]},
        }

    def serverInfo(self) -> dict[str, Any]:
        return {"features": [{"name": name, "isEnabled": True} for name in FEATURES]}

    def entity(self, name: str) -> dict[str, Any]:
        return {"name": name, "organization": {"coreWeaveOrganizationId": None}}

    # Reading.

    def models(self, entityName: str, first: int, after: str | None = None) -> dict[str, Any]:
        nodes = [{"id": opaque(p), "name": p, "entityName": entityName} for p in self.store.projects(entityName)]
        return _page(nodes, first, after)

    def project(self, name: str, entityName: str | None = None) -> dict[str, Any] | None:
        entity = entityName or ENTITY
        if name not in self.store.projects(entity):
            return None

        def runs(
            first: int, filters: str = "{}", after: str | None = None, order: str = "+created_at"
        ) -> dict[str, Any]:
            found = self.store.select(entity, name, json.loads(filters), order)
            return _page([self.node(run) for run in found], first, after)

        return {
            "id": opaque(name),
            "internalId": "1",
            "name": name,
            "entity": {"id": opaque(entity), "name": entity},
            "readOnly": name in self.store.read_only,
            "runCount": lambda filters="{}": len(self.store.select(entity, name, json.loads(filters), "+created_at")),
            "run": lambda name_=None, **given: self._run(entity, name, given["name"]),
            "runs": runs,
            "artifact": self.artifact_named,
        }

    def model(self, name: str, entityName: str | None = None) -> dict[str, Any]:
        entity = entityName or ENTITY

        def bucket(name_: str = "", **given: Any) -> dict[str, Any] | None:
            return self._run(entity, name, given["name"])

        return {"id": opaque(name), "name": name, "entity": {"id": opaque(entity), "name": entity}, "bucket": bucket}

    def _run(self, entity: str, project: str, name: str) -> dict[str, Any] | None:
        run = self.store.runs.get((entity, project, name))
        return None if run is None else self.node(run)

    def node(self, run: StoredRun) -> dict[str, Any]:
        """A run as the schema has it."""
        lines = [run.history[line] for line in sorted(run.history)]
        events = [run.events[line] for line in sorted(run.events)]
        telemetry = json.loads(run.config).get("_wandb", {}).get("value", {}).get("t")
        return {
            "id": run.id,
            "name": run.name,
            "displayName": run.display_name or run.name,
            "projectId": "1",
            "state": run.state,
            "tags": list(run.tags),
            "notes": run.notes,
            "description": None,
            "group": run.group,
            "jobType": run.job_type,
            "sweepName": run.sweep,
            "commit": None,
            "readOnly": run.project in self.store.read_only,
            "createdAt": stamp(run.created),
            "heartbeatAt": stamp(run.heartbeat),
            "config": run.config,
            "summaryMetrics": run.summary,
            "systemMetrics": "{}",
            "user": {"name": "Tester", "username": "tester"},
            "stopped": run.stopped,
            "historyLineCount": len(lines),
            "eventsLineCount": len(events),
            "logLineCount": 0,
            "historyTail": json.dumps(lines[-1:]),
            "eventsTail": json.dumps(events[-1:]),
            "wandbConfig": lambda **_: json.dumps({"t": telemetry} if telemetry else {}),
            "historyKeys": {"lastStep": run.last_step(), "keys": {}, "sets": []} if lines else None,
            "history": lambda minStep=0, maxStep=2**62, samples=500: _history(run, minStep, maxStep, samples),
            "parquetHistory": lambda **_: self._exports(run),
            "files": lambda first=50, after=None, **which: self._files(run, first, after, **which),
            "fileCount": len(run.files),
            "inputArtifacts": lambda first=50, after=None: _page([self.artifact(id) for id in run.used], first, after),
            "project": {"id": "1", "name": run.project, "entity": {"id": "1", "name": run.entity}},
        }

    def _exports(self, run: StoredRun) -> dict[str, Any]:
        if run.exported is None or run.state == "running":
            return {"parquetUrls": [], "liveData": [{"_step": row["_step"]} for row in run.rows()[:1]]}
        return {"parquetUrls": [f"{self.base}/parquet/{'/'.join(map(quote, run.key))}"], "liveData": []}

    def _files(
        self, run: StoredRun, first: int, after: str | None, names: Any = (), pattern: str | None = None
    ) -> dict[str, Any]:
        def wanted(name: str) -> bool:
            if names:
                return name in names
            return pattern is None or (name.startswith(pattern[:-1]) if pattern.endswith("%") else name == pattern)

        nodes = [
            {
                "id": opaque(f"{run.id}|{name}"),
                "name": name,
                "directUrl": self._blob(run, name),
                "url": self._blob(run, name),
                **self.store.blob_of(content),
            }
            for name, content in sorted(run.files.items())
            if wanted(name)
        ]
        return _page(nodes, first, after)

    def _blob(self, run: StoredRun, name: str) -> str:
        return f"{self.base}/run-file/{'/'.join(map(quote, run.key))}/{quote(name)}"

    # Changing.

    def upsertBucket(self, input: dict[str, Any]) -> dict[str, Any]:
        if "id" in input and any(run.id == input["id"] for run in self.store.runs.values()):
            run, inserted = self.store.by_id(input["id"]), False
        else:
            key = (input.get("entityName") or ENTITY, input.get("modelName") or "uncategorized", input["name"])
            inserted = key not in self.store.runs
            run = self.store.runs[key] if not inserted else StoredRun(*key)
        if run.project in self.store.read_only:
            raise RefusedError(403, "permission denied")
        self.store.add(run)
        for name, attribute in _CHANGEABLE.items():
            if input.get(name) is not None:
                setattr(run, attribute, input[name])
        return {"bucket": self.node(run), "inserted": inserted}

    def deleteRun(self, input: dict[str, Any]) -> dict[str, Any]:
        run = self.store.by_id(input["id"])
        if run.project in self.store.read_only:
            raise RefusedError(403, "permission denied")
        del self.store.runs[run.key]
        return {"clientMutationId": None}

    def createRunFiles(self, input: dict[str, Any]) -> dict[str, Any]:
        run = self.store.runs[(input["entityName"], input["projectName"], input["runName"])]
        if run.project in self.store.read_only:
            raise RefusedError(403, "permission denied")
        files = [{"name": name, "uploadUrl": self._blob(run, name)} for name in input["files"]]
        return {"runID": run.id, "uploadHeaders": ["X-Test: 1"], "files": files}

    def markRunFilesUploaded(self, input: dict[str, Any]) -> dict[str, Any]:
        return {"success": True}

    def deleteFiles(self, input: dict[str, Any]) -> dict[str, Any]:
        for run in self.store.runs.values():
            for name in [name for name in run.files if opaque(f"{run.id}|{name}") in input["files"]]:
                del run.files[name]
        return {"success": True}


def _history(run: StoredRun, start: int, stop: int, samples: int) -> list[str]:
    rows = [row for row in run.rows() if start <= row["_step"] < stop]
    if len(rows) > samples:
        # The server thins out what does not fit, without a word.
        rows = [rows[round(i * (len(rows) - 1) / (samples - 1))] for i in range(samples)]
    return [json.dumps(row) for row in rows]


def _page(nodes: list[dict[str, Any]], first: int, after: str | None) -> dict[str, Any]:
    start = 0 if after is None else int(after) + 1
    edges = [{"node": node, "cursor": str(start + i)} for i, node in enumerate(nodes[start : start + first])]
    more = start + first < len(nodes)
    return {"edges": edges, "pageInfo": {"endCursor": edges[-1]["cursor"] if edges else None, "hasNextPage": more}}
