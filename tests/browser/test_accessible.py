"""Reports and the page of an experiment, checked by axe: what a screen reader or a keyboard stumbles over."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pages import IN_A_BROWSER, SECONDS, launched
from tests.report.conftest import SAMPLES
from tests.report.experiment.conftest import OVERVIEWS
from tests.report.test_told import compared
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.experiment.as_html import render as render_experiment
from tracker_diag.report.formats.html import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = IN_A_BROWSER


def twelve_curves() -> Report:
    """Many curves on few axes, with names and numbers that are long."""
    steps = tuple(float(s) for s in range(0, 1_000_000, 10_000))
    curves = tuple(
        DrawnCurve(
            f"metrics/{'very_' * 12}long_name_{i}",
            ("train_loss", "val_loss", "test_loss", "gradient_norm")[i % 4],
            steps,
            tuple(-1.2345678e-7 * (i + 1) * (1 + math.cos(s / 1e5)) for s in steps),
            len(steps),
        )
        for i in range(12)
    )
    return replace(SAMPLES["overfitting"](), curves=curves)


REPORTS = SAMPLES | {"compared": compared, "twelve_curves": twelve_curves}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


def violations(browser: Browser, file: Path, text: str, scheme: str, width: int) -> list[dict[str, Any]]:
    file.write_text(text, encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.goto(file.as_uri())
    found = []
    for unfolded in (False, True):
        page.evaluate("on => document.querySelectorAll('details').forEach(d => d.open = on)", unfolded)
        response = axe.Axe().run(page).response
        assert len(response["passes"]) > 10
        found += [
            {"rule": one["id"], "impact": one["impact"], "at": [node["html"][:200] for node in one["nodes"][:3]]}
            for one in response["violations"]
        ]
    context.close()
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted(REPORTS))
def test_a_report_has_no_violation(browser: Browser, tmp_path: Path, name: str, scheme: str) -> None:
    assert violations(browser, tmp_path / "report.html", render(REPORTS[name]()), scheme, 715) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", sorted(set(OVERVIEWS) - {"large"}))
def test_the_page_of_an_experiment_has_no_violation(browser: Browser, tmp_path: Path, name: str, scheme: str) -> None:
    assert violations(browser, tmp_path / "page.html", render_experiment(OVERVIEWS[name]()), scheme, 1100) == []


def test_what_is_wrong_is_found(browser: Browser, tmp_path: Path) -> None:
    """Else the tests above could not fail."""
    text = render(REPORTS["healthy"]()).replace('<html lang="en">', "<html>")
    found = violations(browser, tmp_path / "report.html", text, "light", 715)
    assert {one["rule"] for one in found} == {"html-has-lang"}
