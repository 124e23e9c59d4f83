"""What a person sees in MLflow's own UI: a real server, real runs, a real browser."""

from __future__ import annotations

import shutil
import sqlite3
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
from tests.runs import curves
from tracker_diag.core.project import rule_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

CHROMIUM = shutil.which("chromium") or ""
PAYLOAD = "<script>window.hit=1</script><img src=x onerror='window.hit=1'>"
SECONDS = 60_000
"""Milliseconds that a page of the UI, several megabytes of script, may take on a busy machine."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium; .ci/run installs Debian's"),
]


@dataclass(frozen=True)
class Store:
    """A server that holds two diagnosed runs: a plain one, and one that carries scripts wherever a text can be."""

    uri: str
    experiment: str
    plain: str
    hostile: str

    def page(self, run: str, rest: str = "") -> str:
        """Address of a run in the UI."""
        return f"{self.uri}/#/experiments/{self.experiment}/runs/{run}{rest}"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("ui")
    with serving(folder) as uri:
        client = mlflow.MlflowClient(uri)
        experiment = client.create_experiment("what a person sees")
        plain = log(client, experiment, "overfitting run", "sgd")
        hostile = log(client, experiment, PAYLOAD, PAYLOAD)
        smuggle(folder / "mlflow.db", hostile)
        diagnose(uri, plain)
        diagnose(uri, hostile, *(f"--role={name}={name} {PAYLOAD}" for name in curves("overfitting")))
        yield Store(uri, experiment, plain, hostile)


def log(client: mlflow.MlflowClient, experiment: str, name: str, optimizer: str) -> str:
    """A run that overfits."""
    run = client.create_run(experiment, run_name=name, tags={"note": name}).info.run_id
    rows = [Metric(key, value, 0, int(step)) for key, points in curves("overfitting").items() for step, value in points]
    params = [Param("optimizer", optimizer), Param("lr", "0.01"), Param("batch_size", "32")]
    client.log_batch(run, metrics=rows, params=params)
    client.set_terminated(run)
    return str(run)


def smuggle(database: Path, run: str) -> None:
    """Put scripts into names of metrics and parameters: the server refuses them, its store does not."""
    with sqlite3.connect(database, timeout=30) as store:
        for table in ("metrics", "latest_metrics", "params"):
            store.execute(f"UPDATE {table} SET key = key || ' ' || ? WHERE run_uuid = ?", (PAYLOAD, run))
    store.close()


def diagnose(uri: str, run: str, *options: str) -> None:
    """Diagnose a run as a user would, and write into the tracker."""
    command = [sys.executable, "-m", "tracker_diag", "diagnose", "--run-id", run, "--tracking-uri", uri, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(SECONDS)
    yield page
    page.close()


def report_of(page: Page, store: Store, run: str) -> Frame:
    """Open the HTML report in the artifact viewer, and give the frame it is shown in."""
    page.goto(store.page(run, "/artifacts/diagnosis/report.html"))
    # The viewer loads the file into a sandboxed frame of its own.
    for _ in range(SECONDS // 200):
        shown = [frame for frame in page.frames if frame.url.startswith("blob:")]
        if shown and shown[0].locator("h1").count():
            return shown[0]
        page.wait_for_timeout(200)
    raise AssertionError(f"no report was shown: {[frame.url for frame in page.frames]}")


def test_the_run_page_shows_the_tags(page: Page, store: Store) -> None:
    page.goto(store.page(store.plain))
    page.get_by_text("diag.verdict").first.wait_for()
    text = page.inner_text("body").replace("\n: ", ": ")
    for name, value in {"verdict": "overfitting", "severity": "warning"}.items():
        assert f"diag.{name}: {value}" in text
    for name in ("summary", "findings", "version", "fingerprint"):
        assert f"diag.{name}: " in text


def test_the_runs_can_be_filtered_by_verdict(page: Page, store: Store) -> None:
    page.goto(f"{store.uri}/#/experiments/{store.experiment}/runs?workflowType=machine_learning")
    page.get_by_text("overfitting run").first.wait_for()
    search = page.get_by_role("searchbox").or_(page.get_by_placeholder("metrics.rmse")).first
    for verdict, shown in {"frozen": "All runs are filtered", "overfitting": "overfitting run"}.items():
        search.fill(f'tags.diag.verdict = "{verdict}"')
        search.press("Enter")
        page.get_by_text(shown).first.wait_for()


def test_the_report_renders_in_the_artifact_viewer(page: Page, store: Store) -> None:
    frame = report_of(page, store, store.plain)
    assert "overfitting" in frame.inner_text("h1")
    assert "overfitting run" in frame.inner_text("body")
    charts = "[...document.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 200).length"
    assert frame.evaluate(charts) >= 1
    assert frame.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_a_link_of_the_report_leaves_the_report_where_it_is(page: Page, store: Store) -> None:
    """The viewer's frame may open no window; the link's address can be copied, and the page says so."""
    frame = report_of(page, store, store.plain)
    link = frame.locator("h1 a")
    assert link.get_attribute("href") == rule_page("overfitting")
    link.click()
    page.wait_for_timeout(1000)
    assert [other.url for other in page.context.pages] == [page.url]
    assert "overfitting" in frame.inner_text("h1")
    assert "if your viewer does not open links, copy the address" in frame.inner_text("footer")


def test_the_payload_runs_where_nothing_escapes_it(page: Page) -> None:
    page.set_content(PAYLOAD)
    page.wait_for_function("window.hit === 1")


@pytest.mark.parametrize("rest", ["", "/model-metrics", "/artifacts/diagnosis/report.json"])
def test_no_page_of_the_run_runs_its_scripts(page: Page, store: Store, rest: str) -> None:
    page.goto(store.page(store.hostile, rest))
    page.get_by_text("window.hit=1").first.wait_for()
    page.wait_for_timeout(2000)
    assert [frame.evaluate("window.hit") for frame in page.frames] == [None] * len(page.frames)


def test_the_report_runs_no_script_of_the_run(page: Page, store: Store) -> None:
    frame = report_of(page, store, store.hostile)
    text = frame.inner_text("body")
    assert PAYLOAD in text
    assert f"train_loss {PAYLOAD}" in text
    assert [f.evaluate("window.hit") for f in page.frames] == [None] * len(page.frames)
    assert frame.locator("script, img").count() == 0
