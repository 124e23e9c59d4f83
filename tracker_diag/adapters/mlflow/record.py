"""A run as every MLflow store holds it, without its histories."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tracker_diag.adapters.base import Listing
from tracker_diag.core.run import Run, Series

CONTEXT_TAG = "mlflow.data.context"
_PARENT_TAG = "mlflow.parentRunId"
_NAME_TAG = "mlflow.runName"
_ACTIVE = ("RUNNING", "SCHEDULED")


@dataclass(frozen=True, slots=True)
class Record:
    """A run's row and what hangs on it.

    Attributes
    ----------
    start, end : float or None
        Milliseconds since the epoch.
    latest : mapping of str to (float, float)
        Metric name to step and value logged last; system metrics left out.
    """

    id: str
    experiment_id: str
    artifact_uri: str
    name: str | None
    status: str
    start: float | None
    end: float | None
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    latest: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    datasets: tuple[Mapping[str, Any], ...] = ()

    def listing(self, experiment: str) -> Listing:
        """Show the run as a page of a search does, in the experiment of that name."""
        return Listing(
            id=self.id,
            experiment=experiment,
            name=self.name or self.tags.get(_NAME_TAG),
            status=self.status,
            start_time=_seconds(self.start),
            end_time=_seconds(self.end),
            tags=self.tags,
            params=self.params,
            latest=self.latest,
            digests=tuple(sorted(str(dataset["digest"]) for dataset in self.datasets)),
        )

    def run(self, metrics: Mapping[str, Series], profile: Mapping[str, Any] | None, model_summary: str | None) -> Run:
        """Join the run with its histories and artifacts.

        Raises
        ------
        InvalidRunError
            If the store holds something that is no run.
        """
        return Run.from_dict(
            {
                "id": self.id,
                "params": self.params,
                "metrics": metrics,
                "status": self.status,
                "tags": self.tags,
                "name": self.name or self.tags.get(_NAME_TAG),
                "parent": self.tags.get(_PARENT_TAG),
                "start_time": _seconds(self.start),
                "end_time": _seconds(self.end),
                "datasets": self.datasets,
                "profile": profile,
                "model_summary": model_summary,
            }
        )

    @property
    def recency(self) -> tuple[bool, float, str]:
        """Sort key, newest change first: runs that are still going, then by the time they ended."""
        time = self.start if self.status in _ACTIVE or self.end is None else self.end
        return (self.status not in _ACTIVE, -(time or 0.0), self.id)

    def changed_since(self, seconds: float) -> bool:
        """Whether the run is still going, or started or ended after that time."""
        return self.status in _ACTIVE or max(self.start or 0.0, self.end or 0.0) > seconds * 1000.0


def dataset(name: str, digest: str, context: str | None, profile: str | None, schema: str | None) -> Mapping[str, Any]:
    """Describe an input of a run; profile and schema are JSON texts, left as texts where they are not JSON."""
    return {
        "name": name,
        "digest": digest,
        "context": context,
        "profile": _json(profile),
        "schema": _json(schema),
    }


def batches(items: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    """Cut a sequence into parts of at most that size."""
    return (items[start : start + size] for start in range(0, len(items), size))


def _seconds(milliseconds: float | None) -> float | None:
    # FileStore writes 0, and some clients -1, where a time is not known.
    return milliseconds / 1000.0 if milliseconds and milliseconds > 0 else None


def _json(text: str | None) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
