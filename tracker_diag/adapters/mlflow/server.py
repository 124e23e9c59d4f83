"""An MLflow server over HTTP."""

from __future__ import annotations

import math
import re
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from tracker_diag.adapters.base import (
    Diagnosis,
    Failure,
    Listing,
    Query,
    QueryError,
    Removal,
    TrackerError,
    UnknownRunError,
)
from tracker_diag.adapters.mlflow import artifacts, writing
from tracker_diag.adapters.mlflow.artifacts import (
    Artifacts,
    LocalArtifacts,
    RepositoryArtifacts,
    UnreachableArtifacts,
    local_path,
)
from tracker_diag.adapters.mlflow.curves import SYSTEM, curves, unclamped
from tracker_diag.adapters.mlflow.histories import Histories, RunPoints
from tracker_diag.adapters.mlflow.http import Http, RefusedError
from tracker_diag.adapters.mlflow.proxy import ProxiedArtifacts, proxied_path
from tracker_diag.adapters.mlflow.record import CONTEXT_TAG, Record, batches, dataset
from tracker_diag.adapters.scope import chosen
from tracker_diag.core.run import InvalidRunError, Run

_API = "/api/2.0/mlflow"
_PAGE = 1000  # runs in a page of a search: about 2 MB
_GROUP = 100  # runs in a bulk request: the server's limit
_THREADS = 4  # a server with the default four workers is not faster with more
_TAGS_A_BATCH = 100  # the server's limit
_RUN_ID = re.compile(r"[\w-]{1,64}")
_FRESH = 30.0  # seconds for which what was read of a run's tags is good enough to write by

_Group = tuple[list[Run | Failure], list[Record], list[Record]]  # runs, the records of those, the records of the rest


class ServerAdapter:
    """Runs of an MLflow server.

    Parameters
    ----------
    uri : str
        Its address, as in MLFLOW_TRACKING_URI.
    prefix : str
        Of the tags that are ours.
    """

    def __init__(self, uri: str, prefix: str = "diag.") -> None:
        self._http = Http(uri)
        self._prefix = prefix
        self._histories = Histories(self._http)
        self._experiment_ids: dict[str, str] = {}
        self._fresh: dict[str, tuple[float, Record]] = {}

    def describe(self) -> str:
        """Name the server."""
        return f"MLflow at {self._http.name}"

    def list_runs(self, query: Query) -> Iterator[Listing]:
        """List runs: those that still go first, then by the time they ended, newest first.

        Page tokens are offsets. Where the filter speaks of tags, which writing a diagnosis changes, all pages are read
        before the first run is given; else page by page. With ``since``, a run that was closed without an end time
        counts only while it goes.
        """
        experiments = chosen(self._experiments(), query)
        if not experiments:
            return iter(())
        listings = self._search(experiments, query)
        return iter(list(listings)) if "tag" in query.filter.lower() else listings

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs, 100 at a time, by several threads; at most a bulk answer's points for each metric at once."""
        if not ids:
            return
        experiments = sorted(self._experiments())
        waiting = iter(list(batches(ids, _GROUP)))
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="mlflow") as pool:
            running: set[Future[_Group]] = set()
            left: deque[list[Record]] = deque()
            try:
                while True:
                    while len(running) < _THREADS:
                        if left:
                            running.add(pool.submit(self._load_group, left.popleft()))
                        elif (group := next(waiting, None)) is not None:
                            running.add(pool.submit(self._load_new, group, experiments))
                        else:
                            break
                    if not running:
                        return
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        loaded, records, rest = future.result()
                        if rest:
                            left.append(rest)
                        self._remember(records)
                        yield from loaded
            finally:
                for future in running:
                    future.cancel()

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id."""
        record = self._get(run_id)
        experiment = self._http.json("GET", f"{_API}/experiments/get", params=[("experiment_id", record.experiment_id)])
        name = experiment["experiment"]["name"]
        if experiment["experiment"].get("lifecycle_stage") == "deleted":
            raise UnknownRunError(
                f"run {run_id} lies in the deleted experiment {name!r}: restore that, or give another run id"
            )
        self._experiment_ids[name] = record.experiment_id
        return record.listing(name)

    def write(self, run_id: str, diagnosis: Diagnosis) -> None:
        """Write a diagnosis; a run that was read a moment ago is not asked for its tags again."""
        at, record = self._fresh.pop(run_id, (-math.inf, None))
        if record is None or time.monotonic() - at > _FRESH:
            record = self._get(run_id)
        writing.write(_Target(self._http, record), diagnosis, self._prefix)

    def remove(self, run_id: str) -> Removal:
        """Take away what was written."""
        return writing.remove(_Target(self._http, self._get(run_id)), self._prefix)

    def link(self, listing: Listing) -> str | None:
        """Address of the run's page."""
        experiment = self._experiment_ids.get(listing.experiment)
        if experiment is None:
            experiment = self._get(listing.id).experiment_id
        return f"{self._http.name}/#/experiments/{experiment}/runs/{listing.id}"

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def _experiments(self) -> dict[str, str]:
        body = {"max_results": _PAGE, "view_type": "ACTIVE_ONLY"}
        found = {
            str(item["experiment_id"]): str(item["name"])
            for item in self._http.pages(f"{_API}/experiments/search", body, "experiments")
        }
        self._experiment_ids.update({name: key for key, name in found.items()})
        return found

    def _search(self, experiments: Mapping[str, str], query: Query) -> Iterator[Listing]:
        ended = "attributes.status != 'RUNNING' AND attributes.status != 'SCHEDULED'"
        if query.since is not None:
            ended += f" AND attributes.end_time > {int(query.since * 1000)}"
        seen: set[str] = set()
        for condition, order in (
            ("attributes.status = 'RUNNING'", "attributes.start_time DESC"),
            ("attributes.status = 'SCHEDULED'", "attributes.start_time DESC"),
            (ended, "attributes.end_time DESC"),
        ):
            body = {
                "experiment_ids": sorted(experiments),
                "filter": f"{query.filter} AND {condition}" if query.filter.strip() else condition,
                "max_results": _PAGE if query.limit is None else max(1, min(_PAGE, query.limit - len(seen))),
                "order_by": [order, "attributes.run_id ASC"],
            }
            try:
                for item in self._http.pages(f"{_API}/runs/search", body, "runs"):
                    record = _record(item)
                    if record.id in seen:
                        continue
                    seen.add(record.id)
                    yield record.listing(experiments[record.experiment_id])
                    if query.limit is not None and len(seen) >= query.limit:
                        return
            except RefusedError as refusal:
                if refusal.status == 400 and query.filter:
                    raise QueryError(f"the filter was refused: {refusal}") from refusal
                raise

    def _get(self, run_id: str) -> Record:
        unknown = UnknownRunError(f"no run {run_id!r} at {self._http.name}: check the id and the tracking URI")
        if not _RUN_ID.fullmatch(run_id):
            raise unknown
        try:
            answer = self._http.json("GET", f"{_API}/runs/get", params=[("run_id", run_id)])
        except RefusedError as refusal:
            if refusal.status == 404 and not refusal.code:
                raise TrackerError(f"{self._http.name} answered 404: is it an MLflow server?") from None
            if refusal.code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise unknown from None
            raise
        if answer["run"]["info"].get("lifecycle_stage") == "deleted":
            raise UnknownRunError(
                f"run {run_id} is deleted: bring it back with `mlflow runs restore --run-id {run_id}`"
            )
        return _record(answer["run"])

    def _remember(self, records: Iterable[Record]) -> None:
        now = time.monotonic()
        self._fresh.update({record.id: (now, replace(record, params={}, latest={}, datasets=())) for record in records})
        for run_id in [key for key, (at, _) in list(self._fresh.items()) if now - at > _FRESH]:
            self._fresh.pop(run_id, None)

    def _load_new(self, ids: Sequence[str], experiments: Sequence[str]) -> _Group:
        failures: list[Run | Failure] = []
        found = {record.id: record for record in self._records([i for i in ids if _RUN_ID.fullmatch(i)], experiments)}
        failures += [Failure(i, "no such run, or it is deleted") for i in ids if i not in found]
        loaded, records, rest = self._load_group(list(found.values()))
        return failures + loaded, records, rest

    def _records(self, ids: Sequence[str], experiments: Sequence[str]) -> Iterable[Record]:
        if not ids:
            return []
        quoted = ",".join(f"'{run_id}'" for run_id in ids)
        body = {
            "experiment_ids": list(experiments),
            "filter": f"attributes.run_id IN ({quoted})",
            "max_results": len(ids),
        }
        try:
            return [_record(item) for item in self._http.pages(f"{_API}/runs/search", body, "runs")]
        except RefusedError as refusal:
            if refusal.status != 400:
                raise
        # Servers before 2.1 cannot search by id.
        found = []
        for run_id in ids:
            try:
                found.append(self._get(run_id))
            except UnknownRunError:
                continue
        return found

    def _load_group(self, records: list[Record]) -> _Group:
        """Load what fits into one bulk answer."""
        found, rest = self._histories.load({record.id: list(record.latest) for record in records}, _longest(records))
        loaded = [
            points if isinstance(points, Failure) else self._run(record, points)
            for record in records
            if (points := found.get(record.id)) is not None
        ]
        done = [record for record in records if record.id in found]
        return loaded, done, [record for record in records if record.id in rest]

    def _run(self, record: Record, points: RunPoints) -> Run | Failure:
        try:
            return record.run(curves(points), *artifacts.extras(_artifacts(self._http, record)))
        except InvalidRunError as error:
            return Failure(record.id, str(error))


class _Target:
    """One run of a server, to be written to."""

    def __init__(self, http: Http, record: Record) -> None:
        self._http = http
        self._record = record

    def tags(self) -> Mapping[str, str]:
        return self._record.tags

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        for key in delete:
            try:
                self._http.json("POST", f"{_API}/runs/delete-tag", body={"run_id": self._record.id, "key": key})
            except RefusedError as refusal:
                if refusal.code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        tags = [{"key": key, "value": value} for key, value in put.items()]
        for start in range(0, len(tags), _TAGS_A_BATCH):
            body = {"run_id": self._record.id, "tags": tags[start : start + _TAGS_A_BATCH]}
            self._http.json("POST", f"{_API}/runs/log-batch", body=body)

    def artifacts(self) -> Artifacts:
        return _artifacts(self._http, self._record)


def _artifacts(http: Http, record: Record) -> Artifacts:
    proxied = proxied_path(record.artifact_uri)
    if proxied is not None:
        return ProxiedArtifacts(http, proxied)
    path = local_path(record.artifact_uri)
    if path is None:
        return RepositoryArtifacts(record.artifact_uri)
    # <root>/<experiment>/<run>/artifacts: the last three come into being with the first artifact.
    if path.is_absolute() and len(path.parents) > 3 and any(parent.is_dir() for parent in (path, *path.parents[:3])):
        return LocalArtifacts(path)
    return UnreachableArtifacts(
        f"{http.name} keeps artifacts in a folder of its own machine: start it with --artifacts-destination"
    )


def _longest(records: Iterable[Record]) -> list[str]:
    """Metric names, those with the highest steps first."""
    highest: dict[str, float] = {}
    for record in records:
        for name, (step, _) in record.latest.items():
            highest[name] = max(step, highest.get(name, 0.0))
    return sorted(highest, key=lambda name: (-highest[name], name))


def _record(item: Mapping[str, Any]) -> Record:
    info, data = item["info"], item.get("data", {})
    return Record(
        id=info.get("run_id") or info["run_uuid"],
        experiment_id=str(info["experiment_id"]),
        artifact_uri=info.get("artifact_uri", ""),
        name=info.get("run_name"),
        status=info.get("status", "FINISHED"),
        start=_number(info.get("start_time")),
        end=_number(info.get("end_time")),
        tags={tag["key"]: tag.get("value", "") for tag in data.get("tags", ())},
        params={param["key"]: param.get("value", "") for param in data.get("params", ())},
        latest={
            metric["key"]: (float(metric.get("step", 0)), unclamped(float(metric.get("value", 0.0))))
            for metric in data.get("metrics", ())
            if not metric["key"].startswith(SYSTEM)
        },
        datasets=tuple(_dataset(entry) for entry in item.get("inputs", {}).get("dataset_inputs", ())),
    )


def _dataset(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    described = entry["dataset"]
    tags = {tag["key"]: tag.get("value") for tag in entry.get("tags", ())}
    return dataset(
        described.get("name", ""),
        described.get("digest", ""),
        tags.get(CONTEXT_TAG),
        described.get("profile"),
        described.get("schema"),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
