"""What training code left among the artifacts of a run, as far as a diagnosis reads it."""

from __future__ import annotations

from tracker_diag.adapters.base import TrackerError, UnusableStoreError
from tracker_diag.adapters.mlflow.artifacts import Artifacts, GuardedError, warn_once
from tracker_diag.adapters.mlflow.logged_models import read_logged, unreachable
from tracker_diag.adapters.mlflow.record import Extras, Record
from tracker_diag.core import own
from tracker_diag.core.foreign_json import read_json_mapping

_PROFILE = f"{own.FOLDER}/{own.PROFILE}"


def read_extras(artifacts: Artifacts, record: Record) -> Extras:
    """Read dataset profile, model summary and logged model of a run, where there are any.

    One that cannot be read is left out, with a warning in the log, or a note in the model: the curves can be diagnosed
    without it.
    """
    try:
        top = artifacts.names("")
        # Listed, since our own reports are there too, and many servers answer for a missing file as if they failed.
        beside = artifacts.names(own.FOLDER) if own.FOLDER in top else set()
    except TrackerError as error:
        if not isinstance(error, UnusableStoreError) or isinstance(error, GuardedError):
            warn_once(f"artifacts not read: {error}")
        return Extras(model=unreachable(record, error))
    profile = _left(artifacts, _PROFILE) if own.PROFILE in beside else None
    mapping = read_json_mapping(profile)
    if profile is not None and mapping is None:
        warn_once(f"{_PROFILE} is not a JSON object, or nested too deeply: not used")
    summary = _left(artifacts, own.MODEL_SUMMARY) if own.MODEL_SUMMARY in top else None
    text = None if summary is None else summary.decode("utf-8", "replace")
    return Extras(mapping, text, read_logged(artifacts, record, top, text))


def _left(artifacts: Artifacts, path: str) -> bytes | None:
    try:
        return artifacts.read(path)
    except TrackerError as error:
        warn_once(f"artifact not read: {error}")
        return None
