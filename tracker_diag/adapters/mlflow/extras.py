"""What training code left among the artifacts of a run, as far as a diagnosis reads it."""

from __future__ import annotations

from typing import Any

from tracker_diag.adapters.base import TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow.artifacts import Artifacts, GuardedError, warn_once
from tracker_diag.adapters.mlflow.logged_models import read_logged, unreachable
from tracker_diag.adapters.mlflow.record import Extras, Record
from tracker_diag.core import own
from tracker_diag.core.foreign_json import read_json_mapping
from tracker_diag.core.model import described_in
from tracker_diag.models.merged import merged

_PROFILE, _MODEL = (f"{own.FOLDER}/{name}" for name in own.LEFT)


def read_extras(artifacts: Artifacts, record: Record) -> Extras:
    """Read dataset profile, model summary, and logged or described model of a run, where there are any.

    One that cannot be read is left out, with a warning in the log, or a note in the model: the curves can be diagnosed
    without it.
    """
    try:
        top = artifacts.names("")
        # Listed, since our own reports are there too, and many servers answer for a missing file as if they failed.
        beside = artifacts.names(own.FOLDER) if own.FOLDER in top else set()
    except TrackerError as error:
        if not isinstance(error, UnusableStoreError) or isinstance(error, GuardedError):
            warn_once(f"artifacts could not be read: {error}")
        return Extras(model=unreachable(record, error))
    profile = _mapping(artifacts, _PROFILE) if own.PROFILE in beside else None
    left = described_in(_mapping(artifacts, _MODEL), _MODEL) if own.MODEL in beside else None
    summary = _left(artifacts, own.MODEL_SUMMARY) if own.MODEL_SUMMARY in top else None
    text = None if summary is None else summary.decode("utf-8", "replace")
    return Extras(profile, text, merged([read_logged(artifacts, record, top, text), left]))


def _mapping(artifacts: Artifacts, path: str) -> dict[str, Any] | None:
    content = _left(artifacts, path)
    mapping = read_json_mapping(content)
    if content is not None and mapping is None:
        warn_once(f"{path} is ignored: not a JSON object, or nested too deeply")
    return mapping


def _left(artifacts: Artifacts, path: str) -> bytes | None:
    try:
        return artifacts.read(path)
    except TrackerError as error:
        warn_once(f"an artifact could not be read: {error}")
        return None
