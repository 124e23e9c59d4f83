"""What a user is told of where the answers lie in a folder, and of the command that takes them to the server."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.adapters.wandb.conftest import Trained
from tracker_diag.adapters.base import Diagnosis
from tracker_diag.adapters.closing import Closing, Done
from tracker_diag.adapters.wandb import open_folder, whereabouts
from tracker_diag.adapters.wandb.folder import find_runs

WITH_REPORT = Diagnosis({"verdict": "diverged"}, {"report.html": b"<html>"}, "f1")
GREEN = Diagnosis({"verdict": "good-fit"}, {}, "f1")


@pytest.fixture
def here(offline_runs: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where the user is, which holds the runs."""
    place = tmp_path / "a project"
    shutil.copytree(offline_runs.home, place, symlinks=True)
    monkeypatch.chdir(place)
    return place


def lines(path: Path, *ids: str, annotate: bool = False) -> tuple[str, ...]:
    adapter = open_folder(path, annotate=annotate)
    assert isinstance(adapter, Closing)
    return adapter.closing(Done(ids))


def folder_of(run_id: str) -> str:
    return f"wandb/{find_runs(Path('wandb'))[run_id].home.name}"


def test_one_report_is_named_and_several_by_a_pattern(here: Path) -> None:
    adapter = open_folder(here)
    adapter.write("diverged1", WITH_REPORT)
    adapter.write("healthy1", GREEN)
    how = "to see this in W&B: add --annotate, then run the `wandb sync` command that it prints"
    first = f"{folder_of('diverged1')}/diagnosis/report.html"
    assert lines(Path("wandb"), "diverged1", "healthy1") == (f"report: {first}", how)
    assert lines(here, "healthy1") == (how,)
    adapter.write("sparse1", WITH_REPORT)
    told, _ = lines(Path("wandb"), "diverged1", "sparse1", "healthy1")
    assert told == f"2 reports in wandb/*/diagnosis/report.html, the first: {first}"
    assert sorted(str(path) for path in Path().glob("wandb/*/diagnosis/report.html")) == sorted(
        f"{folder_of(run_id)}/diagnosis/report.html" for run_id in ("diverged1", "sparse1")
    )


def test_elsewhere_a_path_is_whole_and_as_a_shell_takes_it(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_folder(here).write("diverged1", WITH_REPORT)
    monkeypatch.chdir("/")
    told, _ = lines(here, "diverged1")
    (path,) = shlex.split(told.removeprefix("report: "))
    assert Path(path).read_bytes() == b"<html>"
    assert subprocess.run(["sh", "-c", f"ls {told.removeprefix('report: ')}"], capture_output=True, check=True).stdout


def test_the_command_names_the_segments_and_the_logs_that_are_not_there_yet(here: Path) -> None:
    adapter = open_folder(here, annotate=True)
    for run_id in ("resumed1", "healthy1"):
        adapter.write(run_id, GREEN)
    runs = find_runs(here)
    resumed, healthy = runs["resumed1"], runs["healthy1"]
    (told,) = lines(here, "resumed1", "healthy1", annotate=True)
    before, _, named = told.partition(": wandb sync ")
    assert before == "2 segments written for W&B; to upload, run"
    expected = [resumed.logs[0].parent, resumed.logs[1].parent, resumed.annotations[0], healthy.home]
    expected.append(healthy.annotations[0])
    assert [Path(name).resolve() for name in shlex.split(named)] == expected

    # Those that the server has, from `wandb sync` or from training itself, it need not get again.
    (healthy.home / "run-healthy1.wandb.synced").touch()
    (told,) = lines(here, "healthy1", annotate=True)
    assert told == (
        "1 segment written for W&B; to upload, run (with the same -p and -e as before, if any): "
        f"wandb sync wandb/{healthy.annotations[0].name}"
    )
    healthy.home.rename(here / "wandb" / healthy.home.name.removeprefix("offline-"))
    assert lines(here, "healthy1", annotate=True) == (
        "1 segment written for W&B; to upload, run (with the same -p and -e as before, if any): "
        f"wandb sync wandb/{healthy.annotations[0].name}",
    )
    # Without a segment there is nothing to sync.
    assert lines(here, "sparse1", annotate=True) == ()


def test_a_command_that_would_be_too_long_names_a_pattern(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whereabouts, "LONGEST_COMMAND", 50)
    open_folder(here, annotate=True).write("healthy1", GREEN)
    (told,) = lines(here, "healthy1", annotate=True)
    assert told.endswith(": wandb sync wandb/offline-run-*")
    found = set(here.glob("wandb/offline-run-*"))
    assert set(find_runs(here)["healthy1"].annotations) < found


def test_segments_of_runs_that_stand_are_told_until_the_server_has_them(here: Path) -> None:
    adapter = open_folder(here, annotate=True)
    for run_id in ("healthy1", "diverged1"):
        adapter.write(run_id, WITH_REPORT)
    assert isinstance(adapter, Closing)
    written = adapter.closing(Done(("healthy1", "diverged1")))
    standing = Done((), ("healthy1", "diverged1"))
    assert adapter.closing(standing) == written[1:]
    healthy, diverged = (find_runs(here)[run_id] for run_id in ("healthy1", "diverged1"))
    (healthy.annotations[0] / "run-healthy1.wandb.synced").touch()
    (told,) = adapter.closing(standing)
    assert told.startswith("1 segment written for W&B; to upload, run: wandb sync ")
    assert diverged.annotations[0].name in told
    assert "healthy1" not in told
    (diverged.annotations[0] / "run-diverged1.wandb.synced").touch()
    assert adapter.closing(standing) == ()
    plain = open_folder(here)
    assert isinstance(plain, Closing)
    assert plain.closing(standing) == ()
