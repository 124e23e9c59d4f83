from __future__ import annotations

import re

import pytest

from tracker_diag.rules.manual import UnknownPageError, page
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.verdicts import verdicts


@pytest.mark.parametrize("word", sorted(verdicts()))
def test_every_verdict_has_a_page(word: str) -> None:
    head, _, rest = page(word).partition("\n")
    assert head.endswith(word)
    assert "## What to do" in rest


@pytest.mark.parametrize("word", [ABSTENTION, "insufficient evidence", "INSUFFICIENT_EVIDENCE"])
def test_the_verdict_of_no_rule_is_explained(word: str) -> None:
    said = page(word)
    assert said.startswith("# insufficient-evidence\n")
    assert "None of diverged, frozen, " in said


def test_the_page_of_a_rule_gives_the_default_of_each_threshold() -> None:
    assert "\nminimum_gain = 0.1 : smallest expected gain" in page("undertrained")
    for rule in all_rules().values():
        _, _, told = rule.page.partition("## Thresholds")
        assert sorted(re.findall(r"^(\w+) = \S+ : ", told, re.MULTILINE)) == sorted(rule.thresholds)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("ovrfitting", "did you mean overfitting?"),
        ("insuficient", f"did you mean {ABSTENTION}?"),
        ("nothing", "`tracker-diag rules` lists all rules"),
        ("", "`tracker-diag rules` lists all rules"),
        ("x" * 9999, "`tracker-diag rules` lists all rules"),
    ],
)
def test_only_a_near_spelling_is_named_else_where_all_are_listed(word: str, advice: str) -> None:
    with pytest.raises(UnknownPageError, match=f"; {re.escape(advice)}$") as told:
        page(word)
    assert len(str(told.value)) < 250
