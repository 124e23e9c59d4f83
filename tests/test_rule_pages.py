"""Every rule's docstring is its page: the same headings, every threshold described, a slide or a paper named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.documentation.index import cited
from scripts.documentation.seminar import rule_test, slides
from tests.catalogue import CATALOGUE
from tracker_diag.evidence.registry import EVIDENCE
from tracker_diag.rules.registry import all_rules, rule
from tracker_diag.rules.rule import HEADINGS, Rule

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
    paper = re.search(r"\w\.?,? \(\d{4}[a-z]?\)", references)
    if not cited(rule) & slides() and ("Seminar:" in references or paper is None):
        wrong.append(f"no slide of the seminar is named, and no paper: {references!r}")
    return wrong


@every_rule
def test_the_docstring_is_a_page(rule: Rule) -> None:
    assert faults(rule) == []


def broken(rules: Iterable[Rule]) -> list[str]:
    """The codes that were given to another name, and the names that had another code."""
    codes = {name: code for code, name in CATALOGUE.items()}
    return [
        f"{rule.code} {rule.name}: tests/catalogue.py has given that code, or that name, to another rule"
        for rule in rules
        if CATALOGUE.get(rule.code, rule.name) != rule.name or codes.get(rule.name, rule.code) != rule.code
    ]


def test_a_code_that_was_given_keeps_its_name() -> None:
    assert broken(RULES) == []


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("LC104", "overfitting", []),
        ("LC104", "too-loud", ["LC104 too-loud"]),
        ("LC199", "overfitting", ["LC199 overfitting"]),
        ("LC199", "too-loud", []),
    ],
)
def test_a_new_rule_takes_no_code_and_no_name_that_was_given(code: str, name: str, said: list[str]) -> None:
    assert [x.partition(":")[0] for x in broken([replace(RULES[0], code=code, name=name)])] == said


@every_rule
def test_the_file_is_named_as_the_rule_and_has_a_test_beside_it(rule: Rule) -> None:
    module = rule.check.__module__.rsplit(".", 1)[-1]
    assert module == rule.name.replace("-", "_")
    assert (ROOT / rule_test(rule.name)).is_file()


@every_rule
def test_evidence_is_of_the_catalogue_s_kinds(rule: Rule) -> None:
    assert set(rule.evidence) <= set(EVIDENCE)
    assert rule.evidence


@pytest.mark.parametrize("seen", ["", "  ", "My loss is flat\nfrom the start", "My loss is flat\n"])
def test_what_a_rule_is_seen_as_is_one_line(seen: str) -> None:
    def check(train: object) -> None: ...

    with pytest.raises(ValueError, match=r"XX901 odd: seen_as: .* is not one line"):
        rule("XX901", "odd", seen_as=("It is odd", seen))(check)
    assert "XX901" not in all_rules()


def test_names_are_given_once() -> None:
    assert len(set(CATALOGUE.values())) == len(CATALOGUE)
    assert len({rule.name for rule in RULES}) == len(RULES)


PAGE = """Too loud, too long.

What it measures
----------------
Loudness.

Why it matters
--------------
The neighbours.

What to do
----------
Turn it down.

Thresholds
----------

References
----------
{}
"""


@pytest.mark.parametrize(
    ("references", "fault"),
    [
        ('Seminar: "Overfitting".', False),
        ('Seminar: "Overfitting". He et al. (2016), CVPR.', False),
        ("Fletcher and Munson (1933), Loudness, JASA 5:82.", False),
        ("Sutskever et al. (2013), ICML.", False),
        ("Page, E. S. (1954), Continuous inspection schemes, Biometrika 41:100.", False),
        ('Seminar: "Loudness". He et al. (2016), CVPR.', True),
        ('"Overfitting", by somebody.', True),
        ("It is well known.", True),
    ],
)
def test_a_paper_stands_in_place_of_a_slide(references: str, fault: bool) -> None:
    def check() -> None: ...

    check.__doc__ = PAGE.format(references)
    found = faults(Rule("LC199", "too-loud", check, (), (), {}))
    assert bool(found) == fault
    assert all("no slide" in said for said in found)


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
