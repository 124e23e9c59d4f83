from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.adapters.wandb.conftest import Trained, points
from tracker_diag.adapters.base import Diagnosis, Failure, Query, QueryError, TrackerError, UnknownRunError
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.adapters.wandb.segment import read_segment
from tracker_diag.core.roles import resolve
from tracker_diag.core.run import Run
from tracker_diag.core.settings import Settings

DIAGNOSIS = Diagnosis(
    tags={"verdict": "overfitting", "severity": "warning", "summary": "It overfits."},
    artifacts={"report.json": b"{}", "report.html": b"<html>"},
    fingerprint="f1",
)


@pytest.fixture
def home(offline_runs: Trained, tmp_path: Path) -> Path:
    """A copy of the runs, to write beside."""
    return Path(shutil.copytree(offline_runs.home, tmp_path / "home", symlinks=True))


def load(path: Path, run_id: str) -> Run:
    (run,) = open_folder(path).load_runs([run_id])
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("run_id", ["healthy1", "diverged1", "sparse1"])
def test_what_was_logged_is_read(offline_runs: Trained, run_id: str) -> None:
    run, rows = load(offline_runs.home, run_id), offline_runs.truth[run_id]
    for name in {name for row in rows for name in row} - {"_step"}:
        steps, values = points(rows, name)
        assert run.metrics[name].steps.tolist() == steps
        np.testing.assert_array_equal(run.metrics[name].values, values)
        assert run.metrics[name].seconds is not None


def test_params_tags_and_state_are_read(offline_runs: Trained) -> None:
    run = load(offline_runs.home, "healthy1")
    assert run.params == {"lr": 0.5, "optimizer": {"name": "sgd", "momentum": 0.9}}
    assert run.tags == {
        "baseline": "",
        "wandb.group": "ablation",
        "wandb.job_type": "train",
        "diag.ignore": "no-regularisation",
    }
    assert (run.name, run.parent, run.status) == ("healthy", "ablation", "FINISHED")
    assert run.start_time is not None
    assert run.end_time is not None
    assert run.start_time < run.end_time
    assert load(offline_runs.home, "diverged1").status == "FAILED"


def test_watched_gradients_become_evidence(offline_runs: Trained) -> None:
    run = load(offline_runs.home, "healthy1")
    assert resolve(run, Settings()).names["gradient_norm"] == "gradients/norm"
    metrics = run.metrics
    norm = metrics["gradients/linear.weight/norm"]
    assert norm.steps.tolist() == [0, 10, 20, 30, 40, 50]
    assert norm.values[0] > 3 * norm.values[-1] > 0
    assert {"gradients/linear.weight/mean_abs", "gradients/linear.weight/zeros"} <= set(metrics)


def test_segments_of_one_run_are_one_run(offline_runs: Trained) -> None:
    run = load(offline_runs.home, "resumed1")
    rows = offline_runs.truth["resumed1"]
    assert run.metrics["train_loss"].steps.tolist() == list(range(40))
    assert run.metrics["train_loss"].values.tolist() == [row["train_loss"] for row in rows]
    assert run.params == {"lr": 0.2, "part": 1}


def test_runs_are_listed_last_written_first(offline_runs: Trained) -> None:
    adapter = open_folder(offline_runs.home)
    listings = list(adapter.list_runs(Query(everything=True)))
    assert [listing.id for listing in listings] == ["resumed1", "sparse1", "diverged1", "healthy1"]
    assert {listing.experiment for listing in listings} == {"vision"}
    healthy = listings[-1]
    rows = offline_runs.truth["healthy1"]
    assert healthy.latest["train_loss"] == (59, rows[-1]["train_loss"])
    assert healthy.params["lr"] == 0.5
    # The last step of each metric, counted on over the segments of a run.
    assert listings[0].latest["train_loss"][0] == 39
    assert listings[1].latest["val_loss"][0] == 1000 + 25 * 90
    assert [r.id for r in adapter.list_runs(Query(experiments=("vis*",), limit=2))] == ["resumed1", "sparse1"]
    since = listings[1].end_time
    assert [r.id for r in adapter.list_runs(Query(everything=True, since=since))] == ["resumed1"]


@pytest.mark.parametrize("where", [".", "wandb", "run", "log"])
def test_a_run_is_found_from_every_folder_that_holds_it(offline_runs: Trained, where: str) -> None:
    (log,) = offline_runs.home.glob("wandb/offline-run-*-sparse1/*.wandb")
    path = {"run": log.parent, "log": log}.get(where, offline_runs.home / where)
    assert open_folder(path).find_run("sparse1").name == "sparse"


def test_a_run_may_lie_in_a_folder_of_any_name(offline_runs: Trained, tmp_path: Path) -> None:
    (log,) = offline_runs.home.glob("wandb/offline-run-*-sparse1/*.wandb")
    shutil.copy(log, tmp_path)
    assert open_folder(tmp_path).find_run("sparse1").name == "sparse"


def test_a_folder_of_one_run_holds_that_run_with_all_its_segments(offline_runs: Trained) -> None:
    second = sorted(offline_runs.home.glob("wandb/offline-run-*-resumed1*"))[1]
    adapter = open_folder(second)
    assert [listing.id for listing in adapter.list_runs(Query(everything=True))] == ["resumed1"]
    (run,) = adapter.load_runs(["resumed1"])
    assert isinstance(run, Run)
    assert len(run.metrics["train_loss"]) == 40


def test_a_killed_process_is_diagnosed(killed_log: Path) -> None:
    segment = read_segment(killed_log)
    assert segment.exit is None
    count = len(segment.history)
    assert count > 100
    run = load(killed_log, "endless1")
    assert run.status == "RUNNING"
    loss = run.metrics["train_loss"]
    assert loss.steps.tolist() == list(range(count))
    np.testing.assert_array_equal(loss.values, 1 / (1 + loss.steps))


def test_a_log_that_stays_silent_is_of_a_failed_run(killed_log: Path, tmp_path: Path) -> None:
    log = tmp_path / "wandb" / killed_log.parent.name / killed_log.name
    log.parent.mkdir(parents=True)
    log.write_bytes(killed_log.read_bytes())
    os.utime(log, (1e9, 1e9))
    assert load(tmp_path, "endless1").status == "FAILED"


def test_a_log_cut_anywhere_gives_the_rows_before_the_cut(killed_log: Path, tmp_path: Path) -> None:
    whole = killed_log.read_bytes()
    cut = tmp_path / killed_log.name
    before = 0
    for size in range(0, len(whole), 1000):
        cut.write_bytes(whole[:size])
        history = read_segment(cut).history
        assert history.steps == list(range(len(history)))
        series = history.series()
        for name, scale in (("train_loss", 1), ("val_loss", 2)):
            if name in series:
                np.testing.assert_array_equal(series[name].values, scale / (1 + series[name].steps))
        assert len(history) >= before
        before = len(history)
    assert before > 100


def digest(home: Path) -> dict[str, str]:
    """What the user's own files hold."""
    files = [path for path in home.rglob("*") if path.is_file() and "diagnosis" not in path.parts]
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_diagnosis_is_written_beside_the_run_and_taken_away(home: Path) -> None:
    adapter, before = open_folder(home), digest(home)
    adapter.write("resumed1", DIAGNOSIS)
    folder = min(home.glob("wandb/offline-run-*-resumed1*")) / "diagnosis"
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json", "tags.json"]
    tags = adapter.find_run("resumed1").tags
    assert tags["diag.verdict"] == "overfitting"
    assert tags["diag.fingerprint"] == "f1"

    adapter.write("resumed1", Diagnosis({"verdict": "good-fit"}, {"report.json": b"[]"}, "f2"))
    assert sorted(path.name for path in folder.iterdir()) == ["report.json", "tags.json"]
    tags = adapter.find_run("resumed1").tags
    assert {k: v for k, v in tags.items() if k.startswith("diag.")} == {
        "diag.verdict": "good-fit",
        "diag.fingerprint": "f2",
    }

    (folder / "mine.txt").write_text("mine")
    removal = adapter.remove("resumed1")
    assert (removal.tags, removal.artifacts) == (2, 1)
    assert "mine.txt" in removal.left[0]
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert digest(home) == before


def test_a_diagnosis_that_fails_halfway_leaves_no_fingerprint(home: Path) -> None:
    adapter = open_folder(home)
    adapter.write("sparse1", DIAGNOSIS)
    (place,) = home.glob("wandb/offline-run-*-sparse1/diagnosis")
    # A folder where the new report should lie, so that it cannot be written.
    (place / "other.json").mkdir()
    with pytest.raises(TrackerError, match="cannot be written"):
        adapter.write("sparse1", Diagnosis({"verdict": "good-fit"}, {"other.json": b"{}"}, "f2"))
    assert "diag.fingerprint" not in adapter.find_run("sparse1").tags


def test_an_annotation_repeats_the_runs_own_summary(home: Path) -> None:
    before = digest(home)
    adapter = open_folder(home, annotate=True)
    adapter.write("healthy1", DIAGNOSIS)
    adapter.write("healthy1", Diagnosis(DIAGNOSIS.tags, DIAGNOSIS.artifacts, "f2"))
    (original,) = (p for p in home.glob("wandb/*/run-healthy1.wandb") if not (p.parent / "annotation.json").exists())
    (added,) = (p for p in home.glob("wandb/*/run-healthy1.wandb") if (p.parent / "annotation.json").exists())
    own, segment = read_segment(original), read_segment(added)
    assert segment.run.resume
    assert list(segment.run.tags) == ["baseline", "diag:overfitting", "diag:warning"]
    assert segment.run.notes == "first try"
    assert {k: v for k, v in segment.summary.items() if not k[0].startswith("diag/")} == own.summary
    assert json.loads(segment.summary[("diag/fingerprint",)]) == "f2"
    assert segment.exit is not None
    assert segment.exit.exit_code == 0
    assert len(segment.history) == 0
    assert {path: h for path, h in digest(home).items() if path in before} == before
    # The annotation is not taken for a part of the training.
    assert [r.id for r in adapter.list_runs(Query(everything=True))].count("healthy1") == 1
    adapter.remove("healthy1")
    assert digest(home) == before


def test_a_folder_without_runs_says_what_to_name(tmp_path: Path) -> None:
    (tmp_path / "wandb").mkdir()
    for path in (tmp_path, tmp_path / "wandb", tmp_path / "nowhere"):
        with pytest.raises(UnknownRunError) as error:
            open_folder(path)
        assert "\n" not in str(error.value)


def test_a_run_that_has_not_begun_is_no_run_yet(tmp_path: Path) -> None:
    folder = tmp_path / "wandb" / "offline-run-20260101_000000-new1"
    folder.mkdir(parents=True)
    (folder / "run-new1.wandb").touch()
    adapter = open_folder(tmp_path)
    assert list(adapter.list_runs(Query(everything=True))) == []
    with pytest.raises(UnknownRunError, match="holds no run yet"):
        adapter.find_run("new1")
    (failure,) = adapter.load_runs(["new1"])
    assert isinstance(failure, Failure)


def test_a_foreign_log_fails_its_own_run_only(home: Path) -> None:
    (log,) = home.glob("wandb/*/run-sparse1.wandb")
    log.write_bytes(b":W&B\xe1\xbe\x07" + bytes(100))
    runs = list(open_folder(home).load_runs(["sparse1", "healthy1"]))
    assert isinstance(runs[0], Failure)
    assert "version 7" in runs[0].reason
    assert isinstance(runs[1], Run)


def test_wrong_scopes_are_named(offline_runs: Trained) -> None:
    adapter = open_folder(offline_runs.home)
    with pytest.raises(QueryError, match="name a project"):
        list(adapter.list_runs(Query()))
    with pytest.raises(QueryError, match="no filter"):
        list(adapter.list_runs(Query(everything=True, filter="{}")))
    with pytest.raises(UnknownRunError, match="no run of project 'speech'"):
        list(adapter.list_runs(Query(experiments=("speech",))))
    with pytest.raises(UnknownRunError, match="no run 'nosuch'; there are diverged1, healthy1"):
        adapter.find_run("nosuch")
