"""Hostile runs of every category are answered; and the fuzzer sees what goes wrong, with the case that repeats it."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts import fuzzing
from scripts.fuzzing import check, chunk
from scripts.hostile import CATEGORIES, Case, make
from tests.inputs import computed_by
from tracker_diag.engine import diagnosis
from tracker_diag.report import tags
from tracker_diag.roles import param_roles
from tracker_diag.rules.registry import all_rules

RUNS = 480


@pytest.mark.parametrize("part", range(4))
def test_hostile_runs_are_answered(part: int) -> None:
    tally = chunk(20, range(part * RUNS // 4, (part + 1) * RUNS // 4))
    assert tally.failures == []
    assert tally.runs == RUNS // 4
    assert tally.refused < tally.runs / 4


def test_a_case_follows_from_its_seed_and_number() -> None:
    assert repr(make(1, 5).data["metrics"]) == repr(make(1, 5).data["metrics"])
    assert repr(make(1, 5).data["metrics"]) != repr(make(2, 5).data["metrics"])
    assert [make(3, n).category for n in range(8)] == list(CATEGORIES)


# -- it can fail -----------------------------------------------------------------------------------------------------


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case is a sound run, so that what fails is what the test broke."""
    points = [[i, 2.0 / (1 + i)] for i in range(20)]
    data = {"id": "r", "metrics": {"train_loss": points, "val_loss": points}, "params": {"lr": 0.1, "num_classes": 10}}
    monkeypatch.setattr(fuzzing, "make", lambda seed, number: Case("values", data))


def fails(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("by zero")


@pytest.mark.usefixtures("sound")
def test_a_sound_run_has_nothing_to_report() -> None:
    assert check(0, 0) == (False, [])


@pytest.mark.expects_defects
@pytest.mark.usefixtures("sound")
def test_a_rule_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = dict(all_rules())
    rules["HY003"] = replace(rules["HY003"], check=fails)
    monkeypatch.setattr(diagnosis, "all_rules", lambda: rules)
    (failure,) = check(0, 7)[1]
    assert failure.said.startswith("HY003: the rule failed: ZeroDivisionError: by zero (asking.py:")
    assert (failure.number, failure.category) == (7, "values")
    assert "ZeroDivisionError" in failure.details


@pytest.mark.expects_defects
@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize("part", ["resolve", "rank", "_summary", "_curves", "_cost", "_notes"])
def test_a_part_that_fails_is_reported(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, part, fails)
    assert [f.said for f in check(0, 0)[1] if " could not be " in f.said and "ZeroDivisionError" in f.said]


@pytest.mark.usefixtures("sound")
@pytest.mark.parametrize(
    ("module", "name", "said"),
    [
        (fuzzing, "diagnose", "diagnose: ZeroDivisionError"),
        (fuzzing, "print_text", "text: ZeroDivisionError"),
        (fuzzing, "render_markdown", "markdown: ZeroDivisionError"),
        (fuzzing, "fingerprint", "fingerprint: ZeroDivisionError"),
        (tags, "render_html", "tags and files: ZeroDivisionError"),
        (fuzzing, "parse_settings", "reading: ZeroDivisionError"),
    ],
)
def test_a_renderer_that_raises_is_reported(module: Any, name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, name, fails)
    (failure,) = check(0, 0)[1]
    assert failure.said.startswith(said)


@pytest.mark.usefixtures("sound")
def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "SLOWEST", 0.2)
    computed_by(monkeypatch, "improvement", lambda: time.sleep(60))
    (failure,) = check(0, 0)[1]
    assert failure.said.startswith("given up: TooSlowError: more than 0.2 seconds")


@pytest.mark.expects_defects
def test_a_mend_that_is_undone_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def as_it_was(name: str, values: Any) -> Any:
        pattern = param_roles._DIGITS.sub("#", name)
        if pattern.count("#") != 1:
            return None
        return [param_roles._DIGITS.findall(n)[0] for n in values if param_roles._DIGITS.sub("#", n) == pattern]

    monkeypatch.setattr(param_roles, "_numbered", as_it_was)
    found = [f for number in range(2, 400, 8) for f in check(20, number)[1]]
    assert any("IndexError" in f.said for f in found)


def test_the_command_repeats_one_case() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.fuzzing", "--seed", "20", "--only", "3"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing failed\n", "")


def test_the_command_counts_and_leaves_with_one_where_something_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = fuzzing.Tally(
        50,
        1,
        [
            fuzzing.Failure(9, "tags", "HY001: the rule failed: A"),
            fuzzing.Failure(17, "tags", "HY002: the rule failed: A"),
        ],
    )
    monkeypatch.setattr(fuzzing, "fuzz", lambda *_: iter([seen, fuzzing.Tally(50, 2)]))
    monkeypatch.setattr(sys, "argv", ["fuzz", "--runs", "100", "--seed", "5"])
    assert fuzzing.main() == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "tags --seed 5 --only 9: HY001: the rule failed: A"
    assert said.out.splitlines()[1].startswith("100 runs in ")
    assert said.out.endswith("; 3 refused in our own words; 2 failures of 1 kinds\n")
    assert "100 of 100 runs" in said.err
