"""Train the demo's networks, sweep them with ``--note --view``, and take pictures of what MLflow's pages show then.

Needs Debian's chromium. The pictures are those of docs/how-to/in-mlflow.md.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import mlflow

from scripts.demo_runs import EXPERIMENT, TRAININGS, log
from tests.mlflow_server import serving
from tests.pages import SECONDS, launched

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SHOWN = "digits-overfitting"
SIZE = {"width": 1400, "height": 760}
MINE = "Labels as they came from the second annotator. Compare with the run of last week before using it."
"""A description that the user wrote."""


def main() -> int:
    with TemporaryDirectory() as folder, serving(Path(folder)) as uri:
        client = mlflow.MlflowClient(uri)
        experiment = client.create_experiment(EXPERIMENT)
        ids = {training.name: log(client, experiment, training) for training in TRAININGS}
        client.set_tag(ids[SHOWN], "mlflow.note.content", MINE)
        command = ["sweep", "--experiment", EXPERIMENT, "--note", "--view", "--tracking-uri", uri]
        subprocess.run([sys.executable, "-m", "tracker_diag", *command], check=True)
        of_experiment = f"{uri}/#/experiments/{experiment}/runs"
        run = f"{of_experiment}/{ids[SHOWN]}"
        for browser in launched():
            page = browser.new_page(viewport=SIZE, color_scheme="light")
            page.set_default_timeout(SECONDS)
            show_view(page, f"{of_experiment}?workflowType=machine_learning&viewStateShareKey=tracker-diag")
            take(page, "mlflow-view.png")
            show_note(page, f"{run}?workflowType=machine_learning")
            take(page, "mlflow-note.png")
            show_report(page, f"{run}/artifacts/diagnosis/report.html?workflowType=machine_learning")
            take(page, "mlflow-report.png")
    return 0


def show_view(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".ag-header-cell", has_text="diag.summary").wait_for()
    without_assistant(page)
    page.get_by_role("button", name="Hide banner").click()


def show_note(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_text("Show more").click()
    page.get_by_text("The whole report").scroll_into_view_if_needed()


def show_report(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function("document.querySelector('iframe')")
    page.frame_locator("iframe").locator("svg").first.wait_for()


def without_assistant(page: Page) -> None:
    """Close what a new user is offered at the right; the pages remember it."""
    page.get_by_role("button", name="Close", exact=True).first.click()


def take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(2000)
    page.screenshot(path=IMAGES / name)


if __name__ == "__main__":
    sys.exit(main())
