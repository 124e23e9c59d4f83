"""The default configuration as a commented file, made from the settings and the rules themselves."""

from __future__ import annotations

import re
import textwrap

import yaml

from tracker_diag.rules.registry import all_rules
from tracker_diag.rules.rule import Rule
from tracker_diag.settings.settings import Settings

WIDTH = 118
_HEAD = (
    "All settings of tracker-diag with their defaults. Copy this file to tracker-diag.yaml, or the keys to "
    "[tool.tracker-diag] in pyproject.toml. Remove the # from what you change; a line that stays a comment follows "
    "the defaults of later versions. Written by `tracker-diag rules --format config`."
)
_ENTRY = re.compile(r"(\w+) *: *(.*)")


def default_config() -> str:
    """Write every default as a commented YAML file; without the ``#`` before its keys it is the defaults again."""
    lines = _comment(_HEAD, 0)
    defaults = Settings().model_dump(mode="json")
    for key, field in Settings.model_fields.items():
        lines += ["", *_comment(_sentence(field.description or key), 0)]
        lines += _rules() if key == "rules" else [f"#{_yaml(key, defaults[key])}"]
    return "\n".join(lines) + "\n"


def _rules() -> list[str]:
    lines = ["#rules:"]
    for rule in all_rules().values():
        if not rule.thresholds:
            continue
        lines += ["", *_comment(f"{rule.code}: {rule.title}", 2), f"  #{rule.name}:", "    #thresholds:"]
        notes = threshold_notes(rule)
        for name, default in rule.thresholds.items():
            lines += _comment(_sentence(notes.get(name, name)), 6)
            lines.append(f"      #{_yaml(name, default)}")
    return lines


def threshold_notes(rule: Rule) -> dict[str, str]:
    """What the rule's page says about each of its thresholds."""
    notes: dict[str, str] = {}
    name = ""
    for line in rule.sections.get("Thresholds", "").splitlines():
        entry = _ENTRY.match(line)
        if entry and entry[1] in rule.thresholds:
            name = entry[1]
            notes[name] = entry[2].strip()
        elif name:
            notes[name] = f"{notes[name]} {line.strip()}".strip()
    return notes


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _yaml(key: str, value: object) -> str:
    return yaml.safe_dump({key: value}, default_flow_style=False, width=10_000).strip()


def _comment(text: str, indent: int) -> list[str]:
    return [f"{' ' * indent}# {line}" for line in textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False)]
