"""The help of a command with many options: in sections, by what the options are about."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

WHICH, WHERE = "Which runs", "Tracker"
JUDGED, WRITTEN = "Rules and settings", "What is written"
TOLD, WHEN = "Output", "Schedule and workers"
"""Headings, as an option names its own by ``rich_help_panel``, which Typer itself shows with markup alone."""
_OTHERS = "Other options"


class Sections(TyperCommand):
    """A command whose help has a section for each heading that its options name, in the order of the options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections."""
        found: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            heading = getattr(param, "rich_help_panel", None) or _OTHERS
            if param.param_type_name == "argument":
                # Typer puts Python's type behind the name of an argument, whatever that is.
                heading, record = "Arguments", (record[0].partition(" <")[0], record[1])
            found.setdefault(heading, []).append(record)
        alone = not found.keys() - {"Arguments", _OTHERS}
        for heading, records in found.items():
            with formatter.section("Options" if alone and heading == _OTHERS else heading):
                formatter.write_dl(records)
