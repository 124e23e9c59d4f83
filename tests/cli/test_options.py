"""``--select`` and ``--ignore``: laid over the file, in every experiment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Invoke
from tracker_diag.cli.errors import UsageError
from tracker_diag.cli.options import read_settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tracker-diag.yaml"
    path.write_text(
        "select: [LC, HY]\nignore: [HY003]\nexperiments:\n"
        "  vision: {ignore: [LC107], artifacts: all}\n  text: {select: [DS]}\n"
    )
    return path


@pytest.mark.parametrize(
    ("typed", "experiment", "select", "ignore"),
    [
        ({}, "vision", ("LC", "HY"), ("LC107",)),
        ({"select": ["LC104, dead relu", "OP"]}, "", ("LC104", "dead relu", "OP"), ("HY003",)),
        ({"select": ["LC104"]}, "vision", ("LC104",), ("LC107",)),
        ({"select": ["LC104"]}, "text", ("LC104",), ("HY003",)),
        ({"ignore": ["LC1,", "frozen"]}, "", ("LC", "HY"), ("HY003", "LC1", "frozen")),
        ({"ignore": ["LC1"]}, "vision", ("LC", "HY"), ("LC107", "LC1")),
        ({"ignore": ["LC1"]}, "text", ("DS",), ("HY003", "LC1")),
    ],
)
def test_what_is_typed_is_laid_over_the_file(
    config: Path, typed: dict[str, Any], experiment: str, select: tuple[str, ...], ignore: tuple[str, ...]
) -> None:
    settings = read_settings(config, None, **typed).for_experiment(experiment)
    assert (settings.select, settings.ignore) == (select, ignore)


@pytest.mark.parametrize("option", ["select", "ignore"])
def test_a_word_that_is_no_rule_is_one_line(config: Path, option: str) -> None:
    with pytest.raises(UsageError, match=f"^--{option}: no rule 'ovrfit'"):
        read_settings(config, None, **{option: ["LC104,ovrfit"]})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"^--{option} is empty: name a rule, such as --{option} LC104"):
        read_settings(config, None, **{option: [" , "]})  # type: ignore[arg-type]


def test_a_sweep_and_a_diagnosis_ask_the_rules_that_were_chosen(diag: Invoke, runs: dict[str, str]) -> None:
    words = ("--select", "LC,hy003", "--ignore", "Over_Fitting", "--dry-run", "--format", "json")
    data = json.loads(diag("sweep", "--experiment", "vision", *words).stdout)
    found = {code for run in data["runs"] for code in run["findings"]}
    assert "LC108" in found
    assert "LC104" not in found
    assert all(code.startswith("LC") or code == "HY003" for code in found)
    report = json.loads(diag("diagnose", "-r", runs["overfitting-1"], *words).stdout)
    assert report["verdict"] != "overfitting"
    assert {f["code"][:2] for f in report["findings"]} <= {"LC", "HY"}


def test_a_typo_is_told_before_anything_is_done(diag: Invoke) -> None:
    result = diag("sweep", "--all", "--select", "LC10x")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("error: --select: no rule 'LC10x'; did you mean 'LC1")
