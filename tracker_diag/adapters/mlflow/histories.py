"""Metric histories of many runs over HTTP, in as few requests as the server allows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from tracker_diag.adapters.base import AwayError, Failure, TrackerError
from tracker_diag.adapters.guard import failure, guarded
from tracker_diag.adapters.mlflow.http import Http, items_under
from tracker_diag.adapters.mlflow.points import Points
from tracker_diag.adapters.mlflow.refusals import RefusedError
from tracker_diag.adapters.paging import Paging
from tracker_diag.stats.arrays import FloatArray

_log = logging.getLogger(__name__)

T = TypeVar("T")
RunPoints = dict[str, Points]

_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
_SINGLE = "/api/2.0/mlflow/metrics/get-history"
_MOST_POINTS = 25_000  # the server's limit for a whole bulk answer; it cuts there without a word
_POINTS_A_PAGE = 25_000
_NOT_THERE = (404, 405, 501)
_ATTEMPTS = 3  # at the bulk endpoint, since there is another
# Runs in a row that the bulk endpoint would not give and the other one did, after which it is not asked again.
_ENOUGH_REFUSALS = 2
_MOST_PAGES = 1000  # of one metric of one run: 25 million points


class Histories:
    """Histories of one server.

    MLflow's bulk endpoint, which its own UI uses, takes one metric and up to 100 runs, answers run by run, and cuts
    silently at 25,000 points: the last run of an answer that long is incomplete, and those behind it are missing.

    Old servers do not know it, and gateways may guard it, as one of the UI's paths, in any way: with an error, a
    redirect, a page. Whatever it fails with, the endpoint for one metric of one run is tried, and if that works, it is
    the one that is asked from then on.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._refused = 0

    def load(
        self, wanted: Mapping[str, Collection[str]], names: Sequence[str]
    ) -> tuple[dict[str, RunPoints | Failure], set[str]]:
        """Load the histories of as many runs as one bulk answer holds.

        Parameters
        ----------
        wanted : mapping of str to collection of str
            Run id to its metric names; at most 100 runs.
        names : sequence of str
            All those metric names. How much of the first one fits into an answer decides how many runs are taken, so it
            should be the longest.

        Returns
        -------
        found : dict of str to (dict of str to Points) or Failure
            Run id to its points by metric, or why they cannot be read.
        rest : set of str
            Runs to be asked for again.

        Raises
        ------
        AwayError
            If the server as a whole is out of reach, or refuses everything.
        """
        if not wanted:
            return {}, set()
        if self._refused >= _ENOUGH_REFUSALS:
            return {run: guarded(run, partial(self._one, run, wanted[run])) for run in wanted}, set()
        loaded = self._try(partial(self._together, wanted, names))
        if not isinstance(loaded, Exception):
            self._refused = 0
            return loaded
        if len(wanted) == 1:
            (run,) = wanted
            return {run: self._instead(run, wanted[run], loaded)}, set()
        # One of them cannot be read, or none in this way: found out run by run, and the others are loaded.
        return {run: self.load({run: wanted[run]}, names)[0][run] for run in wanted}, set()

    def _instead(self, run: str, names: Collection[str], error: Exception) -> RunPoints | Failure:
        """Read one run metric by metric.

        Where that fails as well, the bulk endpoint's error is reported, unless it only says that there is no such
        endpoint.
        """
        points = self._try(partial(self._one, run, names))
        if isinstance(points, Exception):
            told = points if isinstance(error, RefusedError) and error.status in _NOT_THERE else error
            if isinstance(told, AwayError):
                raise told
            return failure(run, told)
        self._refused += 1
        if self._refused == _ENOUGH_REFUSALS:
            _log.info("histories are read one metric at a time, which takes longer: %s", error)
        return points

    @staticmethod
    def _try(read: Callable[[], T]) -> T | Exception:
        # What comes next must not run while an error is being handled: that would become the context of its errors,
        # by which they are told apart.
        try:
            return read()
        except Exception as error:  # noqa: BLE001  whatever it is, it is told in the end, or did not matter
            return error

    def _together(
        self, wanted: Mapping[str, Collection[str]], names: Sequence[str]
    ) -> tuple[dict[str, RunPoints | Failure], set[str]]:
        """Load by bulk requests."""
        found: dict[str, RunPoints] = {run: {} for run in wanted}
        rest: set[str] = set()
        for name in names:
            asked = [run for run in sorted(found) if name in wanted[run]]
            while asked:
                complete, behind = self._ask(asked, name)
                for run, points in complete.items():
                    found[run][name] = points
                if name == names[0] and complete and behind:
                    rest.update(behind)
                    found = {run: points for run, points in found.items() if run not in rest}
                    break
                if behind and not complete:
                    found[behind[0]][name] = self._paged(behind[0], name)
                    behind = behind[1:]
                asked = behind
        return dict(found), rest

    def _ask(self, runs: Sequence[str], name: str) -> tuple[dict[str, Points], list[str]]:
        """One bulk request: the runs that are complete, and those to ask for again, in the order asked."""
        params = [("metric_key", name), ("max_results", str(_MOST_POINTS)), *(("run_id", run) for run in runs)]
        answer = self._http.json("GET", _BULK, params=params, attempts=_ATTEMPTS)
        rows = items_under(answer, "metrics", f"{self._http.name} answered {_BULK}")
        if "metrics" not in answer:  # it is there even if it is empty: somebody else has answered
            raise TrackerError(f"{self._http.name} answered {_BULK} without metrics")
        by_run: dict[str, list[Mapping[str, Any]]] = {}
        for row in _points_of(rows):
            by_run.setdefault(str(row.get("run_id")), []).append(row)
        self._check_runs(by_run.keys(), runs)
        answered = {run: _points(own) for run, own in by_run.items()}
        if len(rows) < _MOST_POINTS:
            # Every run that is asked for has a last value of the metric, and so points.
            if missing := [run for run in runs if run not in answered]:
                raise TrackerError(f"{self._http.name} answered {_BULK} without the points of {len(missing)} runs")
            return answered, []
        answered.pop(rows[-1]["run_id"])
        return answered, [run for run in runs if run not in answered]

    def _check_runs(self, answered: Iterable[Any], asked: Collection[str]) -> None:
        if any(run not in asked for run in answered):
            raise TrackerError(f"{self._http.name} answered with the history of a run that was not asked for")

    def _one(self, run: str, names: Collection[str]) -> RunPoints:
        """All metrics of one run, one request each."""
        return {name: self._paged(run, name) for name in names}

    def _paged(self, run: str, name: str) -> Points:
        pages: list[Points] = []
        seen: set[int] = set()
        paging = Paging(self._http.name)
        token = ""
        while True:
            params = [("run_id", run), ("metric_key", name), ("max_results", str(_POINTS_A_PAGE))]
            answer = self._http.json("GET", _SINGLE, params=[*params, ("page_token", token)] if token else params)
            rows = _points_of(items_under(answer, "metrics", f"{self._http.name} answered {_SINGLE}"))
            # Few servers say whose the points are, and those that do may be believed.
            self._check_runs((row.get("run_id") or run for row in rows), [run])
            page = _points(rows)
            mark = hash(page.steps.tobytes() + page.values.tobytes() + page.milliseconds.tobytes())
            token = paging.next(answer.get("next_page_token"), new=page.steps.size > 0 and mark not in seen)
            seen.add(mark)
            pages.append(page)
            if not token:
                break
            if len(pages) >= _MOST_PAGES:
                raise TrackerError(f"{self._http.name} gives more than {_MOST_PAGES} pages of one metric")
        if not any(page.steps.size for page in pages):
            raise TrackerError(f"{self._http.name} returns no points of {name!r:.100}, although it has a last value")
        return Points(
            *(
                np.concatenate([getattr(page, column) for page in pages])
                for column in ("steps", "values", "milliseconds")
            )
        )


def _points_of(rows: list[Any]) -> list[dict[str, Any]]:
    if not all(isinstance(row, dict) for row in rows):
        raise TrackerError("a point in a metric's history is not a JSON object")
    return rows


def _points(rows: Sequence[Mapping[str, Any]]) -> Points:
    # Protobuf leaves out zeros on some servers, and writes int64 and NaN as texts.
    return Points(_column(rows, "step"), _column(rows, "value"), _column(rows, "timestamp"))


def _column(rows: Sequence[Mapping[str, Any]], key: str) -> FloatArray:
    column = np.array([row.get(key, 0.0) for row in rows], dtype=np.float64)
    if column.ndim != 1:
        raise TrackerError(f"a {key} in a metric's history is not a number")
    return column
