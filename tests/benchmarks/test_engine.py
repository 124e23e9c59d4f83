"""What a diagnosis costs: 5 ms of CPU for six curves of 100 points, one second and 500 MB for a million points."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tracker_diag import Run, diagnose
from tracker_diag.core.run import Series


def ordinary(seed: int = 0, n: int = 100) -> Run:
    """Losses, accuracies, learning rate and gradient norm."""
    rng = np.random.default_rng(seed)
    at = np.arange(n)
    loss = np.exp(-at / 12) + 0.1
    curves = {
        "train_loss": loss + 0.01 * rng.standard_normal(n),
        "val_loss": loss + 0.03 + 0.02 * rng.standard_normal(n),
        "train_accuracy": 0.95 - 0.85 * np.exp(-at / 12),
        "val_accuracy": 0.93 - 0.83 * np.exp(-at / 12),
        "lr": 0.1 * (1 + np.cos(np.pi * at / n)) / 2,
        "grad_norm": 1 + 0.1 * rng.standard_normal(n),
    }
    params = {"lr": 0.1, "optimizer": "sgd", "batch_size": 64, "num_classes": 10, "n_train": 50000, "dropout": 0.1}
    metrics = {name: np.stack((at, values), axis=1).tolist() for name, values in curves.items()}
    return Run.from_dict({"id": str(seed), "metrics": metrics, "params": params})


def long_run(n: int = 1_000_000) -> Run:
    """A training loss of a million steps with a validation loss of a thousand, both at rest by the end."""
    rng = np.random.default_rng(0)
    at = np.arange(n, dtype=np.float64)
    train = Series.from_points("train_loss", at, 0.1 + np.exp(-10 * at / n) + 0.05 * rng.standard_normal(n))
    some = at[::1000]
    val = Series.from_points("val_loss", some, 0.12 + np.exp(-10 * some / n) + 0.01 * rng.standard_normal(some.size))
    return Run(id="long", metrics={"train_loss": train, "val_loss": val})


@pytest.mark.benchmark(timer=time.process_time)
def test_an_ordinary_run(benchmark: BenchmarkFixture) -> None:
    runs = [ordinary(seed) for seed in range(20)]
    diagnose(runs[0])
    verdicts = benchmark(lambda: {diagnose(run).verdict for run in runs})
    assert verdicts == {"good-fit"}
    benchmark.extra_info["ms_a_run"] = 1000 * benchmark.stats["median"] / 20 if benchmark.enabled else None


@pytest.mark.parametrize("n", [10_000, 1_000_000])
def test_a_long_run(benchmark: BenchmarkFixture, n: int) -> None:
    run = long_run(n)
    report = benchmark.pedantic(diagnose, args=(run,), rounds=3)
    assert report.verdict == "good-fit"


def test_memory_of_a_long_run() -> None:
    run = long_run()
    diagnose(ordinary())
    tracemalloc.start()
    diagnose(run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6


def test_cost_grows_no_faster_than_the_points() -> None:
    def cost(n: int) -> float:
        run = long_run(n)
        return min(_spent(run) for _ in range(3))

    # Ten times the points may cost thirty times as much and not a hundred times: room for a busy machine, none for n².
    assert cost(1_000_000) < 30 * max(cost(100_000), 0.01)


def _spent(run: Run) -> float:
    start = time.process_time()
    diagnose(run)
    return time.process_time() - start
