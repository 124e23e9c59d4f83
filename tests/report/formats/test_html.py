import re
from html.parser import HTMLParser

import pytest

from tracker_diag.core.finding import Severity
from tracker_diag.core.report import Report
from tracker_diag.report.formats.html import render

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
    assert {v for n, v in page.attributes if n in ("src", "href")} == {"data:,"}
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
        report.summary,
        report.next_evidence,
        "optimizer.weight_decay not logged 0.01",
        "65 % of the steps (1 h 13 min) came after",
        "confidence 0.96",
        "score 0.58",
        "steps 21 to 60: overfitting",
        "gap 0.594",
        "a dataset profile (profile_data) PP301, PP302, PP304",
        "learning_rate optimizer.lr",
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
    from tracker_diag.engine.thin import thin_curve

    steps = range(20_000)
    roles = ("train_loss", "val_loss", "train_score", "val_score", "learning_rate")
    curves = tuple(thin_curve(r, r, steps, [1 / (1 + s) + (s * 7919 % 101) / 500 for s in steps]) for r in roles)
    text = render(Report("r", "good-fit", Severity.OK, "s", curves=curves))
    assert len(text.encode()) < 100_000


@pytest.mark.parametrize("severity", list(Severity))
def test_the_severity_is_a_word_as_well_as_a_colour(severity):
    page = Page(render(Report("r", "good-fit", severity, "s")))
    assert f"good-fit {severity} s" in page.said()
