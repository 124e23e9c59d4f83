"""The report's fields, from its JSON schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.documentation.markdown import GENERATED, anchor, table
from tracker_diag.report.schema import schema_text


def page() -> str:
    """The page."""
    schema = json.loads(schema_text())
    parts = {name: part for name, part in schema["$defs"].items() if "properties" in part}
    words = [part for part in schema["$defs"].items() if "enum" in part[1]]
    return (
        f"{GENERATED}# Report schema\n\n"
        "This page lists the fields of `report.json`, `tracker-diag report --format json` and `report.to_dict()`. The "
        "JSON is strict: numbers that are not finite are the strings `NaN`, `Infinity` and `-Infinity`. "
        "`schema_version` is raised when a field changes its meaning or is removed. Older versions can still be "
        "read.\n\n"
        "The schema itself: [report.schema.json](/reference/report.schema.json). The schema of the dataset profile: "
        "[profile.schema.json](/reference/profile.schema.json).\n\n"
        f"## Report\n\n{schema['description']}\n\n{table(('field', 'type', 'meaning'), _rows(schema))}"
        + "".join(
            f"\n## {name}\n\n{part['description']}\n\n{table(('field', 'type', 'meaning'), _rows(part))}"
            for name, part in parts.items()
        )
        + "".join(f"\n## {name}\n\nOne of {', '.join(f'`{word}`' for word in part['enum'])}.\n" for name, part in words)
    )


def _rows(part: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, field in part["properties"].items():
        yield f"`{name}`", _type(field), field.get("description", "")


def _type(field: Mapping[str, Any]) -> str:
    """What a field holds, in words."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return "any JSON" if name == "JsonValue" else f"[{name}](#{anchor(name)})"
    if "anyOf" in field:
        kinds = [_type(kind) for kind in field["anyOf"] if not set(kind.get("enum", ())) & {"NaN"}]
        return " or ".join(dict.fromkeys(kinds))
    if field.get("type") == "array":
        inner = field.get("items") or {"type": "any"}
        return f"list of {_type(inner)}"
    if field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        return f"mapping to {_type(field['additionalProperties'])}"
    return str(field.get("type", "any JSON"))
