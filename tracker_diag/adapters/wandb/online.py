"""Projects on a W&B server."""

from __future__ import annotations

import contextlib
import heapq
import json
import math
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fnmatch import fnmatchcase
from functools import partial
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

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
from tracker_diag.adapters.closing import Done
from tracker_diag.adapters.guard import guarded
from tracker_diag.adapters.overviews import Publication
from tracker_diag.adapters.paging import Paging
from tracker_diag.adapters.wandb import overview_run, writing
from tracker_diag.adapters.wandb.answers import nodes, optional, part
from tracker_diag.adapters.wandb.names import Names
from tracker_diag.adapters.wandb.private import CoreError
from tracker_diag.adapters.wandb.queries import RUN, RUNS
from tracker_diag.adapters.wandb.reading import changed, listing_of, load_run, whole_runs
from tracker_diag.adapters.wandb.server import Project, RunPath, Server
from tracker_diag.core.controlled import is_ours
from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.run import ACTIVE, Run

_T = TypeVar("_T")
_R = TypeVar("_R")

# Runs a page: each brings its configuration and summary.
PAGE = 50
# Histories fetched at once; more would only make the server ask to slow down.
AT_ONCE = 4
# A run that gives a sign while the pages are read moves to the front and pushes others onto the next page. How many can
# be pushed is bounded by how many runs are being logged to, so that not all names need be kept.
REMEMBERED = 10_000
_COLUMNS = ("verdict", "severity", "cause", "summary")
_WHERE_TO_LOOK = (
    "in W&B: filter runs by tags such as {word}; add columns such as {columns} to the table of runs; "
    "open a report among the run's files, diagnosis/report.html"
)


class OnlineAdapter:
    """Projects on a W&B server.

    Runs are named ``entity/project/run``. Of a diagnosis, ``diag:<verdict>`` and ``diag:<severity>`` become tags of the
    run, all of its tags ``diag/<name>`` in the summary, and its reports files under ``diagnosis/``.

    Parameters
    ----------
    project : str or None
        ``entity/project`` or ``project``, for runs and projects named without one.
    prefix : str
        Of the tags.
    verdicts : frozenset of str
        What a diagnosis may have written as a verdict.

    Raises
    ------
    TrackerError
        If there is no key, the server refuses it, or does not answer.
    """

    def __init__(
        self, project: str | None = None, *, prefix: str = "diag.", verdicts: frozenset[str] = frozenset()
    ) -> None:
        self._server = Server(project)
        self._names = Names(prefix, verdicts)

    def describe(self) -> str:
        """Name the server."""
        return f"W&B at {self._server.shown_url}"

    def list_runs(self, query: Query) -> Iterator[Listing | Failure]:
        """List the runs in the scope, newest sign of life first.

        ``query.filter`` is JSON as ``wandb.Api().runs`` takes it: ``{"config.lr": {"$gt": 0.1}}``.
        """
        if not query.experiments and not query.everything:
            raise QueryError("no runs selected: name a project (patterns allowed), or ask for all")
        try:
            filters = read_json(query.filter) if query.filter.strip() else {}
        except ValueError:
            filters = None
        if not isinstance(filters, dict):
            raise QueryError('a W&B filter is a JSON object such as {"config.lr": {"$gt": 0.1}}')
        streams = [self._list(project, filters, query.since) for project in self._projects(query)]
        merged = heapq.merge(*streams, key=lambda found: -found[0])
        return islice((listing for _, listing in merged), query.limit)

    def load_runs(self, ids: Sequence[str]) -> Iterator[Run | Failure]:
        """Load whole runs, some at once: a request for fifty, and two for each whose exports are complete."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from _ahead(pool, self._load, self._find(ids))

    def find_run(self, run_id: str) -> Listing:
        """Find one run by ``entity/project/run``, or as much of it as the environment does not say."""
        path = self._server.run(run_id)
        return listing_of(path, self._node(path), self._experiment(path.project), self._names)

    def name_filter(self, name: str) -> str:
        """Write the filter for runs of exactly this name."""
        return json.dumps({"display_name": name})

    def write(self, run_id: str, diagnosis: Diagnosis) -> str:
        """Write a diagnosis; W&B has a place for files of every run."""
        writing.write(self._server, self._server.run(run_id), diagnosis, self._names)
        return ""

    def remove(self, run_id: str) -> Removal:
        """Take away all that ``write`` wrote on the run."""
        return writing.remove(self._server, self._server.run(run_id), self._names)

    def delete_control(self, run_id: str) -> bool:
        """Delete a run that a control made."""
        path = self._server.run(run_id)
        node = self._node(path)
        if not is_ours(listing_of(path, node, self._experiment(path.project), self._names).tags):
            return False
        overview_run.delete(self._server, path, node)
        return True

    def publish(self, publication: Publication) -> str:
        """Store the overview of a project, in the project ``tracker-diag`` of its entity."""
        project = self._server.project(publication.experiment)
        before = next((node for _, node in self._overviews([project])), None)
        return overview_run.publish(self._server, project, publication, self._names, before)

    def overviews(self, experiments: Collection[str] | None) -> tuple[str, ...]:
        """List the runs that hold overviews; of all: those of one's own entity."""
        return tuple(str(path) for path, _ in self._overviews(self._named(experiments)))

    def withdraw(self, experiments: Collection[str] | None) -> int:
        """Delete the runs that hold overviews; of all: those of one's own entity."""
        found = self._overviews(self._named(experiments))
        for path, node in found:
            overview_run.delete(self._server, path, node)
        return len(found)

    def link(self, listing: Listing) -> str:
        """Give the address of the run's page."""
        path = self._server.run(listing.id)
        parts = (path.project.entity, path.project.name, "runs", path.run)
        return self._server.app_url + "/".join(quote(part, safe="") for part in parts)

    def closing(self, done: Done) -> tuple[str, ...]:
        """Say where W&B shows the answers, after a first sweep."""
        words, keys = self._names.words({"verdict": "overfitting"}), map(self._names.key, _COLUMNS)
        return (_WHERE_TO_LOOK.format(word=words[0], columns=", ".join(keys)),) if done.first else ()

    def close(self) -> None:
        """Nothing is kept open: wandb-core is shared with the rest of the process, and ends with it."""

    def _node(self, path: RunPath) -> Mapping[str, Any]:
        project = optional(self._server.ask(RUN, path.variables, str(path)), "project", dict)
        node = None if project is None else optional(project, "run", dict)
        if node is None:
            raise UnknownRunError(f"{self.describe()} has no run {path}: check the ID")
        if node.get("name") != path.run:
            raise TrackerError(f"{self.describe()} answered with another run than {path}")
        return node

    def _named(self, experiments: Collection[str] | None) -> list[Project] | None:
        return None if experiments is None else [self._server.project(name) for name in experiments]

    def _overviews(self, projects: Sequence[Project] | None) -> list[tuple[RunPath, Mapping[str, Any]]]:
        own = [Project(self._server.entity, "")] if projects is None else projects
        found: list[tuple[RunPath, Mapping[str, Any]]] = []
        for home in dict.fromkeys(overview_run.home(project) for project in own):
            with contextlib.suppress(UnknownRunError):
                mine = overview_run.chosen(self._nodes(home), self._names, projects)
                found += [(RunPath(home, _name(node)), node) for node in mine]
        return found

    def _nodes(self, project: Project) -> Iterator[Any]:
        cursor, paging = None, Paging(self.describe())
        while True:
            page = self._runs(project, {}, cursor)
            here = nodes(page)
            yield from here
            info = part(page, "pageInfo", dict)
            more = part(info, "endCursor", str) if info.get("hasNextPage") else None
            cursor = paging.next(more, new=bool(here))
            if not cursor:
                return

    def _experiment(self, project: Project) -> str:
        # As W&B itself does, the entity is named only where it is not one's own.
        return project.name if project.entity == self._server.entity else str(project)

    def _projects(self, query: Query) -> Iterable[Project]:
        if query.everything:
            return list(self._server.projects())
        plain = [name for name in query.experiments if not any(letter in name for letter in "*?[")]
        patterns = [name for name in query.experiments if name not in plain]
        chosen = [self._server.project(name) for name in plain]
        if patterns:
            chosen += [
                project
                for project in self._server.projects()
                if any(fnmatchcase(project.name, p) or fnmatchcase(str(project), p) for p in patterns)
            ]
        return dict.fromkeys(chosen)

    def _list(
        self, project: Project, filters: Mapping[str, Any], since: float | None
    ) -> Iterator[tuple[float, Listing | Failure]]:
        seen: deque[str] = deque(maxlen=REMEMBERED)
        known: set[str] = set()
        number = 0
        # Runs that cannot be read keep their place among the others.
        sign = math.inf
        paging = Paging(self.describe())
        cursor = None
        while True:
            page = self._runs(project, filters, cursor)
            new = False
            for node in nodes(page):
                number += 1
                name = _name(node)
                if name in known:
                    continue
                if name:
                    new = True
                    if len(seen) == REMEMBERED:
                        known.discard(seen[0])
                    seen.append(name)
                    known.add(name)
                path = RunPath(project, name or f"run {number} of the list")
                found = guarded(str(path), partial(self._sign_and_listing, path, node))
                if isinstance(found, Failure):
                    yield sign, found
                    continue
                sign, listing = found
                if since is not None and sign <= since and listing.status not in ACTIVE:
                    return
                yield sign, listing
            info = part(page, "pageInfo", dict)
            cursor = paging.next(part(info, "endCursor", str) if info.get("hasNextPage") else None, new=new)
            if not cursor:
                return

    def _sign_and_listing(self, path: RunPath, node: Any) -> tuple[float, Listing]:
        part(node, "name", str)
        return changed(node), listing_of(path, node, self._experiment(path.project), self._names)

    def _runs(self, project: Project, filters: Mapping[str, Any], cursor: str | None) -> Mapping[str, Any]:
        found = optional(self._page(project, filters, cursor), "project", dict)
        if found is None:
            raise UnknownRunError(f"{self.describe()} has no project {project}: check the name and the entity")
        return part(found, "runs", dict)

    def _page(self, project: Project, filters: Mapping[str, Any], cursor: str | None) -> Any:
        asked = {
            "entity": project.entity,
            "project": project.name,
            "filters": json.dumps(filters),
            "order": "-heartbeat_at",
            "perPage": PAGE,
            "cursor": cursor,
        }
        try:
            return self._server.core.ask(RUNS, asked)
        except CoreError as error:
            if filters and (error.is_refusal or error.status in (200, 400)):
                raise QueryError(f"{self.describe()} does not understand the filter: {error.brief}") from None
            raise self._server.explain(error, f"project {project}") from None

    def _find(self, ids: Sequence[str]) -> Iterator[tuple[str, RunPath, Mapping[str, Any]] | Failure]:
        wanted: dict[Project, list[tuple[str, RunPath]]] = {}
        for run_id in dict.fromkeys(ids):
            try:
                path = self._server.run(run_id)
            except UnknownRunError as error:
                yield Failure(run_id, str(error))
            else:
                wanted.setdefault(path.project, []).append((run_id, path))
        for project, runs in wanted.items():
            for start in range(0, len(runs), PAGE):
                page = runs[start : start + PAGE]
                found = whole_runs(self._server, project, [path.run for _, path in page])
                by_name = {_name(node): node for node in found}
                for run_id, path in page:
                    node = by_name.get(path.run)
                    if node is None:
                        yield Failure(run_id, f"{self.describe()} has no run {path}: it was deleted, or never existed")
                    else:
                        yield run_id, path, node

    def _load(self, found: tuple[str, RunPath, Mapping[str, Any]] | Failure) -> Run | Failure:
        if isinstance(found, Failure):
            return found
        run_id, path, node = found
        return guarded(run_id, partial(load_run, self._server, path, node, self._names))


def _name(node: Any) -> str:
    """What a run is named by the server, "" where it is not."""
    name = node.get("name") if isinstance(node, dict) else None
    return name if isinstance(name, str) else ""


def _ahead(pool: ThreadPoolExecutor, work: Callable[[_T], _R], items: Iterable[_T]) -> Iterator[_R]:
    """Results in order, with no more work begun ahead of the reader than the pool can do at once."""
    begun: deque[Future[_R]] = deque()
    for item in items:
        begun.append(pool.submit(work, item))
        if len(begun) > AT_ONCE:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()
