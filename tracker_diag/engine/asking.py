"""Asks the rules, each with the inputs that its parameters name, in the order that their signatures ask for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from tracker_diag.core.finding import Finding, Severity, Skip
from tracker_diag.core.plain import plain
from tracker_diag.engine.attempt import attempted
from tracker_diag.engine.values import Values
from tracker_diag.engine.verdict import standing, verdict
from tracker_diag.evidence.registry import in_order
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import KINDS, Outcome, Rule
from tracker_diag.settings.settings import RuleSettings, Settings


@dataclass(frozen=True, slots=True)
class Answers:
    """What the rules said of one run.

    Attributes
    ----------
    findings : list of Finding
        Hypotheses aside.
    hypotheses : list of Hypothesis
        Not yet ranked.
    skipped : list of Skip
        By the codes of the rules.
    symptoms : Symptoms
        The verdict of the curves alone, and the findings on curves that mean something beside it.
    """

    findings: list[Finding]
    hypotheses: list[Hypothesis]
    skipped: list[Skip]
    symptoms: Symptoms


def ask(rules: Mapping[str, Rule], values: Values, settings: Settings, run_id: str) -> Answers:
    """Ask these rules, by code."""
    on_curves: dict[str, Finding] = {}
    outcomes: list[Outcome] = []
    symptoms = _symptoms(on_curves)
    for node in _order(tuple(all_rules())):
        if node == "symptoms":
            symptoms = _symptoms(on_curves)
            values.give(node, symptoms)
        elif node in rules:
            rule = rules[node]
            outcome = _outcome(rule, values, settings, run_id)
            if rule.verdict and isinstance(outcome, Finding):
                on_curves[rule.name] = (
                    outcome if rule.verdict.precedence < math.inf else _at_most(outcome, Severity.INFO)
                )
            else:
                outcomes.append(outcome)
    return Answers(
        findings=[
            *symptoms.findings.values(),
            *(o for o in outcomes if isinstance(o, Finding) and not isinstance(o, Hypothesis)),
        ],
        hypotheses=[o for o in outcomes if isinstance(o, Hypothesis)],
        skipped=sorted((o for o in outcomes if isinstance(o, Skip)), key=lambda skip: skip.code),
        symptoms=symptoms,
    )


@lru_cache(maxsize=4)
def _order(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Codes of rules, and ``symptoms``, which comes behind all rules on curves and before all that ask for it."""
    rules = [all_rules()[code] for code in codes]
    asks = {rule.code: (*rule.needs, *rule.wants) for rule in rules}
    nodes = in_order({**asks, "symptoms": tuple(rule.code for rule in rules if rule.verdict)})
    return tuple(node for node in nodes if node in asks or node == "symptoms")


def _symptoms(on_curves: Mapping[str, Finding]) -> Symptoms:
    answer = verdict(on_curves).name
    return Symptoms(answer, standing(on_curves, answer))


def _outcome(rule: Rule, values: Values, settings: Settings, run_id: str) -> Outcome:
    chosen = chosen_for(rule, settings)
    outcome = attempted(
        f"run {run_id}: rule {rule.code} failed",
        lambda: _sound(rule, _asked(rule, values, chosen)),
        lambda said: rule.skip(f"the rule failed: {said}", f"report this as a bug in {rule.package}"),
    )
    if isinstance(outcome, Finding) and not isinstance(outcome, Hypothesis):
        return capped(outcome, chosen)
    return outcome


def _sound(rule: Rule, outcome: object) -> Outcome:
    """Refuse what a rule of another package may return, and no report could hold."""
    if outcome is None:
        return None
    if not isinstance(outcome, Finding | Skip):
        raise TypeError(f"it returned {type(outcome).__name__}: return a finding, a skip or None")
    if outcome.code != rule.code:
        raise ValueError(f"it returned the code {plain(outcome.code)} instead of {rule.code}")
    if isinstance(outcome, Skip):
        _check_texts(outcome.reason, outcome.what_to_log)
        return outcome
    if outcome.name not in (rule.name, *rule.also):
        raise ValueError(f"its finding has the unknown name {plain(outcome.name)}: add it to also=(…)")
    _check_texts(outcome.message, outcome.advice)
    if not isinstance(outcome.severity, Severity):
        raise TypeError(f"its severity is {type(outcome.severity).__name__}: give a Severity, e.g. Severity.WARNING")
    if not 0 <= outcome.confidence <= 1:
        raise ValueError(f"its confidence is {outcome.confidence:g}: give a number from 0 to 1")
    if not isinstance(outcome.evidence, Mapping):
        raise TypeError(f"its evidence is {type(outcome.evidence).__name__}: give a mapping")
    if outcome.span is not None:
        first, last = outcome.span
        float(first), float(last)
    return outcome


def _check_texts(*several: object) -> None:
    if wrong := [text for text in several if not isinstance(text, str)]:
        raise TypeError(f"a message, advice or reason is {type(wrong[0]).__name__}: give str")


def _asked(rule: Rule, values: Values, chosen: RuleSettings | None) -> Outcome:
    if kinds := sorted(values.get("traits").intersection(rule.unless)):
        return rule.skip(f"does not apply to {', '.join(f'{kind} training ({KINDS[kind]})' for kind in kinds)}")
    inputs = {}
    for name in rule.needs:
        inputs[name] = values.get(name)
        if inputs[name] is None:
            lacking = values.missing(name)
            return rule.skip(lacking.missing, lacking.log)
    for name in rule.wants:
        inputs[name] = values.get(name)
    return rule.check(**inputs, **(chosen.thresholds if chosen else {}))


def chosen_for(rule: Rule, settings: Settings) -> RuleSettings | None:
    """What the settings say of a rule, by its code or name."""
    return next((s for word, s in settings.rules.items() if rule.is_called(word)), None)


def capped(finding: Finding, chosen: RuleSettings | None) -> Finding:
    """The finding, no graver than the settings of its rule allow."""
    return finding if chosen is None or chosen.severity is None else _at_most(finding, chosen.severity)


def _at_most(finding: Finding, severity: Severity) -> Finding:
    return finding if finding.severity.rank <= severity.rank else replace(finding, severity=severity)
