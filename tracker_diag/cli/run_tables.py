"""Tables of runs: a line a run where there is room, else as many as it takes; no word is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tracker_diag.adapters.base import Failure
    from tracker_diag.sweeping.result import Row

LONGEST_NAME, LONGEST_EXPERIMENT = 60, 40
"""Letters of a run's name and of its experiment's; longer ones end in an ellipsis."""


def print_runs(console: Console, rows: Sequence[Row]) -> None:
    """Print runs; what does not fit beside the name of a run stands below it.

    Parameters
    ----------
    console : Console
        A terminal makes the names clickable; a file or a pipe gets the addresses themselves.
    rows : sequence of Row
        In the order in which they are shown.
    """
    wide = _wide(console, rows)
    print_table(console, wide if _fits(console, wide) else _narrow(rows))


def print_failures(console: Console, failures: Sequence[Failure]) -> None:
    """Print runs that could not be read, diagnosed or written, and why."""
    from rich.text import Text

    from tracker_diag.core.outgoing import clean

    table = _table("failed run", "reason")
    # Of two columns that do not fit, rich would leave the one that may wrap with a letter.
    table.columns[0].max_width = max(console.width // 2, 1)
    for failure in failures:
        table.add_row(Text(clean(failure.id)), Text(clean(failure.reason)))
    print_table(console, table)


def print_table(console: Console, table: Table) -> None:
    """Print a table; into a file without the spaces that rich puts at the end of its lines."""
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as page:
        console.print(table)
    for line in page.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _fits(console: Console, table: Table) -> bool:
    from rich.measure import Measurement

    # Measured without the limit of the console's width.
    unlimited = console.options.update(width=10_000)
    return Measurement.get(console, unlimited, table).maximum <= console.width


def _wide(console: Console, rows: Sequence[Row]) -> Table:
    from rich.text import Text

    from tracker_diag.core.outgoing import clean

    shows_links = not console.is_terminal and any(row.link for row in rows)
    table = _table("severity", "verdict", "run", "experiment", "likely cause", *(["link"] if shows_links else []))
    for row in rows:
        cells = [*_head(row), Text(clean(row.experiment, LONGEST_EXPERIMENT)), Text(_cause(row))]
        table.add_row(*cells, *([Text(clean(row.link or ""))] if shows_links else []))
    return table


def _narrow(rows: Sequence[Row]) -> Table:
    from rich.text import Text

    from tracker_diag.core.outgoing import clean

    table = _table("severity", "verdict", "run")
    for row in rows:
        severity, verdict, name = _head(row)
        below = [clean(row.experiment, LONGEST_EXPERIMENT)] if row.experiment else []
        below += [f"likely {cause}"] if (cause := _cause(row)) else []
        table.add_row(severity, verdict, Text.assemble(name, (f"\n{', '.join(below)}" if below else "", "dim")))
    return table


def _table(*headings: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading == "severity")
    return table


def _head(row: Row) -> tuple[Text, Text, Text]:
    from rich.style import Style
    from rich.text import Text

    from tracker_diag.core.outgoing import clean, web_link
    from tracker_diag.report.formats.text import SEVERITY_STYLES

    style = SEVERITY_STYLES[row.severity]
    name = Text(clean(row.name or row.id, LONGEST_NAME), style=Style(link=web_link(row.link) or None))
    return Text(str(row.severity), style=style), Text(clean(row.verdict), style=style), name


def _cause(row: Row) -> str:
    from tracker_diag.core.finding import Severity
    from tracker_diag.core.outgoing import clean

    return clean(row.cause) if row.severity.rank >= Severity.WARNING.rank else ""
