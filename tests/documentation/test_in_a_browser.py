"""The site in a real browser: nothing is asked of other servers, and a phone need not scroll sideways."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.documentation.site import Site
from tests.pages import IN_A_BROWSER, SECONDS, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = IN_A_BROWSER

PAGES = (
    "",
    "getting-started/tutorial/",
    "how-it-works/architecture/",
    "how-it-works/likelihoods/",
    "how-it-works/statistics/",
    "how-to/ci/",
    "how-to/in-mlflow/",
    "reference/command-line/",
    "reference/names/",
    "rules/",
    "rules/overfitting/",
    "rules/skewed-feature/",
    "seminar/",
)
#: Elements that reach beyond the window and do not lie in a part that scrolls by itself.
BEYOND = """() => [...document.querySelectorAll('.md-content *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .filter(e => !e.closest('pre, svg, math, .drawn, .md-typeset__scrollwrap'))
  .map(e => e.tagName + ' ' + e.textContent.slice(0, 60))"""
#: Colours of text and of its page, and of both curves where there are some.
COLOURS = """() => {
  const page = getComputedStyle(document.body);
  const curves = [...document.querySelectorAll('svg.curves path.train, svg.curves path.val')];
  return [page.color, page.backgroundColor, curves.map(c => getComputedStyle(c).stroke)];
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """Where a server on the loopback shows the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site.folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_the_window_and_ask_nobody_else(browser: Browser, address: str, width: int, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PAGES:
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(BEYOND) == [], path
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert said == []
    context.close()


def test_both_schemes_colour_the_curves_themselves(browser: Browser, address: str) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{address}rules/overfitting/")
        seen[scheme] = page.evaluate(COLOURS)
        context.close()
    assert len(seen["light"][2]) == 4
    assert all(light != dark for light, dark in zip(seen["light"][:2], seen["dark"][:2], strict=True))
    assert all(light != dark for light, dark in zip(seen["light"][2], seen["dark"][2], strict=True))


def test_a_search_finds_a_rule(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.get_by_role("textbox", name="Search").fill("dead relu")
    page.locator(".md-search-result__link", has_text="dead-relu").first.wait_for(timeout=SECONDS)
    page.close()
