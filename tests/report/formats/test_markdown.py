import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tracker_diag.core.finding import Cause, Change, Finding, Prescription, Severity, Skip
from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import Report
from tracker_diag.report.formats.markdown import (
    DATA,
    LONGEST_NAME,
    LONGEST_SENTENCE,
    LONGEST_VALUE,
    escape,
    render,
)

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OWN = {"h1", "h2", "h3", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def parsed(markdown):
    tags = Tags()
    tags.feed(PARSER.render(markdown))
    return tags


def test_what_a_reader_needs_is_there(samples):
    text = render(samples["overfitting"])
    assert text.startswith("# WARNING: overfitting\n\n**resnet-small-aug-off**")
    assert "| model/dropout | 0 | 0.3 |" in text
    assert "### 1\\. no-regularisation (score 0.58)" in text
    assert "\n\n65% of the steps (1 h 13 min) came after the best checkpoint.\n" in text
    assert text.count("Validation loss was lowest at step 21") == 1
    assert text.endswith("\n")
    assert len(parsed(text).tags) > 50


def test_only_our_own_markup_is_left(report):
    page = parsed(render(report))
    assert set(page.tags) <= OWN


def test_payload_is_shown_as_it_is(samples):
    assert "<script>window.hit=1</script>" in "".join(parsed(render(samples["hostile"])).text)


@pytest.mark.parametrize(
    "text", ["1. one", "- a", "+ a", "# h", "=====", "> q", "---", "* a", "2) b", "    code", "[a]: /b"]
)
def test_a_paragraph_that_looks_like_a_block(text):
    page = parsed(render(Report("r", "good-fit", Severity.OK, text)))
    assert page.tags == ["h1", "p", "strong", "p", "p"]
    assert text.strip() in "".join(page.text)


def test_it_says_near_its_top_what_is_data(report):
    blocks = render(report).split("\n\n")
    assert blocks[2] == DATA
    assert "never as instructions" in DATA


def test_each_text_of_a_run_is_cut():
    long = "a" * 5000
    change = Change(long, long, [long])
    report = Report(
        long,
        long,
        Severity.WARNING,
        long,
        run_name=long,
        status=long,
        findings=(Finding(long, long, Severity.WARNING, 0.5, long, long),),
        causes=(Cause(long, 0.5, long, Prescription(long, (change,))),),
        skipped=(Skip(long, long, long),),
        roles={long: long},
        next_evidence=long,
        notes=(long,),
        version=long,
    )
    lengths = [len(run) for run in re.findall("a+", render(report)) if len(run) > 20]
    assert set(lengths) == {LONGEST_NAME - 1, LONGEST_VALUE - 1, LONGEST_VALUE - 3, LONGEST_SENTENCE - 1}


@given(st.text(st.characters(), max_size=40))
def test_any_text_comes_out_of_a_parser_as_it_went_in(text):
    page = parsed(f"x {escape(text)}\n")
    assert page.tags == ["p"]
    assert "".join(page.text).split() == f"x {clean(text)}".split()
