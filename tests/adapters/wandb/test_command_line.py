"""From the command line to the server and back, in a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.adapters.poisons.tree import tree
from tests.adapters.wandb.conftest import Trained, account
from tests.adapters.wandb.server import Server
from tests.adapters.wandb.training import environment, finish
from tracker_diag.adapters.base import Diagnosis
from tracker_diag.adapters.wandb import open_folder
from tracker_diag.core.section import State, state

ROOT = Path(__file__).parents[3]


def command(*arguments: str, home: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tracker_diag", *arguments],
        cwd=home,
        env={**env, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_sweep_and_its_cleaning(server: Server, tmp_path: Path) -> None:
    env = environment(tmp_path, **account(server))
    tags = {run.name: list(run.tags) for run in server.store.runs.values()}
    swept = command("sweep", "--tracker", "wandb", "--project", "acme/vision", home=tmp_path, env=env)
    assert swept.returncode == 0, swept.stderr
    assert "4 diagnosed" in swept.stdout
    assert swept.stdout.splitlines()[-1].startswith("in W&B: filter runs by tags such as diag:overfitting; add")
    assert "diag:diverged" in server.run("diverged1").tags
    assert json.loads(server.run("diverged1").summary)["diag/fingerprint"]
    assert server.run("diverged1").files["diagnosis/report.html"]

    cleaned = command("clean", "--tracker", "wandb", "--project", "acme/vision", "--yes", home=tmp_path, env=env)
    assert cleaned.returncode == 0, cleaned.stderr
    assert {name: server.run(name).tags for name in tags} == tags
    for name in tags:
        assert not [key for key in json.loads(server.run(name).summary) if key.startswith("diag/")]
        assert not [file for file in server.run(name).files if file.startswith("diagnosis/")]


def test_no_command_leaves_a_run_that_was_not_asked_for(server: Server, tmp_path: Path) -> None:
    # As in a terminal where a training has just run, and without a folder of wandb's own: it would be made here.
    env = environment(tmp_path / "user", **account(server), WANDB_RUN_ID="healthy1", WANDB_RESUME="allow")
    del env["WANDB_DIR"]
    home = tmp_path / "work"
    home.mkdir()
    vision = ("--tracker", "wandb", "--project", "acme/vision")

    def done(*arguments: str) -> set[tuple[str, str, str]]:
        finished = command(*arguments, home=home, env=env)
        assert finished.returncode == 0, finished.stderr
        assert list(home.iterdir()) == []
        assert server.store.artifacts == {}
        return set(server.store.runs)

    before = set(server.store.runs)
    assert done("sweep", *vision, "--dry-run") == before
    assert done("sweep", *vision) == before
    assert "diag:diverged" in server.run("diverged1").tags
    assert done("sweep", *vision, "--force", "--artifacts", "all") == before
    assert done("diagnose", "--run-id", "acme/vision/diverged1") == before
    assert done("report", "--tracker", "wandb", "--project", "acme/vision") == before
    (page,) = done("sweep", *vision, "--overview") - before
    assert page[:2] == ("acme", "tracker-diag")
    assert done("clean", *vision, "--yes") == before


def test_a_run_is_named_by_the_address_of_its_page(server: Server, tmp_path: Path) -> None:
    env = environment(tmp_path, WANDB_API_KEY=account(server)["WANDB_API_KEY"])
    page = f"{server.url}/acme/vision/runs/diverged1"
    done = command("diagnose", "--run-id", page, "--dry-run", home=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "diverged" in done.stdout
    assert not [request for request in server.requests if request.changes]


def test_the_log_of_a_killed_training_is_diagnosed(killed_log: Path, tmp_path: Path) -> None:
    done = command(
        "diagnose", "--run-id", str(killed_log.parent), "--dry-run", home=tmp_path, env=environment(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "endless endless1 RUNNING" in shown
    assert "validation loss levels off at" in shown
    assert "training loss ends at" in shown


def test_an_annotation_is_written_beside_the_log(killed_log: Path, tmp_path: Path) -> None:
    runs = shutil.copytree(killed_log.parents[1], tmp_path / "wandb")
    (log,) = runs.glob("offline-run-*/*.wandb")
    before = log.read_bytes()

    def annotated() -> int:
        finished = command(
            "sweep", "--tracking-uri", str(runs), "--all", "--annotate", home=tmp_path, env=environment(tmp_path)
        )
        assert finished.returncode == 0, finished.stderr
        assert log.read_bytes() == before
        return len(list(runs.glob("offline-run-*/*.wandb"))) - 1

    # Its process may still be at it: what would be synced now, its log would take away again.
    assert annotated() == 0
    os.utime(log, (1e9, 1e9))
    assert annotated() == 1


def test_an_annotation_that_was_synced_is_still_known_as_ours(
    server: Server, offline_runs: Trained, tmp_path: Path
) -> None:
    server.store.runs.clear()
    runs = shutil.copytree(offline_runs.home / "wandb", tmp_path / "wandb", symlinks=True)
    before = tree(runs)
    adapter = open_folder(runs, annotate=True)
    adapter.write("sparse1", Diagnosis({"verdict": "overfitting"}, {"report.json": b"{}"}, "f1"))
    (mark,) = runs.glob("*/annotation.json")
    sync = [sys.executable, "-m", "wandb", "sync", "-p", "vision", "-e", "acme", str(mark.parent)]
    finish(sync, home=tmp_path, env=environment(tmp_path / "user", **account(server)))
    assert "diag:overfitting" in server.run("sparse1").tags
    assert (mark.parent / "run-sparse1.wandb.synced").exists()
    assert "synced to the server" in adapter.remove("sparse1").left[0]
    assert tree(runs) == before


def test_a_folder_gets_no_run_but_the_annotations_that_were_asked_for(offline_runs: Trained, tmp_path: Path) -> None:
    runs = shutil.copytree(offline_runs.home / "wandb", tmp_path / "wandb", symlinks=True)
    whole = tree(tmp_path)
    trained = {path.name for path in runs.iterdir()}
    env = environment(tmp_path / "user")

    def added(*arguments: str) -> set[str]:
        done = command(*arguments, "--tracking-uri", str(runs), home=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
        assert {path.name for path in tmp_path.iterdir()} == {"user", "wandb"}
        found = {path.name for path in runs.iterdir()}
        assert trained <= found
        return found - trained

    assert added("sweep", "--all", "--dry-run") == set()
    assert added("sweep", "--all") == set()
    assert added("diagnose", "--run-id", "healthy1") == set()
    marked = added("sweep", "--all", "--force", "--annotate")
    assert all((runs / name / "annotation.json").is_file() for name in marked)
    assert len(marked) == 4
    assert len(added("diagnose", "--run-id", "healthy1", "--annotate")) == 4
    assert added("clean", "--all", "--yes") == set()
    shutil.rmtree(tmp_path / "user")
    assert tree(tmp_path) == whole


def test_what_a_folder_was_told_is_seen_on_the_server_after_the_command_that_the_last_line_names(
    server: Server, offline_runs: Trained, tmp_path: Path
) -> None:
    server.store.runs.clear()
    runs = shutil.copytree(offline_runs.home / "wandb", tmp_path / "wandb", symlinks=True)
    env = environment(tmp_path / "user", **account(server))
    told = command("sweep", "--tracking-uri", "./wandb", "--all", home=tmp_path, env=env)
    assert told.returncode == 0, told.stderr
    *_, reports, how = told.stdout.splitlines()
    named = reports.removeprefix("report: ")
    assert (tmp_path / named).read_text().startswith("<!doctype html>")
    assert "--annotate" in how
    swept = command("sweep", "--tracking-uri", "./wandb", "--all", "--annotate", "--note", home=tmp_path, env=env)
    assert swept.returncode == 0, swept.stderr
    # A user copies it; nothing has been synced, so the training goes along.
    *_, line = swept.stdout.splitlines()
    _, _, arguments = line.partition(": wandb sync ")
    sync = [sys.executable, "-m", "wandb", "sync", *shlex.split(arguments)]
    finish(sync, home=tmp_path, env=env)
    trained = {f"{name}1" for name in ("healthy", "diverged", "sparse", "resumed")}
    assert set(server.store.runs) == {("acme", "vision", run_id) for run_id in trained}
    run = server.run("diverged1")
    assert "diag:diverged" in run.tags
    assert json.loads(run.summary)["diag/verdict"] == "diverged"
    assert len(run.history) == 22
    assert run.files["diagnosis/report.html"] == next(runs.glob("*-diverged1/diagnosis/report.html")).read_bytes()
    assert (server.run("healthy1").notes or "").startswith("first try\n\n<!-- tracker-diag ")
    assert all(state(run.notes or "") is State.OURS for run in server.store.runs.values())
    assert "**Diagnosis: diverged** (error)" in (run.notes or "")
    assert json.loads(server.run("healthy1").summary)["best"] == 0.9
    # Nothing more to do.
    again = command("sweep", "--tracking-uri", "./wandb", "--all", "--annotate", "--note", home=tmp_path, env=env)
    assert "4 unchanged" in again.stdout.splitlines()[-1]


def test_where_a_report_lies_is_no_part_of_what_machines_read(offline_runs: Trained, tmp_path: Path) -> None:
    runs = shutil.copytree(offline_runs.home / "wandb", tmp_path / "wandb", symlinks=True)
    one = ("diagnose", "--tracking-uri", str(runs), "--run-id", "diverged1")
    env = environment(tmp_path / "user")
    read = command(*one, "--format", "json", home=tmp_path, env=env)
    assert json.loads(read.stdout)["verdict"] == "diverged"
    assert "report: wandb/" not in command(*one, "--dry-run", home=tmp_path, env=env).stdout
    assert command(*one, home=tmp_path, env=env).stdout.splitlines()[-2].startswith("report: wandb/")


def test_annotations_are_for_folders_of_logs(tmp_path: Path) -> None:
    done = command(
        "diagnose",
        *("--run-id", "acme/vision/one", "--tracker", "wandb", "--annotate"),
        home=tmp_path,
        env=environment(tmp_path),
    )
    assert done.returncode == 2
    assert "--annotate needs a folder of W&B logs" in done.stderr


def test_no_key_is_one_line(server: Server, tmp_path: Path) -> None:
    env = environment(tmp_path, WANDB_BASE_URL=server.url)
    done = command("sweep", "--tracker", "wandb", "--project", "acme/vision", home=tmp_path, env=env)
    assert done.returncode == 3
    assert done.stderr.strip() == (
        f"error: no API key for W&B at {server.url}: run `wandb login`, or set WANDB_API_KEY"
    )
