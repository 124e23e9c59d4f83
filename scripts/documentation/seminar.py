"""The seminar's statements, the rules that implement them, and the tests that show it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from scripts.documentation.markdown import GENERATED, link, source, table
from tracker_diag.rules.registry import all_rules, find_rule

_DATA = Path(__file__).with_name("seminar.yaml")


@cache
def deck() -> list[dict[str, Any]]:
    """The slides in their order, each with its headings and statements."""
    read: list[dict[str, Any]] = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return read


def slides() -> frozenset[str]:
    """Titles of the slides, and the headings on them."""
    return frozenset(title for slide in deck() for title in (slide["slide"], *slide.get("parts", ())))


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
    """The page: statement → rule → test."""
    rows = [
        (
            slide["slide"],
            statement["says"],
            "<br>".join(link(name) for name in statement["rules"]),
            "<br>".join(f"[{Path(test).name}]({source(test)})" for test in shown_by(statement)),
        )
        for slide in deck()
        for statement in slide["statements"]
    ]
    return (
        f"{GENERATED}# The seminar\n\n"
        "The rules implement what P. Heuser's seminar *Why does my network fail to learn?* (DESY, 30 September 2019) "
        "says, statement by statement.\n\n" + table(("slide", "statement", "rules", "tests"), rows)
    )
