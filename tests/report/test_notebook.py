"""A report in a notebook's cell, its methods, and its line."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.report.conftest import PAYLOAD
from tracker_diag import Report, diagnose
from tracker_diag.core.project import SITE
from tracker_diag.report.formats import html, markdown


class Parts(HTMLParser):
    """Elements, their attributes, and those that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> Parts:
    parts = Parts()
    parts.feed(text)
    return parts


def test_a_cell_is_a_small_piece_that_asks_for_nothing(report: Report) -> None:
    cell = report._repr_html_()
    parts = parsed(cell)
    assert parts.open == []
    assert {"html", "body", "script", "link", "img", "iframe"} & set(parts.tags) == set()
    assert not {"src", "onerror", "onclick"} & {name for name, _ in parts.attributes}
    links = [value for name, value in parts.attributes if name == "href"]
    assert all(str(link).startswith(f"{SITE}rules/") for link in links)
    assert "url(" not in cell
    assert "@import" not in cell
    assert len(cell) < 40_000


def test_every_rule_of_style_is_kept_to_the_cell(report: Report) -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", report._repr_html_(), re.DOTALL)
    for rule in re.findall(r"([^{}]+)\{", style):
        assert all(one.strip().startswith(".tracker-diag") for one in rule.split(","))


def test_a_cell_shows_verdict_findings_causes_and_the_chart(samples: dict[str, Report]) -> None:
    report = samples["overfitting"]
    cell = report._repr_html_()
    for said in (report.verdict, report.findings[1].code, report.causes[0].name, "<svg", "Loss over steps"):
        assert said in cell


def test_what_a_run_says_is_escaped_everywhere(samples: dict[str, Report]) -> None:
    hostile = samples["hostile"]
    assert PAYLOAD in hostile.summary
    cell = hostile._repr_html_()
    assert {"script", "img"} & set(parsed(cell).tags) == set()
    assert "\x1b" not in cell
    assert "window.hit=1&lt;/script" in cell
    assert "\x1b" not in repr(hostile)
    assert "\n" not in repr(hostile)


def test_two_reports_on_one_page_have_ids_of_their_own() -> None:
    one, other = (diagnose({"loss": [0.9, 0.7, end]})._repr_html_() for end in (0.5, 0.4))
    ids = [set(re.findall(r' id="([^"]+)"', cell)) for cell in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_methods_are_the_formats(report: Report) -> None:
    assert report.to_html() == html.render(report)
    assert report.to_markdown() == markdown.render(report)


@pytest.mark.parametrize(
    ("history", "line"),
    [
        ({}, "<Report insufficient-evidence (ok): "),
        ({"loss": [float("nan")] * 20}, "<Report diverged (error): "),
    ],
)
def test_a_report_is_one_line(history: dict[str, list[float]], line: str) -> None:
    report = diagnose(history or {"loss": []})
    assert repr(report).startswith(line)
    assert repr(report).count(report.verdict) == 1
    assert len(repr(report)) < 450
