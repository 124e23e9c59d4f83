"""The page of a rule: its docstring, its inputs and thresholds, and the signs it weighs."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

from scripts.documentation.markdown import EVIDENCE, GENERATED, table
from tracker_diag.core.rule import Rule


def page(rule: Rule) -> str:
    """Markdown of one rule."""
    text = rule.sections
    evidence = ", ".join(EVIDENCE[letter] for letter in rule.evidence)
    parts = [
        f"# {rule.code} {rule.name}",
        text[""],
        f"Evidence: {evidence}. Source: [{_path(rule)}](../../{_path(rule)})",
        *(f"## {heading}\n\n{text[heading]}" for heading in ("What it measures", "Why it matters", "What to do")),
    ]
    if rule.thresholds:
        said = thresholds(rule)
        rows = [(f"`{name}`", f"`{default}`", said.get(name, "")) for name, default in rule.thresholds.items()]
        parts.append("## Thresholds\n\n" + table(("name", "default", "meaning"), rows))
    weighed = list(signs(rule))
    if weighed:
        rows = [(text, f"`{ratio}`", source) for text, ratio, source in weighed]
        parts.append(
            "## Signs it weighs\n\n"
            "How much likelier each observation is if this is the cause than if it is not "
            "([how causes are scored](../causes.md)).\n\n" + table(("observation", "likelihood ratio", "seen in"), rows)
        )
    parts.append(f"## Leave it out\n\n{_leave_out(rule)}")
    parts.append(f"## References\n\n{text['References']}")
    return GENERATED + "\n\n".join(part.strip() for part in parts) + "\n"


def thresholds(rule: Rule) -> dict[str, str]:
    """What the docstring says of each threshold."""
    parts = re.split(r"^(\w+) :", rule.sections.get("Thresholds", ""), flags=re.MULTILINE)
    return {name: " ".join(said.split()) for name, said in zip(parts[1::2], parts[2::2], strict=True)}


def signs(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Text, ratio and source of every ``Sign`` that the rule's file makes; what is computed shows as its expression."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(rule.check)))  # type: ignore[arg-type]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node.func, ast.Name) and node.func.id == "Sign":
            given = dict(zip(("text", "ratio", "source"), node.args, strict=False))
            given |= {k.arg: k.value for k in node.keywords if k.arg}
            source = given.get("source")
            yield _words(given["text"]), ast.unparse(given["ratio"]), "curves" if source is None else _words(source)


def _words(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join("…" if isinstance(part, ast.FormattedValue) else _words(part) for part in node.values)
    return f"`{ast.unparse(node)}`"


def _leave_out(rule: Rule) -> str:
    return (
        f"`ignore: [{rule.name}]` in `tracker-diag.yaml`, or the tag `diag.ignore = {rule.name}` on a run "
        "([configuration](../configuration.md))."
    )


def _path(rule: Rule) -> str:
    return rule.check.__module__.replace(".", "/") + ".py"
