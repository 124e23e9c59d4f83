"""``results.csv`` in the layout of Ultralytics: padded names, one row an epoch, ``args.yaml`` beside it."""

from __future__ import annotations

from tests.reading.trained import KEPT
from tracker_diag import read


def test_a_training_is_read_with_its_settings() -> None:
    run = read(KEPT / "ultralytics")
    loss = run.metrics["train/box_loss"]
    assert (run.id, loss.steps.tolist(), loss.values[-1]) == ("ultralytics", [1, 2, 3, 4], 1.09214)
    assert {"val/box_loss", "metrics/mAP50-95(B)", "lr/pg0"} <= set(run.metrics)
    assert loss.seconds is not None
    assert loss.seconds[-1] == 156.443
    assert (run.params["epochs"], run.params["lr0"], run.params["batch"]) == (4, 0.01, 16)
    assert read(KEPT / "ultralytics" / "results.csv").id == "ultralytics"
