"""EX905 duplicate-run."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.rules.runs import found
from tests.siblings import beside, experiment, last, member

CODE = "EX905"
OWN = member()


def test_a_copy_is_told() -> None:
    copy = replace(last(OWN), id="copy", name="a copy")
    seen = found(beside(OWN, [*experiment(), copy]), CODE)
    assert seen is not None
    assert seen.severity == "info"
    assert "run 'a copy' has the same parameters" in seen.message
    assert seen.evidence == {"twin": "copy"}


def test_a_repetition_with_another_seed_or_another_end_is_none() -> None:
    assert found(beside(OWN, experiment()), CODE) is None
    other = replace(last(member(seed=1)), params=OWN.params, id="other")
    assert found(beside(OWN, [*experiment(), other]), CODE) is None


def test_two_that_were_lost_at_once_are_none() -> None:
    lost = [member(end=math.nan, id=x) for x in "ab"]
    assert found(beside(lost[0], [*experiment(), lost[1]]), CODE) is None


def test_a_copy_changes_no_verdict() -> None:
    copy = replace(last(OWN), id="copy")
    with_copy, without = beside(OWN, [*experiment(), copy]), beside(OWN, experiment())
    assert (with_copy.verdict, with_copy.causes) == (without.verdict, without.causes)
