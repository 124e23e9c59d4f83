"""The changelog says by rule which answers change, and names only rules that there are."""

from __future__ import annotations

import re
from pathlib import Path

from tracker_diag.rules.registry import all_rules

PAGE = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
CHANGES = PAGE.partition("### Answers that change, by rule")[2].partition("\n### ")[0]


def test_each_code_is_a_rules_and_each_name_is_that_rules() -> None:
    rules = {rule.code: rule.name for rule in all_rules().values()}
    codes = re.findall(r"\b[A-Z]{2}\d{3,4}\b", CHANGES)
    assert len(codes) > 30
    assert set(codes) <= rules.keys()
    named = re.findall(r"^- ([A-Z]{2}\d+) ([a-z-]+):", CHANGES, re.MULTILINE)
    assert named
    assert [rules[code] for code, _ in named] == [name for _, name in named]
