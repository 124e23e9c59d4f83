"""One verdict a run: how findings and causes compete, and when to abstain."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.engine.values import Values
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.registry import all_rules, find_rule
from tracker_diag.rules.rule import ABSTENTION, UNSETTLED, Rule
from tracker_diag.rules.verdicts import GOOD_FIT

NAMED = 5
"""Metrics that are named where none of them is known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The verdict, and the finding that stands for it where no rule on curves made one.

    Attributes
    ----------
    name : str
        The verdict.
    finding : Finding or None
        None where a rule on curves made it, or nothing shows one.
    """

    name: str
    finding: Finding | None = None


def verdict(
    findings: Mapping[str, Finding], hypotheses: Iterable[Hypothesis] = (), judged: Iterable[Finding] = ()
) -> Answer:
    """Choose the verdict from the findings of the rules on curves and from the ranked causes.

    An `info` finding (an overconfident but accurate run, a run still going) does not replace a good fit. It is the
    verdict only where no rule found a good fit.

    Sometimes the curves alone look like a good fit, or decide nothing, and the first cause is a warning. The run then
    gets the verdict that this cause names. Such a cause rests on the curves in part (a plateau that was reached early,
    a gap of medium size), and the configuration settles which problem they show. A cause that says nothing of the
    curves does not change the verdict.

    Parameters
    ----------
    findings : mapping of str to Finding
        Of the rules on learning curves, by name.
    hypotheses : iterable of Hypothesis
        What the rules on causes said.
    judged : iterable of Finding
        What the ranking made of them, the likeliest first.
    """
    placed = sorted((f for f in findings.values() if _precedence(f) < math.inf), key=_precedence)
    name = next((f.name for f in placed if f.severity.rank >= Severity.WARNING.rank), "")
    if not name and placed:
        name = GOOD_FIT if GOOD_FIT in findings else placed[0].name
    if name not in (GOOD_FIT, ""):
        return Answer(name)
    first = next((f for f in judged if f.severity.rank >= Severity.WARNING.rank), None)
    said = next((s.verdict for s in hypotheses if first is not None and s.name == first.name), "")
    rule = find_rule(said) if said else None
    if first is None or rule is None:
        return Answer(name or ABSTENTION)
    message = f"{first.message}; the curves alone do not show it"
    evidence = {"cause": first.name}
    return Answer(rule.name, rule.finding(first.severity, first.confidence, message, first.advice, evidence))


def standing(findings: Mapping[str, Finding], answer: str) -> dict[str, Finding]:
    """The findings on curves that still mean something beside the verdict.

    Beside one that dismisses the others (nothing was learned, so effects have no unit) only itself; and a good fit only
    where it is the verdict.
    """
    rule = _rule(findings[answer]) if answer in findings else None
    dismissed = rule is not None and rule.verdict is not None and rule.verdict.dismisses
    return {name: f for name, f in findings.items() if name == answer or not (dismissed or name == GOOD_FIT)}


def wasted_from(findings: Mapping[str, Finding]) -> tuple[float, bool] | None:
    """Step from which the run was wasted, and whether that step itself was; None where none was."""
    for finding in sorted(findings.values(), key=_precedence):
        rule = _rule(finding)
        wasted = rule.verdict.wasted if rule is not None and rule.verdict is not None else ""
        if wasted and finding.span is not None and finding.severity.rank >= Severity.INFO.rank:
            return finding.span[0], wasted == "from"
    return None


def _rule(finding: Finding) -> Rule | None:
    return all_rules().get(finding.code)


def _precedence(finding: Finding) -> float:
    rule = _rule(finding)
    return rule.verdict.precedence if rule is not None and rule.verdict is not None else math.inf


def _others(values: Values) -> str:
    """Names of curves that no role was found for, and how to name one."""
    logged = values.get("logged_metrics") or {}
    names = sorted(name for name, series in logged.items() if len(series) > 1)
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"; logged: {', '.join(names[:NAMED])}{more}; name the loss with --role train_loss={names[0]}"


def why_abstained(values: Values, not_shown: str) -> str:
    """What is missing for a verdict, as a clause; ``not_shown`` is what a good fit lacks."""
    unsettled = sorted(values.get("traits").intersection(UNSETTLED))
    if unsettled:
        return f"in {' and '.join(unsettled)} training the losses do not settle, so they show no good fit"
    if values.get("any_curve") is None:
        return f"no loss or score with at least 2 values was found{_others(values)}"
    if values.get("active") and values.get("interim") is None:
        return "fewer than 8 values logged so far"
    if values.get("course") is None:
        return f"{values.get('any_curve').name} has fewer than 4 finite values"
    if values.get("improvement") is None:
        return "the curves have not improved on their first values"
    ending = values.get("ending")
    if not_shown and ending is not None and ending.progress is not None and not ending.complete and not ending.failed:
        far = ending.progress
        return f"{not_shown} ({far.unit} {far.reached:g} of {far.planned:g})"
    if not_shown:
        return not_shown
    return "no rule reached a verdict"
