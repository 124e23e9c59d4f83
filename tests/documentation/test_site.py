"""The site builds without a warning, its pages are found, its links hold, and it asks nothing of other servers."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from scripts.documentation.hooks import BOOSTS, KEYWORDS
from scripts.documentation.navigation import aliases
from tests.copies import ROOT
from tests.documentation.site import Site, build
from tracker_diag.core.project import SITE, rule_page
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION

#: What a style sheet asks another server for.
OUTSIDE = re.compile(r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^)'\"]+")
#: Made for a server that finds nothing else; no page leads there.
NOT_FOUND = "404.html"


def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    pytest.importorskip("material", reason="mkdocs-material is not installed: pip install --group docs")
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    page = tmp_path / "docs" / "index.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[nowhere](how-to/ci.md#no-such-anchor)\n", encoding="utf-8")
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for relative in ("docs_dir: docs", "- scripts/documentation/hooks.py", "base_path: [.]"):
        assert relative in text
    text = text.replace("- scripts/", f"- {ROOT}/scripts/").replace("base_path: [.]", f"base_path: ['{ROOT}']")
    (tmp_path / "mkdocs.yml").write_text(text, encoding="utf-8")
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode == 1
    assert "no-such-anchor" in done.stderr


@pytest.mark.parametrize("name", [*(rule.name for rule in all_rules().values()), ABSTENTION, *aliases()])
def test_reports_link_to_a_page_that_is_there(site: Site, name: str) -> None:
    path = rule_page(name).removeprefix(SITE) + "index.html"
    assert path in site.pages
    assert path in _navigation(site)


def test_every_page_is_reached_from_the_navigation(site: Site) -> None:
    assert set(site.pages) - {NOT_FOUND} == _navigation(site)


def _navigation(site: Site) -> set[str]:
    goals = {site.goal("index.html", link) for link in site.pages["index.html"].navigation}
    return {goal[0] for goal in goals if goal is not None}


def test_links_and_anchors_within_the_site_hold(site: Site) -> None:
    broken = []
    for name, page in site.pages.items():
        for link in page.links:
            goal = site.goal(name, link)
            if goal is None:
                continue
            path, anchor = goal
            known = path in site.pages and (not anchor or anchor in site.pages[path].ids)
            if not known and (anchor or not (site.folder / path).is_file()):
                broken.append(f"{name}: {link}")
    assert broken == []


def test_no_page_asks_another_server_for_anything(site: Site) -> None:
    asked = {(name, what) for name, page in site.pages.items() for what in page.asked}
    outside = [(name, what) for name, what in asked if site.goal(name, what) is None and not what.startswith("data:")]
    assert outside == []
    for name, what in asked:
        goal = site.goal(name, what)
        assert goal is None or (site.folder / goal[0]).is_file(), (name, what)
    for sheet in site.folder.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()\s*['\"]?(?:https?:)?//[^)'\"]+", sheet.read_text(encoding="utf-8")), (
            sheet
        )


def test_pictures_and_formulas_are_part_of_the_page(site: Site) -> None:
    def text(page: str) -> str:
        return (site.folder / page / "index.html").read_text(encoding="utf-8")

    assert text("rules/overfitting").count('<svg class="curves"') == 2
    assert "<style>text{" not in text("rules/overfitting")
    statistics = text("how-it-works/statistics")
    assert statistics.count('display="block"') > 15
    assert "$$" not in statistics
    assert "$`" not in statistics
    assert '<svg class="flowchart"' in text("how-it-works/architecture")
    assert not [name for name in site.pages if 'class="mermaid"' in (site.folder / name).read_text(encoding="utf-8")]


def test_a_search_knows_what_people_type_and_places_tables_of_measurements_lower(site: Site) -> None:
    index = json.loads((site.folder / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"]: entry for entry in index["docs"]}
    for page, words in KEYWORDS.items():
        assert found[page.removesuffix(".md") + "/"]["tags"] == words
    for page, boost in BOOSTS.items():
        assert found[page.removesuffix(".md") + "/"]["boost"] == boost
    assert found["rules/"]["title"] == "Rules"


def test_files_of_the_repository_that_readers_look_for_are_on_the_site(site: Site) -> None:
    for page, file in (
        ("changelog", "CHANGELOG.md"),
        ("contributing", "CONTRIBUTING.md"),
        ("security-policy", "SECURITY.md"),
    ):
        first = (ROOT / file).read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        assert f">{first}<" in (site.folder / page / "index.html").read_text(encoding="utf-8")


def test_the_workflow_builds_what_the_tests_build() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "docs.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert any("mkdocs build --strict" in command for command in commands)
    assert any("scripts.documentation --check" in command for command in commands)
