"""Whether a rule that finds nothing in a run changes what is said of it: it must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracker_diag import Run, Settings, diagnose
from tracker_diag.core.finding import Report
from tracker_diag.core.rule import all_rules

PARTS = ("verdict", "severity", "summary", "findings", "causes", "next_evidence", "cost")


def dependences(run: Run, settings: Settings | None = None) -> list[str]:
    """Say of each rule that finds nothing what changes where it is left out, and the same of a dataset of no words.

    Parameters
    ----------
    run : Run
    settings : Settings, optional
    """
    settings = settings or Settings()
    report = diagnose(run, settings)
    said = answer(report)
    silent = [r for r in all_rules().values() if r.code not in {f.code for f in report.findings}]
    changed = []
    for rule in silent:
        without = settings.model_copy(update={"ignore": (*settings.ignore, rule.name, *rule.also)})
        changed += [f"without {rule.name}: {part}" for part in differing(said, answer(diagnose(run, without)))]
    if not run.datasets and run.profile is None:
        more = replace(run, datasets=({"name": "data", "digest": "1a2b"},))
        changed += [f"with a dataset of no words: {part}" for part in differing(said, answer(diagnose(more, settings)))]
    return changed


def answer(report: Report) -> dict[str, Any]:
    """What a report says of the run; what was skipped aside."""
    data = report.to_dict()
    return {name: data[name] for name in PARTS}


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names and values of the parts that differ."""
    return [f"{name}: {before[name]} became {after[name]}"[:500] for name in before if before[name] != after[name]]
