"""``tracker-diag diagnose PATH``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.reading.trained import KEPT

HEALTHY = KEPT / "lightning" / "version_0" / "metrics.csv"


def test_a_file_is_diagnosed_and_nothing_is_written(diag: Invoke, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = diag("diagnose", str(HEALTHY), uri=None)
    assert result.exit_code == 0
    assert "good-fit" in result.stdout
    assert result.stderr == "nothing was written, since files are only read\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_report_of_a_file_is_data_too(diag: Invoke) -> None:
    result = diag("diagnose", str(KEPT / "lightning-broken"), "--format", "json", "--fail-on", "error", uri=None)
    assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (1, "diverged")


def test_a_folder_of_several_is_a_table(diag: Invoke, tmp_path: Path) -> None:
    for name in ("lightning", "lightning-broken"):
        shutil.copytree(KEPT / name, tmp_path / "logs" / name)
    result = diag("diagnose", str(tmp_path / "logs"), "--fail-on", "error", uri=None)
    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:3]] == [
        ["error", "diverged"],
        ["info", "good-fit"],
    ]
    assert result.stdout.endswith(
        "\n\n2 diagnosed; nothing was written, since files are only read. Verdicts: diverged 1, good-fit 1.\n"
    )
    both = diag("diagnose", str(tmp_path / "logs"), "--format", "markdown", uri=None)
    assert both.stdout.count("# ERROR: diverged") == 1
    assert both.stdout.count("# INFO: good\\-fit") + both.stdout.count("# INFO: good-fit") == 1


def test_a_dry_run_of_a_file_is_what_happens_anyway(diag: Invoke) -> None:
    assert diag("diagnose", str(HEALTHY), "--dry-run", uri=None).exit_code == 0


def test_the_experiments_of_a_store_are_shown_and_compared_apart(
    diag: Invoke, store: str, runs: dict[str, str]
) -> None:
    database = store.removeprefix("sqlite:///")
    shown = diag("diagnose", database, uri=None)
    assert shown.exit_code == 0
    assert "vision" in shown.stdout
    swept = diag("sweep", "--all", "--dry-run")
    lines = [{line.rstrip() for line in each.stdout.splitlines() if "diverged-" in line} for each in (shown, swept)]
    assert lines[0] == lines[1] != set()


def test_settings_hold_for_files_too(diag: Invoke) -> None:
    result = diag("diagnose", str(HEALTHY), "--format", "json", "--role", "val_loss=train_loss", uri=None)
    assert json.loads(result.stdout)["roles"]["val_loss"] == "train_loss"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["over"], "error: no file or folder 'over'; for a run in a tracker, use --run-id over\n"),
        (
            ["http://h/#/runs/1"],
            "error: no file or folder 'http:/h/#/runs/1'; for a run in a tracker, use --run-id RUN\n",
        ),
        (["x" * 300], "error: no file or folder 'x"),
        ([str(HEALTHY), "--run-id", "x"], "error: --run-id cannot be combined with a path"),
        ([str(HEALTHY), "--tracking-uri", "x"], "error: --tracking-uri cannot be combined with a path"),
        ([str(HEALTHY), "--annotate"], "error: --annotate cannot be combined with a path: files are only read\n"),
        ([str(HEALTHY), "--note"], "error: --note cannot be combined with a path: files are only read\n"),
        ([str(HEALTHY), "--write"], "error: --write cannot be combined with a path: files are only read\n"),
        (
            [str(HEALTHY), "--artifacts", "all"],
            "error: --artifacts cannot be combined with a path: files are only read\n",
        ),
        ([str(KEPT / "transformers" / "checkpoint-6" / "config.json")], "error: "),
        ([], "error: no run given"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(diag: Invoke, words: list[str], message: str) -> None:
    result = diag("diagnose", *words, uri=None)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(message)
