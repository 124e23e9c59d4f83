"""What is read back from a run's tags has the form of a verdict, whichever rules are installed here."""

from __future__ import annotations

import pytest

from tests.runs import make_run
from tracker_diag import Settings, Severity
from tracker_diag.core.finding import LONGEST_NAME
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.verdicts import precedence
from tracker_diag.sweeping.judge import Before, Task, before, examine


@pytest.mark.parametrize("verdict", [*precedence(), ABSTENTION])
@pytest.mark.parametrize("severity", Severity)
def test_our_own_words_are_read(verdict: str, severity: Severity) -> None:
    tags = {"dx.verdict": verdict, "dx.severity": str(severity), "diag.verdict": "frozen"}
    assert before(tags, "dx.") == Before(verdict, severity)


@pytest.mark.parametrize("verdict", ["nowhere-installed", "top-5-error", "l2", "x" * LONGEST_NAME])
def test_the_verdict_of_a_rule_that_is_not_installed_is_read(verdict: str) -> None:
    assert verdict not in precedence()
    assert before({"diag.verdict": verdict, "diag.severity": "error"}, "diag.") == Before(verdict, Severity.ERROR)


@pytest.mark.parametrize(
    "word",
    [
        "\x1b[2Jgood-fit",
        "good-fit\nrun-7  overfitting",
        "Overfitting",
        *map(str, Severity),
        "",
        " ",
        "x" * (LONGEST_NAME + 1),
        "x" * 10**6,
        "good-fit\n",
        "good-fit ",
        "it fits well",
        "-good-fit",
        "good-fit-",
        "good--fit",
        "good_fit",
        "good\u2010fit",
        "g\u043e\u043ed-fit",
        "good-fit\u202e",
        "<b>good-fit</b>",
        "[red]good-fit[/]",
        ":fire:",
        "5",
        "https://u:pw@host",
        "LC104",
    ],
    ids=lambda word: repr(word)[:20],
)
def test_foreign_words_are_none(word: str) -> None:
    assert before({"diag.verdict": word, "diag.severity": word + " "}, "diag.") == Before("", Severity.OK)


def test_the_ignore_tag_is_read_in_one_place() -> None:
    run = make_run(1, "overfitting", tags={"diag.ignore": "overfitting, overfiting"})
    report = examine(Task(run, Settings()))
    assert report.verdict != "overfitting"
    assert report.notes == ("diag.ignore: no rule 'overfiting'; did you mean 'overfitting'?",)
