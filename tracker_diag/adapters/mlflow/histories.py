"""Metric histories of many runs over HTTP, in as few requests as the server allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from tracker_diag.adapters.base import Failure, TrackerError
from tracker_diag.adapters.guard import guarded
from tracker_diag.adapters.mlflow.curves import Points
from tracker_diag.adapters.mlflow.http import Http, items_under
from tracker_diag.adapters.mlflow.refusals import RefusedError
from tracker_diag.adapters.paging import Paging
from tracker_diag.core.run import FloatArray

RunPoints = dict[str, Points]

_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
_SINGLE = "/api/2.0/mlflow/metrics/get-history"
_MOST_POINTS = 25_000  # the server's limit for a whole bulk answer; it cuts there without a word
_POINTS_A_PAGE = 25_000
_MOST_PAGES = 1000  # of one metric of one run: 25 million points


class Histories:
    """Histories of one server.

    MLflow's bulk endpoint, which its own UI uses, takes one metric and up to 100 runs, answers run by run, and cuts
    silently at 25,000 points: the last run of an answer that long is incomplete, and those behind it are missing.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._bulk = True

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
        rest : set of str
            Runs to be asked for again.

        Raises
        ------
        AwayError
            If the server as a whole is out of reach, or refuses everything.
        """
        if not wanted:
            return {}, set()
        if not self._bulk:
            return {run: guarded(run, partial(self._one, run, wanted[run])) for run in wanted}, set()
        label = next(iter(wanted)) if len(wanted) == 1 else f"{next(iter(wanted))} and {len(wanted) - 1} more"
        loaded = guarded(label, partial(self._together, wanted, names))
        if loaded is None:
            self._bulk = False
            return self.load(wanted, names)
        if not isinstance(loaded, Failure):
            return loaded
        if len(wanted) == 1:
            return {run: Failure(run, loaded.reason) for run in wanted}, set()
        # One of them cannot be read: find out which, and load the others.
        return {run: self.load({run: wanted[run]}, names)[0][run] for run in wanted}, set()

    def _together(
        self, wanted: Mapping[str, Collection[str]], names: Sequence[str]
    ) -> tuple[dict[str, RunPoints | Failure], set[str]] | None:
        """Load by bulk requests; None where the server knows none."""
        found: dict[str, RunPoints] = {run: {} for run in wanted}
        rest: set[str] = set()
        try:
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
        except RefusedError as refusal:
            if refusal.status == 404 and refusal.code != "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return dict(found), rest

    def _ask(self, runs: Sequence[str], name: str) -> tuple[dict[str, Points], list[str]]:
        """One bulk request: the runs that are complete, and those to ask for again, in the order asked."""
        params = [("metric_key", name), ("max_results", str(_MOST_POINTS)), *(("run_id", run) for run in runs)]
        rows = items_under(
            self._http.json("GET", _BULK, params=params), "metrics", f"{self._http.name} answered {_BULK}"
        )
        by_run: dict[str, list[Mapping[str, Any]]] = {}
        for row in _points_of(rows):
            by_run.setdefault(str(row.get("run_id")), []).append(row)
        if not by_run.keys() <= set(runs):
            raise TrackerError(f"{self._http.name} answered with the history of a run that was not asked for")
        answered = {run: _points(own) for run, own in by_run.items()}
        if len(rows) < _MOST_POINTS:
            return answered, []
        answered.pop(rows[-1]["run_id"])
        return answered, [run for run in runs if run not in answered]

    def _one(self, run: str, names: Collection[str]) -> RunPoints:
        """All metrics of one run, one request each: for servers without the bulk endpoint."""
        return {name: self._paged(run, name) for name in names}

    def _paged(self, run: str, name: str) -> Points:
        pages: list[Points] = []
        seen: set[int] = set()
        paging = Paging(self._http.name)
        token = ""
        while True:
            params = [("run_id", run), ("metric_key", name), ("max_results", str(_POINTS_A_PAGE))]
            answer = self._http.json("GET", _SINGLE, params=[*params, ("page_token", token)] if token else params)
            page = _points(_points_of(items_under(answer, "metrics", f"{self._http.name} answered {_SINGLE}")))
            mark = hash(page.steps.tobytes() + page.values.tobytes() + page.milliseconds.tobytes())
            token = paging.next(answer.get("next_page_token"), new=page.steps.size > 0 and mark not in seen)
            seen.add(mark)
            pages.append(page)
            if not token:
                break
            if len(pages) >= _MOST_PAGES:
                raise TrackerError(f"{self._http.name} gives more than {_MOST_PAGES} pages of one metric")
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
