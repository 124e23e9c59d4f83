"""One verdict a run: the order of the findings that compete, and what is missing where there is none."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.catalogue import CATALOGUE
from tests.rules.runs import SHAPES, SOUND, a_run, healthy, high_level, judge
from tests.rules.runs import found as found_in
from tracker_diag import Run, Settings, Severity, diagnose
from tracker_diag.core.finding import Finding
from tracker_diag.engine.verdict import standing, verdict, wasted_from, why_abstained
from tracker_diag.evidence.ending import Ending, Progress
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION
from tracker_diag.rules.verdicts import precedence


def found(*pairs: tuple[str, Severity]) -> dict[str, Finding]:
    codes = {rule.name: code for code, rule in all_rules().items()}
    return {name: Finding(codes[name], name, severity, 0.9, "m") for name, severity in pairs}


def test_verdicts_are_the_catalogue_s() -> None:
    curves = {name for code, name in CATALOGUE.items() if code.startswith("LC")}
    assert curves - {"loss-spikes"} <= set(precedence())


def test_of_any_two_warnings_the_earlier_is_the_verdict() -> None:
    for first, second in itertools.combinations([n for n in precedence() if n != "good-fit"], 2):
        both = found((second, Severity.WARNING), (first, Severity.WARNING))
        assert verdict(both).name == first
        assert verdict(dict(reversed(both.items()))).name == first


def test_an_info_does_not_take_the_verdict_from_a_good_fit() -> None:
    assert verdict(found(("overfitting", Severity.INFO), ("good-fit", Severity.OK))).name == "good-fit"
    assert verdict(found(("overfitting", Severity.INFO))).name == "overfitting"
    assert verdict(found(("overfitting", Severity.WARNING), ("good-fit", Severity.OK))).name == "overfitting"


def test_nothing_found_is_insufficient_evidence() -> None:
    assert verdict({}).name == verdict(found(("loss-spikes", Severity.WARNING))).name == ABSTENTION


@pytest.mark.parametrize("answer", ["diverged", "frozen", "underfitting"])
def test_beside_a_run_that_learned_nothing_other_findings_mean_nothing(answer: str) -> None:
    both = found((answer, Severity.ERROR), ("undertrained", Severity.WARNING))
    assert set(standing(both, answer)) == {answer}
    assert set(standing(both, "undertrained")) == set(both)


TOO_SLOW = {**SOUND, "lr": 1e-6}


def test_a_cause_that_is_a_warning_names_the_trouble_of_curves_that_pass_for_a_good_fit() -> None:
    """At rest well above what the classes allow, with a rate that explains why."""
    assert judge(high_level()).verdict == "good-fit"
    report = judge(high_level(), TOO_SLOW)
    assert report.verdict == "slow-convergence"
    assert report.causes[0].name == "learning-rate-too-low"
    finding = found_in(report, "LC110")
    assert finding is not None
    assert (finding.severity, finding.evidence) == (Severity.WARNING, {"cause": "learning-rate-too-low"})


@pytest.mark.parametrize(
    "more",
    [
        {"settings": Settings(ignore=("slow-convergence",))},
        {"settings": Settings(rules={"OP402": {"severity": "info"}})},
        {"status": "RUNNING"},
    ],
    ids=["that rule is not asked", "no warning", "still going"],
)
def test_otherwise_the_good_fit_stays(more: dict[str, Any]) -> None:
    assert judge(high_level(), TOO_SLOW, **more).verdict == "good-fit"


FIT = found(("good-fit", Severity.OK))


def test_a_cause_that_says_nothing_of_the_curves_leaves_the_verdict() -> None:
    grave = Hypothesis("OP402", "a", Severity.INFO, 0.9, "m")
    judged = [Finding("OP402", "a", Severity.WARNING, 0.9, "m")]
    assert verdict(FIT, [grave], judged).name == "good-fit"
    told = verdict(FIT, [replace(grave, verdict="undertrained")], judged)
    assert told.name == "undertrained"
    assert told.finding is not None
    assert (told.finding.code, told.finding.severity) == ("LC103", Severity.WARNING)
    assert verdict(FIT, [replace(grave, verdict="undertrained")], []).name == "good-fit"
    alone = verdict({}, [replace(grave, verdict="undertrained")], judged)
    assert alone.name == "undertrained"
    assert alone.finding is not None
    assert alone.finding.message.endswith("the curves alone do not show it")
    assert verdict({}, [grave], judged).name == ABSTENTION


def test_what_was_wasted_is_what_the_first_of_such_findings_spans() -> None:
    lost, turned = (
        replace(f, span=(20.0, 60.0))
        for f in found(("diverged", Severity.ERROR), ("overfitting", Severity.INFO)).values()
    )
    assert wasted_from({"diverged": lost}) == (20.0, True)
    assert wasted_from({"overfitting": turned}) == (20.0, False)
    assert wasted_from({"overfitting": replace(turned, span=(5.0, 60.0)), "diverged": lost}) == (20.0, True)
    assert wasted_from({"overfitting": replace(turned, severity=Severity.OK)}) is None
    assert wasted_from(found(("unstable", Severity.WARNING))) is None


def test_every_cause_names_a_verdict_or_none() -> None:
    named = {
        keyword.value.value
        for rule in all_rules().values()
        for call in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(rule.check))))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "verdict" and isinstance(keyword.value, ast.Constant)
    }
    assert named
    assert named <= set(precedence()) - {"good-fit"}


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_the_verdict_is_among_the_findings(shape: str) -> None:
    report = judge(SHAPES[shape]())
    assert report.verdict in {f.name for f in report.findings}
    assert report.summary.startswith(f"{report.verdict}: ")
    assert "\n" not in report.summary


@pytest.mark.parametrize(
    ("metrics", "missing"),
    [
        ({}, "no loss or score with at least 2 values"),
        ({"train_loss": [[0, 1.0]]}, "no loss or score with at least 2 values"),
        ({"foo": [[0, 1.0], [1, 0.5]]}, "logged: foo; name the loss with --role train_loss=foo"),
        ({f"m{i}": [[0, 1.0], [1, 0.5]] for i in range(9)}, "logged: m0, m1, m2, m3, m4 and 4 more; name the loss"),
        ({"train_loss": [[0, 1.0], [1, 0.9], [2, 0.8]]}, "fewer than 4 finite values"),
    ],
)
def test_says_what_is_missing(metrics: dict[str, Any], missing: str) -> None:
    report = diagnose(Run.from_dict({"id": "r", "metrics": metrics}))
    assert report.verdict == ABSTENTION
    assert missing in report.summary
    assert report.severity.rank <= Severity.INFO.rank


def test_says_that_it_is_too_early() -> None:
    curves = {name: values[:5] for name, values in healthy().items()}
    report = diagnose(a_run(curves, status="RUNNING"))
    assert report.verdict == ABSTENTION
    assert "fewer than 8" in report.summary


def test_the_first_cause_that_is_a_warning_decides_and_only_its_own_hypothesis() -> None:
    info, grave, other = (
        Hypothesis(code, name, Severity.INFO, 0.9, "m", verdict=says)
        for code, name, says in (
            ("OP401", "a", "unstable"),
            ("OP402", "b", "undertrained"),
            ("OP403", "c", "overfitting"),
        )
    )
    judged = [
        Finding("OP401", "a", Severity.INFO, 0.9, "m"),
        Finding("OP402", "b", Severity.WARNING, 0.8, "it is slow", "train on"),
        Finding("OP403", "c", Severity.WARNING, 0.7, "m"),
    ]
    for hypotheses in itertools.permutations((info, grave, other)):
        told = verdict(FIT, hypotheses, judged)
        assert told.name == "undertrained"
        assert told.finding is not None
        assert (told.finding.confidence, told.finding.advice) == (0.8, "train on")
        assert told.finding.message == "it is slow; the curves alone do not show it"
        assert told.finding.evidence == {"cause": "b"}
    assert verdict(FIT, [info, other], judged[:2]).name == "good-fit"
    assert verdict({}, [info], judged[:1]).name == ABSTENTION


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.INFO])
def test_a_trouble_of_the_curves_stands_whatever_the_causes_say(severity: Severity) -> None:
    grave = Hypothesis("OP402", "b", Severity.INFO, 0.9, "m", verdict="undertrained")
    judged = [Finding("OP402", "b", Severity.WARNING, 0.8, "m")]
    told = verdict(found(("overfitting", severity)), [grave], judged)
    assert (told.name, told.finding) == ("overfitting", None)


def test_a_finding_of_no_known_rule_has_no_say() -> None:
    strange = {"x": Finding("ZZ999", "x", Severity.ERROR, 0.9, "m", span=(1.0, 2.0))}
    assert verdict(strange).name == ABSTENTION
    assert wasted_from(strange) is None
    assert standing(strange, "x") == strange
    assert wasted_from({"diverged": replace(found(("diverged", Severity.ERROR))["diverged"], span=None)}) is None


def test_a_good_fit_means_something_only_as_the_verdict() -> None:
    both = found(("good-fit", Severity.OK), ("overfitting", Severity.INFO))
    assert set(standing(both, "overfitting")) == {"overfitting"}
    assert set(standing(both, "good-fit")) == set(both)
    assert set(standing(both, "nothing")) == {"overfitting"}


class Known:
    """Stands for the values of a run; what a test does not give is not there."""

    def __init__(self, **values: Any) -> None:
        self.values = {"traits": frozenset(), "any_curve": SimpleNamespace(name="loss"), **values}

    def get(self, name: str) -> Any:
        return self.values.get(name)


ALL = {"course": 1.0, "improvement": 1.0}


def at_end(reached: float, planned: float, status: str = "FINISHED") -> Ending:
    return Ending(status, Progress(reached, planned, "epoch"), False, False, None)


@pytest.mark.parametrize(
    ("values", "not_shown", "why"),
    [
        (
            {"traits": frozenset({"annealed", "boosting"})},
            "",
            "in annealed training the losses do not settle, so they show no good fit",
        ),
        (
            {"any_curve": None},
            "x",
            "no loss or score with at least 2 values was found",
        ),
        ({"active": True}, "x", "fewer than 8 values logged so far"),
        ({"active": True, "interim": 8}, "x", "loss has fewer than 4 finite values"),
        ({"active": False}, "x", "loss has fewer than 4 finite values"),
        ({"course": 1.0}, "x", "the curves have not improved on their first values"),
        (ALL, "", "no rule reached a verdict"),
        (ALL, "it swings", "it swings"),
        ({**ALL, "ending": at_end(5, 10)}, "it swings", "it swings (epoch 5 of 10)"),
        ({**ALL, "ending": at_end(5, 10)}, "", "no rule reached a verdict"),
        ({**ALL, "ending": at_end(10, 10)}, "it swings", "it swings"),
        ({**ALL, "ending": at_end(5, 10, "FAILED")}, "it swings", "it swings"),
        ({**ALL, "ending": Ending("FINISHED", None, False, False, None)}, "it swings", "it swings"),
    ],
)
def test_why_there_is_no_verdict(values: dict[str, Any], not_shown: str, why: str) -> None:
    assert why_abstained(Known(**values), not_shown) == why  # type: ignore[arg-type]
