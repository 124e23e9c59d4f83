"""The HTML report in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.pages import CONTRAST, IN_A_BROWSER, launched, opened
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


def test_nothing_overflows_at_700_pixels(page):
    for unfold in (False, True):
        page.evaluate("on => document.querySelectorAll('details').forEach(d => d.open = on)", unfold)
        assert page.evaluate("document.documentElement.scrollWidth") <= 700
        wide = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 700.5)"
            ".map(e => e.tagName + '.' + (e.getAttribute('class') || ''))"
        )
        assert wide == []


def test_no_chart_text_is_cut_off(page):
    cut = page.evaluate(
        "[...document.querySelectorAll('svg.chart text')].filter(t => { const a = t.getBoundingClientRect(),"
        " b = t.closest('svg').getBoundingClientRect();"
        " return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1 })"
        ".map(t => t.textContent)"
    )
    assert cut == []


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
