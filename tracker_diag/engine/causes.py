"""Ranks the causes, and folds findings that a stronger one explains.

Each cause is a hypothesis. It has prior odds, and its rule adds a likelihood ratio for each observation in the run
(``tracker_diag.rules.hypothesis``). The score of cause c is odds_c / (n + the sum of the odds of all reported causes),
where n stands for "none of these". The score would be a posterior probability if the run had exactly one main cause,
and if priors and ratios were measured on runs like it. Neither holds, so the score orders the causes and is not a
probability.
"""

from __future__ import annotations

from dataclasses import replace

from tracker_diag.core.finding import AGAINST, UNSPECIFIC, Cause, Finding, Severity
from tracker_diag.evidence.symptoms import Symptoms
from tracker_diag.rules.hypothesis import Hypothesis
from tracker_diag.rules.registry import all_rules

#: A cause may be a warning from these odds on.
WARNING_ODDS = 3.0

#: For a warning, the product of the likelihood ratios from curves and data must reach this value, so configuration
#: alone never warns. Jeffreys' scale (1961, appendix B) calls a factor "substantial" from about here on, 10^0.5.
SEEN_RATIO = 3.0

#: Weight of "none of these" for a run whose curves show trouble, because something must then be the cause. For other
#: runs the weight is 1.
OTHER_TROUBLE = 0.25

#: In a run whose curves show trouble, a cause is a warning from this score on: it is then likelier than all others
#: together.
LIKELIER_HALF = 0.5

#: Causes with a lower score are not listed.
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
                speaks + (UNSPECIFIC if s.only_shared else "") + (AGAINST + against if against else ""),
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
    """Move findings that the verdict explains to the end, and mark them as folded under it."""
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
