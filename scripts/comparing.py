"""What the comparison of the runs of one experiment costs, beside listing them.

Fills a real MLflow store with one experiment through SQL, a random grid over seven parameters, and measures in one go:
listing it, comparing every run with all others, and the contrasts of its parameters; and the memory that is added.

    scripts/bench_siblings              5,000 runs, through a server and straight from the database
    scripts/bench_siblings --runs 1000
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import mlflow
import psutil
import sqlalchemy as sa

from scripts.fill_mlflow import fill
from tests.mlflow_server import serving
from tracker_diag.adapters.base import Adapter, Listing, Query
from tracker_diag.cli.connect import connected, place
from tracker_diag.settings.settings import Settings
from tracker_diag.stats.contrasts import contrasts
from tracker_diag.sweeping.siblings import table_of

GRID: dict[str, Sequence[float]] = {
    "lr": (1e-4, 1e-3, 1e-2, 1e-1),
    "hidden": (16, 64, 256),
    "dropout": (0, 0.3, 0.6),
    "weight_decay": (0, 1e-4, 1e-2),
    "layers": (1, 2, 3, 4),
    "batch_size": (16, 32, 64, 128),
    "seed": (0, 1, 2, 3, 4),
}


def vary(database: str, ids: Sequence[str]) -> None:
    """Give each run parameters of its own, and a last validation loss that some of them make."""
    rng = random.Random(0)
    engine = sa.create_engine(database)
    with engine.begin() as connection:
        for run in ids:
            values = {name: rng.choice(levels) for name, levels in GRID.items()}
            worse = 0.3 * abs(math.log10(values["lr"]) + 2) + 0.2 * (values["hidden"] == 16) + rng.gauss(0, 0.02)
            for name, value in values.items():
                here = {"value": str(value), "run": run, "name": name}
                connection.execute(sa.text("delete from params where run_uuid = :run and key = :name"), here)
                connection.execute(
                    sa.text("insert into params(key, value, run_uuid) values (:name, :value, :run)"), here
                )
            connection.execute(
                sa.text("update latest_metrics set value = value + :worse where run_uuid = :run and key = 'val_loss'"),
                {"worse": worse, "run": run},
            )
    engine.dispose()


def measure(adapter: Adapter) -> str:
    """One row: seconds for listing, comparing and contrasts, their ratio, and MB."""
    start = time.perf_counter()
    listings = [x for x in adapter.list_runs(Query(("bench",))) if isinstance(x, Listing)]
    listed = time.perf_counter()
    before = psutil.Process().memory_info().rss
    table = table_of(listings, Settings())
    compared = [table.compare(listing.id) for listing in listings]
    done = time.perf_counter()
    group = table.groups[0]
    parameters = {name: [run.params.get(name) for run in group.runs] for name in (*GRID, "epochs")}
    contrasts(parameters, group.values, ["seed"])
    end = time.perf_counter()
    more = (psutil.Process().memory_info().rss - before) / 1e6
    assert all(found is not None and found.best is not None for found in compared)
    took = (listed - start, done - listed, end - done)
    return " | ".join((*(f"{x:.2f}" for x in took), f"{(end - listed) / (listed - start):.2f}", f"{more:.0f}"))


def main() -> None:
    """Read the options, fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5000, help="runs of the experiment (default 5000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = f"sqlite:///{folder / 'mlflow.db'}"
        experiment = mlflow.MlflowClient(database).create_experiment("bench")
        print(f"filling {options.runs} runs", file=sys.stderr)
        vary(database, fill(database, experiment, (folder / "artifacts").as_uri(), options.runs, points=20))
        print("| read through | list, s | compare all, s | contrasts, s | compare and contrasts / list | MB more |")
        print("| --- | --- | --- | --- | --- | --- |")
        with serving(folder) as server:
            for kind, address in (("server", server), ("database", database)):
                with connected(place("mlflow", address, ()), "diag.") as adapter:
                    measure(adapter)
                    print(f"| {kind} | {measure(adapter)} |", flush=True)


if __name__ == "__main__":
    main()
