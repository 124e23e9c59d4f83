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
    assert result.stderr == "read from files: nothing was written\n"
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
    assert "2 diagnosed (dry run: nothing written)" in result.stdout
    both = diag("diagnose", str(tmp_path / "logs"), "--format", "markdown", uri=None)
    assert both.stdout.count("# ERROR: diverged") == 1
    assert both.stdout.count("# INFO: good\\-fit") + both.stdout.count("# INFO: good-fit") == 1


def test_settings_hold_for_files_too(diag: Invoke) -> None:
    result = diag("diagnose", str(HEALTHY), "--format", "json", "--role", "val_loss=train_loss", uri=None)
    assert json.loads(result.stdout)["roles"]["val_loss"] == "train_loss"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.csv"], "error: no file or folder none.csv"),
        ([str(HEALTHY), "--run-id", "x"], "error: a path and --run-id: give one"),
        ([str(HEALTHY), "--tracking-uri", "x"], "error: a path and --tracking-uri: give one"),
        ([str(HEALTHY), "--annotate"], "error: a path and --annotate: give one"),
        ([str(KEPT / "transformers" / "checkpoint-6" / "config.json")], "error: "),
        ([], "error: which run?"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(diag: Invoke, words: list[str], message: str) -> None:
    result = diag("diagnose", *words, uri=None)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(message)
