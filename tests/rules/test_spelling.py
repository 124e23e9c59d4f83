from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.rules.registry import all_rules, find_rule
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.spelling import normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("regularisation", "regularization"),
        ("initialiser", "initializer"),
        ("optimisers", "Optimizers"),
        ("un-normalised", "un_normalized"),
        ("analyse", "analyze"),
        ("behaviour", "behavior"),
        ("dead_relu", "dead relu"),
        ("DEAD-RELU", " dead  relu "),
        ("dead–relu", "dead-relu"),
        ("over-fitting", "overfitting"),
        ("LC 104", "lc104"),
    ],
)
def test_two_spellings_are_one_word(one: str, other: str) -> None:
    assert normal(one) == normal(other)


def test_no_two_rules_have_the_same_form() -> None:
    forms = Counter(normal(word) for r in all_rules().values() for word in (r.code, r.name, *r.also))
    forms[normal(ABSTENTION)] += 1
    assert set(forms.values()) == {1}


@given(st.sampled_from([word for r in all_rules().values() for word in (r.code, r.name)]), st.data())
def test_a_rule_is_found_however_it_is_spelled(word: str, data: st.DataObject) -> None:
    typed = word.replace("isation", data.draw(st.sampled_from(["isation", "ization"])))
    typed = "".join(data.draw(st.sampled_from([x.lower(), x.upper()])) for x in typed)
    typed = typed.replace("-", data.draw(st.sampled_from(["-", "_", " ", " - "])))
    found = find_rule(f" {typed} ")
    assert found is not None
    assert word in (found.code, found.name)


@given(st.text())
def test_the_form_of_a_form_is_itself(text: str) -> None:
    assert normal(normal(text)) == normal(text)
