"""``rules`` lists the rules; ``explain`` shows a rule's page."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tracker_diag.cli.console import stdout
from tracker_diag.cli.errors import UsageError
from tracker_diag.cli.run_tables import print_table

if TYPE_CHECKING:
    from tracker_diag.rules.rule import Rule


def rules(
    format: Annotated[
        str, typer.Option("--format", metavar="FORM", help="text, json, or config (a settings file with all defaults).")
    ] = "text",
) -> None:
    """List the rules and what each one means."""
    from tracker_diag.rules.registry import all_rules

    if format == "json":
        typer.echo(json.dumps([_data(rule) for rule in all_rules().values()], indent=2))
        return
    if format == "config":
        from tracker_diag.cli.defaults import default_config

        typer.echo(default_config(), nl=False)
        return
    if format != "text":
        raise UsageError(f"--format {format}: choose text, json or config")
    from rich.table import Table
    from rich.text import Text

    from tracker_diag.evidence.registry import EVIDENCE

    letters = ", ".join(f"{letter} {kind}" for letter, kind in EVIDENCE.items())
    table = Table(box=None, pad_edge=False, caption=f"Evidence: {letters}", caption_justify="left")
    for heading in ("code", "name", "evidence", "what it means"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("code", "name"))
    for rule in all_rules().values():
        table.add_row(rule.code, rule.name, " ".join(rule.evidence), Text(rule.title))
    print_table(stdout(), table)


def explain(
    rule: Annotated[
        list[str],
        typer.Argument(metavar="RULE", help="Code or name of a rule, or a verdict: LC104, overfitting, dead relu."),
    ],
) -> None:
    """Show the page of a rule or verdict.

    The page says what the rule measures, why it matters, what to do, and which thresholds apply.
    """
    from tracker_diag.rules.manual import UnknownPageError, page

    try:
        found = page(" ".join(rule))
    except UnknownPageError as error:
        raise UsageError(str(error)) from None
    if not sys.stdout.isatty():
        typer.echo(found)
        return
    from rich.markdown import Markdown

    stdout().print(Markdown(found), width=min(stdout().width, 100))


def _data(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "evidence": rule.evidence,
        "title": rule.title,
        "folder": rule.folder,
        "needs": rule.needs,
        "wants": rule.wants,
        "thresholds": dict(rule.thresholds),
    }
