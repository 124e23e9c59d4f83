"""All the pages, and which of them on disk are not as they should be."""

from __future__ import annotations

from pathlib import Path

from scripts.documentation import inputs
from scripts.documentation.configuration import configuration
from scripts.documentation.decisions import causes, verdict
from scripts.documentation.index import index
from scripts.documentation.rule import page
from scripts.documentation.safety import safety
from scripts.documentation.seminar import seminar
from tracker_diag.rules.registry import all_rules


def pages() -> dict[str, str]:
    """The generated pages: path below docs/ to text."""
    made = {
        "README.md": index(),
        "verdict.md": verdict(),
        "causes.md": causes(),
        "configuration.md": configuration(),
        "inputs.md": inputs.page(),
        "safety.md": safety(),
        "seminar.md": seminar(),
    }
    return made | {f"rules/{rule.name}.md": page(rule) for rule in all_rules().values()}


def outdated(docs: Path, wanted: dict[str, str]) -> list[str]:
    """Pages that are missing, differ, or belong to a rule that is no more."""
    differ = [name for name, text in wanted.items() if not _is(docs / name, text)]
    stale = [f"rules/{p.name}" for p in sorted((docs / "rules").glob("*.md")) if f"rules/{p.name}" not in wanted]
    return differ + stale


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
