from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wandb

from tests.adapters.wandb.conftest import Rows, Trained, account, points
from tests.adapters.wandb.server import Fault, Server, StoredRun
from tests.adapters.wandb.training import environment, training
from tracker_diag.adapters.base import (
    Diagnosis,
    Failure,
    Listing,
    Query,
    QueryError,
    Removal,
    TrackerError,
    UnknownRunError,
)
from tracker_diag.adapters.closing import Done
from tracker_diag.adapters.wandb import histories, open_folder
from tracker_diag.adapters.wandb.online import OnlineAdapter
from tracker_diag.core.run import Run
from tracker_diag.core.section import State, state, with_section

DIAGNOSIS = Diagnosis(
    tags={"verdict": "overfitting", "severity": "warning", "cause": "no-regularisation", "summary": "It overfits."},
    artifacts={"report.json": b"{}", "report.html": b"<html>", "suggested_config.yaml": b"dropout: 0.2"},
    fingerprint="f1",
)
NOTE = "**overfitting**\n\n| from | to |\n| --- | --- |\n| 0.1 | 0.01 |"
NOTED = replace(DIAGNOSIS, note=NOTE)
HEALTHY = "acme/vision/healthy1"


def load(adapter: OnlineAdapter, run_id: str) -> Run:
    (run,) = adapter.load_runs([run_id])
    assert isinstance(run, Run), run
    return run


@pytest.fixture(params=["exports", "stale exports", "rows"])
def source(request: pytest.FixtureRequest, server: Server) -> str:
    """Where the histories come from."""
    for run in server.store.runs.values():
        run.exported = {"exports": len(run.history), "stale exports": len(run.history) - 5, "rows": None}[request.param]
    return str(request.param)


@pytest.mark.parametrize("run_id", ["healthy1", "diverged1", "sparse1", "resumed1"])
def test_what_was_logged_is_read(online: OnlineAdapter, truth: dict[str, Rows], source: str, run_id: str) -> None:
    run, rows = load(online, f"acme/vision/{run_id}"), truth[run_id]
    names = {name for row in rows for name in row} - {"_step"}
    assert names <= set(run.metrics)
    for name in names:
        steps, values = points(rows, name)
        assert run.metrics[name].steps.tolist() == steps
        np.testing.assert_array_equal(run.metrics[name].values, values)
        assert run.metrics[name].notes == ()
        assert run.metrics[name].seconds is not None


def test_histograms_and_nested_values_are_read_from_every_source(online: OnlineAdapter, source: str) -> None:
    metrics = load(online, HEALTHY).metrics
    assert set(metrics) == {
        *("train_loss", "val_loss", "val.accuracy", "epoch", "gradients/norm"),
        *(f"gradients/linear.weight/{part}" for part in ("norm", "mean_abs", "zeros")),
    }
    assert metrics["val.accuracy"].values[-1] == 0.86
    norm = metrics["gradients/linear.weight/norm"]
    assert norm.steps.tolist() == [0, 10, 20, 30, 40, 50]
    assert norm.values[0] > 3 * norm.values[-1] > 0


def test_stale_exports_are_not_believed(server: Server, online: OnlineAdapter) -> None:
    server.run("resumed1").exported = 20
    assert len(load(online, "acme/vision/resumed1").metrics["train_loss"]) == 40


def test_exports_that_cannot_be_fetched_are_done_without(server: Server, online: OnlineAdapter) -> None:
    server.run("sparse1").exported = 100
    server.faults = [Fault("GET /parquet", times=99, status=404)]
    assert len(load(online, "acme/vision/sparse1").metrics["train_loss"]) == 100


def test_facts_are_read(online: OnlineAdapter) -> None:
    run = load(online, HEALTHY)
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
    assert 0 < run.end_time - run.start_time < 60
    assert load(online, "acme/vision/diverged1").status == "FAILED"


def test_what_training_code_left_for_us_is_read(server: Server, online: OnlineAdapter) -> None:
    server.store.blobs["/run-file/acme/vision/healthy1/model_summary.txt"] = b"Linear(5, 1)"
    server.store.blobs["/run-file/acme/vision/healthy1/diagnosis/profile.json"] = b'{"n": 200}'
    server.store.blobs["/run-file/acme/vision/healthy1/diagnosis/model.json"] = b'{"optimizer": "SGD"}'
    server.run("healthy1").files |= {
        "model_summary.txt": b"Linear(5, 1)",
        "diagnosis/profile.json": b'{"n": 200}',
        "diagnosis/model.json": b'{"optimizer": "SGD"}',
    }
    run = load(online, HEALTHY)
    assert run.model_summary == "Linear(5, 1)"
    assert run.model is not None
    assert run.model.optimizer == "SGD"
    assert run.profile == {"n": 200}


def test_a_long_sparse_history_is_read_whole(
    server: Server, online: OnlineAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "PAGE", 100)
    # Steps far apart, then close together, then far apart: no window of even width fits all.
    steps = [*range(0, 100_000, 1000), *range(100_000, 100_150), *range(101_000, 200_000, 1000)]
    history = {i: json.dumps({"_step": step, "loss": 1 / (1 + step)}) for i, step in enumerate(steps)}
    server.store.add(StoredRun("acme", "vision", "long1", state="finished", history=history))
    loss = load(online, "acme/vision/long1").metrics["loss"]
    assert loss.steps.tolist() == steps
    pages = [r for r in server.requests if r.name == "HistoryPage"]
    # As against 2,000 windows that are safe anywhere.
    assert len(pages) <= 25


def test_runs_are_listed_newest_sign_of_life_first(server: Server, online: OnlineAdapter) -> None:
    listings = list(online.list_runs(Query(experiments=("vision",))))
    assert [x.id for x in listings] == [f"acme/vision/{n}1" for n in ("resumed", "sparse", "diverged", "healthy")]
    assert {x.experiment for x in listings} == {"vision"}
    healthy = listings[-1]
    assert healthy.latest["val.accuracy"] == (59, 0.86)
    assert healthy.params["lr"] == 0.5
    assert online.find_run(HEALTHY) == online.find_run("healthy1") == online.find_run("vision/healthy1") == healthy
    assert online.link(healthy) == f"{server.url}/acme/vision/runs/healthy1"


def test_scopes(server: Server, online: OnlineAdapter) -> None:
    server.store.add(StoredRun("acme", "speech", "s1", state="finished", heartbeat=1e9))
    server.store.add(StoredRun("acme", "vision2", "v1", state="finished", heartbeat=2e9))
    server.store.add(StoredRun("other", "vision", "o1", state="finished"))

    def ids(**query: object) -> list[str]:
        return [listing.id.removeprefix("acme/") for listing in online.list_runs(Query(**query))]  # type: ignore[arg-type]

    vision = ["vision/resumed1", "vision/sparse1", "vision/diverged1", "vision/healthy1"]
    assert ids(experiments=("vision*",)) == ["vision2/v1", *vision]
    assert ids(everything=True) == ["vision2/v1", *vision, "speech/s1"]
    assert ids(experiments=("speech", "acme/vision2")) == ["vision2/v1", "speech/s1"]
    assert ids(experiments=("vision",), limit=2) == vision[:2]
    assert ids(experiments=("vision",), filter='{"config.lr": 0.5}') == ["vision/healthy1"]
    assert ids(experiments=("other/vision",)) == ["other/vision/o1"]
    assert next(online.list_runs(Query(experiments=("other/vision",)))).experiment == "other/vision"


def test_only_what_changed_is_listed(server: Server, online: OnlineAdapter) -> None:
    since = server.run("sparse1").heartbeat
    found = online.list_runs(Query(experiments=("vision",), since=since))
    assert [listing.id for listing in found] == ["acme/vision/resumed1"]


def test_a_run_that_moves_while_pages_are_read_is_listed_once(server: Server, online: OnlineAdapter) -> None:
    for i in range(120):
        server.store.add(StoredRun("acme", "busy", f"r{i}", state="finished", heartbeat=1e9 + i))

    def new_run() -> None:
        server.store.add(StoredRun("acme", "busy", "new", heartbeat=3e9))

    # Between the first page and the second, a run pushes all others on by one.
    server.requests.clear()
    server.faults = [Fault("^Runs$"), Fault("^Runs$", action=new_run)]
    ids = [listing.id for listing in online.list_runs(Query(experiments=("busy",)))]
    assert len(ids) == len(set(ids)) == 120
    assert len(server.requests) == 3


def state_of(run: StoredRun) -> dict[str, object]:
    """All that a user sees of a run."""
    return {**vars(run), "summary": json.loads(run.summary), "files": dict(run.files), "tags": list(run.tags)}


def test_a_diagnosis_is_written_and_taken_away(server: Server, online: OnlineAdapter) -> None:
    run = server.run("diverged1")
    before = repr(state_of(run))
    own = json.loads(run.summary)
    online.write("acme/vision/diverged1", DIAGNOSIS)
    assert run.tags == ["diag:overfitting", "diag:warning"]
    summary = json.loads(run.summary)
    assert {key: v for key, v in summary.items() if key.startswith("diag/")} == {
        "diag/verdict": "overfitting",
        "diag/severity": "warning",
        "diag/cause": "no-regularisation",
        "diag/summary": "It overfits.",
        "diag/fingerprint": "f1",
    }
    # NaN is not equal to itself.
    assert repr({key: v for key, v in summary.items() if not key.startswith("diag/")}) == repr(own)
    assert {name: c for name, c in run.files.items() if name.startswith("diagnosis/")} == {
        f"diagnosis/{name}": content for name, content in DIAGNOSIS.artifacts.items()
    }
    assert online.find_run("diverged1").tags["diag.fingerprint"] == "f1"
    assert "diag/verdict" not in online.find_run("diverged1").latest

    removal = online.remove("acme/vision/diverged1")
    assert (removal.tags, removal.artifacts, removal.left) == (5, 3, ())
    assert repr(state_of(run)) == before


def test_a_new_diagnosis_replaces_the_old_one(server: Server, online: OnlineAdapter) -> None:
    online.write(HEALTHY, DIAGNOSIS)
    online.write(HEALTHY, Diagnosis({"verdict": "good-fit", "severity": "ok"}, {"report.json": b"[]"}, "f2"))
    run = server.run("healthy1")
    assert run.tags == ["baseline", "diag:good-fit", "diag:ok"]
    assert {key: v for key, v in json.loads(run.summary).items() if key.startswith("diag/")} == {
        "diag/verdict": "good-fit",
        "diag/severity": "ok",
        "diag/fingerprint": "f2",
    }
    assert {n: c for n, c in run.files.items() if n.startswith("diagnosis/")} == {"diagnosis/report.json": b"[]"}


@pytest.mark.parametrize("mine", [None, "", "first try", " # two\n\n- lines\n\n", "ends in <!-- a comment -->\r\n"])
def test_notes_carry_the_section_only_while_it_is_asked_for(
    server: Server, online: OnlineAdapter, mine: str | None
) -> None:
    run = server.run("healthy1")
    run.notes = mine
    before = repr({**state_of(run), "notes": mine or ""})
    assert online.find_run(HEALTHY).description == (mine or "")
    online.write(HEALTHY, DIAGNOSIS)
    assert run.notes == mine
    online.write(HEALTHY, NOTED)
    assert run.notes == with_section(mine or "", NOTE)
    (listing,) = (x for x in online.list_runs(Query(("vision",))) if isinstance(x, Listing) and x.id == HEALTHY)
    assert listing.description == run.notes
    online.write(HEALTHY, replace(DIAGNOSIS, note="**good-fit**"))
    assert run.notes == with_section(mine or "", "**good-fit**")
    removal = online.remove(HEALTHY)
    assert (removal.notes, removal.left) == (1, ())
    assert repr({**state_of(run), "notes": run.notes or ""}) == before


def test_only_the_section_is_taken_away_where_nothing_else_is_ours(server: Server, online: OnlineAdapter) -> None:
    run = server.run("healthy1")
    run.notes = with_section("first try", NOTE)
    assert online.remove(HEALTHY) == Removal(notes=1)
    assert run.notes == "first try"
    server.requests.clear()
    assert online.remove(HEALTHY) == Removal()
    assert not [request for request in server.requests if request.changes]


def test_a_section_that_somebody_edited_is_theirs(server: Server, online: OnlineAdapter) -> None:
    run = server.run("healthy1")
    run.notes = edited = with_section("first try", NOTE).replace("0.01", "0.02")
    assert state(edited) is State.EDITED
    online.write(HEALTHY, NOTED)
    assert run.notes == edited
    assert "diag:overfitting" in run.tags
    removal = online.remove(HEALTHY)
    assert (removal.notes, run.notes) == (0, edited)
    assert removal.left == (f"{HEALTHY}: the section in its notes, because somebody has edited it",)


def test_notes_that_change_while_files_go_up_are_kept(server: Server, online: OnlineAdapter) -> None:
    run = server.run("healthy1")

    def edit() -> None:
        run.notes = "written meanwhile"

    server.faults = [Fault("^PUT", action=edit)]
    online.write(HEALTHY, NOTED)
    assert run.notes == with_section("written meanwhile", NOTE)


def test_only_a_first_sweep_ends_with_where_to_look(online: OnlineAdapter) -> None:
    assert online.closing(Done((HEALTHY,))) == ()
    (line,) = OnlineAdapter("acme/vision", prefix="lint.").closing(Done((HEALTHY,), first=True))
    assert "lint:overfitting" in line
    assert "lint/verdict, lint/severity, lint/cause, lint/summary" in line


def test_the_users_keys_are_never_touched(server: Server, online: OnlineAdapter) -> None:
    run = server.run("sparse1")
    mine = {"diag/ignore": "slow-convergence", "diag/control": "x", "diag/grad_norm": 1.2, "diag/dead/000.fc": 0.1}
    run.summary = json.dumps({**json.loads(run.summary), **mine})
    run.files |= {"diagnosis/profile.json": b"{}", "diagnosis/model.json": b"{}"}
    run.files["diagnosis/mine.txt"] = b"mine"
    online.write("acme/vision/sparse1", Diagnosis({**DIAGNOSIS.tags, "ignore": "all"}, DIAGNOSIS.artifacts, "f1"))
    removal = online.remove("acme/vision/sparse1")
    assert removal.left == ("acme/vision/sparse1: diagnosis/mine.txt was not written by tracker-diag",)
    kept = {key: v for key, v in json.loads(run.summary).items() if key.startswith("diag/")}
    assert kept == mine
    assert {"diagnosis/profile.json", "diagnosis/model.json", "diagnosis/mine.txt"} <= set(run.files)


def test_the_fingerprint_goes_first_and_comes_last(server: Server, online: OnlineAdapter) -> None:
    online.write(HEALTHY, DIAGNOSIS)
    run = server.run("healthy1")
    server.requests.clear()
    seen: list[bool] = []

    def look() -> None:
        seen.append("diag/fingerprint" in json.loads(run.summary))

    server.faults = [Fault(r"^PUT .*/diagnosis/|^MarkRunFiles", times=99, action=look)]
    online.write(HEALTHY, Diagnosis(DIAGNOSIS.tags, DIAGNOSIS.artifacts, "f2"))
    assert seen == [False] * 4
    assert [r.name for r in server.requests if r.changes][-1] == "UpsertBucket"
    assert json.loads(run.summary)["diag/fingerprint"] == "f2"


@pytest.mark.parametrize("when", ["PrepareFiles", r"PUT .*report.json", "MarkRunFilesUploaded"])
def test_what_someone_else_writes_meanwhile_is_kept(server: Server, online: OnlineAdapter, when: str) -> None:
    run = server.run("healthy1")

    def someone_writes() -> None:
        run.tags = [*run.tags, "theirs"]
        run.summary = json.dumps({**json.loads(run.summary), "reviewed": True})

    # PrepareFiles itself sends the summary only where there is a fingerprint to drop.
    server.faults = [Fault(when, action=someone_writes)]
    online.write(HEALTHY, DIAGNOSIS)
    assert run.tags == ["baseline", "theirs", "diag:overfitting", "diag:warning"]
    assert json.loads(run.summary)["reviewed"] is True
    assert json.loads(run.summary)["diag/fingerprint"] == "f1"


def test_a_run_is_never_opened_again(server: Server, online: OnlineAdapter) -> None:
    run = server.run("healthy1")
    before = (run.state, run.heartbeat, run.config, dict(run.history), dict(run.events))
    online.write(HEALTHY, DIAGNOSIS)
    online.remove(HEALTHY)
    assert (run.state, run.heartbeat, run.config, run.history, run.events) == before
    assert not [r for r in server.requests if r.name == "file_stream"]


def test_a_run_being_logged_gets_words_and_files_but_keeps_its_summary(
    server: Server, online: OnlineAdapter, tmp_path: Path
) -> None:
    home = tmp_path / "training"
    with training("paused", home=home, env=environment(home, **account(server))) as process:
        wait(lambda: ("acme", "vision", "paused1") in server.store.runs and process.poll() is None)
        assert online.find_run("paused1").status == "RUNNING"
        online.write("acme/vision/paused1", NOTED)
        run = server.run("paused1")
        assert run.tags == ["long", "diag:overfitting", "diag:warning"]
        assert run.notes == with_section("", NOTE)
        assert "diagnosis/report.html" in run.files
        assert not [key for key in json.loads(run.summary) if key.startswith("diag/")]
        (home / "go").touch()
        assert process.wait(timeout=60) == 0
    # The training went on as if nothing had been, and the run can now be diagnosed for good.
    assert run.state == "finished"
    assert [row["train_loss"] for row in run.rows()] == [1 / (1 + step) for step in range(100)]
    assert run.tags == ["long", "diag:overfitting", "diag:warning"]
    assert run.notes == with_section("", NOTE)
    online.write("acme/vision/paused1", DIAGNOSIS)
    assert json.loads(run.summary)["diag/fingerprint"] == "f1"
    assert json.loads(run.summary)["train_loss"] == 1 / 100


def test_a_run_being_logged_is_read_as_far_as_it_has_come(
    server: Server, online: OnlineAdapter, truth: dict[str, Rows]
) -> None:
    run = server.run("healthy1")
    run.state, run.exported = "running", 10
    run.history = {line: text for line, text in run.history.items() if line < 30}
    loaded = load(online, HEALTHY)
    assert (loaded.status, loaded.end_time) == ("RUNNING", None)
    assert loaded.metrics["train_loss"].values.tolist() == [row["train_loss"] for row in truth["healthy1"][:30]]


def wait(until: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_run_that_is_open_in_this_process_stays_open(server: Server, online: OnlineAdapter) -> None:
    with wandb.init(project="vision", id="mine1", settings=wandb.Settings(silent=True, console="off")) as mine:
        online.write(HEALTHY, DIAGNOSIS)
        mine.log({"loss": 1.0})
        assert wandb.run is mine
    assert server.run("mine1").state == "finished"
    assert server.run("mine1").rows()[0]["loss"] == 1.0


def test_wandb_sync_carries_an_annotation_to_the_server(
    server: Server, online: OnlineAdapter, offline_runs: Trained, tmp_path: Path
) -> None:
    server.store.runs.clear()
    home = tmp_path / "training"
    shutil.copytree(offline_runs.home, home, symlinks=True)
    env = environment(home, **account(server))

    def sync() -> None:
        folders = sorted(str(p) for p in home.glob("wandb/offline-run-*-healthy1*") if not list(p.glob("*.synced")))
        done = subprocess.run(
            [sys.executable, "-m", "wandb", "sync", "-p", "vision", "-e", "acme", *folders],
            env=env,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    sync()
    run = server.run("healthy1")
    own, history, config = json.loads(run.summary), dict(run.history), run.config
    assert len(history) == 60
    runs = set(server.store.runs)
    folder = open_folder(home, annotate=True)
    folder.write("healthy1", NOTED)
    sync()
    # The segment joins the run; it is none of its own.
    assert set(server.store.runs) == runs
    assert run.tags == ["baseline", "diag:overfitting", "diag:warning"]
    assert run.notes == with_section("first try", NOTE)
    assert (run.group, run.job_type, run.state) == ("ablation", "train", "finished")
    summary = json.loads(run.summary)
    assert {k: v for k, v in summary.items() if not k.startswith(("diag/", "_"))} == {
        k: v for k, v in own.items() if not k.startswith("_")
    }
    assert summary["diag/verdict"] == "overfitting"
    assert summary["diag/fingerprint"] == "f1"
    assert run.files["diagnosis/report.html"] == b"<html>"
    assert run.history == history
    assert json.loads(run.config)["lr"] == json.loads(config)["lr"]

    # The folder's adapter and the server's now say the same of the run.
    assert online.find_run("acme/vision/healthy1").tags["diag.fingerprint"] == "f1"
    assert folder.find_run("healthy1").description == online.find_run(HEALTHY).description == run.notes
    # Taken away on the server, where it now is.
    assert online.remove(HEALTHY).notes == 1
    assert run.notes == "first try"
    assert "already" not in str(folder.remove("healthy1").left)


@pytest.mark.parametrize(
    ("query", "error", "says"),
    [
        (Query(), QueryError, "name a project"),
        (Query(experiments=("nosuch",)), UnknownRunError, "has no project acme/nosuch"),
        (Query(experiments=("vision",), filter="lr > 3"), QueryError, "a W&B filter is a JSON object such as"),
        (Query(experiments=("vision",), filter='{"lr": {"$no": 1}}'), QueryError, "does not understand the filter"),
    ],
)
def test_wrong_scopes_are_named(online: OnlineAdapter, query: Query, error: type[TrackerError], says: str) -> None:
    with pytest.raises(error) as raised:
        list(online.list_runs(query))
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_unknown_runs_are_named(online: OnlineAdapter) -> None:
    with pytest.raises(UnknownRunError, match="has no run acme/vision/nosuch: check the ID"):
        online.find_run("nosuch")
    with pytest.raises(UnknownRunError, match="has no run acme/vision/nosuch"):
        online.write("nosuch", DIAGNOSIS)
    with pytest.raises(UnknownRunError, match="is not the name of a run"):
        online.find_run("a/b/c/d")
    failures = list(online.load_runs(["nosuch", "a/b/c/d"]))
    assert all(isinstance(failure, Failure) for failure in failures)
    assert {failure.id for failure in failures} == {"nosuch", "a/b/c/d"}
