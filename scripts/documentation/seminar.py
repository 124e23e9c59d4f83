"""The seminar's statements, the rules that implement them, and the tests that show it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scripts.documentation.markdown import GENERATED, anchor, link, source, table
from tracker_diag.rules.registry import all_rules, find_rule
from tracker_diag.rules.rule import Rule

_DATA = Path(__file__).with_name("seminar.yaml")


@cache
def deck() -> list[dict[str, Any]]:
    """The slides in their order, each with its headings and statements."""
    read: list[dict[str, Any]] = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return read


def slides() -> frozenset[str]:
    """Titles of the slides, and the headings on them."""
    return frozenset(places())


def places() -> dict[str, str]:
    """Titles of the slides, and the headings on them, to the anchor of the slide on the page."""
    return {title: anchor(slide["slide"]) for slide in deck() for title in (slide["slide"], *slide.get("parts", ()))}


def cited(rule: Rule) -> set[str]:
    """What a rule's references quote of the seminar: nothing where they name papers only."""
    _, _, seminar = " ".join(rule.sections.get("References", "").split()).partition("Seminar:")
    return set(re.findall(r'"([^"]+)"', seminar))


def shown_by(statement: dict[str, Any]) -> list[str]:
    """The test files that show a statement: those it names, or its rules' own."""
    if "tests" in statement:
        return list(statement["tests"])
    return [rule_test(name) for name in statement["rules"] if find_rule(name)]


def rule_test(name: str) -> str:
    """The test file beside a rule's file."""
    rule = next(r for r in all_rules().values() if r.name == name)
    return f"tests/rules/{rule.folder}/test_{name.replace('-', '_')}.py"


def seminar() -> str:
    """The page: statement → rule → test, a section for each slide."""
    return (
        f"{GENERATED}# The seminar\n\n"
        "The rules implement a seminar talk: P. Heuser, *Why does my network fail to learn?*, DESY machine learning "
        "deep learning seminar, 30 September 2019. Pages of rules quote it with the title of the "
        "slide.\n\n"
        "Each section below lists what a slide states, which rules look for it in a run, and which tests check "
        "those rules.\n" + "".join(f"\n## {slide['slide']}\n\n{_statements(slide)}" for slide in deck())
    )


def _statements(slide: dict[str, Any]) -> str:
    parts = "; ".join(slide.get("parts", ()))
    rows = (
        (
            statement["says"],
            "<br>".join(link(name) for name in statement["rules"]),
            "<br>".join(f"[{Path(test).name}]({source(test)})" for test in shown_by(statement)),
        )
        for slide in [slide]
        for statement in slide["statements"]
    )
    return (f"Headings on it: {parts}.\n\n" if parts else "") + table(("statement", "rules", "tests"), rows)
