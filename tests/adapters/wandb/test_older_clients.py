"""Logs of older clients are read as those of this one.

The logs in ``tests/data/wandb-0.17`` were written by wandb 0.17.9: ``scripts/training.py TRUTH nested parted``, and
``cut``, which was killed. The environment was that of ``training.environment``, with WANDB_HOST, WANDB_USERNAME,
WANDB__DISABLE_STATS and WANDB__DISABLE_META, so that they hold nothing of the machine.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.poisons.tree import changed, tree
from tests.adapters.wandb.conftest import account
from tests.adapters.wandb.server import Server
from tests.adapters.wandb.training import environment, finish, train
from tests.frozen import DATA
from tracker_diag import diagnose
from tracker_diag.adapters.base import Diagnosis
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.adapters.wandb.online import OnlineAdapter
from tracker_diag.adapters.wandb.segment import nest, read_segment
from tracker_diag.core.run import Run

ROOT = Path(__file__).parents[3]
FROZEN = DATA / "wandb-0.17"
RUNS = ("nested1", "parted1", "cut1")


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this client makes of the same training."""
    home = tmp_path_factory.mktemp("newer")
    train("nested", "parted", home=home, env=environment(home, WANDB_MODE="offline"))
    return home


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A copy of the frozen logs, to write beside; they have been silent for long."""
    home = Path(shutil.copytree(FROZEN, tmp_path / "training" / "wandb"))
    for log in home.glob("*/*.wandb"):
        os.utime(log, (1e9, 1e9))
    return home


def load(home: Path, run_id: str) -> Run:
    (run,) = open_folder(home).load_runs([run_id])
    assert isinstance(run, Run)
    return run


def curves(run: Run) -> dict[str, tuple[list[float], str]]:
    # NaN is not equal to itself, its text is.
    return {name: (series.steps.tolist(), str(series.values.tolist())) for name, series in run.metrics.items()}


def findings(run: Run) -> list[Any]:
    report = diagnose(run).to_dict()
    return [report["verdict"], *report["findings"], *report["causes"]]


@pytest.mark.parametrize("run_id", ["nested1", "parted1"])
def test_the_same_training_is_read_and_judged_the_same(older: Path, newer: Path, run_id: str) -> None:
    old, new = load(older, run_id), load(newer, run_id)
    assert curves(old) == curves(new)
    assert (old.name, old.status, old.tags, old.params, old.parent) == (
        new.name,
        new.status,
        new.tags,
        new.params,
        new.parent,
    )
    assert findings(old) == findings(new)


def test_what_is_nested_is_read(older: Path) -> None:
    run = load(older, "nested1")
    assert len(run.metrics["train.loss"]) == 40
    assert len(run.metrics["train.grad.norm.mean"]) == 40
    assert run.metrics["lit.eral.a.b"].values.tolist() == run.metrics["train.loss"].values.tolist()
    assert run.metrics["gradients/layer0.weight/norm"].steps.tolist() == [0, 10, 20, 30]
    assert {"gradients/norm", "parameters/norm", "media.of.h/norm", "media.count", "odd.nan"} <= set(run.metrics)
    assert not {"odd.none", "odd.text", "odd.list", "empty", "list", "_mine.x"} & set(run.metrics)


def test_a_run_that_was_resumed_counts_on(older: Path) -> None:
    assert load(older, "parted1").metrics["train.loss"].steps.tolist() == list(range(40))
    # As without its history.
    latest = open_folder(older).find_run("parted1").latest
    assert latest["train.grad.norm.mean"][0] == 39


def test_a_log_without_a_summary_is_summarised(older: Path) -> None:
    run = load(older, "cut1")
    loss = run.metrics["val.loss"]
    assert len(loss) > 100
    assert loss.values.tolist() == [2.3 * math.exp(-0.1 * epoch) + 0.4 for epoch in range(len(loss))]
    listing = open_folder(older).find_run("cut1")
    assert listing.latest == {name: (s.steps[-1], s.values[-1]) for name, s in run.metrics.items()}
    assert loss.seconds is not None
    assert (listing.status, listing.end_time, run.end_time) == ("FAILED", loss.seconds[-1], loss.seconds[-1])


def test_a_run_that_goes_on_is_seen_to_go_on(older: Path) -> None:
    (log,) = older.glob("*/run-cut1.wandb")
    content = log.read_bytes()
    log.write_bytes(content[:9000])
    first = open_folder(older).find_run("cut1")
    log.write_bytes(content)
    second = open_folder(older).find_run("cut1")
    assert first.status == second.status == "RUNNING"
    assert first.latest.keys() == second.latest.keys()
    assert 0 < first.latest["train.loss"][0] < second.latest["train.loss"][0]


@pytest.mark.parametrize("run_id", RUNS)
def test_an_annotation_repeats_the_summary_and_can_be_taken_away(older: Path, run_id: str) -> None:
    before, run = tree(older), load(older, run_id)
    summary = nest(read_segment(sorted(older.glob(f"*/run-{run_id}.wandb"))[-1]).summary)
    adapter = open_folder(older, annotate=True)
    adapter.write(run_id, Diagnosis({"verdict": "overfitting"}, {"report.json": b"{}"}, "f1"))
    (mark,) = older.glob("*/annotation.json")
    said = nest(read_segment(mark.parent / f"run-{run_id}.wandb").summary)
    assert isinstance(said["train"], dict)
    assert {key: value for key, value in said.items() if not key.startswith("diag/")} == summary
    assert said["diag/verdict"] == "overfitting"
    assert curves(load(older, run_id)) == curves(run)
    assert not adapter.remove(run_id).left
    assert tree(older) == before


def test_a_second_sweep_finds_nothing_new(older: Path, tmp_path: Path) -> None:
    before = tree(older)
    for diagnosed, options in ((3, []), (0, []), (3, ["--force", "--annotate"]), (0, ["--annotate"])):
        assert swept(older, tmp_path, *options) == {
            "diagnosed": diagnosed,
            "unchanged": 3 - diagnosed,
            "failed": 0,
            "not_reached": 0,
        }
    assert not any(path.endswith(".wandb") for path in changed(before, tree(older)) if path in before)
    for run_id in RUNS:
        open_folder(older).remove(run_id)
    assert tree(older) == before


def swept(home: Path, place: Path, *options: str) -> dict[str, int]:
    summary = place / "summary.json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tracker_diag",
            "sweep",
            "--tracking-uri",
            home,
            "--all",
            "--summary",
            summary,
            *options,
        ],
        cwd=place,
        env={**environment(place / "user"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs: dict[str, int] = json.loads(summary.read_text())["runs"]
    return runs


def test_a_synced_log_is_read_the_same_from_the_server(
    server: Server, online: OnlineAdapter, older: Path, tmp_path: Path
) -> None:
    server.store.runs.clear()
    (log,) = older.glob("*/run-nested1.wandb")
    sync = [sys.executable, "-m", "wandb", "sync", "-p", "vision", "-e", "acme", str(log.parent)]
    finish(sync, home=tmp_path, env=environment(tmp_path / "user", **account(server)))
    (row, *_) = server.run("nested1").rows()
    assert isinstance(row["train"], dict)
    (run,) = online.load_runs(["acme/vision/nested1"])
    assert isinstance(run, Run)
    assert curves(run) == curves(load(older, "nested1"))
    assert findings(run) == findings(load(older, "nested1"))
