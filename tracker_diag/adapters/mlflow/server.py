"""An MLflow server over HTTP."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from itertools import chain
from threading import Lock
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
    UnusableStoreError,
)
from tracker_diag.adapters.guard import guarded
from tracker_diag.adapters.mlflow import control_runs, overview_run, page_address, replacing, view, writing
from tracker_diag.adapters.mlflow.artifacts import Artifacts
from tracker_diag.adapters.mlflow.extras import read_extras
from tracker_diag.adapters.mlflow.histories import Histories, RunPoints
from tracker_diag.adapters.mlflow.http import Http
from tracker_diag.adapters.mlflow.matching import name_filter
from tracker_diag.adapters.mlflow.points import curves
from tracker_diag.adapters.mlflow.proxy import ProxiedArtifacts, StoreState, proxied_path
from tracker_diag.adapters.mlflow.record import Record, batches
from tracker_diag.adapters.mlflow.refusals import RefusedError
from tracker_diag.adapters.mlflow.rest import API, RUN_ID, experiment_of, record_of, run_id_of
from tracker_diag.adapters.mlflow.served_run import BareRun, ServedRun, artifacts_of, listing_of
from tracker_diag.adapters.mlflow.served_view import ServedViewTag, view_of
from tracker_diag.adapters.overviews import Publication, listed
from tracker_diag.adapters.scope import chosen
from tracker_diag.adapters.views import SavedView
from tracker_diag.core import own
from tracker_diag.core.outgoing import clean
from tracker_diag.core.run import ACTIVE, Run

_PAGE = 1000  # runs in a page of a search: about 2 MB
_GROUP = 100  # runs in a bulk request: the server's limit
_THREADS = 4  # a server with the default four workers is not faster with more
_LISTED = 600.0  # seconds for which what was listed of a run is good enough to take away by
_MOST_LISTED = 20_000  # runs of which that is kept
_ROUND = 100  # stores give lists in pages of so many, or a multiple
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
        self._store = StoreState()
        self._histories = Histories(self._http)
        self._experiment_ids: dict[str, str] = {}
        self._fresh: dict[str, tuple[float, Record]] = {}
        self._listed: dict[str, tuple[float, Record]] = {}
        self._with_files: dict[str, set[str] | None] = {}
        self._lock = Lock()

    def describe(self) -> str:
        """Name the server."""
        return f"MLflow at {self._http.name}"

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """List runs: those that still go first, then by the time they ended, newest first.

        Page tokens are offsets. Where the filter speaks of tags, which writing a diagnosis changes, all pages are read
        before the first run is given; else page by page. With ``since``, a run that was closed without an end time
        counts only while it goes.
        """
        self._listed.clear()
        self._with_files.clear()
        known, failures = self._experiments()
        experiments = chosen(known, query)
        # Which experiments cannot be read matters to those who did not name the ones they want.
        named = set(query.experiments) <= set(known.values()) and not query.everything
        listings = self._search(experiments, query) if experiments else iter(())
        whole = chain(() if named else failures, listings)
        return iter(list(whole)) if "tag" in query.filter.lower() else whole

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs, 100 at a time, by several threads; at most a bulk answer's points for each metric at once."""
        if not ids:
            return
        experiments = sorted(self._experiments()[0])
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
        path = f"{API}/experiments/get"
        answer = self._http.json("GET", path, params=[("experiment_id", record.experiment_id)])
        experiment = experiment_of(answer.get("experiment"))
        if experiment is None:
            raise TrackerError(f"{self._http.name} answered {path} with something other than an experiment")
        name = experiment[1]
        if answer["experiment"].get("lifecycle_stage") == "deleted":
            shown = clean(name, 100)
            raise UnknownRunError(
                f"run {run_id} is in the deleted experiment {shown!r}: restore the experiment, or give another run ID"
            )
        self._experiment_ids[name] = record.experiment_id
        return listing_of(self._http, record, name)

    def name_filter(self, name: str) -> str:
        """Write the filter for runs of exactly this name."""
        return name_filter(name)

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis; a run that was read a moment ago is not asked for its tags again."""
        self._listed.pop(run_id, None)
        at, record = self._fresh.pop(run_id, (-math.inf, None))
        if record is None or time.monotonic() - at > _FRESH:
            record = self._get(run_id)
        return writing.write(ServedRun(self._http, record, self._store), diagnosis, self._prefix)

    def remove(self, run_id: str) -> Removal:
        """Take away what was written; a run listed in the last ten minutes is not read again.

        A sweep that diagnoses the run meanwhile loses the fingerprint, and does it again.
        """
        at, listed = self._listed.pop(run_id, (-math.inf, None))
        if listed is None or time.monotonic() - at > _LISTED:
            return self._remove(self._get(run_id))
        # Green and undiagnosed runs rarely have files of ours: one listing of the experiment's folder tells for all.
        # All other runs, and doubtful ones, are listed one by one.
        bare = (not listed.tags or writing.is_green(listed.tags, self._prefix)) and self._has_no_files(listed)
        if not listed.tags and (bare or self._has_no_reports(listed)):
            return Removal()
        if self._prefix + own.FINGERPRINT not in listed.tags:
            return self._remove(self._get(run_id))
        return self._remove(listed, bare=bare)

    def delete_control(self, run_id: str) -> bool:
        """Delete a run that a control made."""
        return control_runs.remove(run_id, self._http.uri)

    def publish(self, publication: Publication) -> str:
        """Store the overview of an experiment."""
        return overview_run.publish(self._http.uri, publication, self._prefix, self._artifacts, lambda _: None)

    def overviews(self, experiments: Collection[str] | None) -> tuple[str, ...]:
        """List the runs that hold overviews."""
        return listed(self, self._prefix, experiments)

    def withdraw(self, experiments: Collection[str] | None) -> int:
        """Delete the runs that hold overviews."""
        return overview_run.withdraw(self._http.uri, experiments, self._prefix)

    def link(self, listing: Listing) -> str | None:
        """Give the address of the run's page."""
        experiment = self._experiment_ids.get(listing.experiment)
        if experiment is None:
            experiment = self._get(listing.id).experiment_id
        return f"{self._http.name}/{page_address.of_run(experiment, listing.id)}"

    def report_reference(self, run_id: str, experiment: str) -> str:
        """Give the address of a run's report, relative to the page of the run."""
        return page_address.of_report(self._experiment_ids.get(experiment), run_id)

    def save_view(self, experiment: str) -> SavedView:
        """Save our view of an experiment."""
        tag = ServedViewTag(self._http, self._experiment_ids[experiment])
        address = f"{self._http.name}/{page_address.of_view(tag.experiment_id, view.NAME)}"
        return replace(view.save(tag, experiment, self._prefix), address=address)

    def views(self, query: Query) -> tuple[str, ...]:
        """List the experiments that hold a view of ours."""
        found = [(experiment, item) for item in self._listed_experiments() if (experiment := experiment_of(item))]
        self._experiment_ids.update({name: key for (key, name), _ in found})
        wanted = chosen(dict(experiment for experiment, _ in found), query)
        return tuple(name for (key, name), item in found if key in wanted and view_of(item))

    def delete_view(self, experiment: str) -> bool:
        """Delete our view of an experiment."""
        return view.delete(ServedViewTag(self._http, self._experiment_ids[experiment]))

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def _artifacts(self, address: str, run_id: str) -> Artifacts:
        return artifacts_of(self._http, Record(run_id, "", address, None, "FINISHED", None, None), self._store)

    def _experiments(self) -> tuple[dict[str, str], list[Failure]]:
        """Id to name of all that can be seen, and those of which neither can be read."""
        found: dict[str, str] = {}
        failures: list[Failure] = []
        for number, item in enumerate(self._listed_experiments(), 1):
            experiment = experiment_of(item)
            if experiment is None:
                failures.append(Failure(f"experiment {number} of the list", "the server gives it no ID or no name"))
            else:
                found[experiment[0]] = experiment[1]
        self._experiment_ids.update({name: key for key, name in found.items()})
        return found, failures

    def _listed_experiments(self) -> Iterator[Any]:
        body = {"max_results": _PAGE, "view_type": "ACTIVE_ONLY"}
        return self._http.items(f"{API}/experiments/search", body, "experiments", _experiment_id, set())

    def _search(self, experiments: Mapping[str, str], query: Query) -> Iterator[Listing | Failure]:
        ended = " AND ".join(f"attributes.status != '{status}'" for status in ACTIVE)
        if query.since is not None:
            ended += f" AND attributes.end_time > {int(query.since * 1000)}"
        seen: set[str] = set()
        given = 0
        for condition, order in (
            *((f"attributes.status = '{status}'", "attributes.start_time DESC") for status in ACTIVE),
            (ended, "attributes.end_time DESC"),
        ):
            body = {
                "experiment_ids": sorted(experiments),
                "filter": f"{query.filter} AND {condition}" if query.filter.strip() else condition,
                "max_results": _PAGE if query.limit is None else max(1, min(_PAGE, query.limit - given)),
                "order_by": [order, "attributes.run_id ASC"],
            }
            try:
                for item in self._http.items(f"{API}/runs/search", body, "runs", run_id_of, seen):
                    given += 1
                    run_id = run_id_of(item) or f"run {given} of the list"
                    yield guarded(run_id, partial(self._listing, item, experiments))
                    if query.limit is not None and given >= query.limit:
                        return
            except RefusedError as refusal:
                if refusal.status == 400 and query.filter:
                    raise QueryError(f"the filter was refused: {refusal}") from refusal
                raise

    def _listing(self, item: Any, experiments: Mapping[str, str]) -> Listing:
        record = record_of(item)
        if record.experiment_id not in experiments:
            raise TrackerError(f"{self._http.name} answered with a run of an experiment that was not asked for")
        listing = listing_of(self._http, record, experiments[record.experiment_id])
        if len(self._listed) < _MOST_LISTED:
            ours = own.owned(record.tags, self._prefix)
            ours |= {own.DESCRIPTION} if writing.has_marks(record.tags) else set()
            tags = {key: value for key, value in record.tags.items() if key in ours}
            light = replace(record, tags=tags, params={}, latest={}, datasets=(), models=())
            self._listed[record.id] = time.monotonic(), light
        return listing

    def _get(self, run_id: str) -> Record:
        unknown = UnknownRunError(
            f"no run {clean(run_id, 80)!r} at {self._http.name}: check the ID and the tracking URI"
        )
        if not RUN_ID.fullmatch(run_id):
            raise unknown
        try:
            answer = self._http.json("GET", f"{API}/runs/get", params=[("run_id", run_id)])
        except RefusedError as refusal:
            if refusal.status == 404 and not refusal.code:
                raise TrackerError(f"{self._http.name} answered 404: is it an MLflow server?") from None
            if refusal.code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise unknown from None
            raise
        record = record_of(answer.get("run"))
        if record.id != run_id:
            raise TrackerError(f"{self._http.name} answered with another run than {run_id}")
        if answer["run"]["info"].get("lifecycle_stage") == "deleted":
            raise UnknownRunError(f"run {run_id} is deleted: restore it with `mlflow runs restore --run-id {run_id}`")
        return record

    def _remove(self, record: Record, *, bare: bool = False) -> Removal:
        kind = BareRun if bare else ServedRun
        return writing.remove(kind(self._http, record, self._store), self._prefix)

    def _has_no_files(self, record: Record) -> bool:
        """Whether the folder of the experiment, listed once, has none of this run."""
        try:
            root = proxied_path(record.artifact_uri) or ""
        except UnusableStoreError:
            return False
        parent = root.removesuffix(f"/{record.id}/artifacts")
        if parent in (root, ""):
            return False
        with self._lock:
            if parent not in self._with_files:
                self._with_files[parent] = self._list_once(parent)
            names = self._with_files[parent]
        return names is not None and record.id not in names

    def _list_once(self, folder: str) -> set[str] | None:
        """List a folder of the server's store, or give up."""
        try:
            names = ProxiedArtifacts(self._http, folder, self._store, ended=False).names("")
        except TrackerError:
            return None
        # A list that is cut would be cut at such a number.
        return None if names and len(names) % _ROUND == 0 else names

    def _has_no_reports(self, record: Record) -> bool:
        try:
            return not replacing.holds_ours(artifacts_of(self._http, record, self._store).names(own.FOLDER))
        except TrackerError:
            return False

    def _remember(self, records: Iterable[Record]) -> None:
        now = time.monotonic()
        self._fresh.update(
            {record.id: (now, replace(record, params={}, latest={}, datasets=(), models=())) for record in records}
        )
        for run_id in [key for key, (at, _) in list(self._fresh.items()) if now - at > _FRESH]:
            self._fresh.pop(run_id, None)

    def _load_new(self, ids: Sequence[str], experiments: Sequence[str]) -> _Group:
        found = self._records([run_id for run_id in ids if RUN_ID.fullmatch(run_id)], experiments)
        unknown = [Failure(run_id, "no such run, or it was deleted") for run_id in ids if run_id not in found]
        failures: list[Run | Failure] = [*unknown, *(x for x in found.values() if isinstance(x, Failure))]
        loaded, records, rest = self._load_group([x for x in found.values() if not isinstance(x, Failure)])
        return failures + loaded, records, rest

    def _records(self, ids: Sequence[str], experiments: Sequence[str]) -> dict[str, Record | Failure]:
        """Those of the runs that there are; whatever else the server answers with is left aside."""
        if not ids:
            return {}
        quoted = ",".join(f"'{run_id}'" for run_id in ids)
        body = {
            "experiment_ids": list(experiments),
            "filter": f"attributes.run_id IN ({quoted})",
            "max_results": len(ids),
        }
        try:
            items = {run_id_of(x): x for x in self._http.items(f"{API}/runs/search", body, "runs", run_id_of, set())}
        except RefusedError as refusal:
            if refusal.status != 400:
                raise
        else:
            return {run_id: guarded(run_id, partial(record_of, items[run_id])) for run_id in ids if run_id in items}
        # Servers before 2.1 cannot search by id.
        found = {run_id: guarded(run_id, partial(self._get_or_none, run_id)) for run_id in ids}
        return {run_id: record for run_id, record in found.items() if record is not None}

    def _get_or_none(self, run_id: str) -> Record | None:
        try:
            return self._get(run_id)
        except UnknownRunError:
            return None

    def _load_group(self, records: list[Record]) -> _Group:
        """Load what fits into one bulk answer."""
        found, rest = self._histories.load({record.id: list(record.latest) for record in records}, _longest(records))
        loaded = [
            points if isinstance(points, Failure) else guarded(record.id, partial(self._run, record, points))
            for record in records
            if (points := found.get(record.id)) is not None
        ]
        done = [record for record in records if record.id in found]
        return loaded, done, [record for record in records if record.id in rest]

    def _run(self, record: Record, points: RunPoints) -> Run:
        return record.run(curves(points), read_extras(artifacts_of(self._http, record, self._store), record))


def _longest(records: Iterable[Record]) -> list[str]:
    """Metric names, those with the highest steps first."""
    highest: dict[str, float] = {}
    for record in records:
        for name, (step, _) in record.latest.items():
            highest[name] = max(step, highest.get(name, 0.0))
    return sorted(highest, key=lambda name: (-highest[name], name))


def _experiment_id(item: Any) -> str:
    experiment = experiment_of(item)
    return experiment[0] if experiment else ""
