import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.report.test_told import compared
from tracker_diag.core.finding import AGAINST, Cause, Change, Finding, Prescription, Severity, Skip
from tracker_diag.core.project import SITE
from tracker_diag.core.report import Report
from tracker_diag.engine.thin import thin_curve
from tracker_diag.report.formats.html import render
from tracker_diag.report.wording import SEVERITIES

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and keeps tags, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def said(self):
        return " ".join(" ".join(self.text).split())


def test_the_page_is_well_formed_and_holds_no_script_and_no_address(report):
    text = render(report)
    page = Page(text)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert {v for n, v in page.attributes if n == "src"} == set()
    links = {v for n, v in page.attributes if n == "href"} - {"data:,", "#compared"}
    assert all(link.startswith(f"{SITE}rules/") for link in links)
    assert "url(" not in text
    assert "@import" not in text
    assert len(text.encode()) < 100_000


def test_payloads_are_text(samples):
    text = render(samples["hostile"])
    assert "<script>" not in text
    assert "<img" not in text
    assert "{{7*7}}" in text
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert "<script>window.hit=1</script>" in Page(text).said()


def test_all_that_a_reader_needs_is_said(samples):
    report = samples["overfitting"]
    said = Page(render(report)).said()
    for finding in report.findings:
        assert finding.message in said
    for cause in report.causes:
        assert cause.name in said
        assert cause.prescription.text in said
    for words in (
        report.next_evidence,
        "# was 0 model/dropout: 0.3 # not logged before optimizer.weight_decay: 0.01",
        "65% of the steps (1 h 13 min) came after the best checkpoint.",
        "confidence 0.96",
        "score 0.58",
        "steps 21–60: after the best checkpoint",
        "gap 0.594",
        "a dataset profile (profile_data) unscaled-inputs , mixed-feature-scales , non-finite-input",
        "7 checks were not made",
        "val_loss: 2 repeated steps",
        "tracker_diag 0.1.0 · report schema 1",
    ):
        assert words in said


def test_an_empty_report_has_no_empty_sections(samples):
    page = Page(render(Report("r", "insufficient-evidence", Severity.INFO, "Nothing was logged.")))
    assert "h2" not in page.tags
    assert "svg" in page.tags  # the banner's sign
    assert page.tags.count("svg") == 1


def test_an_ordinary_run_at_full_resolution_stays_small():
    steps = range(20_000)
    roles = ("train_loss", "val_loss", "train_score", "val_score", "learning_rate")
    curves = tuple(thin_curve(r, r, steps, [1 / (1 + s) + (s * 7919 % 101) / 500 for s in steps]) for r in roles)
    text = render(Report("r", "good-fit", Severity.OK, "s", curves=curves))
    assert len(text.encode()) < 100_000


@pytest.mark.parametrize("severity", list(Severity))
def test_the_severity_is_a_word_as_well_as_a_colour(severity):
    page = Page(render(Report("r", "good-fit", severity, "s")))
    assert f"good-fit {severity}: {SEVERITIES[severity]} s" in page.said()


def test_the_verdict_is_said_once(samples):
    for name, report in samples.items():
        words = Page(render(report)).said().split("<title>")[-1]
        beyond_title = words.removeprefix(f"{report.verdict}: ")
        assert beyond_title.count(report.verdict) == 1, name


def test_names_of_our_rules_lead_to_their_pages_and_no_others(samples):
    text = render(samples["overfitting"])
    for name in ("overfitting", "no-regularisation", "no-early-stopping", "unscaled-inputs"):
        address = f"{SITE}rules/{name}/"
        assert f'<a href="{address}" target="_blank" rel="noopener noreferrer">' in text
    theirs = replace(samples["overfitting"], verdict="slow-loader")
    assert "slow-loader" in render(theirs)
    assert "rules/slow-loader" not in render(theirs)


def test_three_causes_are_open_and_the_others_folded():
    causes = tuple(Cause(f"cause-{i}", 0.5 / (i + 1), f"w{i}", Prescription(f"t{i}")) for i in range(8))
    text = render(Report("r", "unstable", Severity.WARNING, "s", causes=causes))
    folded = text[text.index("3 less likely causes") :]
    assert [f"cause-{i}" in folded for i in range(8)] == [False] * 3 + [True] * 3 + [False] * 2
    assert [f"cause-{i}" in text for i in range(8)] == [True] * 6 + [False] * 2


def test_what_speaks_against_a_cause_stands_apart(samples):
    cause = Cause("c", 0.5, f"loss blew up; rate 1{AGAINST}clipping is on", Prescription("t"))
    said = Page(render(Report("r", "unstable", Severity.WARNING, "s", causes=(cause,)))).said()
    assert "Because loss blew up rate 1 Against clipping is on" in said


def test_what_other_runs_say_has_a_section_of_its_own():
    said = Page(render(compared())).said()
    of_runs = said[said.index("Compared with 31 other runs, as of 2026-11-27 21:40 UTC") :]
    assert "worse-than-siblings" in of_runs
    assert "Best run: a-id" in of_runs
    assert said.count("differs in lr alone") == 1
    assert said.count("the best of 31 comparable runs") == 1
    assert "compared" not in render(replace(compared(), causes=(), findings=()))[-3000:]


def sized(n_curves, n_findings):
    long = "what a run may say " * 200
    steps = range(100_000)
    one = thin_curve("m" * 400, "x", steps, [(s * 7919 % 1013) / 500 for s in steps])
    curves = tuple(replace(one, name=f"{i}{one.name}", role=f"x{i % 9}_loss") for i in range(n_curves))
    findings = tuple(
        Finding(
            f"X{i}",
            f"n-{i}",
            Severity.INFO,
            0.5,
            long,
            long,
            {f"{k}{long}": long for k in range(60)},
            folded="X0" if i % 3 == 2 else None,
        )
        for i in range(n_findings)
    )
    changes = tuple(Change(f"{i}{long}", long, long) for i in range(60))
    causes = tuple(Cause(f"c-{i}", 0.1, "; ".join([long] * 30), Prescription(long, changes)) for i in range(30))
    skipped = tuple(Skip(f"Y{i}", long, f"{i}{long}") for i in range(300))
    return Report(
        "r", "unstable", Severity.WARNING, long, findings=findings, causes=causes, skipped=skipped, curves=curves,
        roles={f"{i}{long}": long for i in range(300)}, notes=(long,) * 300, next_evidence=long, run_name=long,
        status=long, version=long,
    )  # fmt: skip


def test_a_report_of_any_size_stays_small_and_says_what_it_leaves_out():
    text = render(sized(60, 300))
    assert len(text.encode()) < 200_000
    said = Page(text).said()
    assert re.search(r"\d+ more findings in report\.json", said)
    assert re.search(r"\d+ more curves in report\.json", said)


def test_a_change_that_does_not_fit_is_said_to_be_in_the_report(samples):
    report = samples["overfitting"]
    changes = tuple(Change(f"a/rather/long/name/{i}", i, i + 1) for i in range(200))
    many = replace(report.causes[0], prescription=Prescription("change all", changes))
    page = render(replace(report, causes=(many,)))
    assert "# too long for this page: see the causes in report.json" in page
    assert "a/rather/long/name/7" not in page
