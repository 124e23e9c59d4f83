"""A rule of another package may return anything: what no report could hold is that rule's failure alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tracker_diag import Finding, Run, Severity, Skip, diagnose
from tracker_diag.report.schema import read_report, to_json
from tracker_diag.rules import registry
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.registry import all_rules

RUN = Run.from_dict({"id": "r", "metrics": {"train_loss": [[step, 2.0 / (step + 1)] for step in range(20)]}})
GOOD = Finding("HY001", "no-validation-curve", Severity.INFO, 0.5, "as it should be")


@pytest.fixture
def returning(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Has HY001 return something else."""

    def put(outcome: object) -> None:
        rule = all_rules()["HY001"]
        theirs = replace(rule, check=_named(lambda **_: _given(outcome)))
        monkeypatch.setattr(registry, "_RULES", {**registry._RULES, "HY001": theirs})
        all_rules.cache_clear()

    yield put
    monkeypatch.undo()
    all_rules.cache_clear()


def _given(outcome: object) -> object:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _named(check: Any) -> Any:
    check.__module__ = "acme_diag.rules"
    return check


@pytest.mark.expects_defects
@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (True, "TypeError: it returned bool: return a finding, a skip or None"),
        ("bad", "TypeError: it returned str"),
        (replace(GOOD, severity="info"), "TypeError: its severity is str: give a Severity, e.g. Severity.WARNING"),  # type: ignore[arg-type]
        (replace(GOOD, confidence=70.0), "ValueError: its confidence is 70: give a number from 0 to 1"),
        (replace(GOOD, confidence=math.nan), "ValueError: its confidence is nan"),
        (replace(GOOD, confidence="high"), "TypeError"),  # type: ignore[arg-type]
        (replace(GOOD, code="LC104"), "ValueError: it returned the code LC104 instead of HY001"),
        (replace(GOOD, name="overfitting"), "ValueError: its finding has the unknown name overfitting"),
        (replace(GOOD, name="<b>\n"), "ValueError: its finding has the unknown name"),
        (replace(GOOD, message=None), "TypeError: a message, advice or reason is NoneType: give str"),  # type: ignore[arg-type]
        (replace(GOOD, evidence=[1]), "TypeError: its evidence is list: give a mapping"),  # type: ignore[arg-type]
        (replace(GOOD, span=(1.0, 2.0, 3.0)), "ValueError: too many values"),  # type: ignore[arg-type]
        (replace(GOOD, span=("a", "b")), "ValueError: could not convert"),  # type: ignore[arg-type]
        (Skip("HY002", "why"), "ValueError: it returned the code HY002 instead of HY001"),
        (Skip("HY001", 3), "TypeError: a message, advice or reason is int: give str"),  # type: ignore[arg-type]
        (Skip(None, "why"), "ValueError: it returned the code None instead of HY001"),  # type: ignore[arg-type]
        (
            Hypothesis("LC104", "overfitting", Severity.INFO, 0.0, "x"),
            "ValueError: it returned the code LC104 instead of HY001",
        ),
        (SystemExit(0), "SystemExit: 0"),
    ],
)
def test_what_no_report_could_hold_is_that_rule_s_failure(returning: Any, outcome: object, said: str) -> None:
    returning(outcome)
    report = diagnose(RUN)
    (skip,) = [skip for skip in report.skipped if skip.code == "HY001"]
    assert skip.reason.startswith(f"the rule failed: {said}")
    assert skip.what_to_log == "report this as a bug in acme_diag"
    assert read_report(to_json(report).decode()).verdict == report.verdict


def test_what_a_report_can_hold_is_told(returning: Any) -> None:
    returning(GOOD)
    assert GOOD in diagnose(RUN).findings
