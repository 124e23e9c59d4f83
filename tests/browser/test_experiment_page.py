"""The page of an experiment with 2,000 runs in a real browser: what it does when it is used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import pytest
from mlflow.entities import Metric

from tests.mlflow_server import serving
from tests.pages import CONTRAST, IN_A_BROWSER, SECONDS, launched, opened
from tests.report.experiment.conftest import OVERVIEWS, large, payloads
from tests.runs import KINDS, curves
from tracker_diag.adapters.overviews import EXPERIMENT
from tracker_diag.report.experiment.as_html import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

pytestmark = IN_A_BROWSER

COLUMN = """name => {
  const place = [...document.querySelectorAll('#runs th')].findIndex(head => head.textContent === name);
  return [...document.querySelectorAll('#runs tbody tr')].map(
    row => row.cells[place].dataset.key ?? row.cells[place].innerText);
}"""

CELLS = COLUMN.replace("dataset.key ??", "innerText ??")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as files."""
    folder = tmp_path_factory.mktemp("pages")
    for name, make in OVERVIEWS.items():
        (folder / f"{name}.html").write_text(render(make()), encoding="utf-8")
    return folder


@pytest.fixture
def page(browser: Browser, folder: Path) -> Iterator[Page]:
    """The page of 2,000 runs; afterwards: nothing was said on the console, nothing was asked for."""
    yield from opened(browser, folder / "large.html")


def column(page: Page | Frame, name: str) -> list[str]:
    return [str(text) for text in page.evaluate(COLUMN, name)]


def test_a_click_sorts_all_runs_and_a_second_one_turns_them(page: Page) -> None:
    took = sorted((row.seconds for row in large().rows if row.seconds is not None), reverse=True)
    button = page.get_by_role("button", name="took")
    head = page.get_by_role("columnheader", name="took")
    assert head.get_attribute("aria-sort") is None
    button.click()
    assert head.get_attribute("aria-sort") == "descending"
    assert [float(text) for text in column(page, "took")] == took[:100]
    button.click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert [float(text) for text in column(page, "took")] == took[::-1][:100]
    page.get_by_role("button", name="verdict").click()
    assert head.get_attribute("aria-sort") is None
    assert column(page, "verdict") == sorted(row.verdict for row in large().rows if row.verdict)[:100]


def test_what_is_not_known_stands_last_either_way(page: Page) -> None:
    page.get_by_role("button", name="Show all 2,000").click()
    page.locator("#runs tbody tr").nth(1999).wait_for(state="attached")
    finite = sum(row.outcome is not None and row.outcome == row.outcome for row in large().rows)
    for _ in range(2):
        page.get_by_role("button", name="outcome").click()
        page.locator("#runs tbody tr").nth(1999).wait_for(state="attached")
        assert [bool(key) for key in column(page, "outcome")] == [True] * finite + [False] * (2000 - finite)


def test_the_keyboard_sorts_too(page: Page) -> None:
    page.get_by_role("button", name="ended").focus()
    page.keyboard.press("Enter")
    ended = [float(key) for key in column(page, "ended")]
    assert ended == sorted(ended, reverse=True)
    assert page.evaluate("document.activeElement.textContent") == "ended"


def test_the_filter_takes_words_in_any_order_and_says_how_many(page: Page) -> None:
    page.get_by_label("Filter").fill("REGULARISATION overfit")
    wanted = sum(row.cause == "no-regularisation" for row in large().rows)
    status = page.get_by_role("status")
    assert status.inner_text() == f"{wanted} of 2,000 runs, the first 100 shown"
    assert set(column(page, "likely cause")) == {"no-regularisation"}
    page.get_by_label("Filter").fill("there is no such run")
    assert status.inner_text() == "0 of 2,000 runs"
    assert column(page, "severity") == []
    page.get_by_label("Filter").fill("")
    page.get_by_label("Severity").select_option("not diagnosed")
    assert status.inner_text() == "1 of 2,000 runs"
    assert column(page, "run") == ["could not be diagnosed"]


def test_parameters_sort_as_numbers_and_what_was_not_logged_stands_last(page: Page) -> None:
    page.get_by_role("button", name="Show all 2,000").click()
    values = [row.params.get("hidden_units") for row in large().rows]
    for turned in (False, True):
        page.get_by_role("button", name="hidden_units").click()
        page.locator("#runs tbody tr").nth(1999).wait_for(state="attached")
        shown = page.evaluate(CELLS, "hidden_units")
        known = sorted((value for value in values if value is not None), reverse=turned)
        assert shown == [*map(str, known), ""]
    page.get_by_role("button", name="batch_size").click()
    page.locator("#runs tbody tr").nth(1999).wait_for(state="attached")
    sizes = page.evaluate(CELLS, "batch_size")
    assert [*dict.fromkeys(sizes)] == ["32", "512", "auto", ""]


def test_the_filter_takes_the_value_of_a_parameter_whole(page: Page) -> None:
    for given in ("hidden_units=64", "Hidden_Units=64 batch_size=AUTO"):
        page.get_by_label("Filter").fill(given)
        rows = [row.params for row in large().rows if row.params.get("hidden_units") == 64]
        wanted = sum("batch_size" not in given.lower() or params["batch_size"] == "auto" for params in rows)
        assert page.get_by_role("status").inner_text().startswith(f"{wanted} of 2,000 runs")
        assert set(page.evaluate(CELLS, "hidden_units")) == {"64"}
    page.get_by_label("Filter").fill("hidden_units=6")
    assert page.get_by_role("status").inner_text() == "0 of 2,000 runs"


def test_a_wide_table_scrolls_in_its_own_box_and_keeps_names_and_headings_in_view(page: Page) -> None:
    box = page.locator("#box")
    assert box.evaluate("b => b.scrollWidth > b.clientWidth")
    box.focus()
    box.evaluate("b => { b.scrollLeft = b.scrollWidth; b.scrollTop = 2000 }")
    edge = page.evaluate(
        "[...document.querySelectorAll('#runs th')].map(h => h.getBoundingClientRect())"
        ".map(r => [r.left, r.right, r.top])"
    )
    left, top, width = box.evaluate("b => { const r = b.getBoundingClientRect(); return [r.left, r.top, r.width] }")
    assert edge[2][0] == pytest.approx(left, abs=1)
    assert edge[-1][1] <= left + width + 1
    assert all(head[2] == pytest.approx(top, abs=1) for head in edge)
    assert page.evaluate("window.scrollX") == 0


def test_sorting_keeps_the_filter(page: Page) -> None:
    page.get_by_label("Severity").select_option("error")
    page.get_by_role("button", name="took").click()
    took = sorted((r.seconds for r in large().rows if r.is_lost and r.seconds is not None), reverse=True)
    assert [float(text) for text in column(page, "took")] == took[:100]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted(OVERVIEWS))
def test_it_can_be_read_at_700_pixels_in_both_schemes(browser: Browser, folder: Path, name: str, scheme: str) -> None:
    for page in opened(browser, folder / f"{name}.html", color_scheme=scheme):
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= 700
        measured = page.evaluate(CONTRAST)
        assert len(measured) > 5
        assert [m for m in measured if m[0] < 4.5] == []


def test_no_text_of_a_drawing_is_cut_off(page: Page) -> None:
    cut = page.evaluate(
        "[...document.querySelectorAll('svg.chart text')].filter(t => { const a = t.getBoundingClientRect(),"
        " b = t.closest('svg').getBoundingClientRect();"
        " return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1 })"
        ".map(t => t.textContent)"
    )
    assert cut == []


def test_without_scripts_all_runs_are_there_and_nothing_that_would_not_work(browser: Browser, folder: Path) -> None:
    for page in opened(browser, folder / "large.html", java_script_enabled=False):
        assert page.locator("#runs tbody tr").count() == 2000
        assert page.locator("button:visible, input:visible, select:visible").count() == 0


def test_a_sandboxed_frame_sorts_and_runs_no_script_of_a_run(browser: Browser) -> None:
    """As a tracker's artifact viewer shows it; a script that got past escaping would be stopped by the policy."""
    html = render(payloads()).replace("<main>", "<main><script>window.hit = 1</script><img src=x onerror='hit = 1'>")
    context = browser.new_context(viewport={"width": 715, "height": 900})
    page = context.new_page()
    page.set_content("<iframe id=f sandbox='allow-scripts' style='width:700px;height:800px;border:0'></iframe>")
    page.evaluate("html => { document.getElementById('f').srcdoc = html }", html)
    frame = page.frame_locator("#f")
    frame.get_by_role("button", name="took").click()
    assert frame.get_by_role("columnheader", name="took").get_attribute("aria-sort") == "descending"
    assert frame.get_by_text("Links do not open in this frame").is_visible()
    assert page.frames[1].evaluate("typeof window.hit") == "undefined"
    context.close()


def test_mlflow_shows_it_on_the_run_that_a_sweep_stores(browser: Browser, tmp_path: Path) -> None:
    payload = "<script>window.hit=1</script><img src=x onerror='window.hit=1'>"
    with serving(tmp_path) as uri:
        client = mlflow.MlflowClient(uri)
        experiment = client.create_experiment(f"vision {payload}")
        for number, kind in enumerate(KINDS * 2):
            run = client.create_run(experiment, run_name=f"{kind} {number} {payload}").info.run_id
            points = [(name, *point) for name, rows in curves(kind, seed=number).items() for point in rows]
            client.log_batch(run, metrics=[Metric(name, value, 0, int(step)) for name, step, value in points])
            client.set_terminated(run)
        command = [sys.executable, "-m", "tracker_diag", "sweep", "--all", "--overview", "--tracking-uri", uri]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        ours = client.get_experiment_by_name(EXPERIMENT).experiment_id
        (overview,) = client.search_runs([ours])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(SECONDS)
        page.goto(f"{uri}/#/experiments/{ours}/runs/{overview.info.run_id}/artifacts/diagnosis/experiment.html")
        frame = shown(page)
        frame.get_by_role("button", name="verdict").click()
        assert column(frame, "verdict") == sorted(("good-fit", "overfitting", "diverged") * 2)
        assert frame.get_by_text("Links do not open in this frame").is_visible()
        assert payload in frame.inner_text("body")
        assert [f.evaluate("window.hit") for f in page.frames] == [None] * len(page.frames)
        page.close()


def shown(page: Page) -> Frame:
    """The frame of its own into which the viewer loads the file."""
    for _ in range(SECONDS // 200):
        frames = [frame for frame in page.frames if frame.url.startswith("blob:")]
        if frames and frames[0].locator("h1").count():
            return frames[0]
        page.wait_for_timeout(200)
    raise AssertionError(f"no page was shown: {[frame.url for frame in page.frames]}")
