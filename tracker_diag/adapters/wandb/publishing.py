"""What a sweep found, as one artifact of type ``diagnosis``, on a run of its own: no user's run is opened for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from tempfile import TemporaryDirectory
from typing import Any

import wandb

from tracker_diag.adapters.wandb import private
from tracker_diag.adapters.wandb.server import Project, RunPath, Server

JOB_TYPE = "diagnosis"


def publish(server: Server, project: Project, diagnoses: Iterable[Mapping[str, Any]]) -> str:
    """Log ``diagnoses.jsonl``, one diagnosis a line, and wait until the server has it.

    Returns
    -------
    str
        The run that holds it.

    Raises
    ------
    TrackerError
        If the server refuses it.
    """
    settings = wandb.Settings(
        silent=True, console="off", disable_git=True, disable_code=True, x_disable_stats=True, x_disable_meta=True
    )
    artifact = wandb.Artifact("diagnosis", type=JOB_TYPE)
    try:
        # WANDB_RUN_ID, which a user's environment may hold, must not open the user's run; nor is one that is open in
        # this process to be ended.
        with (
            TemporaryDirectory(prefix="tracker-diag-") as folder,
            wandb.init(
                entity=project.entity,
                project=project.name,
                id=private.new_run_id(),
                resume="never",
                job_type=JOB_TYPE,
                reinit="create_new",
                mode="online",
                dir=folder,
                settings=settings,
            ) as run,
        ):
            with artifact.new_file("diagnoses.jsonl") as file:
                file.writelines(json.dumps(dict(diagnosis)) + "\n" for diagnosis in diagnoses)
            run.log_artifact(artifact)
        # It is known by now; that it was refused comes as a ValueError.
        artifact.wait(timeout=int(private.TIMEOUT))
    except (*private.FAILURES, wandb.Error, TimeoutError, ValueError) as error:
        raise server.explain(private.core_error(error), f"artifact of {project}") from None
    return str(RunPath(project, run.id))
