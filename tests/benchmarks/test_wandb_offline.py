"""How fast a transaction log is read: at least 15,000 rows of history a second on one core are wanted."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from wandb.proto import wandb_internal_pb2 as pb

from tracker_diag.adapters.wandb.log import write_log
from tracker_diag.adapters.wandb.segment import read_segment

ROWS = 100_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log as wandb 0.31 writes it: for each row the summary it leads to, and the row, with W&B's own keys."""
    path = tmp_path_factory.mktemp("bench") / "run-bench.wandb"

    def records() -> list[bytes]:
        written = [pb.Record(num=1, run=pb.RunRecord(run_id="bench", project="bench")).SerializeToString()]
        for step in range(ROWS):
            row = {"train_loss": math.exp(-step / 1e4), "val_loss": math.exp(-step / 2e4), "accuracy": step / ROWS}
            row |= {"lr": 0.1 / (1 + step), "grad_norm": math.sin(step)}
            row |= {"_step": step, "_timestamp": 1.7e9 + step, "_runtime": step + 0.123456789}
            summary, history = pb.Record(num=2 * step + 2), pb.Record(num=2 * step + 3)
            for name, value in row.items():
                summary.summary.update.add(nested_key=[name], value_json=json.dumps(value))
                history.history.item.add(nested_key=[name], value_json=json.dumps(value))
            history.history.step.num = step
            written += [summary.SerializeToString(), history.SerializeToString()]
        return written

    write_log(path, records())
    return path


def test_read_speed(benchmark: BenchmarkFixture, log: Path) -> None:
    segment = benchmark.pedantic(read_segment, args=(log,), rounds=3)
    benchmark.extra_info["rows_per_second"] = round(ROWS / benchmark.stats["min"]) if benchmark.enabled else None
    assert len(segment.history) == ROWS
    assert set(segment.history.series()) == {"train_loss", "val_loss", "accuracy", "lr", "grad_norm"}


def test_listing_speed(benchmark: BenchmarkFixture, log: Path) -> None:
    segment = benchmark.pedantic(lambda: read_segment(log, history=False), rounds=3)
    assert segment.summary[("_step",)] == str(ROWS - 1)
