import math

import pytest

from tracker_diag.core.finding import Cause, Finding, Prescription, Severity, Skip
from tracker_diag.core.report import Report
from tracker_diag.report import wording


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain words", "plain words"),
        ("two\nlines\ttab\r\n", "two lines tab  "),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2028b", "a b"),
        ("\ufeffx\U000e0041", "\\ufeffx\\U000e0041"),
        ("\ud83d\ude00", "😀"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("دقة 验证 \U0001f468\u200d\U0001f469", "دقة 验证 \U0001f468\u200d\U0001f469"),
        ("\ufffe", "\\ufffe"),
        (None, "None"),
    ],
)
def test_clean_shows_what_would_act(raw, shown):
    assert wording.clean(raw) == shown


def test_clean_holds_its_limit():
    assert wording.clean("x" * 50, 10) == "x" * 9 + "…"
    assert wording.clean("x" * 10, 10) == "x" * 10


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.31415926, "0.3142"),
        (12.0, "12"),
        (12000.0, "12,000"),
        (9803.4, "9803"),
        (123456.7, "123,500"),
        (1e-5, "1e-5"),
        (-1e308, "-1e308"),
        (5e-324, "4.941e-324"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_number(value, shown):
    assert wording.number(value) == shown


def test_number_keeps_the_digits_asked_for():
    assert wording.number(1234.5678, 6) == "1234.57"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "not logged"),
        (True, "true"),
        (0.3, "0.3"),
        (1e-4, "0.0001"),
        ("adam", "adam"),
        ([1, math.nan], '[1, "NaN"]'),
        (10**400, hex(10**400)[:119] + "…"),
    ],
)
def test_shown(value, shown):
    assert wording.shown(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.25, "0.25 s"), (45, "45 s"), (60, "1 min"), (4380, "1 h 13 min"), (86400 * 3 + 7200, "3 d 2 h")],
)
def test_duration(seconds, shown):
    assert wording.duration(seconds) == shown


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        ({}, ""),
        ({"wasted_share": 0.0}, ""),
        ({"wasted_share": "NaN"}, ""),
        ({"wasted_share": 0.5}, "50% of the steps came after the best checkpoint."),
        ({"wasted_share": 0.004}, "less than 1% of the steps came after the best checkpoint."),
        ({"wasted_seconds": 90.0}, "1 min 30 s came after the best checkpoint."),
        (
            {"wasted_share": 0.5, "wasted_seconds": 90.0},
            "50% of the steps (1 min 30 s) came after the best checkpoint.",
        ),
        ({"wasted_seconds": 10**400}, ""),
    ],
)
def test_cost(cost, sentence):
    finding = Finding("LC104", "overfitting", Severity.WARNING, 1.0, "m", span=(3.0, 9.0))
    assert wording.cost(Report("r", "overfitting", Severity.WARNING, "s", cost=cost, findings=(finding,))) == sentence


@pytest.mark.parametrize(
    ("names", "happened"),
    [
        (("diverged",), "came after the loss blew up"),
        (("frozen",), "passed while the curve was stuck"),
        (("overfitting", "diverged"), "came after the loss blew up"),
        (("unstable",), "did not improve the run"),
    ],
)
def test_the_cost_says_which_it_is(names, happened):
    findings = tuple(Finding("X", name, Severity.ERROR, 1.0, "m", span=(3.0, 9.0)) for name in names)
    report = Report("r", "unstable", Severity.ERROR, "s", cost={"wasted_share": 0.5}, findings=findings)
    assert wording.cost(report) == f"50% of the steps {happened}."


def test_to_log_puts_first_what_enables_most_rules():
    skips = (Skip("A", "r", "one"), Skip("B", "r", "two"), Skip("C", "r", "two"), Skip("D", "r"))
    report = Report("r", "good-fit", Severity.OK, "s", skipped=skips)
    assert wording.to_log(report) == [("two", ("B", "C")), ("one", ("A",))]


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("val_loss", "validation loss"),
        ("train_score", "training score"),
        ("learning_rate", "learning rate"),
        ("val", "val"),
    ],
)
def test_role_words(role, said):
    assert wording.role_words(role) == said


@pytest.mark.parametrize(
    ("verdict", "summary", "headed"),
    [
        (
            "overfitting",
            "overfitting: validation loss rose from 1.81 (step 6) to 3.23; most likely no-regularisation",
            "validation loss rose from 1.81 (step 6) to 3.23",
        ),
        ("diverged", "diverged: NaN from step 31; most likely a", "NaN from step 31; most likely a"),
        ("insufficient-evidence", "insufficient evidence: too few epochs to tell", "too few epochs to tell"),
        ("frozen", "f" * 300, "f" * 249 + "…"),
    ],
)
def test_a_headline_leaves_out_what_stands_beside_it(verdict, summary, headed):
    causes = (Cause("no-regularisation", 0.9, "w", Prescription("t")),)
    assert wording.headline(Report("r", verdict, Severity.WARNING, summary, causes=causes)) == headed


def test_a_headline_keeps_a_cause_that_no_tag_names():
    causes = (Cause("no-regularisation", 0.9, "w", Prescription("t")),)
    report = Report("r", "good-fit", Severity.OK, "good-fit: at rest; most likely no-regularisation", causes=causes)
    assert wording.headline(report) == "at rest; most likely no-regularisation"
