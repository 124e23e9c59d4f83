"""The fenced blocks of a page, each with what stands before it."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from tests.copies import ROOT

#: What is run; the others are parsed, shown output, or pictures.
SHELL = ("sh", "bash", "shell", "console")
PYTHON = ("python", "py")

_FENCE = re.compile(r"^( *)(`{3,})([\w-]*)[^\n`]*\n(.*?)^\1\2[ ]*$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run:(.*?)-->\s*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    language: str
    text: str
    not_run: str | None
    """Why it is not run, where the page says so just before it."""
    shown: str | None
    """The output shown in a block ``text`` just after it."""

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """All pages that people read."""
    own = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [page for page in own if page.is_file()] + sorted((ROOT / "docs").rglob("*.md"))


def blocks(page: Path) -> list[Block]:
    """Give the blocks of a page in order; those within lists lose their indentation."""
    return blocks_of(page.read_text(encoding="utf-8"), page)


def blocks_of(text: str, page: Path) -> list[Block]:
    """Give the blocks of a page's text."""
    fences = list(_FENCE.finditer(text))
    found = []
    for i, fence in enumerate(fences):
        after = fences[i + 1] if i + 1 < len(fences) else None
        shown = None
        if after is not None and after[3] == "text" and not text[fence.end() : after.start()].strip():
            shown = textwrap.dedent(after[4])
        reason = _NOT_RUN.search(text[: fence.start()])
        line = text.count("\n", 0, fence.start()) + 1
        block = textwrap.dedent(fence[4])
        found.append(Block(page, line, fence[3], block, reason[1].strip() if reason else None, shown))
    return found
