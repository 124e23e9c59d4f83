"""The HTML report in a real browser."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.pages import CONTRAST, IN_A_BROWSER, launched, opened
from tracker_diag.core.finding import Cause, Finding, Prescription, Severity, Skip
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.formats.html import render as render_html

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request, browser, report, tmp_path_factory):
    """The report, in each scheme of colours."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(render_html(report), encoding="utf-8")
    yield from opened(browser, file, color_scheme=request.param)


WIDTHS = (400, 715, 1280)
# Texts of charts that leave the box that the chart stands in, that cover each other, or that are too small to read.
CROWDED = """() => {
  const wrong = [];
  for (const chart of document.querySelectorAll('svg.chart')) {
    const box = chart.parentElement.getBoundingClientRect();
    const texts = [...chart.querySelectorAll('text')].filter(t => t.getClientRects().length);
    const boxes = texts.map(t => t.getBoundingClientRect());
    texts.forEach((t, i) => {
      const a = boxes[i], name = t.textContent;
      const own = chart.getBoundingClientRect();
      if (a.left < box.left - .5 || a.right > box.right + .5) wrong.push('outside: ' + name);
      if (a.top < own.top - 1 || a.bottom > own.bottom + 1) wrong.push('above or below: ' + name);
      if (parseFloat(getComputedStyle(t).fontSize) < 11) wrong.push('small: ' + name);
      boxes.slice(i + 1).forEach((b, j) => {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const up = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 1 && up > 3) wrong.push('covers: ' + name + ' | ' + texts[i + 1 + j].textContent);
      });
    });
  }
  return wrong;
}"""


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for unfold in (False, True):
        page.evaluate("on => document.querySelectorAll('details').forEach(d => d.open = on)", unfold)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        wide = page.evaluate(
            "width => [...document.querySelectorAll('body *')]"
            ".filter(e => e.getBoundingClientRect().right > width + .5)"
            ".map(e => e.tagName + '.' + (e.getAttribute('class') || ''))",
            width,
        )
        assert wide == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_chart_text_is_cut_off_covered_or_small(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate(CROWDED) == []


def crowds():
    """Charts with long numbers, many curves, ends that lie together, marks at both edges."""
    places = {"best_step": 999_999.0, "turn_step": 123_456.0, "gap": 0.1}
    found = Finding("LC104", "overfitting", Severity.WARNING, 0.9, "m", evidence=places, span=(500_000.0, 999_999.0))
    steps = tuple(float(s) for s in range(3, 1_000_000, 25_641))
    for scale in (1.0, -1.2345678e-7, 1e12, 9.87654e300):
        for n in (1, 2, 12):
            curves = tuple(
                DrawnCurve(
                    f"metric/{'name_' * 30}{i}",
                    ("train_loss", "val_loss", "test_loss", "loss")[i % 4],
                    steps,
                    tuple(math.nan if i == 3 and s > 9e5 else scale * (2 + i * 1e-4 - s / 1e6) for s in steps),
                    len(steps),
                )
                for i in range(n)
            )
            yield Report("r", "overfitting", Severity.WARNING, "s", findings=(found,), curves=curves)


@pytest.mark.parametrize("width", WIDTHS)
def test_however_long_the_numbers_are_all_can_be_read(browser, tmp_path, width):
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    for i, report in enumerate(crowds()):
        file = tmp_path / f"{i}.html"
        file.write_text(render_html(report), encoding="utf-8")
        page.goto(file.as_uri())
        assert page.evaluate(CROWDED) == [], i
    context.close()


def test_a_click_selects_a_change_whole(browser, samples, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(render_html(samples["overfitting"]), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    page.locator("pre").first.click()
    selected = page.evaluate("getSelection().toString()")
    assert yaml.safe_load(selected) == {"model/dropout": 0.3, "optimizer.weight_decay": 0.01}
    page.close()


def test_on_paper_what_matters_is_unfolded_and_no_colour_is_needed(browser, tmp_path):
    causes = tuple(Cause(f"cause-{i}", 0.5 / (i + 1), f"w{i}", Prescription(f"t{i}")) for i in range(6))
    report = Report("r", "overfitting", Severity.WARNING, "s", causes=causes, skipped=(Skip("A", "b", "log c"),))
    file = tmp_path / "report.html"
    file.write_text(render_html(report), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    assert not page.get_by_text("cause-5").is_visible()
    page.emulate_media(media="print")
    assert page.get_by_text("cause-5").is_visible()
    assert page.get_by_text("1 check was not made").count() == 1
    assert not page.get_by_text("1 check was not made").is_visible()
    colours = page.evaluate(
        "[...document.querySelectorAll('body *')].flatMap(e => [getComputedStyle(e).color, getComputedStyle(e)"
        ".backgroundColor]).map(c => c.match(/[\\d.]+/g).slice(0, 3)).filter(c => new Set(c).size > 1)"
    )
    assert colours == []
    page.close()


def test_the_keyboard_reaches_links_folds_and_changes_and_shows_where_it_is(browser, samples, tmp_path):
    file = tmp_path / "report.html"
    file.write_text(render_html(samples["overfitting"]), encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        tag, outline = page.evaluate(
            "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
        )
        reached.add(tag)
        assert outline == "solid"
    assert reached == {"A", "PRE", "SUMMARY"}
    page.close()


def test_contrast_is_enough_to_read_by(page):
    measured = page.evaluate(CONTRAST)
    assert len(measured) > 5
    assert [m for m in measured if m[0] < 4.5] == []


def test_the_scheme_follows_the_reader(page):
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert background == ("rgb(15, 19, 24)" if dark else "rgb(246, 247, 249)")


def test_a_sandboxed_frame_shows_it_too(browser, samples):
    """As a tracker's artifact viewer does; the page's own policy stops scripts even where the frame allows them."""
    html = render_html(samples["overfitting"]).replace("</body>", "<script>document.title = 'ran'</script></body>")
    context = browser.new_context(viewport={"width": 715, "height": 900})
    page = context.new_page()
    page.set_content("<iframe id=f sandbox='allow-scripts' style='width:700px;height:800px;border:0'></iframe>")
    page.evaluate("html => { document.getElementById('f').srcdoc = html }", html)
    frame = page.frame_locator("#f")
    frame.get_by_role("heading", name="overfitting").first.wait_for()
    assert frame.locator("svg.chart").count() == 3
    assert frame.get_by_role("img", name="Loss over steps").count() == 1
    inner = page.frames[1]
    assert inner.title() == "overfitting: resnet-small-aug-off"
    context.close()
