from __future__ import annotations

import mlflow
import pytest

from tests.cli.conftest import Invoke
from tracker_diag.adapters.base import AwayError, Removal
from tracker_diag.adapters.memory import MemoryAdapter
from tracker_diag.cli import clean
from tracker_diag.core import controlled


def test_a_server_that_is_away_ends_it_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    class Away(MemoryAdapter):
        def remove(self, run_id: str) -> Removal:
            raise AwayError("gone")

    with pytest.raises(AwayError, match="gone"):
        clean._remove(Away([]), [str(number) for number in range(100)])
    assert capsys.readouterr().err == ""


def test_what_is_left_for_one_reason_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    class Keeping(MemoryAdapter):
        def remove(self, run_id: str) -> Removal:
            return Removal(tags=2, left=("reports under diagnosis/: kept",))

    clean._remove(Keeping([]), [str(number) for number in range(100)])
    said = capsys.readouterr()
    assert said.out == "removed 200 tags and 0 files from 100 runs\n"
    assert said.err == "not removed from 100 runs: reports under diagnosis/: kept\n"


def test_runs_that_controls_made_are_deleted_and_no_other(diag: Invoke, store: str, runs: dict[str, str]) -> None:
    client = mlflow.MlflowClient(store)
    experiment = client.get_run(runs["diverged-2"]).info.experiment_id
    ours = client.create_run(experiment, tags=controlled.tags("tiny-subset")).info.run_id
    theirs = client.create_run(experiment, tags={"diag.control": "tiny-subset"}).info.run_id
    swept = diag("sweep", "-e", "vision")
    assert swept.exit_code == 0
    assert "diag.verdict" not in client.get_run(ours).data.tags
    assert "diag.verdict" in client.get_run(theirs).data.tags
    cleaned = diag("clean", "-e", "vision", "--yes")
    assert "deleted 1 control" in cleaned.stdout
    assert client.get_run(ours).info.lifecycle_stage == "deleted"
    assert client.get_run(theirs).info.lifecycle_stage == "active"
    assert client.get_run(theirs).data.tags["diag.control"] == "tiny-subset"


def test_segments_and_sections_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    class Counting(MemoryAdapter):
        def remove(self, run_id: str) -> Removal:
            return Removal(tags=7, artifacts=3, segments=int(run_id == "a"), notes=1)

    clean._remove(Counting([]), ["b"])
    clean._remove(Counting([]), ["a", "b"])
    assert capsys.readouterr().out == (
        "removed 7 tags and 3 files from 1 run, and sections in 1 description\n"
        "removed 14 tags and 6 files from 2 runs, and 1 file of --annotate and sections in 2 descriptions\n"
    )


def test_a_run_is_named_as_to_diagnose_it_and_told_before_anything_goes(
    diag: Invoke, store: str, runs: dict[str, str]
) -> None:
    client = mlflow.MlflowClient(store)
    diag("sweep", "-e", "vision")
    whole, begin = runs["diverged-2"], runs["healthy-0"][:12]
    refused = diag("clean", "-r", "diverged-2", input="")
    assert refused.exit_code == 2
    assert (
        f"add --yes to confirm: this removes the diagnosis of {whole} (diverged-2, vision) from MLflow database"
        in refused.stderr
    )
    assert "removed " in diag("clean", "-r", "diverged-2", "-r", begin, "-r", whole, "--yes").stdout
    left = {name for name, run_id in runs.items() if "diag.verdict" in client.get_run(run_id).data.tags}
    assert left == {"overfitting-1", "healthy-3", "overfitting-4", "diverged-5"}
    unclear = diag("clean", "-r", "no such name", "--yes")
    assert (unclear.exit_code, unclear.stdout) == (2, "")
