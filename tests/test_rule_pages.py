"""Every rule's docstring is its page: the same headings, every threshold described, a slide of the seminar named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.documentation.seminar import rule_test, slides
from tests.catalogue import CATALOGUE
from tracker_diag.evidence.registry import EVIDENCE
from tracker_diag.rules.registry import HEADINGS, Rule, all_rules

ROOT = Path(__file__).parents[1]
RULES = list(all_rules().values())
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def faults(rule: Rule) -> list[str]:
    """What is wrong with a rule's docstring."""
    text = rule.sections
    wrong = []
    if tuple(text) != ("", *HEADINGS):
        wrong.append(f"headings {tuple(text)[1:]}, not {HEADINGS}")
    wrong += [f"nothing under {heading!r}" for heading, under in text.items() if heading != "Thresholds" and not under]
    first = text[""].split("\n\n")[0]
    if first != rule.title or not 10 <= len(rule.title) <= 100 or not rule.title.endswith((".", "?", "!")):
        wrong.append(f"the title is one line of 10 to 100 characters that ends in a full stop: {first!r}")
    described = set(re.findall(r"^(\w+) :", text.get("Thresholds", ""), re.MULTILINE))
    if described != set(rule.thresholds):
        wrong.append(f"thresholds {sorted(rule.thresholds)}, described {sorted(described)}")
    references = " ".join(text.get("References", "").split())
    named = re.findall(r'"([^"]+)"', references.split("Seminar:")[-1]) if "Seminar:" in references else []
    paper = re.search(r"\w+ \(\d{4}\)", references)
    if not any(name in slides() for name in named) and ("Seminar:" in references or paper is None):
        wrong.append(f"no slide of the seminar is named, and no paper: {references!r}")
    return wrong


@every_rule
def test_the_docstring_is_a_page(rule: Rule) -> None:
    assert faults(rule) == []


@every_rule
def test_code_and_name_are_the_catalogue_s(rule: Rule) -> None:
    assert CATALOGUE.get(rule.code) == rule.name


@every_rule
def test_the_file_is_named_as_the_rule_and_has_a_test_beside_it(rule: Rule) -> None:
    module = rule.check.__module__.rsplit(".", 1)[-1]
    assert module == rule.name.replace("-", "_")
    assert (ROOT / rule_test(rule.name)).is_file()


@every_rule
def test_evidence_is_of_the_catalogue_s_kinds(rule: Rule) -> None:
    assert set(rule.evidence) <= set(EVIDENCE)
    assert rule.evidence


def test_names_are_given_once() -> None:
    assert len(set(CATALOGUE.values())) == len(CATALOGUE)
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("docstring", "said"),
    [
        ("Too loud.", "headings"),
        ("Validation is " + "very " * 20 + "bad.", "the title"),
        ("A title that goes on\nfor two lines.", "the title"),
    ],
)
def test_a_bad_docstring_is_found(docstring: str, said: str) -> None:
    def check(*, limit: float = 1.0) -> None: ...

    check.__doc__ = docstring
    found = faults(Rule("LC104", "overfitting", check, (), (), {"limit": 1.0}))
    assert any(fault.startswith(said) for fault in found)
    assert any("limit" in fault for fault in found)
    assert any("no slide" in fault for fault in found)
