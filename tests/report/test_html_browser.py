"""The HTML report in a real browser."""

import shutil

import pytest

from tracker_diag.report.formats.html import render as render_html

CHROMIUM = "/usr/bin/chromium"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which(CHROMIUM) is None, reason=f"no chromium at {CHROMIUM}"),
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


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=["light", "dark"])
def opened(request, browser, report, tmp_path_factory):
    """The report in a window 700 pixels wide; afterwards: no error, no request but the file's own, no script run."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(render_html(report), encoding="utf-8")
    context = browser.new_context(viewport={"width": 700, "height": 900}, color_scheme=request.param)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    yield page
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert page.evaluate("typeof window.hit") == "undefined"
    context.close()


def test_nothing_overflows_at_700_pixels(opened):
    for unfold in (False, True):
        opened.evaluate("on => document.querySelectorAll('details').forEach(d => d.open = on)", unfold)
        assert opened.evaluate("document.documentElement.scrollWidth") <= 700
        wide = opened.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 700.5)"
            ".map(e => e.tagName + '.' + (e.getAttribute('class') || ''))"
        )
        assert wide == []


def test_no_chart_text_is_cut_off(opened):
    cut = opened.evaluate(
        "[...document.querySelectorAll('svg.chart text')].filter(t => { const a = t.getBoundingClientRect(),"
        " b = t.closest('svg').getBoundingClientRect();"
        " return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1 })"
        ".map(t => t.textContent)"
    )
    assert cut == []


def test_contrast_is_enough_to_read_by(opened):
    measured = opened.evaluate(CONTRAST)
    assert len(measured) > 5
    assert [m for m in measured if m[0] < 4.5] == []


def test_the_scheme_follows_the_reader(opened):
    background = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
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
