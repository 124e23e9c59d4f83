"""One verdict a run: how findings compete, and when to abstain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tracker_diag.core.case import Suspicion
from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.rule import UNSETTLED, find_rule
from tracker_diag.core.verdicts import ABSTENTION, PRECEDENCE
from tracker_diag.engine.evidence import Evidence

#: Verdicts after which the other LC findings mean nothing: effects are measured in units of an improvement that was
#: not made.
EMPTY = ("diverged", "frozen", "underfitting")


def meaningful(findings: Mapping[str, Finding], answer: str) -> dict[str, Finding]:
    """The findings that still mean something beside the verdict."""
    return {n: f for n, f in findings.items() if n == answer or answer not in EMPTY}


def verdict(findings: Mapping[str, Finding]) -> str:
    """The verdict over the findings of the LC rules, by name.

    An `info` finding (an overconfident but accurate run, a run still going) does not take the verdict from a good
    fit, but stands where there is no such finding.
    """
    for least in (Severity.WARNING, Severity.OK):
        for name in PRECEDENCE:
            if name in findings and findings[name].severity.rank >= least.rank:
                if least is Severity.OK and "good-fit" in findings:
                    return "good-fit"
                return name
    return ABSTENTION


def by_cause(suspicions: Iterable[Suspicion], judged: Iterable[Finding]) -> Finding | None:
    """What a run whose curves alone pass for a good fit is called where its first cause is a warning.

    Such a cause rests on the curves in part (a plain that was reached early, a gap of middling size), and what the
    configuration adds settles which trouble they show. A cause that says nothing of the curves leaves the verdict.
    """
    first = next((f for f in judged if f.severity.rank >= Severity.WARNING.rank), None)
    said = next((s.verdict for s in suspicions if first is not None and s.name == first.name), "")
    rule = find_rule(said)
    if first is None or rule is None:
        return None
    return Finding(
        rule.code,
        rule.name,
        first.severity,
        first.confidence,
        f"{first.message}; the curves alone would pass for a good fit",
        first.advice,
        {"cause": first.name},
    )


def why_abstained(evidence: Evidence) -> str:
    """What is missing for a verdict, in one sentence."""
    if evidence.any_train is None and evidence.any_val is None:
        return "no curve of at least two points was found for a training or validation loss or score"
    if evidence.traits.intersection(UNSETTLED):
        return (
            f"losses of {', '.join(sorted(evidence.traits.intersection(UNSETTLED)))} training have no level to rest at"
        )
    if evidence.active and evidence.look is None:
        return "the run has logged fewer than eight values so far"
    if evidence.train is None:
        if evidence.any_train is None:
            return "no training curve was found beside the validation curve"
        return f"{evidence.any_train.name} has fewer than four finite values"
    if evidence.scale is None:
        return "the curves have not improved on where they began"
    return "no rule could decide"
