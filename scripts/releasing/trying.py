"""Tries an installed tracker-diag from a folder of its own, as somebody would who knows nothing of this repository."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.releasing.steps import StepError, run

CURVES = "epoch,train_loss,val_loss\n" + "".join(
    f"{epoch},{2 / epoch:.4f},{2 / epoch + 0.002 * epoch**2:.4f}\n" for epoch in range(1, 31)
)
"""Validation gets worse from epoch 8 on while training gets better."""

LOG_RUNS = """
import pathlib, sys, mlflow
from mlflow.entities import Metric
client = mlflow.MlflowClient(sys.argv[1])
experiment = client.create_experiment("trial", artifact_location=pathlib.Path("artifacts").resolve().as_uri())
for name, rise in {"sound": 0, "overfits": 0.002}.items():
    run = client.create_run(experiment, run_name=name).info.run_id
    rows = [(e, 2 / e, 2 / e + rise * e**2) for e in range(1, 31)]
    client.log_batch(run, [Metric("train_loss", t, 1_700_000_000_000 + e, e) for e, t, _ in rows])
    client.log_batch(run, [Metric("val_loss", v, 1_700_000_000_000 + e, e) for e, _, v in rows])
    client.set_terminated(run)
"""

CELL = """
import csv, tracker_diag
rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(open("curves.csv"))]
print(tracker_diag.diagnose({name: [row[name] for row in rows] for name in rows[0]})._repr_html_())
"""

EXTRAS = {
    "dask": ("sweep", "--all", "--force", "--engine", "dask"),
    "mcp": ("mcp",),
    "notify": ("sweep", "--all", "--notify", "json://127.0.0.1:9"),
    "tensorboard": ("diagnose", "events.out.tfevents.1.x"),
}
"""Extras that nothing else installs, each with a command that needs it."""


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with tracker-diag, and an empty folder to work in."""

    environment: Path
    folder: Path

    def run(self, program: str, *words: str, code: int = 0) -> tuple[str, str]:
        """Give what a program of the environment prints, on both streams."""
        known = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "MLFLOW_", "WANDB_"))}
        done = run(
            self.environment / "bin" / program, *words, cwd=self.folder, code=code, env={**known, "COLUMNS": "120"}
        )
        return done.stdout, done.stderr


def expect(holds: bool, what: str, said: str) -> None:
    """Fail, with what was said, where something does not hold.

    Raises
    ------
    StepError
        If it does not hold.
    """
    if not holds:
        raise StepError(f"{what}\n{said}")


def trials(at: Installed, version: str) -> Iterator[str]:
    """Try what a first user does; gives a word for each thing that went well.

    Raises
    ------
    StepError
        If something did not.
    """
    said, _ = at.run("python", "-c", "import tracker_diag; print(tracker_diag.__file__)")
    expect(Path(said.strip()).is_relative_to(at.environment), "another tracker_diag is imported", said)
    said, _ = at.run("tracker-diag", "--version")
    expect(said == f"tracker-diag {version}\n", "another version", said)
    yield "--version"
    said, _ = at.run("tracker-diag", "--help")
    expect(all(word in said for word in ("diagnose", "sweep", "rules")), "commands are missing in the help", said)
    yield "--help"
    said, _ = at.run("tracker-diag", "rules")
    expect("overfitting" in said and len(re.findall(r"\b[A-Z]{2}\d{3}\b", said)) > 80, "rules are missing", said)
    yield "rules"
    (at.folder / "curves.csv").write_text(CURVES)
    said, _ = at.run("tracker-diag", "diagnose", "curves.csv")
    expect("overfitting" in said, "a CSV gets another verdict", said)
    yield "CSV"
    yield from _sweep(at)
    yield from _extras(at)


def _sweep(at: Installed) -> Iterator[str]:
    store = f"sqlite:///{at.folder / 'mlflow.db'}"
    at.run("python", "-c", LOG_RUNS, store)
    said, _ = at.run("tracker-diag", "sweep", "--experiment", "trial", "--tracking-uri", store)
    expect("overfitting" in said and "overfits" in said, "the sweep finds something else", said)
    yield "sweep"
    pages = list((at.folder / "artifacts").rglob("report.html"))
    expect(len(pages) == 1, "there is another number of HTML reports than the one of the run that overfits", str(pages))
    page = pages[0].read_text(encoding="utf-8")
    expect("</html>" in page and "overfitting" in page, "the HTML report is not whole", page[:1000])
    report = json.loads(pages[0].with_name("report.json").read_text(encoding="utf-8"))
    expect(report["verdict"] == "overfitting", "report.json has another verdict", str(report["verdict"]))
    yield "report"
    said, _ = at.run("python", "-c", CELL)
    expect("overfitting" in said and "<svg" in said, "a notebook's cell shows something else", said[:1000])
    yield "notebook cell"
    at.run("tracker-diag", "report", "--experiment", "trial", "--tracking-uri", store, "--output", "trial.html")
    page = (at.folder / "trial.html").read_text(encoding="utf-8")
    expect("</html>" in page and "<script" in page, "the page of the experiment is not whole", page[:1000])
    yield "experiment page"


def _extras(at: Installed) -> Iterator[str]:
    (at.folder / "events.out.tfevents.1.x").touch()
    store = f"sqlite:///{at.folder / 'mlflow.db'}"
    for extra, words in EXTRAS.items():
        where = () if words[0] == "diagnose" else ("--tracking-uri", store)
        _, said = at.run("tracker-diag", *words, *where, code=2)
        told = said.startswith("error: ") and said.count("\n") == 1 and f"pip install 'tracker-diag[{extra}]'" in said
        expect(told, f"no single line says how to install the extra {extra}", said)
    yield "extras"
