"""The documentation is what the code makes it, its links lead somewhere, its verdicts are ranked as the engine does."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scripts.documentation.decisions import causes as page_on_causes
from scripts.documentation.decisions import meanings
from scripts.documentation.decisions import verdict as page_on_verdicts
from scripts.documentation.index import by_slide, by_symptom
from scripts.documentation.pages import made, outdated, pages
from scripts.documentation.rule import observations, thresholds
from scripts.documentation.rule import page as rule_page
from scripts.documentation.seminar import deck, shown_by
from tests.catalogue import CATALOGUE
from tracker_diag.core import own
from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.project import REPOSITORY
from tracker_diag.engine import causes as ranking
from tracker_diag.engine.verdict import verdict, why_abstained
from tracker_diag.rules.hypothesis import SHARED_MOST, rows
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION, Rule
from tracker_diag.rules.verdicts import precedence
from tracker_diag.settings.settings import Settings, parse_settings

ROOT = Path(__file__).parents[1]
NAMES = {*CATALOGUE.values(), *(rule.name for rule in all_rules().values())}


def test_a_file_that_differs_or_is_left_over_is_found(tmp_path: Path) -> None:
    (tmp_path / "docs" / "rules").mkdir(parents=True)
    (tmp_path / "docs" / "rules" / "gone.md").write_text("no such rule")
    (tmp_path / "docs" / "rules" / "there.md").write_text("new")
    (tmp_path / "docs" / "by-hand.md").write_text("made by nobody")
    (tmp_path / "a.yaml").write_text("old")
    wanted = {"a.yaml": "new", "docs/c.md": "new", "docs/rules/there.md": "new"}
    assert outdated(tmp_path, wanted) == ["a.yaml", "docs/c.md", "docs/rules/gone.md"]


def test_pages_schemas_and_the_default_configuration_are_made() -> None:
    files = made()
    assert {f"docs/{name}" for name in pages()} < set(files)
    for name, text in files.items():
        assert text.endswith("\n"), name
        assert (ROOT / name).parent.is_dir()
    for name in ("docs/reference/report.schema.json", "docs/reference/profile.schema.json"):
        assert json.loads(files[name])["$schema"]
    assert parse_settings(yaml.safe_load(files["configs/tracker-diag.yaml"]) or {}) == Settings()


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in _anchors(goal), f"{page.name}: {target}"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_rule_is_found_by_symptom_and_by_slide() -> None:
    rules = {rule.name for rule in all_rules().values()}
    assert rules <= {name for names in by_symptom().values() for name in names}
    told = {rule.name for rule in all_rules().values() if "Seminar:" in rule.sections["References"]}
    assert told <= {name for names in by_slide().values() for name in names}


def test_a_rule_stands_under_what_it_is_seen_as_and_under_other_where_that_is_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loud, quiet = (replace(all_rules()["LC104"], name=name) for name in ("loud", "quiet"))
    rules = {"A1": replace(loud, seen_as=("It is loud", "It hurts")), "A2": replace(quiet, seen_as=())}
    monkeypatch.setattr("scripts.documentation.index.all_rules", lambda: rules | {"A3": all_rules()["LC104"]})
    seen = by_symptom()
    assert list(seen.items()) == [
        ("It is loud", ["loud"]),
        ("It hurts", ["loud"]),
        ("Validation gets worse while training gets better", ["overfitting"]),
        ("other", ["quiet"]),
    ]


@pytest.mark.parametrize(
    "statement", [s for slide in deck() for s in slide["statements"]], ids=lambda s: s["says"][:50]
)
def test_a_statement_of_the_seminar_has_its_rules_and_tests(statement: dict[str, list[str]]) -> None:
    assert statement["rules"]
    assert set(statement["rules"]) <= NAMES
    for test in shown_by(statement):
        assert (ROOT / test).is_file(), test


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.name)
def test_thresholds_and_priors_are_read_off_the_rule(rule) -> None:  # type: ignore[no-untyped-def]
    assert thresholds(rule).keys() == rule.thresholds.keys()
    assert rule.likelihoods is None or not [
        text for text, ratio, _ in observations(rule.likelihoods) if not text or not ratio
    ]


def test_the_page_on_causes_holds_every_prior_and_constant() -> None:
    page = page_on_causes()
    for rule in all_rules().values():
        if "prior" in rule.thresholds:
            assert f"| [{rule.name}](/rules/{rule.name}.md) | {rule.thresholds['prior']:g} |" in page
    for name in ("WARNING_ODDS", "SEEN_RATIO", "LEAST"):
        assert f"| `{name}` | {getattr(ranking, name)} |" in page
    assert f"| `SHARED_MOST` | {SHARED_MOST} |" in page


def test_the_page_on_verdicts_begins_with_what_readme_says_of_each() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Verdicts")[2].partition("\n## ")[0]
    said = dict(re.findall(r"^\| \[?([a-z-]+)[^|]* \| (.+) \|$", readme, re.MULTILINE))
    del said["verdict"], said["---"]
    assert {name: words["means"] for name, words in meanings().items()} == said
    # A rule of somebody else may bring a verdict of its own, with its page.
    known = {name for name in precedence() if name in CATALOGUE.values()}
    assert {ABSTENTION, *known} <= set(meanings()) <= {ABSTENTION, *precedence()}
    first = page_on_verdicts().partition("\n## ")[0]
    for name, words in meanings().items():
        assert f"| [{name}](/rules/{name}.md) | {words['means']} | {words['first']} |" in first


def test_the_page_on_accuracy_begins_with_the_table_of_readme() -> None:
    readme, page = (
        [row for row in (ROOT / name).read_text(encoding="utf-8").splitlines() if "kinds of fault |" in row]
        for name in ("README.md", "docs/how-it-works/accuracy.md")
    )
    assert len(readme) == 2
    assert page == readme


def test_the_page_on_verdicts_names_each_reason_for_none() -> None:
    code = inspect.getsource(why_abstained)
    told = page_on_verdicts().partition("## When there is none")[2].partition("\n## ")[0]
    for words in (
        "do not settle",
        "no loss or score with at least 2 values was found",
        "fewer than 8 values",
        "fewer than 4 finite values",
        "the curves have not improved on their first values",
        "no rule reached a verdict",
    ):
        assert words in code
        assert words in told
    # Both that are left are the condition of a good fit that is not shown.
    assert code.count("return ") == told.count("\n- ") + 1


def test_the_page_of_a_rule_marks_the_signs_of_its_own() -> None:
    rows = [row for row in rule_page(all_rules()["DS202"]).splitlines() if row.startswith("| first epoch")]
    assert [row.rpartition("curves")[2] for row in rows] == [" (few other causes show it) |", " |"]


@pytest.mark.parametrize("rule", [r for r in all_rules().values() if r.likelihoods], ids=lambda rule: rule.name)
def test_each_row_that_a_rule_weighs_has_a_name_of_its_own(rule: Rule) -> None:
    table = rule_page(rule).partition("## Likelihoods")[2].partition("\n## ")[0]
    cases = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[2:]
    assert len(set(cases)) == len(cases) == len(rows(rule.likelihoods))


VERDICTS = page_on_verdicts()
CODES = {rule.name: code for code, rule in all_rules().items()}
LEVELS = st.sampled_from([Severity.INFO, Severity.WARNING, Severity.ERROR])
TROUBLES = st.dictionaries(st.sampled_from([name for name in precedence() if name != "good-fit"]), LEVELS)


@given(troubles=TROUBLES, fits=st.booleans())
def test_the_table_of_verdicts_says_what_the_engine_does(troubles: dict[str, Severity], fits: bool) -> None:
    found = troubles | ({"good-fit": Severity.OK} if fits else {})
    findings = {name: Finding(CODES[name], name, severity, 1.0, "", "", {}) for name, severity in found.items()}
    assert _first(found) == verdict(findings).name


def _first(found: dict[str, Severity]) -> str:
    """The verdict by the places in the table of the page."""
    rows = re.findall(r"^\| \[([\w-]+)\]\(\S+\) \| (\S+) \| (\d+)", VERDICTS, re.MULTILINE)
    assert len(rows) == len(precedence())
    asked = {}
    for name, loud, quiet in rows:
        severity = found.get(name)
        if severity is not None:
            asked[int(loud if severity in (Severity.WARNING, Severity.ERROR) else quiet)] = name
    return asked[min(asked)] if asked else ABSTENTION


def test_files_of_the_repository_that_pages_link_are_there() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(rf"{re.escape(REPOSITORY)}/(?:blob|tree)/main/([^)#\s\"]+)", text):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


@pytest.mark.parametrize("folder", ["configs", "examples", "scripts", "tests", "tracker_diag"])
def test_pages_that_files_speak_of_are_there(folder: str) -> None:
    here = {Path(__file__), ROOT / "tests" / "test_new_rule.py"}
    for path in sorted({*(ROOT / folder).rglob("*.py"), *(ROOT / folder).rglob("*.md")} - here):
        for page in re.findall(r"(?<![\w/])docs/[\w/-]+\.(?:md|json)\b", path.read_text(encoding="utf-8")):
            assert (ROOT / page).is_file(), f"{path.relative_to(ROOT)}: {page}"


def test_the_page_on_tags_names_all_that_is_written() -> None:
    page = (ROOT / "docs" / "reference" / "tags.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `diag\.(\w+)`", page, re.MULTILINE)) == {*own.TAGS, *own.USERS}
    assert all(f"`{name}`" in page for name in (*own.REPORTS, *own.LEFT))
