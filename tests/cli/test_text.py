"""Text of a run is shown on the terminal and in the log, never obeyed; a defect of ours is told from a finding."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tracker_diag.adapters.disk import draft_name
from tracker_diag.cli import app, summary, watch
from tracker_diag.cli.errors import PARTIAL, UsageError, explain
from tracker_diag.core.finding import Severity
from tracker_diag.sweeping.result import Row, Swept

ROW = Row("a1", "cnn", "vision", "http://h/#/x", "overfitting", Severity.WARNING, "too-few-examples", "…", news=True)
EVIL = "\x1b[2J\x1b]8;;http://evil\x07 [red]x[/] :fire:\nERROR: forged\u202e"


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    """Put back what a command does to the process that it takes for its own."""
    log = logging.getLogger("tracker_diag")
    before, level, propagate, last = log.handlers[:], log.level, log.propagate, logging.lastResort
    log.handlers[:] = [handler for handler in before if not isinstance(handler, watch.Stderr)]
    yield
    log.handlers[:] = before
    log.setLevel(level)
    log.propagate = propagate
    logging.lastResort = last


def _shown(swept: Swept, monkeypatch: pytest.MonkeyPatch, *, terminal: bool = False) -> str:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm-256color")
    summary.show_table(swept, write=True, scope="in experiment vision")
    return file.getvalue()


def test_verdicts_of_unchanged_runs_are_shown_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    said = summary.closing_line(
        Swept(standing=(ROW, ROW), verdicts={EVIL: 2}), write=True, scope="in experiment vision"
    )
    assert "\n" not in said
    assert said.isprintable()
    assert "Verdicts: \\x1b[2J\\x1b]8;;http://evil\\x07 [red]x[/… 2." in said
    assert ":fire:" in _shown(Swept(standing=(ROW, ROW), verdicts={":fire: [b]x[/b]": 2}), monkeypatch)


def test_all_cells_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    row = replace(ROW, id=EVIL, name=EVIL, experiment=EVIL, link=EVIL, verdict=EVIL, cause=EVIL, not_stored=EVIL)
    said = _shown(Swept(rows=(row,)), monkeypatch)
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert "[red]x[/] :fire: ERROR" in said
    assert not [line for line in said.splitlines() if line.startswith("ERROR")]


@pytest.mark.parametrize(
    ("link", "clickable"),
    [
        ("http://h/#/experiments/1/runs/a", True),
        ("javascript:alert(1)", False),
        ("http://h/\x1b\\\x1b]8;;http://evil", False),
        ("http://h/ bold red", False),
        ("http://bob:hunter2@h/x", False),
        (None, False),
    ],
)
def test_only_an_address_of_a_page_is_clickable(
    monkeypatch: pytest.MonkeyPatch, link: str | None, clickable: bool
) -> None:
    said = _shown(Swept(rows=(replace(ROW, link=link),)), monkeypatch, terminal=True)
    assert ("\x1b]8;" in said) is clickable
    assert "evil" not in said
    assert "hunter2" not in said


def test_reports_that_could_not_be_stored_are_counted_and_explained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [replace(ROW, id=str(i), not_stored="no server at mlflow-artifacts:/1" if i < 12 else "") for i in range(20)]
    swept = Swept(rows=(*rows, replace(ROW, not_stored="no such host: s3x")))
    lines = _shown(swept, monkeypatch).splitlines()
    assert lines[-4:-1] == [
        "12 runs: the report could not be stored: no server at mlflow-artifacts:/1",
        "1 run: the report could not be stored: no such host: s3x",
        "",
    ]
    assert "21 diagnosed (13 have no stored report)." in lines[-1]
    assert summary.summary(swept, "x")["not_stored"] == 13
    assert summary.summary(Swept(rows=(ROW,)), "x")["not_stored"] == 0
    assert "reports" not in summary.closing_line(Swept(rows=(ROW,)), write=True, scope="in experiment vision")


def test_many_reasons_are_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tuple(replace(ROW, id=str(i), not_stored=f"reason {i}") for i in range(summary.FAILURES + 5))
    assert "… and 5 more reasons" in _shown(Swept(rows=rows), monkeypatch)


def test_a_summary_leaves_no_draft_and_removes_those_of_killed_sweeps(tmp_path: Path) -> None:
    (tmp_path / draft_name()).write_text("half")
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    (tmp_path / "s.json").symlink_to(target)
    summary.write_summary(tmp_path / "s.json", {"a": 1})
    assert json.loads((tmp_path / "s.json").read_text()) == {"a": 1}
    assert target.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "s.json"]


@pytest.mark.parametrize("name", ["..", ".", "nowhere/s.json"])
def test_a_summary_that_cannot_be_written_is_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"^--summary "):
        summary.write_summary(tmp_path / name, {})


def _log(message: str, log_format: str, capsys: pytest.CaptureFixture[str], error: Exception | None = None) -> str:
    watch.start_log(log_format)
    logging.getLogger("tracker_diag.some.module").log(
        logging.ERROR if error else logging.WARNING, "%s is not JSON", message, exc_info=error
    )
    return capsys.readouterr().err


def _raised(text: str) -> Exception:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_a_path_in_a_warning_is_one_line_of_text(capsys: pytest.CaptureFixture[str]) -> None:
    said = _log(f"/runs/{EVIL}/profile.json", "text", capsys)
    assert said.count("\n") == 1
    assert said[:-1].isprintable()
    assert said.startswith("WARNING: /runs/\\x1b[2J")


@pytest.mark.expects_defects
def test_no_line_of_a_traceback_can_be_taken_for_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    first, *rest = _log("x", "text", capsys, _raised(EVIL)).splitlines()
    assert first == "ERROR: x is not JSON"
    assert rest[0].strip() == "Traceback (most recent call last):"
    assert all(line.startswith("    ") and line.isprintable() for line in rest)
    assert rest[-1].strip() == "ERROR: forged\\u202e"


@pytest.mark.expects_defects
def test_lines_of_json_are_clean_once_they_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    line = json.loads(_log(EVIL, "json", capsys, _raised(EVIL)))
    assert line["event"].isprintable()
    assert line["level"] == "error"
    assert "\x1b" not in line["traceback"]
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert "traceback" not in json.loads(_log("x", "json", capsys))


@pytest.mark.expects_defects
@pytest.mark.parametrize("log_format", watch.LOG_FORMATS)
def test_a_secret_that_goes_over_two_lines_is_in_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hun\nter2")
    said = _log("x", log_format, capsys, _raised("hun\nter2 was refused"))
    assert "ValueError: … was refused" in json.loads(said)["traceback"] if log_format == "json" else said
    assert "ter2" not in said


def test_records_of_level_info_are_for_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    for log_format, lines in (("text", 0), ("json", 1)):
        watch.start_log(log_format)
        logging.getLogger("tracker_diag.adapters.guard").info("run a: bad", exc_info=_raised("bad data"))
        assert capsys.readouterr().err.count("\n") == lines


def test_other_packages_take_the_same_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    watch.start_log("text")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger(), "handlers", [])
        logging.getLogger("some.client").warning("cannot reach https://bob:hunter2@h\x1b")
        logging.getLogger("some.client").info("not shown")
    assert capsys.readouterr().err == "WARNING: cannot reach https://…@h\\x1b\n"


def _defect(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("tracker_diag.rules.registry.all_rules", fail)


@pytest.mark.expects_defects
def test_a_defect_is_one_line_a_traceback_in_the_log_and_never_the_exit_code_of_a_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _defect(monkeypatch, KeyError("https://bob:hunter2@h\x1b[2J"))
    result = CliRunner().invoke(app, ["rules"])
    assert result.exit_code == PARTIAL == 4
    *log, last = result.stderr.splitlines()
    assert last == (
        "error: internal error: KeyError: 'https://…@h\\x1b[2J'; this is a bug in tracker-diag: "
        "please report it with the traceback above at https://github.com/tracker-diag/tracker-diag/issues"
    )
    assert log[0] == "ERROR: internal error"
    assert log[1].strip() == "Traceback (most recent call last):"
    assert log[-1].strip().startswith("KeyError: ")
    assert "hunter2" not in result.output
    assert "\x1b" not in result.output


@pytest.mark.expects_defects
def test_a_defect_is_logged_once_however_often_it_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    watch.start_log("json")
    error = _raised("x")
    assert explain(error) == explain(error)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "internal error"
    assert "ValueError: x" in json.loads(line)["traceback"]


@pytest.mark.expects_defects
def test_an_error_without_words_is_told_too() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert explain(MuteError())[0].startswith("internal error: MuteError; this is a bug")


def test_what_the_system_refuses_is_no_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    _defect(monkeypatch, OSError(28, "No space left on device"))
    result = CliRunner().invoke(app, ["rules"])
    assert (result.exit_code, result.stderr) == (4, "error: No space left on device\n")


def test_the_console_takes_no_text_for_markup_or_emoji() -> None:
    for console in (summary.stdout(), watch.stderr()):
        assert isinstance(console, Console)
        with console.capture() as captured:
            console.print("[red]x[/red] :fire:")
        assert captured.get() == "[red]x[/red] :fire:\n"
