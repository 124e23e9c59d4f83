"""Ranks the causes, and folds findings that a stronger one explains.

Each cause is a hypothesis with prior odds and likelihood ratios of the observations that its rule saw
(``tracker_diag.rules.hypothesis``). The score of cause c is odds_c / (n + sum of the odds of all causes that are told),
n standing for "none of these": what a posterior would be if one cause were the main one, and priors and ratios were
those of the runs at hand. They are not, so it orders the causes and is no probability (docs/how-it-works/accuracy.md
says how often it is right).
"""

from __future__ import annotations

from dataclasses import replace

from tracker_diag.core.finding import AGAINST, Cause, Finding, Severity
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.registry import all_rules

#: Odds from which a hypothesis may be a warning.
WARNING_ODDS = 3.0

#: What the likelihood ratios of curves and data must multiply to for a warning: configuration alone never warns. About
#: where Jeffreys' scale (1961, appendix B) calls a factor "substantial", 10^0.5.
SEEN_RATIO = 3.0

#: Weight of "none of these": 1 for a run whose curves show no trouble, less for one whose curves do, since something
#: is then the cause.
OTHER_TROUBLE = 0.25

#: Score from which a cause is a warning in a run whose curves show trouble: likelier than all others together.
LIKELIER_HALF = 0.5

#: Causes less likely than this are not worth a line.
LEAST = 0.02


def rank(hypotheses: list[Hypothesis], symptoms: Symptoms) -> tuple[tuple[Cause, ...], list[Finding], str]:
    """Rank the hypotheses.

    Returns the causes by score, the hypotheses as findings with confidence and severity set, and what would settle
    one of the first two.
    """
    troubled = any(f.severity.rank >= Severity.WARNING.rank for f in symptoms.findings.values())
    rests = sorted(f.code for f in symptoms.findings.values() if f.severity.rank >= Severity.INFO.rank)
    told, total = _told(hypotheses, OTHER_TROUBLE if troubled else 1.0)
    causes, findings = [], []
    for s in told:
        score = s.odds / total
        grave = s.odds >= WARNING_ODDS and s.seen_ratio >= SEEN_RATIO and (score >= LIKELIER_HALF or not troubled)
        severity = Severity.WARNING if grave else Severity.INFO
        findings.append(
            Finding(
                s.code,
                s.name,
                severity,
                round(score, 4),
                s.message,
                s.advice,
                {**s.evidence, "odds": round(s.odds, 4)},
                s.span,
            )
        )
        speaks = "; ".join(x.text for x in sorted(s.observations, key=lambda x: -x.ratio) if x.ratio > 1)
        against = "; ".join(x.text for x in s.observations if x.ratio < 1)
        causes.append(
            Cause(
                s.name,
                round(score, 4),
                ("possible, but nothing points to it in particular: " if s.only_shared else "")
                + speaks
                + (AGAINST + against if against else ""),
                s.prescription,
                (*rests, s.code),
            )
        )
    settles = next((s.settles for s in told[:2] if s.settles), "")
    return tuple(causes), findings, settles


def _told(hypotheses: list[Hypothesis], none: float) -> tuple[list[Hypothesis], float]:
    """The hypotheses that are worth a word, the likeliest first, and the sum of their odds and those of none of them.

    What the evidence makes less likely than it was before anything was seen is not, and has no part in the sum: a rule
    that says nothing changes nothing.
    """
    told, total = [], none
    for s in sorted(hypotheses, key=lambda s: (-s.odds, s.code, s.name)):
        if s.odds / (total + s.odds) < LEAST:
            break
        if s.odds > s.prior:
            told.append(s)
            total += s.odds
    return told, total


def fold(findings: list[Finding], verdict: str) -> list[Finding]:
    """Put findings that the verdict explains under it, last."""
    stronger = next((f for f in findings if f.name == verdict), None)
    if stronger is None or stronger.severity.rank < Severity.WARNING.rank:
        return findings
    folded = [
        replace(f, folded=stronger.code)
        if _on_curves(f) and f.name != verdict and f.severity.rank <= stronger.severity.rank
        else f
        for f in findings
    ]
    return [f for f in folded if f.folded is None] + [f for f in folded if f.folded]


def _on_curves(finding: Finding) -> bool:
    rule = all_rules().get(finding.code)
    return rule is not None and rule.verdict is not None
