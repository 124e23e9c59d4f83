"""Metric histories of many runs over HTTP, in as few requests as the server allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from tracker_diag.adapters.base import Failure
from tracker_diag.adapters.mlflow.curves import Points
from tracker_diag.adapters.mlflow.http import Http, RefusedError

RunPoints = dict[str, Points]

_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
_SINGLE = "/api/2.0/mlflow/metrics/get-history"
_MOST_POINTS = 25_000  # the server's limit for a whole bulk answer; it cuts there without a word
_POINTS_A_PAGE = 25_000
_EVERYONES = (401, 429, 502, 503, 504)  # answers that concern the server as a whole, not one run
_RUN = itemgetter("run_id")


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
        """
        if not self._bulk:
            return {run: self._one(run, wanted[run]) for run in wanted}, set()
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
                self._bulk = False
                return self.load(wanted, names)
            if refusal.status in _EVERYONES:
                raise
            if len(wanted) == 1:
                return {run: Failure(run, str(refusal)) for run in wanted}, set()
            # One of them cannot be read: find out which, and load the others.
            return {run: self.load({run: wanted[run]}, names)[0][run] for run in wanted}, set()
        return dict(found), rest

    def _ask(self, runs: Sequence[str], name: str) -> tuple[dict[str, Points], list[str]]:
        """One bulk request: the runs that are complete, and those to ask for again, in the order asked."""
        params = [("metric_key", name), ("max_results", str(_MOST_POINTS)), *(("run_id", run) for run in runs)]
        rows: list[dict[str, Any]] = self._http.json("GET", _BULK, params=params).get("metrics", [])
        answered = {run: _points(list(group)) for run, group in groupby(rows, key=_RUN)}
        if len(rows) < _MOST_POINTS:
            return answered, []
        answered.pop(rows[-1]["run_id"])
        return answered, [run for run in runs if run not in answered]

    def _one(self, run: str, names: Collection[str]) -> RunPoints | Failure:
        """All metrics of one run, one request each: for servers without the bulk endpoint."""
        try:
            return {name: self._paged(run, name) for name in names}
        except RefusedError as refusal:
            return Failure(run, str(refusal))

    def _paged(self, run: str, name: str) -> Points:
        pages: list[Points] = []
        token = ""
        while True:
            params = [("run_id", run), ("metric_key", name), ("max_results", str(_POINTS_A_PAGE))]
            answer = self._http.json("GET", _SINGLE, params=[*params, ("page_token", token)] if token else params)
            pages.append(_points(answer.get("metrics", [])))
            token = answer.get("next_page_token", "")
            if not token:
                break
        return Points(
            *(
                np.concatenate([getattr(page, column) for page in pages])
                for column in ("steps", "values", "milliseconds")
            )
        )


def _points(rows: Sequence[Mapping[str, Any]]) -> Points:
    # Protobuf leaves out zeros on some servers, and writes int64 and NaN as texts.
    return Points(
        np.array([row.get("step", 0) for row in rows], dtype=np.float64),
        np.array([row.get("value", 0.0) for row in rows], dtype=np.float64),
        np.array([row.get("timestamp", 0) for row in rows], dtype=np.float64),
    )
