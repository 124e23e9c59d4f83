"""The order in which a report is told, and what is told once."""

from dataclasses import replace

import pytest

from tracker_diag.core.finding import AGAINST, UNSPECIFIC, Cause, Change, Finding, Prescription, Severity
from tracker_diag.core.report import Report
from tracker_diag.report.told import changes_left, clauses, comparison, remedy, told, unsaid, why

OF_WHEN = "(of 31 runs, as of 2026-11-27 21:40 UTC)"
BEHIND = "validation loss ends at 0.7; the best of 31 comparable runs, a, ends at 0.1"
SHOWN = "run b, which differs in lr alone, ends at 0.2"


def compared() -> Report:
    """A report whose verdict and first cause rest on other runs."""
    return Report(
        "r",
        "underfitting",
        Severity.WARNING,
        f"underfitting: {BEHIND} {OF_WHEN}; most likely learning-rate-too-low",
        findings=(
            Finding("OP402", "learning-rate-too-low", Severity.WARNING, 0.9, f"lr 0.0001 is too low: {SHOWN}"),
            Finding(
                "EX906",
                "worse-than-siblings",
                Severity.WARNING,
                0.9,
                f"{BEHIND}; {SHOWN} {OF_WHEN}",
                "raise lr from 0.0001 to 0.1",
                {"best": "a-id"},
            ),
            Finding("LC102", "underfitting", Severity.WARNING, 0.9, f"{BEHIND} {OF_WHEN}", "see what run a was given"),
            Finding("HY002", "too-few-points", Severity.INFO, 1.0, "few values"),
        ),
        causes=(
            Cause(
                "learning-rate-too-low",
                0.9,
                f"{SHOWN} {OF_WHEN}; updates are tiny{AGAINST}lr is usual for adam",
                Prescription(f"raise lr from 0.0001 to 0.1: {SHOWN} {OF_WHEN}", (Change("lr", 0.0001, 0.1),)),
            ),
        ),
    )


def test_each_finding_has_one_place():
    seen = told(compared())
    assert seen.verdict is not None
    assert seen.verdict.code == "LC102"
    assert seen.opening == f"{BEHIND} {OF_WHEN}"
    assert [f.code for f in seen.compared] == ["EX906"]
    assert [f.code for f in seen.others] == ["HY002"]
    assert [c.name for c in seen.causes] == ["learning-rate-too-low"]
    assert seen.more == 0


def test_without_a_finding_of_the_verdict_the_summary_opens():
    seen = told(Report("r", "insufficient-evidence", Severity.OK, "insufficient evidence: too few epochs to tell"))
    assert (seen.verdict, seen.opening) == (None, "too few epochs to tell")


def test_a_finding_beyond_the_causes_that_are_told_is_told_itself():
    causes = tuple(Cause(f"c-{i}", 0.1, "w", Prescription("t")) for i in range(8))
    findings = tuple(Finding(f"X{i}", f"c-{i}", Severity.WARNING, 0.5, "m") for i in range(8))
    seen = told(Report("r", "unstable", Severity.WARNING, "s", findings=findings, causes=causes))
    assert [len(seen.causes), len(seen.less_likely)] == [3, 3]
    assert [f.code for f in seen.others] == ["X6", "X7"]


def test_findings_beyond_the_limit_are_counted():
    findings = tuple(Finding(f"X{i}", f"n-{i}", Severity.INFO, 0.5, "m") for i in range(33))
    seen = told(Report("r", "unstable", Severity.INFO, "s", findings=findings))
    assert (len(seen.others), seen.more) == (12, 21)


def test_the_comparison_is_told_with_its_time():
    report = compared()
    assert comparison(report) == "Compared with 31 other runs, as of 2026-11-27 21:40 UTC"
    alone = Finding("EX906", "worse-than-siblings", Severity.WARNING, 0.9, "m (of 1 run)")
    assert comparison(replace(report, findings=(alone,), causes=())) == "Compared with 1 other run"
    unknown = replace(alone, message="m")
    assert comparison(replace(report, findings=(unknown,), causes=())) == "Compared with other runs"
    control = replace(unknown, code="EX901")
    assert comparison(replace(report, findings=(control,), causes=())) == ""


def test_a_remedy_does_not_repeat_its_reason():
    (cause,) = compared().causes
    assert remedy(cause) == "raise lr from 0.0001 to 0.1"
    assert why(cause) == ((SHOWN, "updates are tiny"), ("lr is usual for adam",))


@pytest.mark.parametrize(
    ("against", "told_against"), [("", ()), (f"{AGAINST}lr is usual", ("lr is usual",))], ids=["alone", "beside others"]
)
def test_that_nothing_is_specific_to_a_cause_speaks_against_it(against, told_against):
    cause = Cause("c", 0.5, f"loss rose; it fell{UNSPECIFIC}{against}", Prescription("t"))
    unspecific = "other causes would show the same signs"
    assert why(cause) == (("loss rose", "it fell"), (*told_against, unspecific))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("raise lr from 0.0001 to 0.1", 0),
        ("raise lr tenfold", 1),
        ("raise rate from 0.0001 to 0.1", 1),
        ("raise lr from 0.0001 to 0.15", 1),
        ("raise lr from 0.0001 to 0.1:2", 1),
        ("raise lr_decay from 0.0001 to 0.1", 1),
        ("raise lr from 0.0001 to 0.1; stop early", 0),
    ],
)
def test_changes_that_the_words_leave_open(text, left):
    cause = Cause("c", 0.5, "w", Prescription(text, (Change("lr", 0.0001, 0.1),)))
    assert len(changes_left(cause)) == left


def test_clauses_that_stand_nearby_are_left_out():
    assert clauses("a; b (of 3 runs); ") == ("a", "b")
    assert unsaid("a b; c", ["x c y"]) == ("a b",)
    assert unsaid("c", ["x c y (of 2 runs)"]) == ()
