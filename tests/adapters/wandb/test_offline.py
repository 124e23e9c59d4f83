from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from wandb.proto import wandb_internal_pb2 as pb

from tests.adapters.poisons.tree import tree
from tests.adapters.wandb.conftest import Trained, points
from tracker_diag.adapters import disk
from tracker_diag.adapters.base import (
    Adapter,
    Diagnosis,
    Failure,
    Listing,
    Query,
    QueryError,
    TrackerError,
    UnknownRunError,
)
from tracker_diag.adapters.disk import draft_name, is_draft
from tracker_diag.adapters.wandb import offline, open_folder
from tracker_diag.adapters.wandb.folder import ANNOTATION_MARK
from tracker_diag.adapters.wandb.log import write_log
from tracker_diag.adapters.wandb.segment import Segment, read_segment
from tracker_diag.core.run import Run
from tracker_diag.core.section import with_section
from tracker_diag.roles.resolve import resolve
from tracker_diag.settings.settings import Settings

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
    # A folder where the new file should lie, so that it cannot be written.
    (place / "suggested_config.yaml").mkdir()
    with pytest.raises(TrackerError, match=r"suggested_config\.yaml: Is a directory; check the folder's permissions"):
        adapter.write("sparse1", Diagnosis({"verdict": "good-fit"}, {"suggested_config.yaml": b"{}"}, "f2"))
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


def test_an_annotation_carries_the_section_of_the_notes(home: Path) -> None:
    before = digest(home)
    plain, adapter = open_folder(home), open_folder(home, annotate=True)
    noted = replace(DIAGNOSIS, note="**overfitting**")
    # A log is never changed: without a segment there is no place for it.
    plain.write("healthy1", noted)
    assert plain.find_run("healthy1").description is None
    assert plain.find_run("healthy1").undescribed == (
        "a W&B folder also needs --annotate, which puts it into the run's notes"
    )
    assert digest(home) == before
    assert adapter.find_run("healthy1").description == "first try"
    adapter.write("healthy1", noted)
    assert adapter.find_run("healthy1").description == with_section("first try", "**overfitting**")
    adapter.write("healthy1", DIAGNOSIS)
    assert adapter.find_run("healthy1").description == "first try"
    adapter.write("sparse1", noted)
    assert adapter.find_run("sparse1").description == with_section("", "**overfitting**")
    for run_id in ("healthy1", "sparse1"):
        assert adapter.remove(run_id).segments == 1
        assert adapter.remove(run_id).segments == 0
    assert digest(home) == before


def test_a_run_that_was_diagnosed_without_a_segment_is_not_done_when_one_is_asked_for(home: Path) -> None:
    plain, adapter = open_folder(home), open_folder(home, annotate=True)

    def done(folder: Adapter) -> bool:
        (listed,) = (x for x in folder.list_runs(Query(everything=True)) if x.id == "healthy1")
        assert listed == folder.find_run("healthy1")
        return "diag.fingerprint" in folder.find_run("healthy1").tags

    plain.write("healthy1", DIAGNOSIS)
    assert (done(plain), done(adapter)) == (True, False)
    adapter.write("healthy1", DIAGNOSIS)
    assert (done(plain), done(adapter)) == (True, True)
    # What the segment says is not so any more.
    plain.write("healthy1", replace(DIAGNOSIS, fingerprint="f2"))
    assert (done(plain), done(adapter)) == (True, False)


def test_a_run_that_still_goes_gets_no_segment(killed_log: Path, tmp_path: Path) -> None:
    log = tmp_path / "wandb" / killed_log.parent.name / killed_log.name
    log.parent.mkdir(parents=True)
    log.write_bytes(killed_log.read_bytes())
    adapter = open_folder(tmp_path, annotate=True)
    adapter.write("endless1", DIAGNOSIS)
    assert not list(tmp_path.glob(f"wandb/*/{ANNOTATION_MARK}"))
    assert adapter.find_run("endless1").tags["diag.fingerprint"] == "f1"
    assert adapter.find_run("endless1").description is None
    assert adapter.find_run("endless1").undescribed == "the run is still going, and gets one after its end"
    os.utime(log, (1e9, 1e9))
    assert "diag.fingerprint" not in adapter.find_run("endless1").tags
    adapter.write("endless1", DIAGNOSIS)
    assert len(list(tmp_path.glob(f"wandb/*/{ANNOTATION_MARK}"))) == 1


def training(home: Path, run_id: str) -> Path:
    """The folder of a run's training."""
    (log,) = (log for log in home.glob(f"wandb/*/run-{run_id}.wandb") if not (log.parent / ANNOTATION_MARK).exists())
    return log.parent


def test_a_mark_in_a_training_folder_makes_it_nobodys_annotation(home: Path) -> None:
    mark = json.dumps({"run": "healthy1", "fingerprint": "f"})
    (training(home, "healthy1") / ANNOTATION_MARK).write_text(mark)
    # One with history, and nothing beside the log.
    bare = home / "wandb" / "offline-run-20990101_000000-sparse1"
    bare.mkdir()
    shutil.copy(training(home, "sparse1") / "run-sparse1.wandb", bare)
    (bare / ANNOTATION_MARK).write_text(mark.replace("healthy1", "sparse1"))
    before = digest(home)
    adapter = open_folder(home, annotate=True)
    for run_id in ("healthy1", "sparse1"):
        adapter.write(run_id, DIAGNOSIS)
        assert {path: found for path, found in digest(home).items() if path in before} == before
        adapter.remove(run_id)
    assert digest(home) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "notes.txt").write_text("mine"),
        lambda folder: (folder / "files" / "model.bin").write_text("weights"),
        lambda folder: (folder / "files" / "diagnosis" / "more").mkdir(),
        lambda folder: (folder / "files" / "diagnosis" / "suggested_config.yaml").symlink_to("/etc/hostname"),
        lambda folder: (folder / "run-healthy1.wandb").rename(folder / "run-other.wandb"),
        lambda folder: (folder / ANNOTATION_MARK).write_text("[" * 100_000),
        lambda folder: (folder / ANNOTATION_MARK).write_text(f'{{"run": "healthy1", "more": "{"x" * 100_000}"}}'),
        lambda folder: (folder / ANNOTATION_MARK).write_text('{"run": "healthy1"}'),
        lambda folder: (folder / ANNOTATION_MARK).write_text('{"run": "other", "fingerprint": "f"}'),
        lambda folder: ((folder / ANNOTATION_MARK).unlink(), os.mkfifo(folder / ANNOTATION_MARK)),
    ],
)
def test_a_segment_that_holds_more_than_we_write_is_not_removed(home: Path, change: Callable[[Path], object]) -> None:
    adapter = open_folder(home, annotate=True)
    adapter.write("healthy1", DIAGNOSIS)
    (added,) = (mark.parent for mark in home.glob(f"wandb/*/{ANNOTATION_MARK}"))
    change(added)
    before = tree(added)
    adapter.write("healthy1", DIAGNOSIS)
    adapter.remove("healthy1")
    assert tree(added) == before


def test_a_synced_annotation_is_removed_and_said_to_be_on_the_server(home: Path) -> None:
    before = digest(home)
    adapter = open_folder(home, annotate=True)
    adapter.write("healthy1", DIAGNOSIS)
    (added,) = (mark.parent for mark in home.glob(f"wandb/*/{ANNOTATION_MARK}"))
    (added / "run-healthy1.wandb.synced").touch()
    assert "synced to the server" in adapter.remove("healthy1").left[0]
    assert digest(home) == before
    assert not added.exists()


def test_what_a_killed_process_left_of_an_annotation_is_removed_by_the_next(home: Path) -> None:
    before = digest(home)
    left = home / "wandb" / draft_name() / "healthy1"
    left.mkdir(parents=True)
    (left / "run-healthy1.wandb").touch()
    adapter = open_folder(home, annotate=True)
    adapter.write("healthy1", DIAGNOSIS)
    assert not left.parent.exists()
    left.mkdir(parents=True)
    adapter.remove("healthy1")
    assert digest(home) == before
    assert not left.parent.exists()


def test_an_annotation_takes_the_next_free_place(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = open_folder(home, annotate=True)
    monkeypatch.setattr(time, "time", lambda: 1.8e9)
    rename = Path.rename

    def taken(draft: Path, place: Path) -> Path:
        # Another process is faster.
        if place.name.startswith("offline-run-") and not first:
            first.append(place)
            place.mkdir()
            (place / "run-healthy1.wandb").touch()
        return rename(draft, place)

    first: list[Path] = []
    monkeypatch.setattr(Path, "rename", taken)
    adapter.write("healthy1", DIAGNOSIS)
    assert [path.name for path in first[0].iterdir()] == ["run-healthy1.wandb"]
    (added,) = (mark.parent for mark in home.glob(f"wandb/*/{ANNOTATION_MARK}"))
    assert added.name > first[0].name


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
    with pytest.raises(UnknownRunError, match="its log is still empty"):
        adapter.find_run("new1")
    (failure,) = adapter.load_runs(["new1"])
    assert isinstance(failure, Failure)


def aged(log: Path) -> Path:
    """Make a log one that has been silent for long."""
    os.utime(log, (1e9, 1e9))
    return log


def spoilt(home: Path, run_id: str, content: bytes) -> Path:
    folder = home / "wandb" / f"offline-run-20260101_000000-{run_id}"
    folder.mkdir(parents=True)
    log = folder / f"run-{run_id}.wandb"
    log.write_bytes(content)
    return log


@pytest.mark.parametrize("query", [Query(everything=True), Query(("vision",)), Query(("v*",)), Query(("none-*",))])
def test_a_log_that_cannot_be_read_is_a_failure_in_every_scope(home: Path, query: Query) -> None:
    spoilt(home, "foreign1", b"SQLite format 3\0")
    os.mkfifo(spoilt(home, "pipe1", b"").parent / "run-pipe2.wandb")
    (home / "wandb" / "offline-run-20260101_000000-pipe1" / "run-dangling1.wandb").symlink_to("nowhere")
    failures = {x.id: x.reason for x in open_folder(home).list_runs(query) if isinstance(x, Failure)}
    assert failures.keys() == {"foreign1", "pipe2", "dangling1"}
    assert "not a W&B log" in failures["foreign1"]
    assert "not a regular file" in failures["pipe2"]
    assert "a link" in failures["dangling1"]


@pytest.mark.parametrize("content", [b"", b":W&B\xe1\xbe\x00", b":W&B\xe1\xbe\x00\x01\x02"])
def test_a_log_without_a_run_is_left_out_while_it_is_young(home: Path, content: bytes) -> None:
    log = spoilt(home, "new1", content)
    adapter = open_folder(home)
    assert "new1" not in {run.id for run in adapter.list_runs(Query(everything=True))}
    aged(log)
    (failure,) = (run for run in adapter.list_runs(Query(("vision",))) if isinstance(run, Failure))
    assert (failure.id, "ends before it names its run" in failure.reason) == ("new1", True)


def test_a_folder_that_may_not_be_looked_into_is_a_failure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = spoilt(home, "closed-1", b"")
    scandir, lstat, open_regular = os.scandir, Path.lstat, disk.open_regular

    def closed(path: Path) -> None:
        if Path(path).is_relative_to(log.parent):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", lambda path: closed(path) or scandir(path))
    monkeypatch.setattr(Path, "lstat", lambda path: closed(path / "x") or lstat(path))
    monkeypatch.setattr(disk, "open_regular", lambda path, most: closed(path) or open_regular(path, most))
    (failure,) = (run for run in open_folder(home).list_runs(Query(everything=True)) if isinstance(run, Failure))
    assert (failure.id, failure.reason) == ("closed-1", f"{log}: Permission denied")


@pytest.mark.parametrize("run_id", ["", ".", ".."])
def test_a_run_whose_id_is_no_name_is_a_failure(home: Path, run_id: str) -> None:
    log = training(home, "sparse1") / "run-sparse1.wandb"
    renamed = log.rename(log.with_name(f"run-{run_id}.wandb"))
    (failure,) = (run for run in open_folder(home).list_runs(Query(everything=True)) if isinstance(run, Failure))
    assert (failure.id, "is not a valid W&B run ID" in failure.reason) == (run_id, True)
    assert renamed.exists()


@pytest.mark.parametrize("inner", ["../../evil", "a/b", ".."])
def test_a_log_that_gives_its_run_a_path_as_id_is_a_failure(tmp_path: Path, inner: str) -> None:
    log = tmp_path / "wandb" / "offline-run-20260101_000000-a" / "run-a.wandb"
    log.parent.mkdir(parents=True)
    write_log(log, [pb.Record(num=1, run=pb.RunRecord(run_id=inner, project="p")).SerializeToString()])
    (failure,) = open_folder(tmp_path).list_runs(Query(("p",)))
    assert isinstance(failure, Failure)
    assert "is not a valid W&B run ID" in failure.reason


@pytest.mark.parametrize("seconds", [-(10**9), 10**12, 2**62])
def test_times_that_no_clock_shows_are_none(tmp_path: Path, seconds: int) -> None:
    log = tmp_path / "wandb" / "offline-run-20260101_000000-a" / "run-a.wandb"
    log.parent.mkdir(parents=True)
    run = pb.RunRecord(run_id="a", project="p")
    run.start_time.seconds = seconds
    late = pb.SummaryRecord()
    late.update.add(key="_timestamp", value_json="1e300")
    records = [pb.Record(num=1, run=run), pb.Record(num=2, summary=late)]
    records.append(pb.Record(num=3, exit=pb.RunExitRecord(exit_code=2**31 - 1, runtime=-(2**31))))
    write_log(log, [record.SerializeToString() for record in records])
    (listing,) = open_folder(tmp_path).list_runs(Query(everything=True))
    assert isinstance(listing, Listing)
    assert (listing.start_time, listing.end_time, listing.status) == (None, None, "FAILED")


@pytest.mark.parametrize("where", ["diagnosis", "files/diagnosis"])
def test_a_profile_that_is_none_is_left_out(home: Path, where: str) -> None:
    place = training(home, "sparse1") / where / "profile.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    for content in ("[" * 100_000, '{"rows": 1', "[1]", "", "{}" + " " * 17_000_000):
        place.write_text(content)
        assert not load(home, "sparse1").profile
    place.unlink()
    os.mkfifo(place)
    assert load(home, "sparse1").profile is None


@pytest.mark.parametrize("where", ["diagnosis", "files/diagnosis"])
def test_a_description_of_the_network_that_training_left_is_read(home: Path, where: str) -> None:
    logged = load(home, "sparse1").model
    place = training(home, "sparse1") / where / "model.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text('{"optimizer": "AdaBelief"}')
    described = load(home, "sparse1").model
    assert described is not None
    assert described.optimizer == "AdaBelief"
    place.write_text('{"optimizer": 3}')
    noted = load(home, "sparse1").model
    assert noted is not None
    assert noted.notes[-1] == "diagnosis/model.json was ignored: model['optimizer']: a text is needed, not int"
    for content in ("[" * 100_000, '{"optimizer": "AdaBelief"', "[1]", "", "{}" + " " * 5_000_000):
        place.write_text(content)
        assert load(home, "sparse1").model == logged
    place.unlink()
    os.mkfifo(place)
    assert load(home, "sparse1").model == logged


def test_a_description_of_the_network_stays_when_the_diagnosis_goes(home: Path) -> None:
    place = training(home, "sparse1") / "diagnosis" / "model.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text('{"optimizer": "AdaBelief"}')
    adapter = open_folder(home)
    adapter.write("sparse1", DIAGNOSIS)
    assert adapter.remove("sparse1").left == ()
    assert place.read_text() == '{"optimizer": "AdaBelief"}'


def test_a_model_summary_that_is_no_file_or_too_large_is_left_out(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = training(home, "sparse1") / "model_summary.txt"
    os.mkfifo(place)
    assert load(home, "sparse1").model_summary is None
    place.unlink()
    place.write_text("x" * 5_000_000)
    assert load(home, "sparse1").model_summary is None
    assert "run sparse1: diagnosed without this file" in caplog.text
    place.write_bytes(b"Dense \xff")
    assert load(home, "sparse1").model_summary == "Dense \ufffd"


def test_a_defect_in_reading_one_run_is_that_runs_failure(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(log: Path, *, history: bool = True) -> Segment:
        if log.name == "run-sparse1.wandb":
            raise RecursionError("maximum recursion depth exceeded")
        return read_segment(log, history=history)

    monkeypatch.setattr(offline, "read_segment", read)
    adapter = open_folder(home)
    listed = list(adapter.list_runs(Query(everything=True)))
    loaded = list(adapter.load_runs([run.id for run in listed]))
    for found in (listed, loaded):
        assert len(found) == 4
        (failure,) = (run for run in found if isinstance(run, Failure))
        assert (failure.id, failure.reason) == ("sparse1", "RecursionError: maximum recursion depth exceeded")


def test_words_of_the_user_under_our_prefix_are_carried_on(tmp_path: Path) -> None:
    log = tmp_path / "wandb" / "offline-run-20260101_000000-a" / "run-a.wandb"
    log.parent.mkdir(parents=True)
    run = pb.RunRecord(run_id="a", project="p", tags=["diag:mine", "diag:ok"])
    mine = pb.SummaryRecord()
    for key in ("diag/mine", "diag/verdict", "diag/ignore", "loss"):
        mine.update.add(key=key, value_json='"x"')
    records = [pb.Record(num=1, run=run), pb.Record(num=2, summary=mine), pb.Record(num=3, exit=pb.RunExitRecord())]
    write_log(log, [record.SerializeToString() for record in records])
    adapter = open_folder(tmp_path, annotate=True)
    adapter.write("a", DIAGNOSIS)
    (mark,) = tmp_path.glob(f"wandb/*/{ANNOTATION_MARK}")
    segment = read_segment(mark.parent / "run-a.wandb")
    assert list(segment.run.tags) == ["diag:mine", "diag:overfitting", "diag:warning"]
    assert {key[0] for key in segment.summary} == {
        *("diag/mine", "diag/ignore", "loss"),
        *(f"diag/{name}" for name in ("verdict", "severity", "summary", "fingerprint")),
    }
    assert segment.summary[("diag/verdict",)] == '"overfitting"'


@pytest.mark.parametrize("annotate", [False, True])
def test_two_sweeps_at_once_give_no_failures(home: Path, annotate: bool) -> None:
    code = f"""
import sys, time
from pathlib import Path
from tracker_diag.adapters.base import Diagnosis, Listing, Query
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.core.run import Run

while not Path("go").exists():
    time.sleep(0.001)
for turn in range(12):
    adapter = open_folder("wandb", annotate={annotate})
    listed = list(adapter.list_runs(Query(everything=True)))
    assert all(isinstance(run, Listing) for run in listed) and len(listed) == 4, listed
    for run in adapter.load_runs([run.id for run in listed]):
        assert isinstance(run, Run), run
        files = {{"report.json": b"x", "report.html": b"y"}} if turn % 2 else {{}}
        adapter.write(run.id, Diagnosis({{"verdict": "good-fit"}}, files, "f"))
"""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-W", "error", "-c", code]
    running = [
        subprocess.Popen(command, cwd=home, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(3)
    ]
    (home / "go").touch()
    assert [process.communicate(timeout=120)[0] for process in running] == [""] * 3
    (home / "go").unlink()
    assert not [path for path in home.rglob("*") if is_draft(path.name)]

    adapter = open_folder(home, annotate=annotate)
    for run_id in ("healthy1", "diverged1", "sparse1", "resumed1"):
        adapter.write(run_id, DIAGNOSIS)
    marks = list(home.glob(f"wandb/*/{ANNOTATION_MARK}"))
    assert len(marks) == (4 if annotate else 0)
    for run_id in ("healthy1", "diverged1", "sparse1", "resumed1"):
        assert adapter.remove(run_id).left == ()
    assert not list(home.rglob("diagnosis"))


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
    with pytest.raises(QueryError, match="cannot be filtered"):
        list(adapter.list_runs(Query(everything=True, filter="{}")))
    with pytest.raises(UnknownRunError, match="no runs of project 'speech'"):
        list(adapter.list_runs(Query(experiments=("speech",))))
    with pytest.raises(UnknownRunError, match="no run 'nosuch'; runs here: diverged1, healthy1"):
        adapter.find_run("nosuch")
