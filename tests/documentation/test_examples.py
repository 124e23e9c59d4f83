"""Runs on the pages of the rules: each rule has them, speaks on the first, and is silent on the second."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from scripts.documentation import shown
from scripts.documentation.navigation import families
from scripts.documentation.rule import named, page, pictures, related
from scripts.documentation.shown import WrongExampleError, examples
from tests.catalogue import CATALOGUE
from tracker_diag.core.finding import Finding, Severity
from tracker_diag.rules.registry import all_rules

RULES = all_rules()
OURS = [rule for rule in RULES.values() if rule.code in CATALOGUE or rule.name in shown.chosen()]
BY_NAME = {rule.name: rule for rule in RULES.values()}


@pytest.mark.parametrize("rule", OURS, ids=lambda rule: rule.name)
def test_a_page_shows_the_rule_at_work(rule) -> None:  # type: ignore[no-untyped-def]
    both = examples(rule)
    assert both is not None, "name two runs in scripts/documentation/examples/runs.yaml"
    text = page(rule)
    assert f"> **{rule.name}** (" in text
    drawn = pictures(rule)
    assert drawn or "The evidence behind it" in text
    for svg in drawn.values():
        assert ElementTree.fromstring(svg).find("{http://www.w3.org/2000/svg}title") is not None


def test_a_run_that_shows_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = BY_NAME["overfitting"]
    for names, said in ((("healthy", "healthy"), "silent on healthy"), (("overfitting",) * 2, "speaks on overfitting")):
        monkeypatch.setattr(shown, "chosen", lambda names=names: {"overfitting": names})
        with pytest.raises(WrongExampleError, match=said):
            examples(rule)


def test_a_new_rule_has_a_page_without_an_example() -> None:
    rule = replace(BY_NAME["overfitting"], code="LC999", name="too-loud")
    assert examples(rule) is None
    assert "## Example" not in page(rule)


def test_what_is_filled_in_stands_in_italics() -> None:
    assert named("on its way training lost {lost:.0%} at {learning_rate:g}") == (
        "on its way training lost *lost* at *learning rate*"
    )


def test_related_rules_share_a_symptom_and_are_few() -> None:
    near = related(BY_NAME["dead-relu"])
    assert 0 < len(near) <= 6
    assert all(set(BY_NAME[name].seen_as) & set(BY_NAME["dead-relu"].seen_as) for name in near)


def test_the_navigation_has_every_rule_once() -> None:
    assert sorted(name for names in families().values() for name in names) == sorted(r.name for r in RULES.values())


def test_a_finding_of_another_rule_of_that_name_is_not_shown() -> None:
    rule = BY_NAME["slow-convergence"]
    report = shown.shown("healthy").report
    other = replace(report, findings=(Finding("OP402", rule.name, Severity.WARNING, 1.0, "", "", {}),))
    assert replace(shown.shown("healthy"), report=other).finding(rule) is None
