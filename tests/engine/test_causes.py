"""Ranking: posterior odds as documented, the same whatever the order, and no warning from configuration alone."""

from __future__ import annotations

import gzip
import inspect
import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.accuracy import FAULTS
from tracker_diag import Run, Settings
from tracker_diag.core.finding import Finding, Prescription, Severity
from tracker_diag.engine.asking import ask
from tracker_diag.engine.causes import LEAST, OTHER_TROUBLE, SEEN_RATIO, WARNING_ODDS, fold, rank
from tracker_diag.engine.values import Values
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.roles.resolve import resolve
from tracker_diag.rules.hypothesis import SHARED_MOST, Hypothesis, LikelihoodRatio, Observation, Source, rows
from tracker_diag.rules.registry import all_rules

CALM = Symptoms("good-fit", {})
ILL = Symptoms("overfitting", {"overfitting": Finding("LC104", "overfitting", Severity.WARNING, 0.9, "it rises")})


def suspect(code: str, *ratios: float | tuple[float, Source], prior: float = 0.1, settles: str = "") -> Hypothesis:
    observations = tuple(
        Observation(f"{code}{i}", *(r if isinstance(r, tuple) else (r,))) for i, r in enumerate(ratios)
    )
    return Hypothesis(
        code,
        code.lower(),
        Severity.INFO,
        0.0,
        "m",
        "a",
        {},
        None,
        None,
        prior,
        observations,
        Prescription("p"),
        settles,
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
    ("observations", "severity"),
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
def test_a_warning_takes_odds_and_something_seen(observations: list[tuple[float, Source]], severity: Severity) -> None:
    (finding,) = rank([suspect("A", *observations)], CALM)[1]
    assert finding.severity is severity


def test_in_trouble_only_the_likelier_half_is_a_warning() -> None:
    _, findings, _ = rank([suspect("A", 200.0), suspect("B", 100.0)], ILL)
    assert [f.severity for f in findings] == [Severity.WARNING, Severity.INFO]
    _, findings, _ = rank([suspect("A", 200.0), suspect("B", 100.0)], CALM)
    assert [f.severity for f in findings] == [Severity.WARNING, Severity.WARNING]


@pytest.mark.parametrize(
    ("observations", "odds"),
    [
        ((Observation("a", 8.0), Observation("b", 4.0)), 0.1 * SHARED_MOST),
        ((Observation("a", 8.0), Observation("b", 0.25)), 0.1 * 2.0),
        ((Observation("a", 8.0, own=True), Observation("b", 4.0)), 0.1 * 32.0),
        ((Observation("a", 8.0), Observation("b", 0.5, own=True)), 0.1 * SHARED_MOST),
        ((Observation("a", 8.0), Observation("b", 4.0, "data")), 0.1 * 32.0),
        ((Observation("a", 8.0), Observation("b", 4.0, "params")), 0.1 * SHARED_MOST * 4.0),
        ((Observation("a", 8.0), Observation("b", 0.5, "params")), 0.1 * SHARED_MOST * 0.5),
        ((Observation("a", 8.0), Observation("b", 0.3, "siblings")), 0.1 * SHARED_MOST * 0.3),
    ],
)
def test_of_signs_that_others_leave_too_a_cause_in_the_data_has_little(
    observations: tuple[Observation, ...], odds: float
) -> None:
    in_data = replace(suspect("A"), observations=observations, shared_most=SHARED_MOST)
    assert in_data.odds == pytest.approx(odds)
    assert in_data.set_apart == any(x.own or x.source in ("data", "siblings") for x in observations if x.ratio > 1)


def test_a_ratio_that_grows_says_how_far() -> None:
    assert LikelihoodRatio(2.0, "{times:g}", most=6.0)(2.0).ratio == 4.0
    assert LikelihoodRatio(2.0, "{times:g}", most=6.0)(9.0).ratio == 6.0
    with pytest.raises(ValueError, match="needs an upper limit"):
        LikelihoodRatio(2.0, "{times:g}")(2.0)


def test_what_nothing_sets_apart_is_said_so() -> None:
    (cause,) = rank([replace(suspect("A", 8.0), shared_most=SHARED_MOST)], ILL)[0]
    assert cause.why == "A0; other causes would show the same signs"


@pytest.mark.parametrize("code", ["DS201", "DS202", "DS203", "DS208", "PP307"])
def test_rules_on_data_make_such_hypotheses(code: str) -> None:
    rule = all_rules()[code]
    made = rule.hypothesis(prior=0.1, observations=[Observation("a", 50.0)], message="m", advice="a")
    assert made is not None
    assert made.odds == pytest.approx(0.1 * SHARED_MOST)


def test_what_the_evidence_speaks_against_is_not_told() -> None:
    assert rank([suspect("A", 2.0, 0.4)], ILL) == ((), [], "")


def test_why_says_the_strongest_first_and_what_speaks_against_it() -> None:
    (cause,) = rank([suspect("A", 2.0, 30.0, 0.5)], CALM)[0]
    assert cause.why == "A1; A0. Against: A2"


def test_a_cause_rests_on_the_symptoms_and_its_rule() -> None:
    (cause,) = rank([suspect("A", 40.0)], ILL)[0]
    assert cause.findings == ("LC104", "A")


def test_the_evidence_that_would_tell_the_first_two_apart() -> None:
    first, second = suspect("A", 90.0, settles="log a"), suspect("B", 80.0, settles="log b")
    assert rank([second, first], CALM)[2] == "log a"
    assert rank([second, suspect("A", 90.0)], CALM)[2] == "log b"
    assert rank([first], CALM)[2] == "log a"
    assert rank([], CALM)[2] == ""


def test_a_suspicion_needs_something_that_speaks_for_it() -> None:
    hypothesis = partial(all_rules()["OP401"].hypothesis, prior=0.1, message="m", advice="a")
    assert hypothesis(observations=[Observation("x", 0.5), Observation("y", 1.0)]) is None
    made = hypothesis(observations=[Observation("x", 0.5), Observation("y", 1.5)])
    assert made is not None
    assert made.evidence == {"for": ["y"], "against": ["x"]}
    assert math.isclose(made.odds, 0.075)
    assert (made.code, made.name) == ("OP401", "learning-rate-too-high")


# -- tables of likelihood ratios -------------------------------------------------------------------------------------


class Common:
    FLAT = LikelihoodRatio(2.0, "it is flat")


class Table(Common):
    FAR = LikelihoodRatio(3.0, "{rate:g} is {times:.2g} times too much", "params", most=10.0)
    LEARNS = LikelihoodRatio(0.1, "the run learns")


def test_a_row_gives_a_sign_that_says_where_it_comes_from() -> None:
    assert Table.FLAT() == Observation("it is flat", 2.0, "curves", "FLAT")
    assert Table.FAR(times=2, rate=0.5) == Observation("0.5 is 2 times too much", 6.0, "params", "FAR")
    assert Table.FAR(times=1e6, rate=0.5).ratio == 10.0
    assert list(rows(Table)) == ["FLAT", "FAR", "LEARNS"]


def test_what_is_put_into_a_text_is_no_template() -> None:
    assert Table.FAR(times=1, rate=1.0).text == "1 is 1 times too much"
    assert (
        LikelihoodRatio(1.0, "the initialiser is {name}")(name="{0.__class__}").text
        == "the initialiser is {0.__class__}"
    )


def test_every_cause_has_one_table_and_every_sign_a_row_of_it() -> None:
    causes = {r.code: r for r in all_rules().values() if "prior" in r.thresholds}
    assert causes
    assert [code for code, r in causes.items() if r.likelihoods is None or not rows(r.likelihoods)] == []
    for rule in causes.values():
        assert rule.likelihoods is not None
        table = rows(rule.likelihoods)
        assert all(row.value > 0 and row.key == key for key, row in table.items())
        keys = set(re.findall(r"Likelihoods\.([A-Z_0-9]+)", inspect.getsource(inspect.getmodule(rule.check))))  # type: ignore[arg-type]
        assert keys <= set(table)


def test_ratios_can_be_measured_again_by_row() -> None:
    """How often each row is seen in labelled runs that have the cause, and in those that have another."""
    counted: Counter[tuple[str, str, bool]] = Counter()
    for record in labelled():
        seen = hypotheses(Run.from_dict({k: record[k] for k in ("id", "params", "metrics")}))
        for found in seen:
            assert found.observations
            table = rows(all_rules()[found.code].likelihoods)  # type: ignore[arg-type]
            for sign in found.observations:
                assert sign.key in table
                assert sign.source == table[sign.key].source
                counted[found.name, sign.key, found.name in record["truth"]["causes"]] += 1
    assert len(counted) > 50


def labelled() -> list[Mapping[str, Any]]:
    with gzip.open(FAULTS, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines][::4]


def hypotheses(run: Run) -> list[Hypothesis]:
    values = Values({"run": run, "roles": resolve(run, Settings()), "siblings": None})
    return ask(all_rules(), values, Settings(), run.id).hypotheses


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


def test_odds_and_share_that_are_just_enough_are_a_warning() -> None:
    """Exactly the odds, and exactly half: with a prior of an eighth nothing is rounded."""
    for calm in (CALM, Symptoms("overfitting", {"overfitting": lc("LC104", "overfitting", Severity.INFO)})):
        (finding,) = rank([suspect("A", WARNING_ODDS * 8, prior=0.125)], calm)[1]
        assert finding.severity is Severity.WARNING
    half = WARNING_ODDS + 1
    several = [suspect("A", half * 8, prior=0.125), suspect("B", (half - OTHER_TROUBLE) * 8, prior=0.125)]
    assert [f.severity for f in rank(several, ILL)[1]] == [Severity.WARNING, Severity.INFO]
    more = [*several, suspect("C", 1.0, prior=0.125), suspect("D", 8.0, prior=0.125)]
    assert [f.severity for f in rank(more, ILL)[1]] == [Severity.INFO] * 3


def test_curves_that_show_trouble_leave_less_for_none_of_these() -> None:
    assert OTHER_TROUBLE < 1
    shares = [rank([suspect("A", 40.0)], symptoms)[0][0].score for symptoms in (ILL, CALM)]
    assert shares == [round(4 / (4 + OTHER_TROUBLE), 4), 0.8]


def test_what_has_to_be_seen_is_substantial() -> None:
    """On Jeffreys' scale that begins at half a power of ten."""
    assert math.log10(SEEN_RATIO) == pytest.approx(0.5, abs=0.05)


def test_figures_are_told_to_four_digits() -> None:
    (cause,), (finding,), _ = rank([suspect("A", 40.123456)], CALM)
    assert (cause.score, finding.confidence, finding.evidence["odds"]) == (0.8005, 0.8005, 4.0123)


def test_what_is_as_likely_either_way_is_not_told() -> None:
    (cause,) = rank([suspect("A", 30.0, 1.0)], CALM)[0]
    assert cause.why == "A0"
    assert rank([suspect("A", 1.0)], CALM)[0] == ()
    assert rank([suspect("A", 4.0, 0.5)], CALM)[0] != ()


@pytest.mark.parametrize(("ratio", "told"), [(2.1, True), (1.9, False)])
def test_less_than_two_per_cent_beside_the_likelier_ones_is_not_worth_a_line(ratio: float, told: bool) -> None:
    """Beside odds of nine, and one for none of these."""
    causes, _, _ = rank([suspect("B", ratio), suspect("A", 90.0)], CALM)
    assert [c.name for c in causes] == (["a", "b"] if told else ["a"])


def test_only_what_tells_the_first_two_apart_is_asked_for() -> None:
    assert rank([suspect("A", 90.0), suspect("B", 80.0), suspect("C", 70.0, settles="log c")], CALM)[2] == ""


def test_a_cause_rests_on_what_is_worth_knowing() -> None:
    jumps, rise = lc("LC112", "loss-spikes", Severity.INFO), lc("LC104", "overfitting", Severity.INFO)
    seen = {f.name: f for f in (lc("LC101", "good-fit", Severity.OK), jumps, rise)}
    (cause,) = rank([suspect("A", 40.0)], Symptoms("good-fit", seen))[0]
    assert cause.findings == ("LC104", "LC112", "A")


def test_a_warning_is_folded_under_one_and_an_error_and_not_the_other_way() -> None:
    rise, gap = lc("LC104", "overfitting", Severity.WARNING), lc("LC105", "unrepresentative-train", Severity.INFO)
    lost, strange = lc("LC108", "diverged", Severity.ERROR), lc("ZZ999", "strange", Severity.INFO)
    told = fold([rise, gap, lost, strange], "diverged")
    assert [(f.code, f.folded) for f in told] == [
        ("LC108", None),
        ("ZZ999", None),
        ("LC104", "LC108"),
        ("LC105", "LC108"),
    ]
    assert fold([rise, gap], "unrepresentative-train") == [rise, gap]
    assert fold([rise, gap], "diverged") == [rise, gap]
