"""The page on statistics tells of every function, and its numbers are those of the code."""

from __future__ import annotations

import pytest

from scripts.documentation.statistics import asked_by, constants, described, functions, page
from tracker_diag.rules.registry import all_rules
from tracker_diag.stats import sequential

TOLD = [(part, name, entry) for part, entries in described().items() for name, entry in entries.items()]


def test_every_public_function_is_told_once() -> None:
    assert sorted(name for _, name, _ in TOLD) == sorted(functions())


@pytest.mark.parametrize(("part", "name", "entry"), [t for t in TOLD if t[0] != "tools"], ids=lambda x: str(x)[:40])
def test_each_states_its_policies(part: str, name: str, entry: dict[str, str]) -> None:
    asked = {"title", "formula", "level", "nonfinite", "autocorrelation", "looks"}
    assert set(entry) - {"where"} == asked | ({"hypothesis"} if part == "tests" else set())
    assert "{" not in constants(entry["level"])


def test_constants_are_those_of_the_code() -> None:
    alpha = next(rule for rule in all_rules().values() if rule.name == "overfitting").thresholds["alpha"]
    assert constants("{overfitting.alpha}, {tracker_diag.stats.sequential:ENDED}") == f"{alpha:g}, {sequential.ENDED:g}"
    with pytest.raises(KeyError):
        constants("{overfitting.no_such}")
    with pytest.raises(AttributeError):
        constants("{tracker_diag.stats.sequential:NO_SUCH}")


def test_rules_that_share_a_file_are_found_through_it() -> None:
    assert "good-fit" in asked_by("plateau")
    assert "overfitting" in asked_by("kendall")
    assert "dead-relu" not in asked_by("kendall")


def test_the_page_has_a_section_for_each() -> None:
    text = page()
    assert all(f"### {entry['title']}\n" in text for part, _, entry in TOLD if part != "tools")
