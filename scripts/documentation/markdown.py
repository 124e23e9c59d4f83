"""The few pieces of Markdown that the pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tracker_diag.rules.registry import find_rule

GENERATED = "<!-- Made by scripts/docs from the code: edit the code. -->\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are kept on one line."""
    lines = [_row(head), _row("---" for _ in head), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def link(name: str, folder: str = "rules/") -> str:
    """A link to a rule's page, or its name alone while there is no such rule."""
    return f"[{name}]({folder}{name}.md)" if find_rule(name) else f"{name} (not yet)"


def links(names: Iterable[str], folder: str = "rules/") -> str:
    return ", ".join(link(name, folder) for name in names)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(str(cell).replace("|", "\\|").split()) for cell in cells) + " |"
