"""A report in the order in which it is told: the verdict, its causes, what other runs say, and the rest, each once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tracker_diag.core.finding import UNSPECIFIC, Cause, Change, Finding, for_and_against
from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import Report
from tracker_diag.report.wording import headline, named_cause, shown

CAUSES_OPEN = 3
"""Causes that are told in full; the others are named."""
CAUSES_SHOWN = 6
"""Causes that are told at all; the JSON holds all."""
LEADING = 0.5
"""Score from which the first cause is likelier than all others together."""
FINDINGS_SHOWN = 12
"""Findings of a kind that are told; the JSON holds all."""

# The comparison's rules, and the words by which a sentence that rests on it ends: "(of 19 runs, as of 2026-…)".
_COMPARES = re.compile(r"EX90[3-9]")
_OF_RUNS = re.compile(r" ?\((of ([\d,]+) runs?(?:, as of ([^()]+))?)\)")


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a report, and where.

    Attributes
    ----------
    verdict : Finding or None
        The finding that gives the verdict.
    opening : str
        What was seen, in one line: the message of that finding, or where there is none the summary's.
    advice : str
        What that finding advises; empty where a cause is likely enough to say what to change instead.
    causes, less_likely : tuple of Cause
        Those in full, and those that are folded or only named.
    compared : tuple of Finding
        What other runs of the experiment say, without what the verdict and the causes said of it.
    others : tuple of Finding
        What was seen besides: neither the verdict nor one of the causes.
    explained : tuple of Finding
        Those that a stronger one explains.
    more : int
        Findings that are left out here.
    """

    verdict: Finding | None
    opening: str
    advice: str
    causes: tuple[Cause, ...]
    less_likely: tuple[Cause, ...]
    compared: tuple[Finding, ...]
    others: tuple[Finding, ...]
    explained: tuple[Finding, ...]
    more: int


def told(report: Report) -> Told:
    """Put what a report holds in order, so that nothing is told twice."""
    verdict = next((f for f in report.findings if f.name == report.verdict and f.folded is None), None)
    shown = report.causes[:CAUSES_SHOWN]
    named = {cause.name for cause in shown}
    rest = [f for f in report.seen if f is not verdict and f.name not in named]
    opening = verdict.message if verdict is not None else headline(report)
    compared = tuple(_once(f, opening, shown) for f in rest if compares(f))
    others = tuple(f for f in rest if not compares(f))
    explained = tuple(f for f in report.findings if f.folded is not None)
    parts = (compared, others, explained)
    return Told(
        verdict=verdict,
        opening=opening,
        advice="" if verdict is None or _leads(report) else verdict.advice,
        causes=shown[:CAUSES_OPEN],
        less_likely=shown[CAUSES_OPEN:],
        compared=compared[:FINDINGS_SHOWN],
        others=others[:FINDINGS_SHOWN],
        explained=explained[:FINDINGS_SHOWN],
        more=sum(max(0, len(part) - FINDINGS_SHOWN) for part in parts),
    )


def _leads(report: Report) -> bool:
    """Whether the first cause is likely enough for its change to be the one thing to do."""
    cause = named_cause(report)
    return cause is not None and cause.score >= LEADING and bool(remedy(cause))


def _once(finding: Finding, opening: str, causes: tuple[Cause, ...]) -> Finding:
    """Leave out what was said before, of what other runs say."""
    left = unsaid(finding.message, [opening, *(cause.why for cause in causes)])
    known = {remedy(cause) for cause in causes}
    advice = without_runs(finding.advice)
    return replace(
        finding, message="; ".join(left) or "the numbers are given above", advice="" if advice in known else advice
    )


def explained(findings: Iterable[Finding]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Pair the code of each stronger finding with the name and code of those that it explains."""
    by: dict[str, list[str]] = {}
    for finding in findings:
        by.setdefault(clean(finding.folded or ""), []).append(f"{clean(finding.name)} ({clean(finding.code)})")
    return tuple((stronger, tuple(names)) for stronger, names in by.items())


def compares(finding: Finding) -> bool:
    """Whether a finding is what other runs of the experiment say."""
    return _COMPARES.fullmatch(finding.code) is not None


def comparison(report: Report) -> str:
    """Say with what the run was compared, and when: ``Compared with 19 other runs, as of 2026-11-27 21:40 UTC``.

    Empty where nothing in the report rests on other runs.
    """
    # Other rules quote names of metrics, which may be anything.
    texts = [f.message for f in report.findings if f.severity.rank and (compares(f) or f.name == report.verdict)]
    texts += [c.why for c in report.causes]
    found = next((match for text in texts if (match := _OF_RUNS.search(clean(text)))), None)
    if found is None:
        return "Compared with other runs" if any(map(compares, report.seen)) else ""
    runs = f"Compared with {found[2]} other run{'' if found[2] == '1' else 's'}"
    return f"{runs}, as of {found[3]}" if found[3] else runs


def without_runs(text: str) -> str:
    """Leave out how many runs were compared, for where it stands in the heading."""
    return _OF_RUNS.sub("", clean(text))


def clauses(text: str) -> tuple[str, ...]:
    """Split a sentence of a report at its semicolons."""
    return tuple(part.strip() for part in without_runs(text).split("; ") if part.strip())


def why(cause: Cause) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give what speaks for a cause, and what speaks against it: also that nothing is specific to it."""
    speaks, against = for_and_against(cause.why)
    reasons = speaks.removesuffix(UNSPECIFIC)
    return clauses(reasons), clauses(against + speaks[len(reasons) :])


def by_runs(cause: Cause) -> bool:
    """Whether other runs of the experiment speak for or against a cause."""
    return _OF_RUNS.search(clean(cause.why)) is not None


def unsaid(text: str, said: Iterable[str]) -> tuple[str, ...]:
    """Split a sentence into its clauses, without those that stand nearby already."""
    known = [without_runs(other) for other in said]
    return tuple(part for part in clauses(text) if not any(part in other for other in known))


def remedy(cause: Cause) -> str:
    """What to change, without the reason where the cause gave it: ``raise lr from 0.1 to 1: run a, which …``."""
    text = without_runs(cause.prescription.text)
    for reason in clauses(for_and_against(cause.why)[0]):
        text = text.removesuffix(f": {reason}")
    return text.strip()


def changes_left(cause: Cause) -> tuple[Change, ...]:
    """Give the changes that the words of the remedy leave open: ``lower lr from 1 to 0.1`` says all of one."""
    said = remedy(cause)
    return tuple(x for x in cause.prescription.changes if not _says(said, x))


def _says(said: str, change: Change) -> bool:
    """Whether a sentence names a parameter and its new value, each as a whole word."""
    words = (clean(change.param), f"to {shown(change.after)}")
    return all(re.search(rf"(?<!\S){re.escape(word)}(?=[,;)]?(?:\s|$))", said) for word in words)


def finding_of(cause: Cause, report: Report) -> Finding | None:
    """Find what a cause is told as among the findings."""
    return next((f for f in report.findings if f.name == cause.name), None)
