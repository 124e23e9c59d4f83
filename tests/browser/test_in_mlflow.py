"""What ``sweep --note --view`` shows in MLflow's own UI, and that ``clean`` takes it away, in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
import pytest
from mlflow.entities import Metric, Param

from tests.mlflow_server import serving
from tests.pages import IN_A_BROWSER, SECONDS, launched
from tests.runs import KINDS, curves
from tracker_diag.core.section import with_section

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = IN_A_BROWSER

EVIL = "http://evil.example"
PAYLOAD = (
    f"<script>window.hit=1</script><img src=x onerror='window.hit=1'>[a]({EVIL}) ![b]({EVIL}/b.png) <{EVIL}> {EVIL} "
    "www.evil.example @everyone :smile: --> <!-- /tracker-diag --> | c"
)
MINE = "My own words, **kept**."


@dataclass(frozen=True)
class Store:
    """A server that holds one run of each kind, and one that carries markup wherever a text can be."""

    uri: str
    experiment: str
    runs: dict[str, str]

    def run(self, *words: str) -> str:
        """Run a command as a user would, and give what it printed."""
        command = [sys.executable, "-m", "tracker_diag", *words, "--tracking-uri", self.uri]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def page(self, run: str) -> str:
        """The page of a run."""
        of = f"#/experiments/{self.experiment}/runs/{self.runs[run]}"
        return f"{self.uri}/{of}?workflowType=machine_learning"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with serving(tmp_path_factory.mktemp("in-mlflow")) as uri:
        client = mlflow.MlflowClient(uri)
        experiment = client.create_experiment("vision")
        runs = {kind: log(client, experiment, kind, kind, "sgd") for kind in KINDS}
        runs["hostile"] = log(client, experiment, "overfitting", PAYLOAD[:250], PAYLOAD)
        client.set_tag(runs["overfitting"], "mlflow.note.content", MINE)
        yield Store(uri, experiment, runs)


def log(client: mlflow.MlflowClient, experiment: str, kind: str, name: str, optimizer: str) -> str:
    run = client.create_run(experiment, run_name=name).info.run_id
    rows = [Metric(key, value, 0, int(step)) for key, points in curves(kind).items() for step, value in points]
    client.log_batch(run, metrics=rows, params=[Param("optimizer", optimizer), Param("lr", "3.0")])
    client.set_terminated(run)
    return str(run)


@pytest.fixture(scope="module")
def swept(store: Store) -> str:
    """What the sweep said."""
    return store.run("sweep", "--experiment", "vision", "--note", "--view")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(SECONDS)
    yield page
    page.close()


def in_training_view(page: Page) -> bool:
    """Whether the page is one for training: those for agents have other entries at their side."""
    page.get_by_role("button", name="Model training").wait_for()
    side = page.inner_text("aside")
    return "Model registry" in side and "Prompts" not in side


def test_the_view_shows_our_columns_and_no_green_run(page: Page, store: Store, swept: str) -> None:
    (address,) = re.findall(r"^saved view of experiment 'vision': (\S+)$", swept, re.MULTILINE)
    page.goto(address)
    page.get_by_text("diverged", exact=True).first.wait_for()
    heads = page.locator(".ag-header-cell")
    page.locator(".ag-header-cell", has_text="diag.summary").wait_for()
    widths = {head.get_attribute("col-id"): head.bounding_box() for head in heads.all()}
    shown = [name for name in widths if str(name).startswith("tags.")]
    assert shown == [f"tags.`diag.{name}`" for name in ("verdict", "severity", "cause", "summary")]
    cells = page.locator(".ag-row .ag-cell")
    texts = [cell.inner_text().strip() for cell in cells.all()]
    assert {"overfitting", "diverged", "error", "warning"} <= set(texts)
    assert not {"healthy", "good-fit", "ok"} & set(texts)
    assert texts.index("error") < texts.index("warning")
    cut = page.evaluate(
        "[...document.querySelectorAll('.ag-cell')].filter(c => /overfitting|diverged|warning|error/.test(c.innerText)"
        " && !c.getAttribute('col-id').includes('summary') && c.getAttribute('col-id').startsWith('tags.'))"
        ".filter(c => [c, ...c.querySelectorAll('*')].some(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth))"
        ".map(c => c.innerText)"
    )
    assert cut == []
    assert page.get_by_role("button", name="tracker-diag").is_visible()
    assert in_training_view(page)


def test_the_description_is_rendered_below_the_users_own_text(page: Page, store: Store, swept: str) -> None:
    page.goto(store.page("diverged"))
    page.get_by_text("Diagnosis: diverged").wait_for()
    assert re.search(r"Most likely cause: \S+\s+What to do: \w+", page.inner_text("body"))
    assert in_training_view(page)
    page.goto(store.page("overfitting"))
    page.get_by_text("Diagnosis: overfitting").wait_for()
    text = page.inner_text("body")
    assert text.index("My own words, kept.") < text.index("Diagnosis: overfitting")
    assert "<!--" not in text
    assert "-->" not in text


def test_a_page_for_agents_is_told_from_one_for_training(page: Page, store: Store) -> None:
    page.goto(store.page("healthy").replace("machine_learning", "genai"))
    page.get_by_text("healthy").first.wait_for()
    assert not in_training_view(page)


def test_the_link_in_the_description_opens_the_report(page: Page, store: Store, swept: str) -> None:
    page.goto(store.page("diverged"))
    page.get_by_text("Show more").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="The whole report").click()
    report = opened.value
    assert_report(report, "diverged")
    report.close()


def test_the_link_of_the_sweep_opens_the_report(page: Page, store: Store, swept: str) -> None:
    (address,) = re.findall(rf"\S+/runs/{store.runs['overfitting']}/\S+", swept)
    page.goto(address)
    assert_report(page, "overfitting")
    (address,) = re.findall(rf"\S+/runs/{store.runs['healthy']}\S*", swept)
    assert address == store.page("healthy")


def assert_report(page: Page, verdict: str) -> None:
    """The report of a run is shown, in the pages for training."""
    for _ in range(SECONDS // 200):
        shown = [frame for frame in page.frames if frame.url.startswith("blob:")]
        if shown and shown[0].locator("h1").count():
            break
        page.wait_for_timeout(200)
    assert verdict in shown[0].inner_text("h1")
    assert in_training_view(page)


def test_markup_of_a_run_is_text_in_its_description(page: Page, store: Store, swept: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(store.page("hostile"))
    link = page.get_by_role("link", name="The whole report")
    link.wait_for()
    section = page.locator("div", has=link).last
    page.wait_for_timeout(1000)
    assert section.locator("a").count() == 1
    assert section.locator("img, script, iframe").count() == 0
    assert not [url for url in asked if "evil" in url]
    assert page.evaluate("window.hit") is None


def test_the_same_markup_acts_where_nothing_escapes_it(page: Page, store: Store) -> None:
    """Else the test above could not fail."""
    mlflow.MlflowClient(store.uri).set_tag(store.runs["healthy"], "mlflow.note.content", with_section("", PAYLOAD))
    page.goto(store.page("healthy"))
    page.get_by_role("link", name="a", exact=True).wait_for()
    mlflow.MlflowClient(store.uri).delete_tag(store.runs["healthy"], "mlflow.note.content")


def test_clean_leaves_neither_view_nor_section(page: Page, store: Store, swept: str, tmp_path: Path) -> None:
    (address,) = re.findall(r"^saved view of experiment 'vision': (\S+)$", swept, re.MULTILINE)
    store.run("clean", "--all", "--yes")
    page.goto(address)
    page.get_by_text('share key "tracker-diag" does not exist').first.wait_for()
    page.goto(store.page("overfitting"))
    page.get_by_text("My own words, kept.").wait_for()
    text = page.inner_text("body")
    assert "Diagnosis" not in text
    assert "diag.verdict" not in text
    assert mlflow.MlflowClient(store.uri).get_run(store.runs["overfitting"]).data.tags["mlflow.note.content"] == MINE
