"""Training as users write it: logistic regression logged with wandb; what was logged goes to a file too.

python training.py TRUTH.json RUN …   with RUN one of those below; where it is logged follows from wandb's environment.
"""

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import wandb

PROJECT = "vision"


def train(epochs, rate, seed=0):
    """Yield what one epoch gave: losses, accuracy, gradient."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(200, 5))
    y = (x @ random.normal(size=5) + random.normal(size=200) > 0).astype(float)
    weights = np.zeros(5)
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            raw = x @ weights
            p = 1 / (1 + np.exp(-raw))
            loss = np.mean(np.logaddexp(0, raw) - y * raw, where=np.arange(200) < 150)
            held = np.mean(np.logaddexp(0, raw) - y * raw, where=np.arange(200) >= 150)
            gradient = x[:150].T @ (p - y)[:150] / 150
            yield float(loss), float(held), float(np.mean((p > 0.5) == (y > 0.5))), gradient
            weights = weights - rate * gradient


def healthy(log):
    run = wandb.init(
        project=PROJECT,
        name="healthy",
        id="healthy1",
        tags=["baseline"],
        notes="first try",
        group="ablation",
        job_type="train",
        config={"lr": 0.5, "optimizer": {"name": "sgd", "momentum": 0.9}, "diag/ignore": "no-regularisation"},
    )
    for epoch, (loss, held, accuracy, gradient) in enumerate(train(60, 0.5)):
        row = {"train_loss": loss, "val_loss": held, "val": {"accuracy": accuracy}, "epoch": epoch, "note": "text"}
        if epoch % 10 == 0:
            row["gradients/linear.weight"] = wandb.Histogram(np_histogram=np.histogram(gradient, bins=64))
        log(run, row)
    run.summary["best"] = 0.9
    run.finish()


def diverged(log):
    run = wandb.init(project=PROJECT, name="diverged", id="diverged1", config={"lr": 1e300})
    for loss, held, _, gradient in train(20, 1e300):
        log(run, {"train_loss": loss, "val_loss": held, "grad_norm": float(np.linalg.norm(gradient))})
    log(run, {"train_loss": math.inf, "val_loss": -math.inf})
    log(run, {"train_loss": math.nan, "val_loss": math.nan})
    run.finish(exit_code=1)


def sparse(log):
    run = wandb.init(project=PROJECT, name="sparse", id="sparse1", config={"lr": 0.1})
    for step, (loss, held, _, _) in enumerate(train(100, 0.1)):
        log(run, {"train_loss": loss, **({"val_loss": held} if step % 10 == 0 else {})}, step=1000 + 25 * step)
    run.finish()


def resumed(log):
    for part in range(2):
        run = wandb.init(project=PROJECT, id="resumed1", resume="allow", config={"lr": 0.2, "part": part})
        for loss, held, _, _ in list(train(40, 0.2))[20 * part : 20 * part + 20]:
            log(run, {"train_loss": loss, "val_loss": held})
        run.finish()


def endless(log):
    run = wandb.init(project=PROJECT, name="endless", id="endless1", config={"lr": 0.1})
    for step in range(10**9):
        log(run, {"train_loss": 1 / (1 + step), "val_loss": 2 / (1 + step)})
        time.sleep(0.0005)


def paused(log):
    run = wandb.init(project=PROJECT, name="paused", id="paused1", tags=["long"], config={"lr": 0.1})
    for part in range(2):
        for step in range(50):
            log(run, {"train_loss": 1 / (1 + 50 * part + step)})
        while not part and not Path("go").exists():
            time.sleep(0.05)
    run.finish()


def main():
    path, *names = sys.argv[1:]
    truth = {}

    def log(run, row, **step):
        run.log(row, **step)
        numbers = {k: v for k, v in row.items() if isinstance(v, float | int)}
        if names != ["endless"]:
            truth.setdefault(run.id, []).append({**numbers, "_step": step.get("step", run.step - 1)})

    for name in names:
        globals()[name](log)
    Path(path).write_text(json.dumps(truth))


main()
