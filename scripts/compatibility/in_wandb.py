"""Logs runs with the wandb client, offline: run by the Python of an old environment, wandb alone in it.

python in_wandb.py log FOLDER RUNS.json
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import wandb


def log(folder: str, path: str) -> None:
    runs = json.loads(Path(path).read_text(encoding="utf-8"))
    for run in runs:
        made = wandb.init(
            project="versions",
            name=run["name"],
            id=f"run{run['number']:02d}",
            config=dict(run["params"]),
            tags=["vision"],
            group="all",
            dir=folder,
            mode="offline",
        )
        # Every third run logs its metrics nested: train_loss as {"train": {"loss": ...}}.
        nested = run["number"] % 3 == 2
        points = max(len(values) for values in run["metrics"].values())
        for step in range(points):
            row = {}
            for key, values in run["metrics"].items():
                if step < len(values):
                    part, _, name = key.partition("_")
                    if nested and name:
                        row.setdefault(part, {})[name] = values[step][1]
                    else:
                        row[key] = values[step][1]
            if nested and step % 10 == 0:
                row["gradients/dense.weight"] = wandb.Histogram([0.0, 0.5, 1.0, 1.0])
            made.log(row, step=step)
        made.finish(exit_code=0 if run["status"] == "FINISHED" else 1)


if __name__ == "__main__":
    os.environ.update(WANDB_SILENT="true", WANDB_DISABLE_GIT="true", WANDB_DISABLE_CODE="true", WANDB_API_KEY="0" * 40)
    log(*sys.argv[2:])
