"""Controls with W&B, as users run them; what was said and logged goes to a file.

python wandb_controls.py OUT.json SCENE      with SCENE one of those below.
"""

import json
import sys
from pathlib import Path

import numpy as np
import wandb

from tracker_diag.controls import learning_rate_range, random_input, tiny_subset

DATA = (np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3)


def train(config, data):
    return {"train_loss": [1.1, 0.5, 0.01], "val_loss": [1.1, 0.6, 0.02]}


def alone():
    answer = tiny_subset(train, {"optimizer": {"lr": 0.1}}, DATA, tracker="wandb", of="acme/vision/abc")
    return {"runs": answer.runs, "says": answer.says, "active": wandb.run is not None}


def beside():
    """A run of the user's is open, and training logs by itself."""
    run = wandb.init(project="mine", id="mine1", config={"lr": 0.1})
    run.log({"before": 1.0})

    def logging(config, data):
        wandb.log({"by_itself": 3.0})
        wandb.config["seen"] = True
        return train(config, data)

    answers = [random_input(logging, {"lr": 0.1}, DATA, draws=1), learning_rate_range(logging, {"lr": 0.1}, DATA)]
    wandb.log({"after": 2.0})
    active = wandb.run is run
    run.finish()
    return {"runs": [x for answer in answers for x in answer.runs], "says": answers[1].says, "active": active}


def finishing():
    """Training opens and finishes a run as scripts do."""

    def whole(config, data):
        run = wandb.init(project="theirs", config=config)
        for loss in (1.1, 0.5, 0.01):
            run.log({"train_loss": loss})
        run.finish()
        return {"train_loss": [1.1, 0.5, 0.01]}

    answer = tiny_subset(whole, {"lr": 0.1}, DATA, tracker="wandb")
    return {"runs": answer.runs, "says": answer.says, "active": wandb.run is not None}


def failing():
    def broken(config, data):
        raise RuntimeError("out of memory")

    try:
        tiny_subset(broken, {"lr": 0.1}, DATA, tracker="wandb")
    except RuntimeError as error:
        return {"runs": [], "says": str(error), "active": wandb.run is not None}


Path(sys.argv[1]).write_text(json.dumps(globals()[sys.argv[2]]()))
