"""A run as every MLflow store holds it, without its histories."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from tracker_diag.adapters.base import Listing
from tracker_diag.core.foreign_json import read_json
from tracker_diag.core.model import Model
from tracker_diag.core.own import DESCRIPTION
from tracker_diag.core.run import ACTIVE, InvalidRunError, Run, Series

CONTEXT_TAG = "mlflow.data.context"
_PARENT_TAG = "mlflow.parentRunId"
NAME_TAG = "mlflow.runName"
"""What MLflow's SQL stores take for the name of a run: the field is empty in runs from before 1.30."""
_LATEST_TIME = 253_402_300_800_000.0  # milliseconds: the year 10000, which no calendar here can show
_MODEL_ID = re.compile(r"m-\w{1,64}", re.ASCII)
_MOST_MODELS = 100
_LAST_STEP = 2**63


@dataclass(frozen=True, slots=True)
class Extras:
    """What lies among the artifacts of a run.

    Attributes
    ----------
    profile : mapping or None
        Of its data, as the training code logged it.
    model_summary : str or None
        Text.
    model : Model or None
        The network, as far as a logged model describes it.
    """

    profile: Mapping[str, Any] | None = None
    model_summary: str | None = None
    model: Model | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A run's row and what hangs on it.

    Attributes
    ----------
    id, experiment_id : str
        The run's, and that of the experiment it lies in.
    artifact_uri : str
        Where its artifacts lie, or are to lie.
    name : str or None
        What people call the run.
    status : str
        In MLflow's words.
    start, end : float or None
        Milliseconds since the epoch.
    tags, params : mapping of str to str
        As they are stored.
    latest : mapping of str to (float, float)
        Metric name to step and value logged last; system metrics left out.
    datasets : tuple of mappings
        As ``Run.datasets`` has them.
    models : tuple of str
        Ids of the logged models that the run put out, that of the last step last.
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
    models: tuple[str, ...] = ()

    def listing(self, experiment: str) -> Listing:
        """Show the run as a page of a search does, in the experiment of that name.

        Raises
        ------
        InvalidRunError
            If the store holds something that is no run.
        """
        self._check()
        return Listing(
            id=self.id,
            experiment=experiment,
            name=self.name or self.tags.get(NAME_TAG),
            status=self.status,
            start_time=_seconds(self.start),
            end_time=_seconds(self.end),
            tags=self.tags,
            params=self.params,
            latest=self.latest,
            digests=tuple(sorted(str(dataset["digest"]) for dataset in self.datasets)),
            store=self.artifact_uri,
            description=self.tags.get(DESCRIPTION, ""),
        )

    def run(self, metrics: Mapping[str, Series], extras: Extras) -> Run:
        """Join the run with its histories and artifacts.

        Raises
        ------
        InvalidRunError
            If the store holds something that is no run.
        """
        self._check()
        return Run.from_dict(
            {
                "id": self.id,
                "params": self.params,
                "metrics": metrics,
                "status": self.status,
                "tags": self.tags,
                "name": self.name or self.tags.get(NAME_TAG),
                "parent": self.tags.get(_PARENT_TAG),
                "start_time": _seconds(self.start),
                "end_time": _seconds(self.end),
                "datasets": self.datasets,
                "profile": extras.profile,
                "model_summary": extras.model_summary,
                "model": extras.model,
            }
        )

    def _check(self) -> None:
        """Refuse what a store should never hold, before anything rests on it."""
        for field_name in ("id", "artifact_uri", "status"):
            _text(getattr(self, field_name), field_name)
        if self.name is not None:
            _text(self.name, "name")
        for field_name in ("start", "end"):
            time = getattr(self, field_name)
            if time is not None and not (_is_number(time) and abs(time) < _LATEST_TIME):
                raise InvalidRunError(f"{field_name}_time", f"{str(time)[:40]!r} is not a time in milliseconds")
        for field_name in ("tags", "params"):
            for key, value in getattr(self, field_name).items():
                _text(value, f"{field_name}[{_text(key, f'a key of {field_name}')!r}]")
        for key, (step, value) in self.latest.items():
            name = _text(key, "a key of metrics")
            if not (_is_number(step) and _is_number(value)):
                raise InvalidRunError(f"metrics[{name!r}]", "a number is needed")

    @property
    def recency(self) -> tuple[bool, float, str]:
        """Sort key, newest change first: runs that are still going, then by the time they ended."""
        time = self.start if self.status in ACTIVE or self.end is None else self.end
        return (self.status not in ACTIVE, -(time or 0.0), self.id)

    def changed_since(self, seconds: float) -> bool:
        """Whether the run is still going, or started or ended after that time."""
        return self.status in ACTIVE or max(self.start or 0.0, self.end or 0.0) > seconds * 1000.0


def dataset(name: str, digest: str, context: str | None, profile: str | None, schema: str | None) -> Mapping[str, Any]:
    """Describe an input of a run; profile and schema are JSON texts, left as texts where they are not JSON."""
    return {
        "name": name,
        "digest": digest,
        "context": context,
        "profile": _json(profile),
        "schema": _json(schema),
    }


def model_ids(outputs: Iterable[tuple[Any, Any]]) -> tuple[str, ...]:
    """Put the logged models of a run in order.

    Parameters
    ----------
    outputs : iterable of (id, step)
        As a store holds them. What is no id of MLflow's is left out, since it may name a folder of somebody else's; a
        step that is no number is taken for 0, as MLflow takes one that is missing.

    Returns
    -------
    tuple of str
        The ids, by step. No store says which of one step came first: they are in the order of their ids, so that every
        store gives the same.
    """
    known = {
        (step if _is_number(step) and abs(step) < _LAST_STEP else 0, name)
        for name, step in outputs
        if isinstance(name, str) and _MODEL_ID.fullmatch(name)
    }
    return tuple(name for _, name in reversed(nlargest(_MOST_MODELS, known)))


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
        return read_json(text)
    except ValueError:
        return text


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidRunError(where, f"a text is needed, not {type(value).__name__}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
