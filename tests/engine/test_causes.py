"""Ranking: posterior odds as documented, the same whatever the order, and no warning from configuration alone."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.core.case import Sign, Source, Suspicion, suspicion
from tracker_diag.core.finding import Finding, Prescription, Severity
from tracker_diag.core.observed import Symptoms
from tracker_diag.engine.causes import LEAST, OTHER_TROUBLE, SEEN_RATIO, WARNING_ODDS, fold, rank

CALM = Symptoms("good-fit", {})
ILL = Symptoms("overfitting", {"overfitting": Finding("LC104", "overfitting", Severity.WARNING, 0.9, "it rises")})


def suspect(code: str, *ratios: float | tuple[float, Source], prior: float = 0.1, settles: str = "") -> Suspicion:
    signs = tuple(Sign(f"{code}{i}", *(r if isinstance(r, tuple) else (r,))) for i, r in enumerate(ratios))
    return Suspicion(
        code, code.lower(), Severity.INFO, 0.0, "m", "a", {}, None, None, prior, signs, Prescription("p"), settles
    )


def test_odds_are_the_prior_times_the_likelihood_ratios() -> None:
    s = suspect("A", 4.0, (5.0, "params"), 0.5)
    assert s.odds == pytest.approx(0.1 * 4 * 5 * 0.5)
    assert s.seen_ratio == pytest.approx(2.0)


@pytest.mark.parametrize(("symptoms", "other"), [(CALM, 1.0), (ILL, OTHER_TROUBLE)])
def test_the_posterior_is_the_share_of_the_odds(symptoms: Symptoms, other: float) -> None:
    several = [suspect("A", 40.0), suspect("B", 20.0), suspect("C", 10.0)]
    causes, _, _ = rank(several, symptoms)
    assert [c.score for c in causes] == [pytest.approx(o / (other + 7), abs=1e-4) for o in (4, 2, 1)]


ratios = st.floats(0.01, 200)


@given(st.lists(st.tuples(st.lists(ratios, min_size=1, max_size=4), st.floats(0.001, 0.2)), max_size=6))
def test_the_same_whatever_the_order_and_never_more_than_one_in_all(several: list[tuple[list[float], float]]) -> None:
    made = [suspect(f"A{i}", *r, prior=p) for i, (r, p) in enumerate(several)]
    causes, findings, settles = rank(made, ILL)
    assert (causes, findings, settles) == rank(made[::-1], ILL)
    assert sum(c.score for c in causes) <= 1 + 6 * 5e-5  # scores are rounded to four digits
    assert [c.score for c in causes] == sorted((c.score for c in causes), reverse=True)
    assert all(LEAST - 1e-4 <= c.score <= 1 for c in causes)
    assert all(f.severity in (Severity.INFO, Severity.WARNING) for f in findings)


def test_equal_odds_stand_in_the_order_of_codes() -> None:
    for order in itertools.permutations([suspect("C", 9.0), suspect("A", 9.0), suspect("B", 9.0)]):
        assert [c.name for c in rank(list(order), CALM)[0]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("signs", "severity"),
    [
        ([(40.0, "curves")], Severity.WARNING),
        ([(40.0, "data")], Severity.WARNING),
        ([(1e6, "params")], Severity.INFO),
        ([(1e6, "params"), (SEEN_RATIO - 0.1, "curves")], Severity.INFO),
        ([(1e6, "params"), (SEEN_RATIO, "curves")], Severity.WARNING),
        ([(1e6, "params"), (10.0, "curves"), (0.2, "data")], Severity.INFO),
        ([(WARNING_ODDS * 10 - 0.1, "curves")], Severity.INFO),
    ],
)
def test_a_warning_takes_odds_and_something_seen(signs: list[tuple[float, Source]], severity: Severity) -> None:
    (finding,) = rank([suspect("A", *signs)], CALM)[1]
    assert finding.severity is severity


def test_in_trouble_only_the_likelier_half_is_a_warning() -> None:
    _, findings, _ = rank([suspect("A", 200.0), suspect("B", 100.0)], ILL)
    assert [f.severity for f in findings] == [Severity.WARNING, Severity.INFO]
    _, findings, _ = rank([suspect("A", 200.0), suspect("B", 100.0)], CALM)
    assert [f.severity for f in findings] == [Severity.WARNING, Severity.WARNING]


def test_what_the_evidence_speaks_against_is_not_told() -> None:
    assert rank([suspect("A", 2.0, 0.4)], ILL) == ((), [], "")


def test_why_says_the_strongest_first_and_what_speaks_against_it() -> None:
    (cause,) = rank([suspect("A", 2.0, 30.0, 0.5)], CALM)[0]
    assert cause.why == "A1; A0 — against it: A2"


def test_a_cause_rests_on_the_symptoms_and_its_rule() -> None:
    (cause,) = rank([suspect("A", 40.0)], ILL)[0]
    assert cause.findings == ("LC104", "A")


def test_the_evidence_that_would_tell_the_first_two_apart() -> None:
    first, second = suspect("A", 90.0, settles="log a"), suspect("B", 80.0, settles="log b")
    assert rank([second, first], CALM)[2] == "log a"
    assert rank([second, suspect("A", 90.0)], CALM)[2] == "log b"
    assert rank([first], CALM)[2] == ""
    assert rank([], CALM)[2] == ""


def test_a_suspicion_needs_something_that_speaks_for_it() -> None:
    given_ = {"prior": 0.1, "message": "m", "advice": "a"}
    assert suspicion("A", "a", signs=[Sign("x", 0.5), Sign("y", 1.0)], **given_) is None  # type: ignore[arg-type]
    made = suspicion("A", "a", signs=[Sign("x", 0.5), Sign("y", 1.5)], **given_)  # type: ignore[arg-type]
    assert made is not None
    assert made.evidence == {"for": ["y"], "against": ["x"]}
    assert math.isclose(made.odds, 0.075)


def lc(code: str, name: str, severity: Severity) -> Finding:
    return Finding(code, name, severity, 0.9, "m")


def test_what_the_verdict_explains_is_folded_under_it_and_stands_last() -> None:
    gap, rise = (
        lc("LC105", "unrepresentative-train", Severity.WARNING),
        lc("LC104", "overfitting", Severity.WARNING),
    )
    other = lc("OP401", "learning-rate-too-high", Severity.INFO)
    folded = fold([gap, rise, other], "overfitting")
    assert [(f.code, f.folded) for f in folded] == [("LC104", None), ("OP401", None), ("LC105", "LC104")]


def test_nothing_is_folded_under_a_verdict_that_is_no_trouble_or_weaker() -> None:
    jumps, fit = lc("LC112", "loss-spikes", Severity.INFO), lc("LC101", "good-fit", Severity.OK)
    assert fold([jumps, fit], "good-fit") == [jumps, fit]
    lost, rise = lc("LC108", "diverged", Severity.ERROR), lc("LC104", "overfitting", Severity.WARNING)
    assert [f.folded for f in fold([lost, rise], "overfitting")] == [None, None]
