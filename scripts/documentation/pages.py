"""All that is made from the code, and which of it on disk is not as it should be."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.documentation import command_line, inputs, report_schema, signals, statistics
from scripts.documentation.configuration import configuration
from scripts.documentation.decisions import causes, verdict
from scripts.documentation.index import index
from scripts.documentation.markdown import GENERATED, placed
from scripts.documentation.names import names
from scripts.documentation.navigation import aliases
from scripts.documentation.rule import alias, page, pictures
from scripts.documentation.safety import safety
from scripts.documentation.seminar import seminar
from tracker_diag.cli.defaults import default_config
from tracker_diag.profile import schema as profile
from tracker_diag.report import schema as report
from tracker_diag.rules import manual
from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import ABSTENTION


def pages() -> dict[str, str]:
    """The generated pages: path below docs/ to text."""
    made = {
        "how-it-works/causes.md": causes(),
        "how-it-works/statistics.md": statistics.page(),
        "how-it-works/verdict.md": verdict(),
        "reference/command-line.md": command_line.page(),
        "reference/inputs.md": inputs.page(),
        "reference/names.md": names(),
        "reference/report.md": report_schema.page(),
        "reference/settings.md": configuration(),
        "reference/signals.md": signals.page(),
        "rules/index.md": index(),
        "safety.md": safety(),
        "seminar.md": seminar(),
    }
    made |= {f"rules/{rule.name}.md": page(rule) for rule in all_rules().values()}
    made |= {f"rules/{name}.md": alias(name, rule) for name, rule in aliases().items()}
    made[f"rules/{ABSTENTION}.md"] = f"{GENERATED}{manual.page(ABSTENTION)}\n"
    return {name: placed(name, text) for name, text in made.items()}


def made() -> dict[str, str]:
    """Every file that is made from the code: path to text."""
    drawn = {name: svg for rule in all_rules().values() for name, svg in pictures(rule).items()}
    return {f"docs/{name}": text for name, text in (pages() | drawn).items()} | {
        "docs/reference/report.schema.json": report.schema_text(),
        "docs/reference/profile.schema.json": json.dumps(profile.schema(), indent=2) + "\n",
        "configs/tracker-diag.yaml": default_config(),
    }


def outdated(root: Path, wanted: dict[str, str]) -> list[str]:
    """Files that are missing, differ, or are pages or pictures of a rule that is no more."""
    differ = [name for name, text in wanted.items() if not _is(root / name, text)]
    there = [str(path.relative_to(root)) for path in sorted((root / "docs" / "rules").rglob("*.*"))]
    return differ + [name for name in there if name not in wanted]


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
