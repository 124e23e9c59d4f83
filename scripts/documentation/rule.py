"""The page of a rule: its docstring, its inputs and thresholds, and the observations it weighs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scripts.documentation.markdown import GENERATED, source, table
from tracker_diag.evidence.registry import EVIDENCE
from tracker_diag.rules.hypothesis import rows
from tracker_diag.rules.rule import Rule


def page(rule: Rule) -> str:
    """Markdown of one rule."""
    text = rule.sections
    evidence = ", ".join(EVIDENCE[letter] for letter in rule.evidence)
    parts = [
        f"# {rule.code} {rule.name}",
        text[""],
        f"Evidence: {evidence}. Source: [{_path(rule)}]({source(_path(rule))})",
        *(f"## {heading}\n\n{text[heading]}" for heading in ("What it measures", "Why it matters", "What to do")),
    ]
    if rule.thresholds:
        said = thresholds(rule)
        listed = [(f"`{name}`", f"`{default}`", said.get(name, "")) for name, default in rule.thresholds.items()]
        parts.append("## Thresholds\n\n" + table(("name", "default", "meaning"), listed))
    if rule.likelihoods is not None:
        parts.append(
            "## Likelihoods it weighs\n\n"
            "How much likelier each observation is if this is the cause than if it is not "
            "([how causes are scored](/how-it-works/causes.md)).\n\n"
            + table(("observation", "likelihood ratio", "seen in"), observations(rule.likelihoods))
        )
    parts.append(f"## Leave it out\n\n{_leave_out(rule)}")
    parts.append(f"## References\n\n{text['References']}")
    return GENERATED + "\n\n".join(part.strip() for part in parts) + "\n"


def thresholds(rule: Rule) -> dict[str, str]:
    """What the docstring says of each threshold."""
    parts = re.split(r"^(\w+) :", rule.sections.get("Thresholds", ""), flags=re.MULTILINE)
    return {name: " ".join(said.split()) for name, said in zip(parts[1::2], parts[2::2], strict=True)}


def observations(rows_of: type) -> Iterator[tuple[str, str, str]]:
    """Text, ratio and source of every row of a table of likelihood ratios.

    What is seen of the run shows as dots; a row that sets the cause apart says so.
    """
    for row in rows(rows_of).values():
        ratio = f"{row.value:g}" if row.most is None else f"from {row.value:g}, rising to {row.most:g}"
        yield re.sub(r"\{[^}]*\}", "…", row.text), ratio, f"{row.source}: a sign of its own" if row.own else row.source


def _leave_out(rule: Rule) -> str:
    return (
        f"`ignore: [{rule.name}]` in `tracker-diag.yaml`, or the tag `diag.ignore = {rule.name}` on a run "
        "([how to leave rules out](/how-to/tune.md))."
    )


def _path(rule: Rule) -> str:
    return rule.check.__module__.replace(".", "/") + ".py"
