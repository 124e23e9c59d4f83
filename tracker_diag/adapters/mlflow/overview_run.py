"""The run of MLflow that holds the overview of an experiment, through MLflow's own client: the run is ours."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from tracker_diag.adapters.base import AwayError, TrackerError
from tracker_diag.adapters.guard import one_line
from tracker_diag.adapters.mlflow.answer import within
from tracker_diag.adapters.mlflow.artifacts import Artifacts, UnreachableArtifacts
from tracker_diag.adapters.overviews import EXPERIMENT, OVERVIEW, Publication, is_overview, marks
from tracker_diag.core import own

T = TypeVar("T")
_log = logging.getLogger(__name__)
Open = Callable[[str, str], Artifacts]
"""Opens the artifacts of a run by their address and its id, as where its reports go; the run may be yet to be made."""

YET_TO_BE_MADE = "0" * 32
"""Stands for the id of such a run."""
_SECONDS = 120.0  # for all requests that one overview takes
_COUNT = "runs"  # the figure that every step has
_PAGE = 1000
_TOLD = ("MLFLOW_ALLOW_FILE_STORE", "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT")


def publish(
    uri: str,
    publication: Publication,
    prefix: str,
    artifacts: Open,
    below: Callable[[str], str | None] | None = None,
) -> str:
    """Store an overview.

    Parameters
    ----------
    uri : str
        Of the store, as MLflow's client takes it.
    publication : Publication
        What is stored.
    prefix : str
        Of the tags.
    artifacts : Open
        Where the page goes. MLflow's client would make whatever folder an address names.
    below : callable, optional
        Where the artifacts of the experiment of overviews are to lie, by those of the experiment, which have to be in
        reach; None: where the store has them. Not given for a store that has all in reach.

    Raises
    ------
    TrackerError
        If the store refuses, or does not answer, or the page can go nowhere from here; then no run is made.
    """

    def store(client: Any) -> str:
        experiment = _ours(client)
        if experiment is None:
            root = None if below is None else client.get_experiment_by_name(publication.experiment)
            location = None
            if root is not None and below is not None:
                _check(artifacts, root.artifact_location)
                location = below(root.artifact_location)
            experiment = client.create_experiment(EXPERIMENT, artifact_location=location, tags=_marks(prefix))
        runs = _runs(client, experiment, prefix, {publication.experiment})
        if runs:
            run = min(runs, key=lambda run: (run.info.start_time, run.info.run_id))
        else:
            _check(artifacts, client.get_experiment(experiment).artifact_location)
            tags = marks(publication.experiment, prefix)
            run = client.create_run(experiment, run_name=publication.experiment[:250], tags=tags)
        run_id: str = run.info.run_id
        # First: what cannot be stored is no step.
        artifacts(run.info.artifact_uri, run_id).put(
            {f"{own.FOLDER}/{name}": content for name, content in publication.files.items()}
        )
        _count(client, run_id, dict.fromkeys(run.data.metrics, 0.0) | dict(publication.figures))
        client.set_terminated(run_id)
        return run_id

    return _do(uri, store)


def withdraw(uri: str, experiments: Collection[str] | None, prefix: str) -> int:
    """Delete the runs that hold overviews of these experiments, or of all, and the experiment they leave empty.

    Raises
    ------
    TrackerError
        If the store refuses, or does not answer.
    """

    def delete(client: Any) -> int:
        experiment = _ours(client)
        runs = [] if experiment is None else _runs(client, experiment, prefix, experiments)
        for run in runs:
            client.delete_run(run.info.run_id)
        if runs and experiment is not None:
            _delete_if_ours_alone(client, experiment, prefix)
        return len(runs)

    return _do(uri, delete)


def _do(uri: str, work: Callable[[Any], T]) -> T:
    from mlflow import MlflowClient

    try:
        with _environment():
            return within(_SECONDS, lambda: work(MlflowClient(uri)))
    except TrackerError:
        raise
    except TimeoutError:
        raise AwayError(f"the tracker did not store the overview within {_SECONDS:g} s") from None
    # MLflow's client raises its own class, those of requests and SQLAlchemy, and plain ones.
    except Exception as error:
        raise TrackerError(f"the overview could not be stored: {one_line(error)}") from error


def _ours(client: Any) -> str | None:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        return None
    if found.lifecycle_stage == "deleted":
        again = f"mlflow experiments restore --experiment-id {found.experiment_id}"
        raise TrackerError(f"the experiment {EXPERIMENT!r} is deleted: restore it with `{again}`")
    return str(found.experiment_id)


def _runs(client: Any, experiment: str, prefix: str, experiments: Collection[str] | None) -> list[Any]:
    found, token = [], None
    while True:
        page = client.search_runs([experiment], max_results=_PAGE, page_token=token)
        found += [run for run in page if is_overview(run.data.tags, prefix, experiments)]
        token = page.token
        if not token:
            return found


def _marks(prefix: str) -> dict[str, str]:
    """Tags of an experiment that we made; one that somebody else made for us, with a place of its own, has none."""
    return {prefix + own.CONTROL: OVERVIEW}


def _delete_if_ours_alone(client: Any, experiment: str, prefix: str) -> None:
    """Delete the experiment of overviews, where we made it and nothing but deleted overviews lies in it.

    It gets another name first: MLflow keeps what is deleted until ``mlflow gc``, and its name is taken until then.
    """
    from mlflow.entities import ViewType
    from mlflow.exceptions import MlflowException

    if not _marks(prefix).items() <= client.get_experiment(experiment).tags.items():
        return
    page = client.search_runs([experiment], run_view_type=ViewType.ALL, max_results=_PAGE)
    others = [
        run for run in page if not is_overview(run.data.tags, prefix, None) or run.info.lifecycle_stage == "active"
    ]
    if others or page.token:
        return
    try:
        client.rename_experiment(experiment, f"{EXPERIMENT} (removed, {experiment})")
        client.delete_experiment(experiment)
    except MlflowException as error:
        # Whoever may delete runs need not be allowed to delete experiments.
        _log.warning("the empty experiment %s was kept: %s", EXPERIMENT, one_line(error))
        with contextlib.suppress(MlflowException):
            client.rename_experiment(experiment, EXPERIMENT)


def _check(artifacts: Open, location: str) -> None:
    """Raise where the files of a run that is yet to be made in an experiment could not be stored."""
    found = artifacts(address(location), YET_TO_BE_MADE)
    if isinstance(found, UnreachableArtifacts):
        found.names("")


def address(location: str) -> str:
    """Give the address that a run yet to be made would have, by that of its experiment."""
    return f"{location.rstrip('/')}/{YET_TO_BE_MADE}/artifacts"


def _count(client: Any, run_id: str, figures: Mapping[str, float]) -> None:
    from mlflow.entities import Metric

    step = max((point.step for point in client.get_metric_history(run_id, _COUNT)), default=-1) + 1
    now = int(time.time() * 1000)
    client.log_batch(run_id, metrics=[Metric(name, value, now, step) for name, value in figures.items()])


@contextmanager
def _environment() -> Iterator[None]:
    """Have MLflow's client print no addresses, and write to folders, which newer ones do only if they are told to."""
    new = {name: "true" for name in _TOLD if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)
