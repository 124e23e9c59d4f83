"""``committed`` on folders that MLflow's own file store made."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.runs import curves
from tracker_diag.cli import app
from tracker_diag.cli.committed import runs_of


def _log(store: Path, kind: str) -> Path:
    """Log a run of some kind; gives its folder."""
    import mlflow

    client = mlflow.MlflowClient(store.as_uri())
    experiment = client.get_experiment_by_name("vision")
    run = client.create_run(experiment.experiment_id if experiment else client.create_experiment("vision"))
    metrics = [
        mlflow.entities.Metric(name, value, 1_700_000_000_000, int(step))
        for name, points in curves(kind).items()
        for step, value in points
    ]
    client.log_batch(run.info.run_id, metrics=metrics, params=[mlflow.entities.Param("lr", "0.01")])
    client.set_terminated(run.info.run_id)
    (meta,) = store.glob(f"*/{run.info.run_id}/meta.yaml")
    return meta.parent


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder in which MLflow may make mlruns folders."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return tmp_path


def _files(*runs: Path) -> list[str]:
    return [str(path.relative_to(Path.cwd())) for run in runs for path in sorted(run.rglob("*")) if path.is_file()]


def _committed(*words: str) -> Result:
    result = CliRunner().invoke(app, ["committed", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def _everything(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_only_the_runs_of_the_files_are_judged_and_nothing_is_written(here: Path) -> None:
    healthy, diverged = (_log(here / "mlruns", kind) for kind in ("healthy", "diverged"))
    before = _everything(here)
    fine = _committed(*_files(healthy), "train.py")
    assert (fine.exit_code, "1 diagnosed (dry run" in fine.stdout, "diverged" in fine.stdout) == (0, True, False)
    wasted = _committed(*_files(healthy, diverged))
    assert (wasted.exit_code, "2 diagnosed (dry run" in wasted.stdout) == (1, True)
    assert _everything(here) == before


def test_a_run_that_carries_a_diagnosis_is_diagnosed_again(here: Path) -> None:
    diverged = _log(here / "mlruns", "diverged")
    CliRunner().invoke(app, ["sweep", "--all", "--tracking-uri", "mlruns"])
    assert (diverged / "tags" / "diag.fingerprint").is_file()
    result = _committed(str(diverged / "meta.yaml"))
    assert (result.exit_code, "1 diagnosed" in result.stdout) == (1, True)


def test_several_stores_give_the_gravest_exit_code(here: Path) -> None:
    diverged, healthy = _log(here / "a" / "mlruns", "diverged"), _log(here / "z" / "mlruns", "healthy")
    assert _committed(*_files(diverged, healthy)).exit_code == 1
    (healthy / "metrics" / "train_loss").write_text("1000 zero 0\n")
    assert _committed(*_files(diverged, healthy)).exit_code == 4
    assert _committed(*_files(diverged, healthy), "--fail-on", "severe").exit_code == 2


def test_the_level_may_be_another(here: Path) -> None:
    overfitting = _log(here / "mlruns", "overfitting")
    assert _committed(*_files(overfitting)).exit_code == 0
    assert _committed(*_files(overfitting), "--fail-on", "warning").exit_code == 1


@pytest.mark.parametrize("words", [[], ["train.py"], ["mlruns/0/meta.yaml", "no/such/file"]])
def test_where_no_run_is_among_the_files_it_is_said_and_nothing_fails(here: Path, words: list[str]) -> None:
    (here / "mlruns" / "0").mkdir(parents=True)
    (here / "mlruns" / "0" / "meta.yaml").touch()
    result = _committed(*words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "nothing to check: none of these files belongs to an MLflow run\n"


def test_a_run_is_found_from_any_of_its_files_and_from_within_its_store(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _log(here / "mlruns", "healthy")
    (run / "artifacts" / "model").mkdir(parents=True)
    (run / "artifacts" / "model" / "meta.yaml").touch()
    expected = {here / "mlruns": [run.name]}
    for file in (run / "meta.yaml", run / "params" / "lr", run / "artifacts" / "model" / "meta.yaml"):
        assert runs_of([file.relative_to(here)]) == expected
    monkeypatch.chdir(run.parent)
    assert runs_of([Path(run.name) / "meta.yaml"]) == expected


@pytest.mark.parametrize("name", ["a' OR run_id != '", "two words", "ü"])
def test_a_folder_whose_name_is_no_run_id_is_none(here: Path, name: str) -> None:
    for folder in (here / "mlruns" / "1", here / "mlruns" / "1" / name):
        folder.mkdir(parents=True)
        (folder / "meta.yaml").touch()
    assert runs_of([here / "mlruns" / "1" / name / "meta.yaml"]) == {}
