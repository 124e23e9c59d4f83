"""A run of W&B's public API, held as an object, is read like one that is named."""

from __future__ import annotations

import pytest
import wandb

from tests.adapters.wandb.server import Server
from tracker_diag import diagnose, read


@pytest.mark.usefixtures("account_here")
def test_a_run_of_the_public_api_is_read(server: Server) -> None:
    run = wandb.Api().run("acme/vision/healthy1")
    assert read(run).metrics.keys() == read("acme/vision/healthy1").metrics.keys()
    assert len(read(run).metrics["val_loss"]) == 60
    with pytest.raises(TypeError, match=r"a run object of wandb: read it first with tracker_diag\.read\(run\)"):
        diagnose(run)
