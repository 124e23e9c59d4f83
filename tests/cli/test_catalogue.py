from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Invoke
from tracker_diag.core.version import __version__
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import HEADINGS


def test_rules_lists_every_rule_once(diag: Invoke) -> None:
    lines = diag("rules", uri=None).stdout.splitlines()
    assert lines[0].split()[:3] == ["code", "name", "evidence"]
    listed = [line.split()[:2] for line in lines if line[:2].isupper() and line[2:5].isdigit()]
    assert listed == [[rule.code, rule.name] for rule in all_rules().values()]


def test_rules_as_json_hold_what_a_user_may_set(diag: Invoke) -> None:
    data = {entry["name"]: entry for entry in json.loads(diag("rules", "--format", "json", uri=None).stdout)}
    assert data["overfitting"]["code"] == "LC104"
    assert data["overfitting"]["thresholds"] == dict(all_rules()["LC104"].thresholds)


@pytest.mark.parametrize("word", ["LC104", "lc104", "overfitting", "OVERFITTING", " Overfitting"])
def test_explain_shows_the_page_of_a_rule(diag: Invoke, word: str) -> None:
    page = diag("explain", word, uri=None).stdout
    assert page.startswith("# LC104 overfitting\n")
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(HEADINGS)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["dead", "relu"], "GR601 dead-relu"),
        (["dead_relu"], "GR601 dead-relu"),
        (["DEAD-RELU"], "GR601 dead-relu"),
        (["no regularization"], "RG801 no-regularisation"),
        (["unscaled-initialization"], "IN501 unscaled-initialisation"),
        (["insufficient evidence"], "insufficient-evidence"),
    ],
)
def test_explain_takes_any_spelling(diag: Invoke, words: list[str], name: str) -> None:
    assert diag("explain", *words, uri=None).stdout.startswith(f"# {name}\n")


@pytest.mark.parametrize(
    ("word", "nearest"), [("ovrfitting", "overfitting"), ("LC10", "LC101"), ("vanishing", "vanishing-gradients")]
)
def test_explain_of_no_rule_names_the_nearest(diag: Invoke, word: str, nearest: str) -> None:
    result = diag("explain", word, uri=None)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert f"; did you mean {nearest}?" in result.stderr


def test_version(diag: Invoke) -> None:
    assert diag("--version", uri=None).stdout == f"tracker-diag {__version__}\n"


def test_help_names_every_command_the_exit_codes_and_examples(diag: Invoke) -> None:
    result = diag("--help", uri=None)
    assert result.exit_code == 0
    for word in ("diagnose", "sweep", "rules", "explain", "report", "clean", "mcp", "Examples:", "Exit codes:"):
        assert word in result.stdout


def test_an_unknown_command_or_option_is_one_line(diag: Invoke) -> None:
    for words in (["diagnoze"], ["rules", "--bogus"], ["rules", "--format", "xml"], ["explain"]):
        result = diag(*words, uri=None)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert result.stderr.startswith("error: ")


@pytest.mark.parametrize(
    "command", ["", "diagnose", "sweep", "committed", "rules", "explain", "report", "clean", "mcp"]
)
def test_help_fits_80_columns_and_no_summary_is_cut(diag: Invoke, command: str) -> None:
    text = diag(*command.split(), "--help", uri=None, terminal_width=80).stdout
    assert max(map(len, text.splitlines())) <= 80
    # What a usage line ends with says that a word may be repeated.
    assert not [line for line in text.splitlines()[1:] if line.endswith("...")]
