from __future__ import annotations

import os
import shutil
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag

from tests.adapters.contract import FIRST, SECOND, START, Logged
from tests.adapters.mlflow.tracker import MlflowTracker
from tests.adapters.poisons.tree import tree
from tracker_diag.adapters import disk
from tracker_diag.adapters.base import (
    DeniedError,
    Diagnosis,
    Failure,
    Query,
    TrackerError,
    UnknownRunError,
    without_files,
)
from tracker_diag.adapters.mlflow import connect, files, folder
from tracker_diag.core.run import Run


@pytest.fixture
def tracker(tmp_path: Path) -> MlflowTracker:
    return MlflowTracker(str(tmp_path / "mlruns"))


@pytest.fixture(autouse=True)
def _store(tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()


def _run_folder(tracker: MlflowTracker, run_id: str) -> Path:
    (meta,) = Path(tracker.uri).glob(f"*/{run_id}/meta.yaml")
    return meta.parent


def test_a_store_that_was_moved_keeps_its_artifacts_with_its_runs(tracker: MlflowTracker, tmp_path: Path) -> None:
    run_id = tracker.log("e", Logged())
    tracker.add_file(run_id, "model_summary.txt", b"Dense(8)")
    shutil.move(tracker.uri, tmp_path / "elsewhere")
    adapter = connect(str(tmp_path / "elsewhere"))
    (run,) = adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.model_summary == "Dense(8)"
    adapter.write(run_id, FIRST)
    (report,) = (tmp_path / "elsewhere").glob(f"*/{run_id}/artifacts/diagnosis/report.json")
    assert report.read_bytes() == FIRST.artifacts["report.json"]
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.parametrize(
    ("text", "steps", "values"),
    [
        ("1000 0.5 0\n2000 0.25 1\n", [0, 1], [0.5, 0.25]),
        ("1000 0.5 0\n2000 0.25 1\n3000 0.1", [0, 1], [0.5, 0.25]),
        ("1000 0.5 3 wine abc\n2000 nan 4 white wine abc\n", [3, 4], [0.5, float("nan")]),
        ("1000 0.5\n2000 0.25\n3000 0.125\n", [0, 1, 2], [0.5, 0.25, 0.125]),
        ("", [], []),
    ],
    ids=["usual", "a line being written", "with a dataset", "before steps", "empty"],
)
def test_every_form_of_a_metric_file(
    tracker: MlflowTracker, text: str, steps: list[float], values: list[float]
) -> None:
    run_id = tracker.log("e", Logged())
    (_run_folder(tracker, run_id) / "metrics" / "val_loss").write_text(text)
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.metrics["val_loss"].steps.tolist() == steps
    assert str(run.metrics["val_loss"].values.tolist()) == str(values)


def test_a_damaged_metric_is_a_failure_that_names_the_file(tracker: MlflowTracker) -> None:
    good, bad = (tracker.log("e", Logged()) for _ in range(2))
    (_run_folder(tracker, bad) / "metrics" / "val_loss").write_text("1000 zero 0\n")
    loaded = {run.id: run for run in tracker.adapter.load_runs([good, bad])}
    assert isinstance(loaded[good], Run)
    assert isinstance(loaded[bad], Failure)
    assert "metrics/val_loss" in loaded[bad].reason


def test_a_damaged_run_is_listed_so_that_it_can_be_reported(tracker: MlflowTracker) -> None:
    good, bad = (tracker.log("e", Logged()) for _ in range(2))
    (_run_folder(tracker, bad) / "meta.yaml").write_text("{unclosed")
    assert [listing.id for listing in tracker.adapter.list_runs(Query(everything=True))] == [good, bad]
    (failure,) = tracker.adapter.load_runs([bad])
    assert isinstance(failure, Failure)
    assert "meta.yaml" in failure.reason
    with pytest.raises(TrackerError, match=r"meta\.yaml"):
        tracker.adapter.find_run(bad)


def test_datasets_come_along(tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = tracker.log("e", Logged())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    described = Dataset("wine", "abc123", "local", "{}", schema='{"columns": 3}', profile='{"num_rows": 178}')
    mlflow.MlflowClient(tracker.uri).log_inputs(
        run_id, [DatasetInput(described, [InputTag("mlflow.data.context", "training")])]
    )
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert [dict(item) for item in run.datasets] == [
        {
            "name": "wine",
            "digest": "abc123",
            "context": "training",
            "profile": {"num_rows": 178},
            "schema": {"columns": 3},
        }
    ]
    assert tracker.adapter.find_run(run_id).digests == ("abc123",)
    found = tracker.adapter.list_runs(Query(everything=True, filter="datasets.digest = 'abc123'"))
    assert [listing.id for listing in found] == [run_id]


def test_deleted_experiments_are_left_out(tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = tracker.log("gone", Logged())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    client = mlflow.MlflowClient(tracker.uri)
    experiment = client.get_experiment_by_name("gone")
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)
    assert list(tracker.adapter.list_runs(Query(everything=True))) == []
    (failure,) = tracker.adapter.load_runs([run_id])
    assert isinstance(failure, Failure)


def test_no_other_file_of_the_run_changes(tracker: MlflowTracker) -> None:
    run_id = tracker.log("e", Logged())
    folder = _run_folder(tracker, run_id)

    def everything() -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    before = everything()
    tracker.adapter.write(run_id, FIRST)
    after = everything()
    assert {path for path in after if after[path] != before.get(path)} == {
        *(f"tags/diag.{key}" for key in (*FIRST.tags, "fingerprint")),
        *(f"artifacts/diagnosis/{name}" for name in FIRST.artifacts),
    }
    tracker.adapter.remove(run_id)
    assert everything() == before


def test_a_store_that_refuses_artifacts_gets_no_tags(tracker: MlflowTracker) -> None:
    run_id = tracker.log("e", Logged())
    folder = _run_folder(tracker, run_id)
    (folder / "artifacts" / "diagnosis").write_text("a file where the folder would be")
    with pytest.raises(TrackerError, match="--artifacts none"):
        tracker.adapter.write(run_id, FIRST)
    assert tracker.written(run_id) == {}


def test_a_prefix_may_not_lead_out_of_the_tags(tracker: MlflowTracker, tmp_path: Path) -> None:
    run_id = tracker.log("e", Logged())
    with pytest.raises(TrackerError, match="another prefix"):
        connect(tracker.uri, prefix="../../../../x.").write(run_id, FIRST)
    assert not list(tmp_path.glob("x.*"))


def test_times_of_0_are_not_known(tracker: MlflowTracker) -> None:
    run_id = tracker.log("e", Logged(start=START))
    meta = _run_folder(tracker, run_id) / "meta.yaml"
    meta.write_text(meta.read_text().replace(f"end_time: {int((START + 100) * 1000)}", "end_time: 0"))
    assert tracker.adapter.find_run(run_id).end_time is None


def test_a_store_that_was_copied_leaves_its_original_alone(tracker: MlflowTracker, tmp_path: Path) -> None:
    run_id = tracker.log("e", Logged())
    tracker.add_file(run_id, "model_summary.txt", b"Dense(8)")
    shutil.copytree(tracker.uri, tmp_path / "copy")
    before = tree(Path(tracker.uri))
    adapter = connect(str(tmp_path / "copy"))
    adapter.write(run_id, FIRST)
    assert tree(Path(tracker.uri)) == before
    assert list((tmp_path / "copy").glob(f"*/{run_id}/artifacts/diagnosis/report.json"))
    adapter.remove(run_id)
    assert tree(Path(tracker.uri)) == before


def test_artifacts_that_lie_elsewhere_are_found_there(
    tracker: MlflowTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.MlflowClient(tracker.uri).create_experiment("e", (tmp_path / "elsewhere").as_uri())
    run_id = tracker.log("e", Logged())
    tracker.add_file(run_id, "model_summary.txt", b"Dense(8)")
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.model_summary == "Dense(8)"
    assert tracker.adapter.write(run_id, FIRST) == ""
    assert tracker.files(run_id) == FIRST.artifacts
    assert (tmp_path / "elsewhere" / run_id / "artifacts" / "diagnosis" / "report.json").exists()


def test_artifacts_behind_a_server_cost_the_files_alone(tracker: MlflowTracker) -> None:
    run_id = tracker.log("e", Logged())
    meta = _run_folder(tracker, run_id) / "meta.yaml"
    lines = [line for line in meta.read_text().splitlines() if not line.startswith("artifact_uri")]
    store = f"mlflow-artifacts:/0/{run_id}/artifacts"
    meta.write_text("\n".join([*lines, f"artifact_uri: {store}", ""]))
    assert "give the address of that server as --tracking-uri" in tracker.adapter.write(run_id, FIRST)
    listing = tracker.adapter.find_run(run_id)
    assert listing.store == store
    assert listing.tags["diag.fingerprint"] == without_files("f1", store)
    assert not (meta.parent / "artifacts" / "diagnosis").exists()


def test_drafts_of_killed_sweeps_go_with_the_next_write_or_removal(tracker: MlflowTracker) -> None:
    run_id = tracker.log("e", Logged())
    folder = _run_folder(tracker, run_id)
    before = tree(folder)

    def killed() -> None:
        (folder / "artifacts" / "diagnosis").mkdir(exist_ok=True)
        for place in (folder, folder / "artifacts" / "diagnosis"):
            (place / disk.draft_name()).write_text("half")

    killed()
    tracker.adapter.write(run_id, FIRST)
    assert not [name for name in tree(folder) if "tracker-diag" in name]
    for _ in range(2):  # with a diagnosis, and without
        killed()
        tracker.adapter.remove(run_id)
        assert tree(folder) == before


def test_who_may_not_write_is_denied(tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = tracker.log("e", Logged())

    def refusing(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "tags")

    monkeypatch.setattr(folder.disk, "write_files", refusing)
    for diagnosis in (FIRST, Diagnosis({"verdict": "healthy"}, {}, "f")):
        with pytest.raises(DeniedError, match="Permission denied"):
            tracker.adapter.write(run_id, diagnosis)
    assert tracker.written(run_id) == {}
    assert tracker.files(run_id) == {}


def test_an_experiment_that_cannot_be_read_is_said_where_it_may_be_meant(tracker: MlflowTracker) -> None:
    good, hidden = (tracker.log(name, Logged()) for name in ("good", "bad"))
    experiment = _run_folder(tracker, hidden).parent
    (experiment / "meta.yaml").write_text("{unclosed")
    for query in (Query(everything=True), Query(("g*",))):
        first, listing = tracker.adapter.list_runs(query)
        assert isinstance(first, Failure)
        assert (first.id, listing.id) == (experiment.name, good)
    assert [listing.id for listing in tracker.adapter.list_runs(Query(("good",)))] == [good]
    (failure,) = tracker.adapter.load_runs([hidden])
    assert isinstance(failure, Failure)
    with pytest.raises(TrackerError, match=r"meta\.yaml"):
        tracker.adapter.write(hidden, FIRST)


def test_what_is_no_id_is_no_run(tracker: MlflowTracker) -> None:
    run_id = tracker.log("e", Logged())
    experiment = _run_folder(tracker, run_id).parent.name
    for nonsense in ("", ".", "..", "../x", f"../{experiment}/{run_id}", "a\0b", "x" * 5000, "\ud800", "datasets"):
        with pytest.raises(UnknownRunError):
            tracker.adapter.find_run(nonsense)
        (failure,) = tracker.adapter.load_runs([nonsense])
        assert isinstance(failure, Failure)


@pytest.mark.parametrize("block", [1, 30, 100, 10_000])
def test_a_metric_is_the_same_in_parts_of_any_size(
    tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    run_id = tracker.log("e", Logged())
    lines = [f"{1000 + step} {step / 7} {step}{' wine abc' if step % 5 == 0 else ''}\n" for step in range(200)]
    (_run_folder(tracker, run_id) / "metrics" / "val_loss").write_text("".join(lines) + "9999 0.5")
    monkeypatch.setattr(files, "_BLOCK", block)
    (run,) = tracker.adapter.load_runs([run_id])
    assert isinstance(run, Run)
    assert run.metrics["val_loss"].values.tolist() == [step / 7 for step in range(200)]
    assert tracker.adapter.find_run(run_id).latest["val_loss"] == (199.0, 199 / 7)


def test_a_tag_that_is_deleted_meanwhile_is_gone(tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = tracker.log("e", Logged())
    tracker.adapter.write(run_id, FIRST)
    read = files.disk.read_file

    def racing(path: Path, most: int) -> bytes:
        if path.name == "diag.fingerprint":
            path.unlink()
        return read(path, most)

    monkeypatch.setattr(files.disk, "read_file", racing)
    tags = tracker.adapter.find_run(run_id).tags
    assert "diag.verdict" in tags
    assert "diag.fingerprint" not in tags


@pytest.mark.parametrize("prefix", ["user.", "mlflow."])
def test_a_prefix_that_others_use_too_destroys_nothing(tracker: MlflowTracker, prefix: str) -> None:
    mine = {f"{prefix}x{number}": str(number) for number in range(120)}
    run_id = tracker.log("e", Logged(tags=mine))
    before = tracker.adapter.find_run(run_id)
    adapter = connect(tracker.uri, prefix)
    adapter.write(run_id, FIRST)
    adapter.write(run_id, SECOND)
    adapter.remove(run_id)
    assert tracker.adapter.find_run(run_id) == before


def test_a_run_or_an_experiment_that_is_a_link_is_said_and_left_alone(tracker: MlflowTracker, tmp_path: Path) -> None:
    run_id = tracker.log("e", Logged())
    victim = tmp_path / "victim"
    shutil.copytree(_run_folder(tracker, run_id).parent, victim / "7")
    (victim / "7" / run_id).rename(victim / "7" / ("d" * 32))
    before = tree(victim)
    root = _run_folder(tracker, run_id).parents[1]
    (root / "9").symlink_to(victim / "7")
    _run_folder(tracker, run_id).with_name("d" * 32).symlink_to(victim / "7" / ("d" * 32))
    failures = {x.id: x.reason for x in tracker.adapter.list_runs(Query(everything=True)) if isinstance(x, Failure)}
    assert failures.keys() == {"9", "d" * 32}
    assert all("is a link: give the store that it leads to" in reason for reason in failures.values())
    with pytest.raises(TrackerError, match="is a link"):
        tracker.adapter.write("d" * 32, FIRST)
    assert tree(victim) == before


@pytest.mark.parametrize(("folder", "limit"), [("params", "LARGEST_VALUES"), ("metrics", "LARGEST_METRIC")])
def test_one_file_under_a_thousand_names_is_read_no_thousand_times(
    tracker: MlflowTracker, monkeypatch: pytest.MonkeyPatch, folder: str, limit: str
) -> None:
    run_id = tracker.log("e", Logged(metrics={"loss": [(0, 1.0, START)]}, params={"lr": "0.1" * 20}))
    (first,) = (_run_folder(tracker, run_id) / folder).iterdir()
    for number in range(100):
        os.link(first, first.with_name(f"{first.name}{number}"))
    monkeypatch.setattr(files, limit, 2000)
    (failure,) = tracker.adapter.load_runs([run_id])
    assert isinstance(failure, Failure)
    assert "more than the 2,000 bytes that are read of a run" in failure.reason
