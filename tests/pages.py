"""Pages in a real browser, watched for what they say, ask for and run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or ""
SECONDS = 60_000

IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium; .ci/run installs Debian's"),
]

# For every element with text of its own: its colour against the nearest opaque background below it (WCAG 2, 1.4.3).
CONTRAST = """() => {
  const rgb = text => { const c = text.match(/[\\d.]+/g).map(Number); return c.length < 4 ? [...c, 1] : c };
  const linear = v => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const out = [];
  document.querySelectorAll('details').forEach(d => d.open = true);
  for (const e of document.querySelectorAll('body *')) {
    const written = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!written || ['title', 'desc'].includes(e.tagName)) continue;
    const style = getComputedStyle(e);
    const front = rgb(e.closest('svg') ? style.fill : style.color);
    let below = e, back = [0, 0, 0, 0];
    while (below && back[3] < 1) { back = rgb(getComputedStyle(below).backgroundColor); below = below.parentElement }
    const [light, dark] = [luminance(front), luminance(back)].sort((x, y) => y - x);
    out.push([(light + .05) / (dark + .05), e.tagName, e.getAttribute('class'), e.textContent.trim().slice(0, 30)]);
  }
  return out;
}"""


def launched() -> Iterator[Browser]:
    """A browser without a window, closed afterwards."""
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


def opened(browser: Browser, file: Path, **options: Any) -> Iterator[Page]:
    """A page 700 pixels wide; afterwards: nothing said on the console, nothing asked for, no script of a run run."""
    context = browser.new_context(viewport={"width": 700, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    if options.get("java_script_enabled", True):
        assert page.evaluate("typeof window.hit") == "undefined"
    context.close()
