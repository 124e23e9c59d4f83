"""Addresses of MLflow's own pages, below the server's; MLflow 3 has others for training than for agents."""

from __future__ import annotations

from urllib.parse import quote

from tracker_diag.core.own import FOLDER

_VIEW = "?workflowType=machine_learning"


def of_run(experiment_id: str, run_id: str) -> str:
    """Give the address of a run's page."""
    return _run(experiment_id, run_id) + _VIEW


def of_report(experiment_id: str | None, run_id: str) -> str:
    """Give the address of the page that shows the report of a run; empty where its experiment is not known."""
    return f"{_run(experiment_id, run_id)}/artifacts/{FOLDER}/report.html{_VIEW}" if experiment_id else ""


def of_view(experiment_id: str, name: str) -> str:
    """Give the address of the list of an experiment's runs, as a saved view shows it."""
    return f"#/experiments/{quote(experiment_id, safe='')}/runs{_VIEW}&viewStateShareKey={quote(name, safe='')}"


def _run(experiment_id: str, run_id: str) -> str:
    return f"#/experiments/{quote(experiment_id, safe='')}/runs/{quote(run_id, safe='')}"
