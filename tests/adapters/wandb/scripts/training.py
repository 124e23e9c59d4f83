"""Training as users write it: logistic regression logged with wandb; what was logged goes to a file too.

python training.py TRUTH.json RUN …   with RUN one of those below; where it is logged follows from wandb's environment.
"""

import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import wandb

PROJECT = "vision"
# What wandb.watch made of a network of torch.
NETWORK = Path(__file__).parents[3] / "data" / "models" / "convolutions.graph.json"


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


def scores(epoch):
    """What one epoch gave, nested as users nest it: some of it now and then only, some no number at all."""
    loss, held = 2.3 * math.exp(-0.1 * epoch) + 0.2 + 0.01 * math.sin(7 * epoch), 2.3 * math.exp(-0.1 * epoch) + 0.4
    row = {"train": {"loss": loss, "grad": {"norm": {"mean": loss / 3}}}, "val": {"loss": held}, "epoch": epoch}
    row["lit.eral"] = {"a.b": loss, "c/d": held}
    row["odd"] = {"none": None, "nan": math.nan, "inf": -math.inf, "word": "NaN", "text": "3.5", "list": [1, loss]}
    row["odd"] |= {"flag": epoch % 3 == 0, "empty": {}, "lists": [{"a": 1}], "_own": 1, "large": 2**70}
    row |= {"empty": {}, "_mine": {"x": 1}, "list": [loss]}
    return row


def histogram(middle, width):
    return wandb.Histogram(np_histogram=([1, 5, 9, 2], [middle + width * edge for edge in (-1, -0.5, 0, 0.5, 1)]))


def nested(log):
    run = wandb.init(
        project=PROJECT,
        name="nested",
        id="nested1",
        tags=["baseline", "deep"],
        group="ablation",
        job_type="train",
        config={"lr": 0.1, "model": {"layers": [64, 10], "act": {"name": "relu"}}, "a.b": 1, "empty": {}},
    )
    run.define_metric("epoch")
    run.define_metric("val.*", step_metric="epoch")
    run.define_metric("train.grad.norm.mean", summary="min", step_metric="epoch")
    for epoch in range(40):
        row = scores(epoch)
        if epoch % 3 == 0:
            # The same metric, flat.
            row["train.loss"] = row["train"].pop("loss")
        if epoch % 10 == 0:
            for layer in range(3):
                row[f"gradients/layer{layer}.weight"] = histogram(0.0, 0.5**layer / (1 + epoch))
                row[f"parameters/layer{layer}.weight"] = histogram(0.1, 1.0)
            row["media"] = {"page": wandb.Html("<b>page</b>", inject=False), "count": 3, "of": {"h": histogram(0, 1)}}
        log(run, row)
    run.summary["best"] = {"val": {"loss": 0.4}}
    run.finish()


def parted(log):
    for part in range(2):
        run = wandb.init(project=PROJECT, name="parted", id="parted1", resume="allow", config={"at": {"part": part}})
        for epoch in range(20 * part, 20 * part + 20):
            log(run, {name: scores(epoch)[name] for name in ("train", "val")})
        run.finish()


def cut(log):
    """One that is killed when it has logged this."""
    run = wandb.init(project=PROJECT, name="cut", id="cut1", tags=["baseline"], config={"lr": 0.1})
    for epoch in range(150):
        log(run, {name: scores(epoch)[name] for name in ("train", "val")})
    time.sleep(600)


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


def described(log):
    """One whose network is watched, as torch's is, and that uses artifacts where there is a server to hold them."""
    run = wandb.init(project=PROJECT, name="described", id="described1", config={"lr": 0.1})
    network = json.loads(NETWORK.read_text())
    graph = wandb.Graph(network["format"])
    for node in network["nodes"]:
        graph.add_node(**node)
    run.summary["graph_0"] = graph
    if os.environ.get("WANDB_MODE") != "offline":
        for name, kind in (("train-set", "dataset"), ("words", "dataset"), ("start", "model")):
            artifact = wandb.Artifact(name, type=kind)
            with artifact.new_file("content.txt") as file:
                file.write(name)
            run.use_artifact(artifact)
        run.use_artifact(artifact)
        made = run.log_artifact(wandb.Artifact("validation-set", type="dataset")).wait()
        run.use_artifact(made)
        run.log_artifact(wandb.Artifact("predictions", type="dataset"))
    for loss, held, _, _ in train(20, 0.1):
        log(run, {"train_loss": loss, "val_loss": held})
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
