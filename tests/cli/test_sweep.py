from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from pathlib import Path

import mlflow
import pytest

from tests.cli.conftest import Invoke
from tracker_diag.cli.summary import closing_line
from tracker_diag.sweeping.result import Swept

VISION = ("sweep", "--experiment", "vision")


def test_the_closing_table_is_worst_first(diag: Invoke) -> None:
    result = diag(*VISION)
    assert result.exit_code == 0
    rows = [line.split()[:3] for line in result.stdout.splitlines() if re.match(r"(error|warning|info|ok) ", line)]
    assert [row[1] for row in rows] == ["diverged"] * 2 + ["overfitting"] * 2 + ["good-fit"] * 2
    assert re.search(r"6 runs in .*: 6 diagnosed\. Verdicts: diverged 2, good-fit 2, overfitting 2\.", result.stdout)
    assert result.stderr == ""


def test_nothing_new_is_one_line(diag: Invoke) -> None:
    diag(*VISION)
    again = diag(*VISION)
    assert re.fullmatch(
        r"6 runs in .*: 0 diagnosed, 6 unchanged since the last diagnosis\. Verdicts: .*\.\n", again.stdout
    )
    assert "6 diagnosed" in diag(*VISION, "--force").stdout


def test_a_dry_run_says_so_and_writes_nothing(diag: Invoke) -> None:
    assert "6 diagnosed (dry run: nothing written)" in diag(*VISION, "--dry-run").stdout
    assert "6 diagnosed." in diag(*VISION).stdout


@pytest.mark.parametrize(
    ("words", "runs"),
    [
        (["--experiment", "vis*"], 6),
        (["--experiment", "vision", "--experiment", "empty"], 7),
        (["--all"], 7),
        (["--all", "--limit", "2"], 2),
        (["--all", "--since", "1h"], 7),
        (["--all", "--filter", "params.optimizer = 'sgd'"], 6),
    ],
)
def test_the_scope_is_what_was_asked_for(diag: Invoke, words: list[str], runs: int) -> None:
    result = diag("sweep", *words, "--dry-run")
    assert result.exit_code == 0
    assert re.search(rf"^{runs} runs? in", result.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-e", "speech*"], "no runs found in experiments matching speech*\n"),
        (["-e", "speech*", "-e", "vision", "--filter", "params.optimizer = 'no'"],
         "no runs found in experiments matching speech*, vision that match the filter\n"),
        (["-e", "vision", "--filter", "params.optimizer = 'no'", "--since", "1h"],
         "no runs found in experiment vision that changed in the last 1h and match the filter\n"),
        (["--all", "--filter", "params.optimizer = 'no'"], "no runs found in any experiment that match the filter\n"),
    ],
)  # fmt: skip
def test_where_there_are_no_runs_it_is_said_where_they_were_looked_for(
    diag: Invoke, words: list[str], said: str
) -> None:
    for also in ([], ["--changed-only"]):
        result = diag("sweep", *words, *also, "--dry-run")
        assert (result.exit_code, result.stdout) == (0, said)


@pytest.mark.parametrize("also", [[], ["--changed-only"]])
def test_runs_beyond_the_limit_are_told(diag: Invoke, also: list[str]) -> None:
    told = diag(*VISION, "--limit", "4", "--dry-run", *also).stdout
    last = "Only the newest 4 runs were looked at: there are more, raise --limit to see them.\n"
    assert told.endswith(f".\n{last}")
    assert "--limit" not in diag(*VISION, "--limit", "6", "--dry-run", *also).stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "error: no runs selected: add --experiment NAME, --project NAME or --all"),
        (["--all", "--experiment", "vision"], "error: --all cannot be combined with"),
        (["--experiment", "speech"], "error: no experiment named 'speech'"),
        (["--all", "--filter", "params.x === 3"], "error: the filter was refused"),
        (["--all", "--since", "yesterday"], "error: --since yesterday: write a time span"),
        (["--all", "--since", "0h"], "error: --since 0h: it must be longer than 0"),
        (["--all", "--limit", "0"], "error: Invalid value for '--limit'"),
        (["--all", "--every", "0"], "error: --every 0: write a time span"),
        (["--all", "--every", "0m"], "error: --every 0m: it must be longer than 0"),
        (["--all", "--cron", "* * *"], "error: --cron '* * *': write five fields"),
        (["--all", "--cron", "* * * * *", "--every", "1m"], "error: --every cannot be combined with --cron"),
        (["--all", "--engine", "spark"], "error: --engine spark: choose"),
        (["--all", "--scheduler", "tcp://x:1"], "error: --scheduler needs --engine dask"),
        (["--all", "--log-format", "xml"], "error: --log-format xml: choose one of text, json"),
        (
            ["--all", "--summary", "no/such/place.json"],
            "error: --summary no/such/place.json: no folder no/such",
        ),
        (["--all", "--notify", "s3cret"], "error: --notify: not a valid Apprise URL (not shown"),
        (["--all", "--notify", "slack://s3cret"], "error: --notify slack://…: not a valid Apprise URL"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(diag: Invoke, words: list[str], message: str) -> None:
    result = diag("sweep", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert "s3cret" not in result.output
    assert result.stdout == ""


def test_a_scheduler_that_is_not_there_is_exit_code_2(diag: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_diag.sweeping.dask.DASK_TIMEOUT", 1)
    result = diag("sweep", "--all", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith("error: no Dask scheduler answers at tcp://127.0.0.1:9")


@pytest.mark.parametrize(("level", "code"), [("info", 1), ("error", 1)])
def test_fail_on_counts_unchanged_runs_too(diag: Invoke, level: str, code: int) -> None:
    assert diag(*VISION, "--fail-on", level).exit_code == code
    assert diag(*VISION, "--fail-on", level).exit_code == code


def test_fail_on_is_quiet_below_its_level(diag: Invoke) -> None:
    assert diag("sweep", "--experiment", "empty", "--fail-on", "error").exit_code == 0


def test_runs_that_fail_are_listed_and_the_exit_code_is_4(diag: Invoke, store: str, runs: dict[str, str]) -> None:
    import sqlite3

    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        # A store that refuses to take tags for one run.
        database.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON tags WHEN new.run_uuid = '{runs['healthy-0']}' "
            "AND new.key LIKE 'diag.%' BEGIN SELECT RAISE(ABORT, 'disk quota exceeded'); END"
        )
    database.close()
    result = diag(*VISION, "--fail-on", "error", "--summary", "s.json")
    assert result.exit_code == 4
    assert "5 diagnosed, 1 failed" in result.stdout
    assert re.search(rf"^{runs['healthy-0']} .*", result.stdout, re.MULTILINE)
    summary = json.loads(Path("s.json").read_text())
    assert [f["run_id"] for f in summary["failures"]] == [runs["healthy-0"]]
    assert summary["runs"] == {"diagnosed": 5, "unchanged": 0, "failed": 1, "not_reached": 0}
    assert summary["oldest_undiagnosed_seconds"] > 0
    assert "diag" not in json.dumps(summary["verdicts"])


def test_the_summary_is_for_machines(diag: Invoke) -> None:
    diag(*VISION, "--summary", "s.json")
    diag(*VISION, "--summary", "s.json")
    summary = json.loads(Path("s.json").read_text())
    assert summary["verdicts"] == {"diverged": 2, "good-fit": 2, "overfitting": 2}
    assert summary["runs"] == {"diagnosed": 0, "unchanged": 6, "failed": 0, "not_reached": 0}
    assert (summary["oldest_undiagnosed_seconds"], summary["worst"]) == (None, "error")
    assert list(Path().glob(".s.json*")) == []


def test_the_log_can_be_json_lines(diag: Invoke) -> None:
    result = diag(*VISION, "--log-format", "json")
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert [event["event"] for event in events] == ["listed", *["diagnosed"] * 6, "swept"]
    assert events[-1]["runs"]["diagnosed"] == 6
    assert result.stdout == ""


def test_a_sweep_that_was_ended_before_its_first_run_says_so_and_does_not_blame_the_scope() -> None:
    said = closing_line(Swept(stopped=True, seconds=2.5), write=True, scope="in experiment vision")
    assert "no run was diagnosed before the stop" in said
    assert "vision" not in said
    assert (
        closing_line(Swept(seconds=2.5), write=True, scope="in experiment vision")
        == "no runs found in experiment vision"
    )


def test_names_are_shown_as_they_are(diag: Invoke, store: str, runs: dict[str, str]) -> None:
    import mlflow

    mlflow.MlflowClient(store).set_tag(runs["healthy-0"], "mlflow.runName", "[red]x[/] \x1b[31m\nnew line")
    result = diag(*VISION)
    assert "[red]x[/] \\x1b[31m new line" in result.stdout
    assert "\x1b" not in result.stdout


def test_clean_takes_away_what_was_written_and_nothing_else(diag: Invoke, store: str, runs: dict[str, str]) -> None:
    import mlflow

    client = mlflow.MlflowClient(store)
    client.set_tag(runs["healthy-0"], "diag.ignore", "overfitting")
    before = {name: client.get_run(run_id).data.tags for name, run_id in runs.items()}
    diag("sweep", "--all")
    assert client.get_run(runs["diverged-2"]).data.tags != before["diverged-2"]
    refused = diag("clean", "--all", input="")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert re.search(
        "^error: add --yes to confirm: this removes the diagnoses of 7 runs from MLflow database .*$", refused.stderr
    )
    one = diag("clean", "--run-id", runs["diverged-2"], "--yes")
    assert re.search(r"removed \d+ tags and \d+ files from 1 run", one.stdout)
    assert diag("clean", "--all", "--yes").exit_code == 0
    assert {name: client.get_run(run_id).data.tags for name, run_id in runs.items()} == before
    assert [a.path for run_id in runs.values() for a in client.list_artifacts(run_id)] == []


@pytest.mark.parametrize("words", [[], ["--all", "--run-id", "x"], ["--run-id", "0" * 32, "--yes"]])
def test_clean_needs_a_scope_that_exists(diag: Invoke, words: list[str]) -> None:
    result = diag("clean", *words)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


@pytest.mark.expects_defects
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_error_that_nobody_foresaw_is_told_and_the_next_sweep_runs(
    diag: Invoke, monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    from tracker_diag.sweeping import sweep as module

    real, summaries, sent = module.sweep, [], []

    def sweep(*words: object) -> Swept:
        summaries.append(Path("s.json").read_text() if Path("s.json").exists() else "")
        if len(summaries) < 3:
            raise LookupError("a defect\nof ours")
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "sweep", sweep)
    monkeypatch.setattr("tracker_diag.sweeping.notify.send", lambda urls, title, body: sent.append((title, body)))
    words = ("--every", "1s", "--summary", "s.json", "--notify", "json://127.0.0.1:9/x", "--log-format", log_format)
    result = diag(*VISION, *words, traceback=True)
    if log_format == "text":
        assert result.stderr.count("error: internal error: LookupError: a defect of ours") == 2
    else:
        events = [json.loads(line) for line in result.stderr.splitlines()]
        assert [event["level"] for event in events if "internal error: LookupError" in event.get("error", "")] == [
            "error"
        ] * 2
    assert "raise LookupError(" in result.stderr
    assert [json.loads(text)["failed_sweeps"] for text in summaries[1:]] == [1, 2]
    assert "LookupError: a defect of ours" in json.loads(summaries[1])["error"]
    after = json.loads(Path("s.json").read_text())
    assert (after["failed_sweeps"], after["error"], after["stopped"]) == (2, "", True)
    # Of an error that lasts, people are told once.
    (body,) = (body for title, body in sent if title == "A sweep failed")
    assert "LookupError" in body
    assert "failed sweeps so far: 1" in body


def test_the_summary_says_that_a_sweep_could_not_even_begin(diag: Invoke) -> None:
    result = diag(*VISION, "--summary", "s.json", uri="sqlite:///no/such.db")
    assert result.exit_code == 3
    summary = json.loads(Path("s.json").read_text())
    assert summary["error"].startswith("no MLflow database at")
    result = diag(*VISION, "--log-format", "json", uri="sqlite:///no/such.db")
    (event,) = map(json.loads, result.stderr.splitlines())
    assert (result.exit_code, event["event"], event["level"]) == (3, "swept", "error")
    assert event["error"].startswith("no MLflow database at")
    assert (summary["failed_sweeps"], summary["runs"]["diagnosed"]) == (1, 0)


def test_answers_can_be_kept_in_a_folder_for_a_tracker_that_is_only_read(
    diag: Invoke, store: str, runs: dict[str, str]
) -> None:
    database = Path(store.removeprefix("sqlite:///"))
    before = database.read_bytes()
    first = diag(*VISION, "--report-dir", "kept/answers", "--fail-on", "error")
    assert first.exit_code == 1
    assert "6 diagnosed" in first.stdout
    folder = Path("kept/answers") / runs["diverged-2"]
    tags = json.loads((folder / "tags.json").read_text())["tags"]
    assert tags["verdict"] == "diverged"
    assert json.loads((folder / "report.json").read_text())["verdict"] == "diverged"
    assert "<html" in (folder / "report.html").read_text()
    assert len(list(Path("kept/answers").iterdir())) == 6
    assert "0 diagnosed, 6 unchanged" in diag(*VISION, "--report-dir", "kept/answers").stdout
    assert database.read_bytes() == before
    # What is written in the tracker and what is kept here do not depend on each other.
    diag(*VISION)
    assert "0 diagnosed, 6 unchanged" in diag(*VISION, "--report-dir", "kept/answers").stdout
    assert "6 diagnosed" in diag(*VISION, "--report-dir", "others").stdout
    refused = diag(*VISION, "--report-dir", "x", "--dry-run")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "error: --report-dir cannot be combined with --dry-run or --annotate\n",
    )
    Path("a file").write_text("x")
    refused = diag(*VISION, "--report-dir", "a file")
    assert (refused.exit_code, refused.stderr) == (3, "error: a file is a file; --report-dir needs a folder\n")


def test_a_baseline_is_written_once_and_only_what_is_new_counts_then(diag: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    words = (*VISION, "--fail-on", "error", "--baseline", str(file))
    first = diag(*words)
    assert first.exit_code == 0
    assert "4 accepted by the baseline" in first.stdout
    assert first.stderr == (
        f"created {file}: the present findings of 4 runs are accepted, and only new ones will be reported\n"
    )
    accepted = json.loads(file.read_text())["runs"]
    assert sorted(entry["verdict"] for entry in accepted.values()) == ["diverged"] * 2 + ["overfitting"] * 2
    second = diag(*words)
    assert second.exit_code == 0
    assert "wrote" not in second.output
    lost = next(run_id for run_id, entry in accepted.items() if entry["verdict"] == "diverged")
    file.write_text(json.dumps({"schema_version": 1, "runs": {k: v for k, v in accepted.items() if k != lost}}))
    assert diag(*words).exit_code == 1
    assert diag(*VISION, "--fail-on", "error").exit_code == 1


@pytest.mark.parametrize(
    "part",
    [["--limit", "1"], ["--since", "1h"], ["--filter", "params.x = 'y'"], ["--select", "LC"], ["--ignore", "HY"]],
)
def test_a_baseline_holds_all_runs_by_all_rules(diag: Invoke, tmp_path: Path, part: list[str]) -> None:
    file = tmp_path / "baseline.json"
    result = diag(*VISION, *part, "--baseline", str(file))
    assert (result.exit_code, file.exists()) == (2, False)
    assert f"does not exist; leave out {part[0]} to create it" in result.stderr
    file.write_text('{"schema_version": 1, "runs": {}}')
    assert diag(*VISION, *part, "--baseline", str(file)).exit_code == 0


def test_a_file_that_is_no_baseline_is_said_before_the_sweep_begins(diag: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text("{}")
    result = diag(*VISION, "--baseline", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(
        f"error: --baseline {file}: not a baseline file (no schema_version); give another name\n"
    )
    missing = diag(*VISION, "--baseline", "no/such/b.json")
    assert missing.stderr == "error: --baseline no/such/b.json: no folder no/such; create it first\n"


def test_a_section_of_the_description_is_written_where_it_is_asked_for_and_cleaned_away(
    diag: Invoke, store: str, runs: dict[str, str]
) -> None:
    client = mlflow.MlflowClient(store)

    def description(name: str) -> str | None:
        found: str | None = client.get_run(runs[name]).data.tags.get("mlflow.note.content")
        return found

    client.set_tag(runs["diverged-2"], "mlflow.note.content", "mine\n")
    assert diag(*VISION).exit_code == 0
    assert (description("diverged-2"), description("diverged-5")) == ("mine\n", None)
    assert "6 diagnosed" in diag(*VISION, "--note").stdout
    assert "0 diagnosed, 6 unchanged" in diag(*VISION, "--note").stdout
    text = description("diverged-2") or ""
    assert text.startswith("mine\n\n\n<!-- tracker-diag ")
    assert "**Diagnosis: diverged** (error)" in text
    experiment = client.get_run(runs["diverged-2"]).info.experiment_id
    page = f"#/experiments/{experiment}/runs/{runs['diverged-2']}/artifacts/diagnosis/report.html"
    assert f"[The whole report]({page}?workflowType=machine_learning)" in text
    client.set_tag(runs["diverged-5"], "mlflow.note.content", (description("diverged-5") or "").replace("error", "ok"))
    again = diag(*VISION, "--note").stdout
    assert "1 run: no section was written into the description: somebody has edited the section there\n" in again
    cleaned = diag("clean", "-e", "vision", "--yes")
    assert ", and sections in 5 descriptions\n" in cleaned.stdout
    assert cleaned.stderr == "not removed from 1 run: the section in the description, because somebody has edited it\n"
    assert (description("diverged-2"), description("healthy-0")) == ("mine\n", None)


def test_a_section_needs_a_tracker(diag: Invoke, tmp_path: Path) -> None:
    refused = diag(*VISION, "--note", "--report-dir", str(tmp_path / "answers"))
    assert refused.exit_code == 2
    assert "--note writes into the tracker, --report-dir does not" in refused.stderr
    Path("tracker-diag.yaml").write_text("note: true\n", encoding="utf-8")
    aside = diag(*VISION, "--report-dir", str(tmp_path / "answers"))
    assert (
        "6 runs: no section was written into the description: --report-dir writes nothing into the tracker\n"
        in aside.stdout
    )
    assert f"6 diagnoses in {tmp_path / 'answers'}/, one folder per run\n" in aside.stdout
    assert "answers in" not in diag(*VISION, "--report-dir", str(tmp_path / "answers")).stdout
    assert aside.exit_code == 0


def test_reports_that_had_no_place_are_stored_by_the_next_sweep_once_there_is_one(
    diag: Invoke, store: str, tmp_path: Path
) -> None:
    place = tmp_path / "later" / "mlruns"
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE runs SET artifact_uri = ? || run_uuid || '/artifacts'", (f"{place.as_uri()}/1/",))
    database.close()
    first = diag("sweep", "-e", "vision").stdout
    assert "4 runs: the report could not be stored: no folder " in first
    assert (
        "0 diagnosed, 6 unchanged since the last diagnosis (4 have no stored report)"
        in diag("sweep", "-e", "vision").stdout
    )
    place.mkdir(parents=True)
    assert "4 diagnosed, 2 unchanged since the last diagnosis." in diag("sweep", "-e", "vision").stdout
    assert len([*place.rglob("report.html")]) == 4
    assert "0 diagnosed, 6 unchanged since the last diagnosis." in diag("sweep", "-e", "vision").stdout
