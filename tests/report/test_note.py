"""What stands in a run's description, as Markdown's dialects read it."""

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.report.test_any_report import reports
from tracker_diag.core import section
from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity
from tracker_diag.core.report import Report
from tracker_diag.report.note import note

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OWN = {"p", "strong"}
LINK = "http://mlflow.example:5000/#/experiments/1/runs/a/artifacts/diagnosis/report.html?workflowType=machine_learning"


class Page(HTMLParser):
    def __init__(self, markdown):
        super().__init__()
        self.tags, self.links, self.text, self.comments = [], [], "", []
        self.feed(PARSER.render(markdown))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        self.comments.append(data)


def test_what_a_reader_needs_is_there(samples):
    assert note(samples["overfitting"], LINK) == (
        "**Diagnosis: overfitting** (warning) – Validation loss turned at step 21 and has risen by 18 % of what was "
        "gained; training still improves.\n\n"
        "**Most likely cause: no-regularisation**\n\n"
        "**What to do:** Add dropout before the classifier and decoupled weight decay; "
        "change model/dropout from 0 to 0.3; set optimizer.weight_decay to 0.01\n\n"
        "**Why:** Neither dropout nor weight decay nor augmentation is set, and the gap opened early.\n\n"
        f"[The whole report]({LINK}), by tracker-diag 0.1.0"
    )


def test_what_other_runs_say_is_told_once():
    from tests.report.test_told import compared

    assert html.unescape(note(compared())) == (
        "**Diagnosis: underfitting** (warning) – validation loss ends at 0.7; the best of 31 comparable runs, a, ends "
        "at 0.1 (of 31 runs, as of 2026-11-27 21:40 UTC)\n\n"
        "**Most likely cause: learning-rate-too-low**\n\n"
        "**What to do:** raise lr from 0.0001 to 0.1\n\n"
        "**Why:** run b, which differs in lr alone, ends at 0.2; updates are tiny (compared with 31 other runs, as of "
        "2026-11-27 21:40 UTC)\n\n"
        "**Against:** lr is usual for adam\n\n"
        "By tracker-diag"
    )


def test_a_green_run_says_so_and_no_more(samples):
    text = note(samples["healthy"])
    assert text.startswith("**Diagnosis: good-fit** (ok)")
    assert text.endswith("\n\nBy tracker-diag 0.1.0")
    assert "cause" not in text


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "#/a)b", "#/a b", "http://user:secret@host/x", "http://h/a)b", "/etc", "#/" + "a" * 5000],
)
def test_only_an_address_of_a_page_becomes_a_link(samples, link):
    assert Page(note(samples["overfitting"], link)).links == []


@pytest.mark.parametrize("link", [LINK, "#/experiments/1/runs/a%2Fb/artifacts/diagnosis/report.html?workflowType=x"])
def test_an_address_of_a_page_is_a_link(samples, link):
    assert Page(note(samples["overfitting"], link)).links == [link]


@given(reports)
def test_nothing_of_a_run_is_markup_and_a_section_holds_it(report):
    text = note(report, LINK)
    page = Page(text)
    assert page.links == [LINK]
    assert set(page.tags) <= OWN | {"a"}
    assert page.comments == []
    assert len(text) <= section.LONGEST_BODY
    written = section.with_section("mine", text)
    assert section.state(written) is section.State.OURS
    assert section.without_section(written) == "mine"


HOSTILE = [
    "[x](http://evil.example)",
    "![x](http://evil.example/x.png)",
    "<http://evil.example>",
    "http://evil.example www.evil.example WWW.evil.example me@evil.example",
    "@everyone #1 :smile: $x^2$",
    "--> <!-- /tracker-diag --> <!-- tracker-diag 0123456789abcdef -->",
    "<script>window.hit=1</script><img src=x onerror='window.hit=1'>",
    "| a | b |\n| --- | --- |\n# heading\n- list\n```\ncode",
    "&lt;b&gt; &#60;b&#62; \\<b> ~~gone~~ __bold__ *it* `code`",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_would_act_is_shown_as_it_is(text):
    changes = (Change(text, text, text),)
    cause = Cause(text, 0.9, text, Prescription(text, changes))
    findings = (Finding(text, text, Severity.ERROR, 0.9, text, text),)
    report = Report(text, text, Severity.ERROR, text, run_name=text, findings=findings, causes=(cause,), version=text)
    written = note(report, LINK)
    page = Page(written)
    assert page.links == [LINK]
    assert set(page.tags) <= OWN | {"a"}
    assert " ".join(text.split()) in " ".join(page.text.split())
    # What other dialects look for besides: bare addresses, mentions, emoji, formulas.
    assert not re.search(r"://(?!mlflow)|www\.|@|:smile|\$|<!--", written, re.IGNORECASE)


@given(st.text(st.characters(), max_size=60))
def test_a_long_one_leaves_out_whole_parts(text):
    changes = tuple(Change(f"{text}*" * 20, "*" * 100, "|" * 100) for _ in range(20))
    cause = Cause("*" * 60, 0.5, "*" * 500, Prescription("*" * 500, changes))
    written = note(Report("r", "*" * 60, Severity.ERROR, text * 10, causes=(cause,), version="1"), LINK)
    assert len(written) <= section.LONGEST_BODY
    assert written.endswith("by tracker-diag 1")
    assert written.count("**") % 2 == 0
    assert set(Page(written).tags) <= OWN | {"a"}
