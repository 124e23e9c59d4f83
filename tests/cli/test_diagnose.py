from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests import siblings
from tests.cli.conftest import Invoke
from tracker_diag.adapters.base import TrackerError
from tracker_diag.core import plugins
from tracker_diag.core.report import Report
from tracker_diag.report import registry


def _tags(store: str, run_id: str) -> dict[str, str]:
    import mlflow

    tags = mlflow.MlflowClient(store).get_run(run_id).data.tags
    return {key: value for key, value in tags.items() if key.startswith("diag.")}


def test_the_verdict_is_shown_and_written(diag: Invoke, runs: dict[str, str], store: str) -> None:
    run_id = runs["overfitting-1"]
    result = diag("diagnose", "--run-id", run_id)
    assert result.exit_code == 0
    assert result.stdout.split()[:2] == ["WARNING", "overfitting"]
    assert _tags(store, run_id)["diag.verdict"] == "overfitting"
    assert "diag.fingerprint" in _tags(store, run_id)


def test_a_dry_run_writes_nothing(diag: Invoke, runs: dict[str, str], store: str) -> None:
    assert diag("diagnose", "-r", runs["overfitting-1"], "--dry-run").exit_code == 0
    assert _tags(store, runs["overfitting-1"]) == {}


def test_what_diagnose_wrote_a_sweep_leaves_alone(diag: Invoke, runs: dict[str, str]) -> None:
    diag("diagnose", "-r", runs["overfitting-1"])
    assert "1 unchanged" in diag("sweep", "--experiment", "vision").stdout


def test_json_is_a_report_that_can_be_shown_again(diag: Invoke, runs: dict[str, str], tmp_path: Path) -> None:
    answer = diag("diagnose", "-r", runs["diverged-2"], "--format", "json", "--dry-run").stdout
    report = Report.from_dict(json.loads(answer))
    assert (report.verdict, report.run_name) == ("diverged", "diverged-2")
    saved = tmp_path / "report.json"
    saved.write_text(answer)
    assert diag("report", str(saved), "--format", "json", uri=None).stdout == answer
    assert diag("report", str(saved), uri=None).stdout.split()[:2] == ["ERROR", "diverged"]
    assert diag("report", str(tmp_path), "--format", "json", uri=None).stdout == answer
    assert diag("report", str(saved), "--format", "markdown", uri=None).stdout.startswith("# ERROR: diverged")
    assert diag("report", str(saved), "--format", "html", uri=None).stdout.startswith("<!doctype html>")
    assert diag("report", "-", uri=None, input=answer).stdout.split()[:2] == ["ERROR", "diverged"]


@pytest.mark.parametrize("command", ["diagnose", "report"])
def test_every_format_is_offered(diag: Invoke, command: str) -> None:
    first, *_, last = registry.names()
    assert re.search(rf"{first}, .* or {last}\b", " ".join(diag(command, "--help", uri=None).stdout.split()))


def test_a_page_is_shown_of_a_run(diag: Invoke, runs: dict[str, str]) -> None:
    page = diag("diagnose", "-r", runs["diverged-2"], "--format", "html", "--dry-run").stdout
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>\n")


@pytest.mark.parametrize(
    ("environment", "start"),
    [
        ({}, " WARNING   overfitting\n"),
        ({"FORCE_COLOR": "1"}, "\x1b[1;7;33m WARNING \x1b[0m  \x1b[1;33moverfitting\x1b[0m\n"),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "\x1b[1;7m WARNING \x1b[0m  \x1b[1moverfitting\x1b[0m\n"),
    ],
)
def test_colours_are_those_of_the_console(
    diag: Invoke,
    runs: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    start: str,
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"TERM": "xterm-256color"} | environment).items():
        monkeypatch.setenv(name, value)
    assert diag("diagnose", "-r", runs["overfitting-1"], "--dry-run").stdout.startswith(start)


def fails_to_render(report: Report) -> str:
    raise ValueError(f"nothing to say\nof {report.verdict}")


@pytest.fixture
def _formats_of_others(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    points = {"gone": "nowhere:render", "broken": f"{__name__}:fails_to_render"}
    added = {name: EntryPoint(name, value, plugins.FORMATS) for name, value in points.items()}
    declared = plugins.declared
    monkeypatch.setattr(plugins, "declared", lambda group: added if group == plugins.FORMATS else declared(group))
    yield
    registry.find_format.cache_clear()


@pytest.mark.usefixtures("_formats_of_others")
def test_a_format_that_cannot_be_imported_is_refused_before_anything_is_written(
    diag: Invoke, runs: dict[str, str], store: str
) -> None:
    result = diag("diagnose", "-r", runs["overfitting-1"], "--format", "gone")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("error: tracker_diag.formats 'gone' cannot be used: ModuleNotFoundError: ")
    assert _tags(store, runs["overfitting-1"]) == {}


@pytest.mark.usefixtures("_formats_of_others")
def test_a_format_that_fails_is_one_line_and_exit_code_4(diag: Invoke, runs: dict[str, str], store: str) -> None:
    result = diag("diagnose", "-r", runs["overfitting-1"], "--format", "broken", "--fail-on", "info")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (4, "", 1)
    assert result.stderr.startswith("error: format broken (")
    assert result.stderr.endswith(":fails_to_render) failed: ValueError: nothing to say of overfitting\n")
    assert _tags(store, runs["overfitting-1"])["diag.verdict"] == "overfitting"


@pytest.mark.parametrize(
    ("run", "fail_on", "code"),
    [
        ("healthy-0", "warning", 0),
        ("overfitting-1", "warning", 1),
        ("overfitting-1", "error", 0),
        ("diverged-2", "error", 1),
    ],
)
def test_fail_on(diag: Invoke, runs: dict[str, str], run: str, fail_on: str, code: int) -> None:
    assert diag("diagnose", "-r", runs[run], "--dry-run", "--fail-on", fail_on).exit_code == code


def test_a_role_can_be_given(diag: Invoke, runs: dict[str, str]) -> None:
    answer = diag(
        "diagnose", "-r", runs["overfitting-1"], "--dry-run", "--format", "json", "--role", "val_loss=train_loss"
    )
    assert json.loads(answer.stdout)["roles"]["val_loss"] == "train_loss"


def test_a_run_without_metrics_is_answered(diag: Invoke, runs: dict[str, str]) -> None:
    result = diag("diagnose", "-r", runs["no metrics"], "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["verdict"] == "insufficient-evidence"


def test_the_configuration_is_obeyed(diag: Invoke, runs: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tracker-diag.yaml").write_text("experiments:\n  vis*:\n    ignore: [overfitting]\n    prefix: 'dx.'\n")
    result = diag("diagnose", "-r", runs["overfitting-1"], "--format", "json", "--dry-run")
    assert json.loads(result.stdout)["verdict"] != "overfitting"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["diagnose", "-r", "0" * 32], "error: no run '0000"),
        (["diagnose", "-r", "o"], "error: no run 'o'"),
        (["diagnose", "-r", "x", "--format", "xml"], "error: --format xml: choose one of text, "),
        (["diagnose", "-r", "x", "--fail-on", "worst"], "error: --fail-on worst: choose one of info, warning, error"),
        (["diagnose", "-r", "x", "--tracker", "neptune"], "error: --tracker neptune: choose one of "),
        (["diagnose", "-r", "x", "--role", "val_loss"], "error: --role val_loss: write role=name"),
        (["diagnose", "-r", "x", "--artifacts", "some"], "error: --artifacts: choose findings, all or none\n"),
        (
            ["diagnose", "-r", "x", "--role", "foo=bar"],
            "error: --role: no role 'foo'; roles are train_loss, val_loss, ",
        ),
        (["diagnose", "-r", "x", "--role", "vloss=bar"], "error: --role: no role 'vloss'; did you mean 'val_loss'?\n"),
        (["diagnose", "-r", "x", "--select", "LC999"], "error: --select: no rule 'LC999'"),
        (["diagnose", "-r", "x", "--config", "none.yaml"], "error: none.yaml: No such file or directory"),
        (["diagnose"], "error: no run given: add --run-id RUN, or the path of a file"),
        (["diagnose", "-r", "a/b/c/d/e"], "error: no run 'a/b/c/d/e' in MLflow database"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(diag: Invoke, words: list[str], message: str) -> None:
    result = diag(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_a_bad_configuration_names_the_nearest_key(diag: Invoke, runs: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tracker-diag.yaml").write_text("rules:\n  overfiting:\n    severity: info\n")
    result = diag("diagnose", "-r", runs["overfitting-1"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "no rule 'overfiting'; did you mean 'overfitting'?" in result.stderr


def test_a_deleted_run_is_said_to_be_one(diag: Invoke, runs: dict[str, str], store: str) -> None:
    import mlflow

    mlflow.MlflowClient(store).delete_run(runs["overfitting-1"])
    result = diag("diagnose", "-r", runs["overfitting-1"])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "deleted" in result.stderr


def test_a_server_that_is_not_there_is_exit_code_3(diag: Invoke) -> None:
    result = diag("diagnose", "-r", "0" * 32, uri="http://user:hunter2@127.0.0.1:9")
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)
    assert "http://127.0.0.1:9 cannot be reached" in result.stderr
    assert "hunter2" not in result.output


def test_a_report_that_is_none_is_said_to_be_none(diag: Invoke, tmp_path: Path) -> None:
    for content in (b"no json", b"[]", b'{"schema_version": 99}', b'{"schema_version": 1}', b"\xff\xfe"):
        (tmp_path / "r.json").write_bytes(content)
        result = diag("report", "r.json", uri=None)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert result.stderr.startswith("error: r.json: not a report of tracker-diag")
    assert diag("report", "nowhere.json", uri=None).exit_code == 2
    (tmp_path / "answers").mkdir()
    result = diag("report", "answers", uri=None)
    assert (result.exit_code, result.stderr) == (2, "error: answers/report.json: No such file or directory\n")


@pytest.fixture
def rates(store: str) -> dict[str, str]:
    """Run name to run id of an experiment that crosses rates, widths and seeds."""
    import mlflow

    client = mlflow.MlflowClient(store)
    where = client.create_experiment("rates", artifact_location="rates")
    ids = {}
    for number, run in enumerate(siblings.experiment()):
        made = client.create_run(where, run_name=run.id, start_time=1_700_000_000_000 + number)
        points = [
            mlflow.entities.Metric(name, value, 1_700_000_000_000, int(step))
            for name, series in run.metrics.items()
            for step, value in zip(series.steps, series.values, strict=True)
        ]
        params = [mlflow.entities.Param(name, str(value)) for name, value in run.params.items()]
        client.log_batch(made.info.run_id, metrics=points, params=params)
        client.set_terminated(made.info.run_id, end_time=1_800_000_000_000)
        ids[run.id] = made.info.run_id
    return ids


def test_a_run_is_compared_with_the_others_of_its_experiment(diag: Invoke, rates: dict[str, str], store: str) -> None:
    result = diag("diagnose", "-r", rates["0.1-64-0"])
    assert result.stdout.split()[:2] == ["WARNING", "underfitting"]
    text = " ".join(result.stdout.split())
    assert "the best of 15 comparable runs, '0.01-64-0', reached 0.1958" in text
    assert "of 15 runs, as of 2027-01-15 08:00 UTC" in text
    assert "lower lr from 0.1 to 0.01" in text
    assert _tags(store, rates["0.1-64-0"])["diag.cause"] == "learning-rate-too-high"
    assert _tags(store, rates["0.01-64-0"]) == {}


def test_a_sweep_says_the_same_and_writes_nothing_twice(diag: Invoke, rates: dict[str, str], store: str) -> None:
    diag("diagnose", "-r", rates["0.1-64-0"])
    alone = _tags(store, rates["0.1-64-0"])
    assert "1 unchanged" in diag("sweep", "--experiment", "rates").stdout
    assert _tags(store, rates["0.1-64-0"]) == alone
    assert _tags(store, rates["0.1-4-0"])["diag.cause"] == "too-few-hidden-units"


@pytest.mark.parametrize("error", [TrackerError("too many requests"), ValueError("a run of another form")])
def test_where_the_others_cannot_be_listed_it_is_diagnosed_by_itself(
    diag: Invoke, rates: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refused(adapter: object, query: object) -> Iterator[object]:
        yield from ()
        raise error

    monkeypatch.setattr("tracker_diag.adapters.mlflow.database.DatabaseAdapter.list_runs", refused)
    result = diag("diagnose", "-r", rates["0.1-64-0"], "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.split()[:2] == ["INFO", "good-fit"]
    assert "could not compare the run with others of its experiment" in result.stderr
    assert str(error) in result.stderr


def test_deleted_runs_are_not_compared_with(diag: Invoke, rates: dict[str, str], store: str) -> None:
    import mlflow

    for name in ("0.01-64-0", "0.01-64-1"):
        mlflow.MlflowClient(store).delete_run(rates[name])
    text = " ".join(diag("diagnose", "-r", rates["0.1-64-0"], "--dry-run").stdout.split())
    assert "0.01-64-0" not in text


def test_a_section_of_the_description(diag: Invoke, store: str, runs: dict[str, str]) -> None:
    import mlflow

    client = mlflow.MlflowClient(store)
    run_id = runs["overfitting-1"]
    written = diag("diagnose", "--run-id", run_id, "--note").stderr
    assert (
        written
        == "wrote to run 'overfitting-1' (vision): 7 diag.* tags, 2 files in diagnosis/, a description section\n"
    )
    text = client.get_run(run_id).data.tags["mlflow.note.content"]
    assert "**Diagnosis: overfitting** (warning)" in text
    client.set_tag(run_id, "mlflow.note.content", text.replace("warning", "fine"))
    again = diag("diagnose", "--run-id", run_id, "--note")
    assert again.stderr.startswith(
        "no section was written into the description: somebody has edited the section there\nwrote "
    )
    assert "section" not in again.stderr.splitlines()[1]
    assert again.exit_code == 0


def test_a_run_is_named_by_its_name_or_by_how_its_id_begins(diag: Invoke, runs: dict[str, str], store: str) -> None:
    run_id = runs["overfitting-1"]
    for word in ("overfitting-1", run_id[:12]):
        result = diag("diagnose", "-r", word, "--format", "json", "--dry-run")
        assert json.loads(result.stdout)["run_id"] == run_id
        assert result.stderr == ""
    assert _tags(store, run_id) == {}
    result = diag("diagnose", "-r", "overfit")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert ", and no run has an ID that begins with 'overfit'" in result.stderr


def test_what_was_written_and_where_is_told(diag: Invoke, runs: dict[str, str]) -> None:
    result = diag("diagnose", "-r", runs["overfitting-1"], "--format", "json")
    assert json.loads(result.stdout)["verdict"] == "overfitting"
    assert result.stderr == ("wrote to run 'overfitting-1' (vision): 7 diag.* tags, 2 files in diagnosis/\n")
    assert diag("diagnose", "-r", runs["healthy-0"]).stderr == "wrote to run 'healthy-0' (vision): 6 diag.* tags\n"


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_id_is_no_run(diag: Invoke, empty: str) -> None:
    result = diag("diagnose", "--run-id", empty)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "error: --run-id is empty: check the variable that it comes from\n"
