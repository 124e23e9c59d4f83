"""A report for a terminal: the verdict, its causes and what to change first, then the curves and the rest."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from tracker_diag.core.finding import Cause, Finding, Severity
from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import Report
from tracker_diag.report.braille import draw, legend
from tracker_diag.report.marks import Marks, Panel, marks, panels, span_words
from tracker_diag.report.told import Told, changes_left, comparison, explained, remedy, told, why
from tracker_diag.report.understood import read_as
from tracker_diag.report.wording import (
    causes_title,
    confidence,
    cost,
    counted,
    label,
    role_words,
    shown,
    title,
    to_log,
)

SEVERITY_STYLES = {Severity.OK: "green", Severity.INFO: "blue", Severity.WARNING: "yellow", Severity.ERROR: "red"}
_CURVE_STYLES = {"train": "cyan", "val": "magenta", "test": "green", "other": "cyan", "mark": "bold", "span": "bold"}
_SKIPS_SHOWN = 2
_ASCII = str.maketrans({"→": "->", "…": "...", "–": "-", "·": "-", "█": "#", "░": "."})


def render(report: Report, console: Console) -> str:
    """Lay a report out to a console; nothing is printed.

    Parameters
    ----------
    report : Report
        What is laid out, all of it.
    console : Console
        Decides the width, the colours and the letters: ASCII only where its encoding has no more.

    Returns
    -------
    str
        What is to be written to the console's file as it is; ends with a newline.
    """
    with console.capture() as page:
        print_text(report, console)
    return page.get()


def print_text(report: Report, console: Console) -> None:
    """Print a report to a console, as ``render`` lays it out."""
    if not console.options.ascii_only:
        console.print(_page(report, ascii_only=False), highlight=False)
        return
    page = io.StringIO()
    Console(file=page, width=console.width, color_system=None, legacy_windows=False).print(
        _page(report, ascii_only=True), highlight=False
    )
    text = page.getvalue().translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
    console.out(text, end="", highlight=False)


def _page(report: Report, *, ascii_only: bool) -> Group:
    """Put a report together as rich renderables, which lay themselves out to the console's width.

    Text from the run is shown as it is: control characters as escapes, rich's markup as plain characters.
    """
    return Group(*_spaced(_sections(report, ascii_only)))


def _sections(report: Report, ascii_only: bool) -> Iterator[Iterable[RenderableType]]:
    seen = told(report)
    yield _head(report, seen)
    yield _causes(report, seen)
    places = marks(report)
    for panel in panels(report):
        if any(x in ("train", "val") for x in (c.role.partition("_")[0] for c in panel.curves)):
            yield [_Chart(panel, places, span_words(report, places), ascii_only)]
            break
    yield _compared(report, seen)
    yield _others(seen)
    yield _closing(report)


def _spaced(sections: Iterable[Iterable[RenderableType]]) -> Iterator[RenderableType]:
    """Put an empty line between the sections that hold something."""
    first = True
    for section in sections:
        parts = list(section)
        if parts and not first:
            yield Text()
        first = first and not parts
        yield from parts


def _head(report: Report, seen: Told) -> Iterator[RenderableType]:
    style = SEVERITY_STYLES[report.severity]
    yield Text.assemble(
        (f" {label(report).upper()} ", f"bold reverse {style}"), "  ", (clean(report.verdict), f"bold {style}")
    )
    name = Text(title(report), style="bold")
    if report.run_name:
        name.append(f"  {clean(report.run_id, 200)}", style="not bold dim")
    name.append(f"  {clean(report.status)}", style="not bold dim")
    yield _Indented(name, 0)
    opening = Text(clean(seen.opening))
    if seen.verdict is not None:
        opening.append(f" ({clean(seen.verdict.code)}, confidence {confidence(seen.verdict.confidence)})", style="dim")
    yield _Indented(opening, 0)
    if seen.advice:
        yield _Indented(Text(f"→ {clean(seen.advice)}", style="bold"), 0)
    if sentence := cost(report):
        yield _Indented(Text(sentence), 0)


class _Chart:
    """The curves, drawn when the width is known."""

    def __init__(self, panel: Panel, places: Marks, span: str, ascii_only: bool) -> None:
        self.panel, self.places, self.span, self.ascii_only = panel, places, span, ascii_only

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        names = Text()
        for curve in self.panel.curves:
            names.append("  " if names else "")
            names.append(role_words(curve.role), style=_CURVE_STYLES.get(curve.role.partition("_")[0], "cyan"))
            if curve.name != curve.role:
                names.append(f" ({clean(curve.name, 80)})")
        yield from _Indented(names, 0).__rich_console__(console, options)
        for row in draw(self.panel, self.places, min(options.max_width, 100), ascii_only=self.ascii_only):
            line = Text(no_wrap=True, overflow="crop")
            for char, kind in row:
                line.append(char, style=_CURVE_STYLES.get(kind, "dim"))
            line.rstrip()
            yield line
        if words := legend(self.panel, self.places, self.span, ascii_only=self.ascii_only):
            yield from _Indented(Text(" · ".join(words), style="dim"), 0).__rich_console__(console, options)


def _causes(report: Report, seen: Told) -> Iterator[RenderableType]:
    if seen.causes:
        yield Text(causes_title(report), style="bold")
    for rank, cause in enumerate(seen.causes, start=1):
        yield from _cause(rank, cause)
    if seen.less_likely:
        names = ", ".join(f"{clean(cause.name, 80)} {confidence(cause.score)}" for cause in seen.less_likely)
        yield _Indented(Text(f"Less likely causes: {names}", style="dim"), 2)
    if report.next_evidence:
        yield _labelled("Next", report.next_evidence)


def _cause(rank: int, cause: Cause) -> Iterator[RenderableType]:
    filled = min(10, max(0, round(10 * cause.score))) if cause.score == cause.score else 0
    head = Text()
    head.append(f"{rank}. {clean(cause.name)}", style="bold")
    head.append(f"  {'█' * filled}{'░' * (10 - filled)} score {confidence(cause.score)}", style="cyan")
    yield _Indented(head, 2)
    if said := remedy(cause):
        yield _Indented(Text(f"→ {said}", style="bold"), 5)
    changes = changes_left(cause)
    width = max((len(clean(x.param, 250)) for x in changes), default=0)
    for change in changes:
        line = Text(clean(change.param, 250).ljust(min(width, 32)), style="bold")
        line.append(f"  {shown(change.before)} → ", style="not bold")
        line.append(shown(change.after), style="green")
        yield _Indented(line, 7)
    for heading, reasons in zip(("Because", "Against"), why(cause), strict=True):
        if reasons:
            yield _Indented(Text.assemble((f"{heading}: ", "dim"), "; ".join(reasons)), 5)


def _compared(report: Report, seen: Told) -> Iterator[RenderableType]:
    heading = comparison(report)
    if not heading:
        return
    yield Text(heading, style="bold")
    for finding in seen.compared:
        yield from _finding(finding)


def _others(seen: Told) -> Iterator[RenderableType]:
    if seen.others or seen.explained:
        yield Text("Other findings", style="bold")
    for finding in seen.others:
        yield from _finding(finding)
    if seen.explained:
        for stronger, names in explained(seen.explained):
            yield _Indented(Text(f"Explained by {stronger}: {', '.join(names)}", style="dim"), 2)
    if seen.more:
        yield _Indented(Text(f"{counted(seen.more, 'more finding')} in report.json", style="dim"), 2)


def _finding(finding: Finding) -> Iterator[RenderableType]:
    head = Text()
    head.append(clean(finding.code), style=f"bold {SEVERITY_STYLES[finding.severity]}")
    head.append(f" {clean(finding.name)}", style="bold")
    head.append(f" · {finding.severity} · confidence {confidence(finding.confidence)}", style="dim")
    yield _Indented(head, 2)
    yield _Indented(Text(clean(finding.message)), 4)
    if finding.advice:
        yield _Indented(Text(f"→ {clean(finding.advice)}"), 4)


def _closing(report: Report) -> Iterator[RenderableType]:
    wishes = to_log(report)
    first, needing = wishes[:_SKIPS_SHOWN], sum(len(codes) for _, codes in wishes)
    if wishes:
        yield Text.assemble((f"{counted(needing, 'check needs', 'checks need')} more data", "bold"))
    # Whole, however many lines that takes: what is to be copied must not be cut.
    for what, codes in first:
        yield _Indented(Text(f"{len(codes):,} of them: {what}"), 2)
    others, idle = needing - sum(len(codes) for _, codes in first), len(report.skipped) - needing
    left = [counted(others, "more needs other data", "more need other data")] if others else []
    why = " for other reasons" if wishes else ""
    left += [f"{counted(idle, 'check was', 'checks were')} not made{why}"] if idle else []
    if left:
        yield _Indented(Text(f"{', '.join(left)}; `--format markdown` lists all", style="dim"), 2 if wishes else 0)
    if read := read_as(report.roles):
        yield _labelled("How names were read", "; ".join(f"{clean(name, 250)} = {what}" for name, what in read.items()))
    for note in report.notes:
        yield _labelled("Note", note)


def _labelled(label: str, text: str) -> RenderableType:
    return _Indented(Text.assemble((f"{label}: ", "bold"), clean(text, 8000)), 0)


class _Indented:
    """A text wrapped to what the console leaves beside the indent, without blanks at the ends of lines."""

    def __init__(self, text: Text, columns: int) -> None:
        self.text, self.columns = text, columns

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        for line in self.text.wrap(console, max(1, options.max_width - self.columns)):
            line.rstrip()
            yield Text(" " * self.columns) + line
