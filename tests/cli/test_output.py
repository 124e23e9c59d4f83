"""``sweep --format`` and ``--output-file``: what is printed and written, and when nothing is."""

from __future__ import annotations

import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from tests.cli.conftest import Invoke
from tracker_diag.cli.output import FORMATS, SUFFIXES
from tracker_diag.cli.whole_files import write_whole

VISION = ("sweep", "--experiment", "vision")


@pytest.mark.parametrize("format", [f for f in FORMATS if f not in ("text", "json")])
def test_a_second_sweep_prints_the_same_document_and_nothing_else(diag: Invoke, format: str) -> None:
    first = diag(*VISION, "--format", format)
    again = diag(*VISION, "--format", format)
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout == again.stdout != ""
    assert "unchanged" not in again.stdout
    assert diag(*VISION, "--format", format, "--dry-run", "--force").stdout == first.stdout


def test_json_has_all_runs_of_the_scope(diag: Invoke) -> None:
    diag(*VISION)
    data = json.loads(diag(*VISION, "--format", "json").stdout)
    assert len(data["runs"]) == 6
    assert data["sweep"]["unchanged"] == 6
    assert all(run["summary"] and run["findings"] for run in data["runs"])


@pytest.mark.parametrize("name", [f"runs{suffix}" for suffix in SUFFIXES])
def test_the_name_of_a_file_says_the_format_and_stdout_stays_text(diag: Invoke, name: str) -> None:
    result = diag(*VISION, "--output-file", name)
    assert "6 diagnosed" in result.stdout
    text = Path(name).read_bytes().decode()
    assert diag(*VISION, "-o", name).exit_code == 0
    if not name.endswith((".json", ".txt")):
        assert Path(name).read_bytes().decode() == text
    assert [path.name for path in Path().glob("*runs*")] == [name]


def test_text_in_a_file_is_that_of_a_pipe(diag: Invoke) -> None:
    result = diag(*VISION, "-o", "runs.txt")
    # What is said below, about where the answers are seen, is for the terminal alone.
    assert result.stdout.startswith(Path("runs.txt").read_text())


def test_a_hyphen_is_stdout(diag: Invoke) -> None:
    assert json.loads(diag(*VISION, "--format", "json", "-o", "-").stdout)["worst"] == "error"
    assert not Path("-").exists()


def test_a_pipe_is_written_into_and_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with ThreadPoolExecutor(1) as reader:
            read = reader.submit((tmp_path / name).read_text)
            write_whole(tmp_path / name, "{}\n", "--output-file")
            assert read.result(60) == "{}\n"
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()
    write_whole(Path(os.devnull), "x", "--summary")
    assert Path(os.devnull).is_char_device()


def test_a_format_beats_the_name_of_the_file(diag: Invoke) -> None:
    diag(*VISION, "--format", "junit", "-o", "report.out", "--fail-on", "error")
    assert fromstring(Path("report.out").read_text()).get("failures") == "2"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "yaml"], "error: --format yaml: choose one of text, csv, github, json, junit, markdown, sarif"),
        (["-o", "no/such/x.json"], "error: --output-file no/such/x.json: no folder no/such"),
        (["-o", "x.pdf"], "error: --output-file x.pdf: its suffix names no format; add --format with one of"),
        (["--format", "json", "--every", "1m"], "error: --format json with --every or --cron: add --output-file"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_done(diag: Invoke, words: list[str], message: str) -> None:
    result = diag(*VISION, *words)
    assert result.exit_code == 2
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert "6 diagnosed" in diag(*VISION).stdout


def test_a_file_that_cannot_be_written_is_one_line_and_the_old_one_stays(diag: Invoke) -> None:
    Path("runs.json").mkdir()
    result = diag(*VISION, "-o", "runs.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: --output-file runs.json: ")


def test_a_run_that_cannot_be_written_is_an_error_of_the_document(
    diag: Invoke, store: str, runs: dict[str, str]
) -> None:
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute(
            f"CREATE TRIGGER full BEFORE INSERT ON tags WHEN new.run_uuid = '{runs['healthy-0']}' "
            "AND new.key LIKE 'diag.%' BEGIN SELECT RAISE(ABORT, 'disk quota exceeded'); END"
        )
    database.close()
    result = diag(*VISION, "--format", "junit")
    assert result.exit_code == 4
    root = fromstring(result.stdout)
    assert (root.get("tests"), root.get("errors")) == ("6", "1")


def test_of_a_sweep_that_did_not_reach_every_run_there_is_no_document(
    diag: Invoke, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker_diag.sweeping.halt.GIVE_UP_AFTER", 3)
    with sqlite3.connect(store.removeprefix("sqlite:///")) as database:
        database.execute(
            "CREATE TRIGGER shut BEFORE INSERT ON tags WHEN new.key LIKE 'diag.%' "
            "BEGIN SELECT RAISE(ABORT, 'disk quota exceeded'); END"
        )
    database.close()
    Path("runs.sarif").write_text("old")
    result = diag(*VISION, "-o", "runs.sarif")
    assert result.exit_code == 3
    assert "runs.sarif was not updated: the sweep did not reach every run" in result.stderr
    assert Path("runs.sarif").read_text() == "old"
    result = diag(*VISION, "--format", "sarif")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "no sarif was written: the sweep did not reach every run" in result.stderr


def test_a_tracker_that_is_away_leaves_the_old_document(diag: Invoke) -> None:
    Path("runs.sarif").write_text("old")
    result = diag(*VISION, "-o", "runs.sarif", uri="http://127.0.0.1:9")
    assert result.exit_code == 3
    assert Path("runs.sarif").read_text() == "old"


def test_quiet_prints_nothing_but_what_failed(diag: Invoke) -> None:
    result = diag(*VISION, "-q")
    assert (result.exit_code, result.output) == (0, "")
    result = diag(*VISION, "-q", "--fail-on", "error")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("2 runs with severity error (--fail-on error):\n")
    assert json.loads(diag(*VISION, "-q", "--format", "json").stdout)["worst"] == "error"


@pytest.mark.parametrize("format", FORMATS)
def test_exit_code_1_lists_the_runs_unchanged_ones_too_whatever_the_format(diag: Invoke, format: str) -> None:
    diag(*VISION)
    result = diag(*VISION, "--format", format, "--fail-on", "warning")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "4 runs with severity warning or worse (--fail-on warning):",
        "  error    diverged     diverged-2",
        "  error    diverged     diverged-5",
        "  warning  overfitting  overfitting-1",
        "  warning  overfitting  overfitting-4",
    ]


def test_exit_code_1_is_in_the_log_of_lines_of_json(diag: Invoke) -> None:
    result = diag(*VISION, "--log-format", "json", "--fail-on", "error")
    assert result.exit_code == 1
    *_, first, _, last = map(json.loads, result.stderr.splitlines())
    assert (first["event"], first["verdict"], last["event"], last["runs"]) == ("found", "diverged", "exit code 1", 2)


def test_the_log_says_which_settings_are_used(diag: Invoke, tmp_path: Path) -> None:
    def used() -> list[str]:
        lines = map(json.loads, diag(*VISION, "--log-format", "json").stderr.splitlines())
        return [line["file"] for line in lines if line["event"] == "settings"]

    assert used() == []
    Path("tracker-diag.yaml").write_text("ignore: [HY003]")
    assert used() == ["tracker-diag.yaml"]
