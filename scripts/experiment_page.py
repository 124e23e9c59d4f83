"""Train a small experiment into a temporary MLflow, and take the pictures for docs/how-to/experiment.md.

Needs Debian's chromium. The trainings, their curves and how long they took are real; only when each began is moved, so
that they do not all lie within one hour.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# One thread: matrices this small are slower on several.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_LOGGING_LEVEL": "ERROR", "GIT_PYTHON_REFRESH": "quiet"}

import mlflow
from mlflow.entities import Metric, Param
from playwright.sync_api import sync_playwright
from sklearn.neural_network import MLPClassifier

from scripts.demo_runs import Training, data, metrics
from tests.mlflow_server import serving

EXPERIMENT = "digits: rate, width, weight decay"
IMAGES = Path(__file__).parents[1] / "docs" / "images"
RATES, WIDTHS, DECAYS, EXAMPLES, SEEDS = (1e-4, 1e-3, 1e-2, 0.3), (8, 64), (1e-4, 1.0), (200, 1200), (0, 1)
EPOCHS, BATCH = 40, 32
APART = 3 * 3600.0
"""Seconds between the beginnings of two runs, as they are logged."""


def log(client: mlflow.MlflowClient, experiment: str, params: dict[str, Any], seed: int, began: float) -> None:
    """Train one network into a run that began at a moment."""
    given = data(Training("", "", (), (), "digits", params["n_train"], 500, EPOCHS))
    network = MLPClassifier(
        random_state=seed,
        hidden_layer_sizes=(params["hidden_units"],),
        learning_rate_init=params["learning_rate"],
        alpha=params["weight_decay"],
        batch_size=BATCH,
    )
    start, rows = time.monotonic(), []
    for epoch in range(1, EPOCHS + 1):
        network.partial_fit(given.x, given.y, classes=given.classes)
        moment = int((began + time.monotonic() - start) * 1000)
        rows += [Metric(name, float(value), moment, epoch) for name, value in metrics(network, given).items()]
    name = "lr{learning_rate:g}-w{hidden_units}-wd{weight_decay:g}-n{n_train}".format(**params)
    run = client.create_run(experiment, start_time=int(began * 1000), run_name=f"{name}-s{seed}").info.run_id
    known = params | {"seed": seed, "optimizer": "adam", "batch_size": BATCH, "epochs": EPOCHS, "n_classes": 10}
    client.log_batch(run, metrics=rows, params=[Param(key, str(value)) for key, value in known.items()])
    client.set_terminated(run, end_time=rows[-1].timestamp)


def train(server: str) -> None:
    """Train every combination of the parameters."""
    client = mlflow.MlflowClient(server)
    experiment = client.create_experiment(EXPERIMENT)
    cells = list(itertools.product(RATES, WIDTHS, DECAYS, EXAMPLES, SEEDS))
    first = time.time() - APART * len(cells)
    for place, (rate, width, decay, examples, seed) in enumerate(cells):
        params = {"learning_rate": rate, "hidden_units": width, "weight_decay": decay, "n_train": examples}
        log(client, experiment, params, seed, first + APART * place)


def photograph(page: Path) -> None:
    """Take one picture of the upper part in light colours, and one of the table in dark ones."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme, width, part in (("light", 1100, "main"), ("dark", 715, "#runs-heading")):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            shown = context.new_page()
            shown.goto(page.as_uri())
            if part == "main":
                height = shown.locator("#runs-heading").evaluate("e => e.getBoundingClientRect().top + scrollY")
                shown.set_viewport_size({"width": width, "height": int(height)})
            else:
                shown.get_by_role("button", name="outcome").click()
                # Beside the names, which stay: the outcomes and the parameters.
                shown.locator("#box").evaluate(
                    "b => { const [box, name, outcome] = [b, b.querySelector('.c3'), b.querySelector('.c5')]"
                    ".map(e => e.getBoundingClientRect()); b.scrollLeft = outcome.left - box.left - name.width }"
                )
                shown.locator(part).evaluate("e => window.scrollTo(0, e.getBoundingClientRect().top + scrollY - 16)")
            shown.screenshot(path=IMAGES / f"experiment-{scheme}.png")
            context.close()
        browser.close()


def main() -> None:
    with TemporaryDirectory() as name, warnings.catch_warnings():
        # Networks that do not converge are the point here.
        warnings.simplefilter("ignore")
        folder = Path(name)
        with serving(folder) as server:
            train(server)
            scope = ["--experiment", EXPERIMENT, "--tracking-uri", server]
            for words in (["sweep", *scope], ["report", *scope, "-o", str(folder / "page.html")]):
                subprocess.run([sys.executable, "-m", "tracker_diag", *words], check=True)
        photograph(folder / "page.html")


if __name__ == "__main__":
    main()
