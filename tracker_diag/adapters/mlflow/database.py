"""An MLflow tracking database (SQLite, PostgreSQL, MySQL, …), read and tagged without a server."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from tracker_diag.adapters import disk
from tracker_diag.adapters.base import (
    DeniedError,
    Diagnosis,
    Failure,
    Listing,
    Query,
    Removal,
    TrackerError,
    UnknownRunError,
)
from tracker_diag.adapters.guard import guarded, one_line
from tracker_diag.adapters.mlflow import control_runs, overview_run, page_address, tables, view, writing
from tracker_diag.adapters.mlflow.artifact_address import at_address, local_root, store_at
from tracker_diag.adapters.mlflow.artifacts import Artifacts
from tracker_diag.adapters.mlflow.commits import GroupCommit
from tracker_diag.adapters.mlflow.engines import engine, is_denied, reason, with_driver
from tracker_diag.adapters.mlflow.extras import read_extras
from tracker_diag.adapters.mlflow.linked import Links, links_of
from tracker_diag.adapters.mlflow.matching import Filter, name_filter, read_filter
from tracker_diag.adapters.mlflow.points import Points, curves
from tracker_diag.adapters.mlflow.record import Record, batches
from tracker_diag.adapters.mlflow.selecting import rows
from tracker_diag.adapters.mlflow.tables import EXPERIMENT_TAGS, EXPERIMENTS, RUNS, TAGS
from tracker_diag.adapters.overviews import EXPERIMENT, Publication, listed
from tracker_diag.adapters.scope import chosen
from tracker_diag.adapters.views import SavedView
from tracker_diag.core import own
from tracker_diag.core.outgoing import well_formed
from tracker_diag.core.run import ACTIVE, Run

_PAGE = 500  # runs in a query: SQLite before 3.32 takes 999 parameters
_POINTS_A_BATCH = 100_000  # points held at once, beyond a single run's
_DELETE = sa.delete(TAGS).where(
    TAGS.c.run_uuid == sa.bindparam("run"), TAGS.c.key.in_(sa.bindparam("keys", expanding=True))
)

_Change = tuple[str, tuple[str, ...], Mapping[str, str]]  # run, keys of tags to delete, tags to set


class DatabaseAdapter:
    """Runs of an MLflow tracking database, read from its tables.

    Reading never writes: SQLite files are opened ``mode=ro``. Tags are written in one transaction on the table
    ``tags``, five times as fast as through MLflow's own store, and all or nothing.

    Parameters
    ----------
    uri : str
        As in MLFLOW_TRACKING_URI: ``sqlite:///mlflow.db``, ``postgresql://…``.
    prefix : str
        Of the tags that are ours.

    Raises
    ------
    TrackerError
        If the address cannot be read, its driver is missing, or an SQLite file does not exist.
    """

    def __init__(self, uri: str, prefix: str = "diag.") -> None:
        self._uri = uri
        self._prefix = prefix
        try:
            url = sa.make_url(uri)
        except (ArgumentError, ValueError):
            raise TrackerError(
                "the tracking URI is not a database address: use the form sqlite:///path/to/mlflow.db"
            ) from None
        self._url = with_driver(url)
        self._folder = _folder(url) if url.drivername.partition("+")[0] == "sqlite" else None
        self._reading = engine(self._url, "ro")
        self._writing = engine(self._url, "rw")
        self._commits: GroupCommit[_Change] = GroupCommit(self._change, self._change_one)
        self._known: Links | None = None
        self._experiment_ids: dict[str, str] = {}

    def describe(self) -> str:
        """Name the database, without user and password."""
        if self._url.get_backend_name() == "sqlite":
            return f"MLflow database {self._url.database}"
        host = f"{self._url.host or 'localhost'}{f':{self._url.port}' if self._url.port else ''}"
        return f"MLflow database {self._url.database} ({self._url.get_backend_name()} at {host})"

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """List runs: those that still go first, then by the time they ended, newest first.

        The ids are collected before the first run is given; a filter is tried on what the tables hold, page by page.
        """
        with self._read() as connection:
            known = _experiments(connection)
        self._experiment_ids = {name: key for key, name in known.items()}
        experiments = chosen(known, query)
        wanted = read_filter(query.filter)
        if not experiments:
            return iter(())
        ids = self._ids([int(key) for key in experiments], query.since)
        if not wanted:
            ids = ids[: query.limit]
        return islice(self._listings(ids, wanted, experiments), query.limit)

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Whole runs, in batches of about 100,000 points."""
        for page in batches(ids, _PAGE):
            with self._read() as connection:
                known = [run_id for run_id in page if _can_be_asked_for(run_id)]
                found = tables.records(connection, known, links=self._links(connection))
                counts = tables.point_counts(connection, known)
            yield from (Failure(run_id, "no such run, or it was deleted") for run_id in page if run_id not in found)
            yield from (record for record in found.values() if isinstance(record, Failure))
            good = {run_id: record for run_id, record in found.items() if isinstance(record, Record)}
            for batch in _packed([run_id for run_id in page if run_id in good], counts):
                with self._read() as connection:
                    points = tables.histories(connection, batch)
                for run_id in batch:
                    yield guarded(run_id, partial(_run, good[run_id], points.get(run_id, {}), self._folder))

    def find_run(self, run_id: str) -> Listing:
        """Find one run by its id."""
        record = self._get(run_id)
        with self._read() as connection:
            experiment = _experiments(connection)[record.experiment_id]
        self._experiment_ids[experiment] = record.experiment_id
        return self._listing(record, experiment)

    def name_filter(self, name: str) -> str:
        """Write the filter for runs of exactly this name."""
        return name_filter(name)

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis."""
        return writing.write(self._target(run_id), diagnosis, self._prefix)

    def remove(self, run_id: str) -> Removal:
        """Take away what was written."""
        return writing.remove(self._target(run_id), self._prefix)

    def delete_control(self, run_id: str) -> bool:
        """Delete a run that a control made."""
        return control_runs.remove(run_id, self._address())

    def publish(self, publication: Publication) -> str:
        """Store the overview of an experiment."""
        return overview_run.publish(self._address(), publication, self._prefix, self._artifacts, self._below)

    def overviews(self, experiments: Collection[str] | None) -> tuple[str, ...]:
        """List the runs that hold overviews."""
        return listed(self, self._prefix, experiments)

    def withdraw(self, experiments: Collection[str] | None) -> int:
        """Delete the runs that hold overviews."""
        return overview_run.withdraw(self._address(), experiments, self._prefix)

    def link(self, listing: Listing) -> None:
        """Without a server there is no address."""
        del listing

    def report_reference(self, run_id: str, experiment: str) -> str:
        """Give the address of a run's report, relative to the page that a server shows of the run."""
        return page_address.of_report(self._experiment_ids.get(experiment), run_id)

    def save_view(self, experiment: str) -> SavedView:
        """Save our view of an experiment."""
        return view.save(self._view(experiment), experiment, self._prefix)

    def views(self, query: Query) -> tuple[str, ...]:
        """List the experiments that hold a view of ours."""
        held = sa.select(EXPERIMENT_TAGS.c.experiment_id).where(EXPERIMENT_TAGS.c.key == own.VIEW)
        with self._read() as connection:
            known = _experiments(connection)
            keys = {str(key) for (key,) in rows(connection, held)}
        self._experiment_ids = {name: key for key, name in known.items()}
        return tuple(name for key, name in chosen(known, query).items() if key in keys)

    def delete_view(self, experiment: str) -> bool:
        """Delete our view of an experiment."""
        return view.delete(self._view(experiment))

    def close(self) -> None:
        """Close all connections."""
        self._reading.dispose()
        self._writing.dispose()

    def tag(self, run_id: str, key: str) -> str:
        """Read a tag of a run as it is now; empty where there is none."""
        with self._read() as connection:
            found = rows(connection, sa.select(TAGS.c.value).where(TAGS.c.run_uuid == run_id, TAGS.c.key == key))
            return next((value or "" for (value,) in found), "")

    def view_tag(self, experiment_id: int) -> str:
        """Read the tag of an experiment that holds a view; empty where there is none."""
        wanted = EXPERIMENT_TAGS.c.experiment_id == experiment_id, EXPERIMENT_TAGS.c.key == own.VIEW
        with self._read() as connection:
            found = rows(connection, sa.select(EXPERIMENT_TAGS.c.value).where(*wanted))
        return next((value for (value,) in found if isinstance(value, str)), "")

    def change_view_tag(self, experiment_id: int, value: str | None) -> None:
        """Set the tag of an experiment that holds a view; None deletes it."""
        wanted = {"experiment_id": experiment_id, "key": own.VIEW}
        deletion = sa.delete(EXPERIMENT_TAGS).where(*(EXPERIMENT_TAGS.c[name] == x for name, x in wanted.items()))
        with self._refusals(), self._writing.begin() as connection:
            connection.execute(deletion)
            if value is not None:
                connection.execute(sa.insert(EXPERIMENT_TAGS), [{**wanted, "value": value}])

    def change_tags(self, run_id: str, delete: Collection[str], put: Mapping[str, str]) -> None:
        """Delete and set tags of a run in one transaction; repeated where another writer was in the way."""
        with self._refusals():
            self._commits.commit((run_id, tuple(delete), put))

    def _listing(self, record: Record, experiment: str) -> Listing:
        """A run as a page of a search shows it, with whether its artifacts have a place here."""
        return replace(record.listing(experiment), store=store_at(record.artifact_uri, record.id, self._folder))

    def _view(self, experiment: str) -> _ViewTag:
        return _ViewTag(self, int(self._experiment_ids[experiment]))

    def _artifacts(self, address: str, run_id: str) -> Artifacts:
        return at_address(address, run_id, self._folder)

    def _below(self, location: str) -> str:
        path = local_root(overview_run.address(location), overview_run.YET_TO_BE_MADE, self._folder)
        if path is None:
            return f"{location.rstrip('/')}/{EXPERIMENT}"
        try:
            # As a first report would: no run of the experiment may have a file yet.
            path.parents[1].mkdir(exist_ok=True)
        except OSError as error:
            raise disk.refusal(error, "give access to that folder") from error
        # A relative location is meant from the database's folder; MLflow's client would take the working directory.
        return (path.parents[1] / EXPERIMENT).absolute().as_uri()

    def _address(self) -> str:
        # With the driver that is installed: MLflow's own client would take SQLAlchemy's default.
        return self._url.render_as_string(hide_password=False)

    def _change(self, changes: Sequence[_Change]) -> None:
        new = [
            {"run_uuid": run_id, "key": key, "value": value} for run_id, _, put in changes for key, value in put.items()
        ]
        with self._writing.begin() as connection:
            for run_id, delete, put in changes:
                connection.execute(_DELETE, {"run": run_id, "keys": [*delete, *put]})
            if new:
                connection.execute(sa.insert(TAGS), new)

    def _change_one(self, change: _Change) -> None:
        retrying = Retrying(
            retry=retry_if_exception(_is_passing),
            stop=stop_after_attempt(5),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            reraise=True,
        )
        retrying(self._change, [change])

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            kind = DeniedError if is_denied(error) else TrackerError
            raise kind(f"{self.describe()} cannot be written to: {reason(error)}; check the permissions") from None

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        try:
            with self._connect() as connection:
                yield connection
        # Rows are fetched from the driver's own cursors, whose errors nobody wraps.
        except (SQLAlchemyError, self._reading.dialect.loaded_dbapi.Error) as error:
            raise TrackerError(f"{self.describe()} cannot be read: {reason(error)}; check the tracking URI") from None

    def _connect(self) -> sa.Connection:
        try:
            return self._reading.connect()
        except (SQLAlchemyError, self._reading.dialect.loaded_dbapi.Error):
            raise
        # A driver meets the network, the address and its own libraries here, and not all of what it raises is its own.
        except Exception as error:
            raise TrackerError(f"{self.describe()} cannot be reached: {one_line(error)}; check the address") from error

    def _links(self, connection: sa.Connection) -> Links:
        if self._known is None:
            self._known = links_of(connection)
        return self._known

    def _target(self, run_id: str) -> _Target:
        with self._read() as connection:
            found = tables.target(connection, run_id) if _can_be_asked_for(run_id) else None
        if found is None:
            self._get(run_id)
            raise UnknownRunError(f"run {run_id} was deleted or restored meanwhile: the next sweep takes care of it")
        return _Target(self, run_id, self._folder, *found)

    def _get(self, run_id: str) -> Record:
        unknown = UnknownRunError(f"no run {run_id!r} in {self.describe()}: check the ID and the tracking URI")
        if not _can_be_asked_for(run_id):
            raise unknown
        with self._read() as connection:
            found = tables.records(connection, [run_id], links=self._links(connection)).get(run_id)
            deleted = rows(connection, sa.select(RUNS.c.run_uuid).where(RUNS.c.run_uuid == run_id))
        if isinstance(found, Failure):
            raise TrackerError(found.reason)
        if found is not None:
            return found
        if deleted:
            raise UnknownRunError(
                f"run {run_id}, or its experiment, is deleted: restore it with `mlflow runs restore --run-id {run_id}`"
            )
        raise unknown

    def _ids(self, experiments: Sequence[int], since: float | None) -> list[Any]:
        going = RUNS.c.status.in_(ACTIVE)
        statement = (
            sa.select(RUNS.c.run_uuid)
            .where(RUNS.c.experiment_id.in_(experiments), RUNS.c.lifecycle_stage == "active")
            .order_by(
                sa.case((going, 0), else_=1),
                sa.case(
                    (going, RUNS.c.start_time), else_=sa.func.coalesce(RUNS.c.end_time, RUNS.c.start_time, 0)
                ).desc(),
                RUNS.c.run_uuid,
            )
        )
        if since is not None:
            after = int(since * 1000)
            statement = statement.where(sa.or_(going, RUNS.c.start_time > after, RUNS.c.end_time > after))
        with self._read() as connection:
            return [row[0] for row in rows(connection, statement)]

    def _listings(
        self, ids: Sequence[Any], wanted: Filter, experiments: Mapping[str, str]
    ) -> Iterator[Listing | Failure]:
        known = [run_id for run_id in ids if _can_be_asked_for(run_id)]
        yield from (Failure(str(x)[:80], "its ID is not a text") for x in ids if not _can_be_asked_for(x))
        for page in batches(known, _PAGE):
            with self._read() as connection:
                links = self._links(connection)
                matching = _matching(connection, page, wanted, links) if wanted else dict.fromkeys(page, True)
                asked = [run_id for run_id, matches in matching.items() if matches is True]
                found = tables.records(connection, asked, links=links) if asked else {}
            for run_id in page:
                record = found.get(run_id) or matching.get(run_id)
                if isinstance(record, Failure):
                    yield record
                elif isinstance(record, Record):
                    yield guarded(run_id, partial(self._listing, record, experiments[record.experiment_id]))


def _matching(connection: sa.Connection, ids: Sequence[str], wanted: Filter, links: Links) -> dict[str, bool | Failure]:
    searchables = tables.searchables(connection, ids, wanted, links=links)
    return {
        run_id: run if isinstance(run, Failure) else guarded(run_id, partial(wanted.matches, run))
        for run_id, run in searchables.items()
    }


def _is_passing(error: BaseException) -> bool:
    """Whether another try may succeed: what may not be written never is, what ran out of time runs out again."""
    return isinstance(error, DatabaseError) and not is_denied(error) and "interrupted" not in str(error)


class _Target:
    """One run of a database, to be written to."""

    def __init__(
        self,
        adapter: DatabaseAdapter,
        run_id: str,
        folder: Path | None,
        artifact_uri: str,
        tags: Mapping[str, str],
    ) -> None:
        self._adapter = adapter
        self._run_id = run_id
        self._folder = folder
        self._artifact_uri = artifact_uri
        self._tags = tags

    def tags(self) -> Mapping[str, str]:
        return self._tags

    def description(self) -> str:
        return self._adapter.tag(self._run_id, own.DESCRIPTION)

    def change_tags(self, delete: Collection[str], put: Mapping[str, str]) -> None:
        self._adapter.change_tags(self._run_id, delete, put)

    def artifacts(self) -> Artifacts:
        return at_address(self._artifact_uri, self._run_id, self._folder)

    def store(self) -> str:
        return store_at(self._artifact_uri, self._run_id, self._folder)


class _ViewTag:
    """The tag of an experiment that holds our view."""

    def __init__(self, adapter: DatabaseAdapter, experiment_id: int) -> None:
        self._adapter = adapter
        self._experiment_id = experiment_id

    def read(self) -> str:
        return self._adapter.view_tag(self._experiment_id)

    def write(self, value: str) -> None:
        self._adapter.change_view_tag(self._experiment_id, value)

    def delete(self) -> None:
        self._adapter.change_view_tag(self._experiment_id, None)


def _experiments(connection: sa.Connection) -> dict[str, str]:
    statement = sa.select(EXPERIMENTS.c.experiment_id, EXPERIMENTS.c.name).where(
        EXPERIMENTS.c.lifecycle_stage == "active"
    )
    # A name that is not a text cannot be asked for, but its runs are among all.
    return {
        str(key): name if isinstance(name, str) else f"experiment {key}" for key, name in rows(connection, statement)
    }


def _run(record: Record, points: Mapping[str, Points] | Failure, folder: Path | None) -> Run | Failure:
    if isinstance(points, Failure):
        return points
    return record.run(curves(points), read_extras(at_address(record.artifact_uri, record.id, folder), record))


def _folder(url: sa.URL) -> Path:
    """Folder in which an SQLite file lies; relative addresses of artifacts start there."""
    path = url.database or ""
    if url.host or not path:
        meant = f"{url.host}/{path}".rstrip("/") if url.host else "mlflow.db"
        given = f"{url.host or ''}/{path}".rstrip("/")
        raise TrackerError(f"sqlite://{given} names no file: use sqlite:///{meant} (three slashes)")
    if not Path(path).is_file():
        raise TrackerError(f"no MLflow database at {path}: check the tracking URI (MLFLOW_TRACKING_URI)")
    return Path(path).resolve().parent


def _can_be_asked_for(run_id: Any) -> bool:
    """Whether a driver takes this as the id of a run: SQLite's tables hold anything, and no driver sends it all."""
    return isinstance(run_id, str) and "\0" not in run_id and well_formed(run_id) == run_id


def _packed(ids: Sequence[str], counts: Mapping[str, int]) -> Iterator[list[str]]:
    """Batches of runs that hold about as many points as may be in memory at once; a longer run is one by itself."""
    batch: list[str] = []
    points = 0
    for run_id in ids:
        count = counts.get(run_id, 0)
        if batch and points + count > _POINTS_A_BATCH:
            yield batch
            batch, points = [], 0
        batch.append(run_id)
        points += count
    if batch:
        yield batch
