from __future__ import annotations

import pytest

from tracker_diag.rules.explaining import UnknownRuleError, explanation
from tracker_diag.rules.registry import all_rules


@pytest.mark.parametrize("rule", all_rules().values(), ids=lambda rule: rule.name)
def test_a_rule_has_one_page_by_code_and_by_name(rule) -> None:  # type: ignore[no-untyped-def]
    page = explanation(rule.name)
    assert page.startswith(f"# {rule.code} {rule.name}\n\n{rule.title}")
    assert explanation(rule.code) == page


def test_another_word_names_the_nearest() -> None:
    with pytest.raises(UnknownRuleError, match="no rule 'ovrfitting'; the nearest is overfitting"):
        explanation("ovrfitting")
