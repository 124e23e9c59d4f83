"""The run of a W&B project that holds the overview of another project, by wandb's own client: the run is ours."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import wandb

from tracker_diag.adapters.base import TrackerError
from tracker_diag.adapters.overviews import EXPERIMENT, OF, OVERVIEW, Publication
from tracker_diag.adapters.wandb import private
from tracker_diag.adapters.wandb.answers import json_object, part
from tracker_diag.adapters.wandb.history import as_number
from tracker_diag.adapters.wandb.names import Names
from tracker_diag.adapters.wandb.queries import DELETE_RUN
from tracker_diag.adapters.wandb.server import Project, RunPath, Server
from tracker_diag.core import own


def home(project: Project) -> Project:
    """Give the project in which overviews of a project lie: that of the same entity."""
    return Project(project.entity, EXPERIMENT)


def chosen(nodes: Iterable[Any], names: Names, projects: Collection[Project] | None) -> list[Mapping[str, Any]]:
    """Pick the runs that hold overviews of these projects, or of any; they are told by what ``publish`` configured."""
    wanted = None if projects is None else {str(project) for project in projects}
    return [node for node in nodes if (of := _of(node, names)) and (wanted is None or of in wanted)]


def publish(
    server: Server, project: Project, publication: Publication, names: Names, before: Mapping[str, Any] | None
) -> str:
    """Store an overview on the run that held the last one, or on a new one, and wait until the server has it.

    Returns
    -------
    str
        The run.

    Raises
    ------
    TrackerError
        If the server refuses it.
    """
    settings = wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        x_disable_stats=True,
        x_disable_meta=True,
        x_save_requirements=False,
    )
    summary = {} if before is None else json_object(before.get("summaryMetrics"), "summaryMetrics")
    known = [key for key, value in summary.items() if not key.startswith("_") and as_number(value) is not None]
    try:
        # WANDB_RUN_ID, which a user's environment may hold, must not open the user's run; nor is one that is open in
        # this process to be ended.
        with (
            TemporaryDirectory(prefix="tracker-diag-") as folder,
            wandb.init(
                entity=project.entity,
                project=EXPERIMENT,
                id=private.new_run_id() if before is None else part(before, "name", str),
                resume="never" if before is None else "must",
                name=publication.experiment[:128],
                job_type=OVERVIEW,
                config={names.key(own.CONTROL): OVERVIEW, names.key(OF): str(project)},
                reinit="create_new",
                mode="online",
                dir=folder,
                settings=settings,
            ) as run,
        ):
            run.log(dict.fromkeys(known, 0.0) | dict(publication.figures))
            for name, content in publication.files.items():
                place = Path(folder) / own.FOLDER / name
                place.parent.mkdir(exist_ok=True)
                place.write_bytes(content)
                run.save(str(place), base_path=folder, policy="now")
    except (*private.FAILURES, wandb.Error, TimeoutError, ValueError) as error:
        raise server.explain(private.core_error(error), f"overview of {project}") from None
    return str(RunPath(home(project), run.id))


def delete(server: Server, path: RunPath, node: Mapping[str, Any]) -> None:
    """Delete a run that holds an overview.

    Raises
    ------
    TrackerError
        If the server refuses.
    """
    server.change(DELETE_RUN, {"id": part(node, "id", str)}, f"run {path}")


def _of(node: Any, names: Names) -> str:
    """The project whose overview a run holds; empty for any other run."""
    if not isinstance(node, dict) or node.get("jobType") != OVERVIEW:
        return ""
    try:
        config = json_object(node.get("config"), "config")
    except TrackerError:
        # A configuration that cannot be read is none of ours.
        return ""
    values = {key: entry.get("value") for key, entry in config.items() if isinstance(entry, dict)}
    of = values.get(names.key(OF))
    return of if isinstance(of, str) and values.get(names.key(own.CONTROL)) == OVERVIEW else ""
