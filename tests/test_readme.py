"""The README is true: its commands exist, its Python runs, and it names every verdict."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.catalogue import CATALOGUE
from tracker_diag.cli import app
from tracker_diag.core.project import SITE
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.verdicts import precedence

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^ *(tracker-diag .+)$|`(tracker-diag [^`]+)`", TEXT, re.MULTILINE)


def commands() -> dict[str, Any]:
    """The commands by name."""
    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", [block or inline for block, inline in COMMANDS])
def test_a_command_is_understood(line: str) -> None:
    name, *arguments = shlex.split(line, comments=True)[1:]
    context = commands()[name].make_context(name, arguments)
    assert not context.args


def test_an_unknown_option_is_not_understood() -> None:
    with pytest.raises(Exception, match=r"No such option:? '?--everything"):
        commands()["sweep"].make_context("sweep", ["--everything"])


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_every_verdict_is_explained() -> None:
    table = TEXT.split("## Verdicts")[1].split("## ")[0]
    explained = set(re.findall(r"^\| \[?([a-z-]+[a-z])", table, re.MULTILINE)) - {"verdict"}
    assert explained <= {*precedence(), ABSTENTION}
    assert explained >= {ABSTENTION, *(name for name in precedence() if name in CATALOGUE.values())}


def test_its_links_to_the_documentation_lead_to_pages_and_headings() -> None:
    links = re.findall(rf"\]\({re.escape(SITE)}([^)\s]*)\)", TEXT)
    assert len(links) > 20
    for link in links:
        path, _, anchor = link.partition("#")
        assert path.endswith("/"), link
        (page,) = [page for page in (DOCS / f"{path[:-1]}.md", DOCS / path / "index.md") if page.is_file()] or [None]
        assert page is not None, link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


def test_how_often_it_is_right_is_what_was_measured_on_runs_that_nobody_tuned_on() -> None:
    measured = (
        (DOCS / "how-it-works" / "accuracy.md").read_text(encoding="utf-8").split("## Runs that nobody tuned on")[1]
    )
    measured = measured.split("\n## ")[0]
    told = TEXT.split("## How often it is right")[1].split("\n## ")[0]
    rows = [_figures(row) for row in told.splitlines() if "kinds of fault |" in row]
    first = [_figures(row)[:4] for row in measured.splitlines() if "at the first look" in row]
    assert [row[2:] for row in rows] == first
    # Figures of runs, tasks and kinds stand in its prose.
    for runs, kinds, *_ in rows:
        assert re.search(rf"\b{runs:g}\s+runs", measured)
        assert re.search(rf"\b{kinds:g}\s+kinds", measured)
    assert f"{sum(row[0] for row in rows):g} runs" in told


def _figures(row: str) -> list[float]:
    return [float(figure) for figure in re.findall(r"\d+(?:\.\d+)?", row)]


def test_the_number_of_rules_is_that_of_the_rules() -> None:
    assert f"with {len(all_rules())} rules" in TEXT


def test_a_percentage_is_written_without_a_space() -> None:
    assert not re.findall(r"\d %", TEXT)


def test_the_scripts_it_names_can_be_run() -> None:
    named = set(re.findall(r"^(scripts/\w+)", TEXT, re.MULTILINE))
    assert named == {"scripts/demo", "scripts/test"}
    for name in named:
        path = Path(__file__).parents[1] / name
        assert path.stat().st_mode & 0o111, name
