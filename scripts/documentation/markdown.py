"""The few pieces of Markdown that the pages are made of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence

from tracker_diag.core.project import REPOSITORY
from tracker_diag.rules.registry import find_rule
from tracker_diag.rules.rule import ABSTENTION

GENERATED = "<!-- Made by scripts/docs from the code: edit the code. -->\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are kept on one line."""
    lines = [_row(head), _row("---" for _ in head), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def link(name: str) -> str:
    """A link to the page of a rule or a verdict, from the top of docs/, or its name alone where there is none."""
    return f"[{name}](/rules/{name}.md)" if name == ABSTENTION or find_rule(name) else name


def links(names: Iterable[str]) -> str:
    return ", ".join(map(link, names))


def source(path: str) -> str:
    """The address of a file of the repository."""
    return f"{REPOSITORY}/blob/main/{path}"


def placed(page: str, text: str) -> str:
    """Make links from the top of docs/ (``](/rules/…)``) relative to the page, so that they hold on GitHub too."""
    folder = posixpath.dirname(page) or "."
    return re.sub(r"\]\(/([^)#\s]+)", lambda goal: f"]({posixpath.relpath(goal[1], folder)}", text)


def plain(text: str) -> str:
    """Text in which no letter is markup."""
    return "".join(f"\\{letter}" if letter in "*_[]<>`" else letter for letter in text)


def anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub and MkDocs both make it of plain words."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(" ".join(str(cell).replace("|", "\\|").split()) for cell in cells) + " |"
