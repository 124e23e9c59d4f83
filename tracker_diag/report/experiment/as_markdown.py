"""An experiment's page as Markdown, for a note, an issue or a chat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tracker_diag.core.outgoing import web_link
from tracker_diag.report.experiment.overview import NOT_DIAGNOSED, Overview, Row, first_looks
from tracker_diag.report.experiment.phrases import (
    P_WORDS,
    basis,
    by_parameter,
    called,
    compared,
    direction,
    effect_words,
    effects_words,
    ended,
    heading,
    levels,
    moment,
    not_told_apart,
    probability,
    setting,
    spending,
    stamp,
    took,
    wasted,
)
from tracker_diag.report.formats.markdown import DATA, LONGEST_NAME, escape
from tracker_diag.report.wording import number

ROWS = 50
"""Runs that are listed: a text is read from its beginning, and the CSV holds all."""
PARAMETERS = 4
"""Columns that a page still has room for."""
PERIODS = 12
"""The latest that are listed."""


def render(overview: Overview) -> str:
    """Write the page of an experiment as CommonMark with tables; every text of a run is escaped.

    Returns
    -------
    str
        Ends with a newline.
    """
    return "\n\n".join(block for block in _blocks(overview) if block) + "\n"


def _blocks(overview: Overview) -> Iterator[str]:
    yield f"# Experiment {escape(overview.experiment, LONGEST_NAME)}"
    as_of = f", as of {time} UTC" if (time := stamp(overview.as_of)) else ""
    yield f"{escape(overview.tracker)}{as_of}. {escape(heading(overview))}."
    yield escape(compared(overview))
    yield DATA
    if sentence := spending(overview):
        yield escape(sentence)
    looks = first_looks(overview.rows)
    if looks:
        yield "## Look at these first"
        yield "\n".join(f"- **{_linked(row)}**: {escape(row.summary or row.verdict)}" for row in looks)
    if overview.periods:
        yield "## Verdicts over time"
        yield _over_time(overview)
    if overview.causes:
        yield "## Most frequent causes"
        yield _table(("cause", "runs"), ((name, f"{n:,}") for name, n in overview.causes.items()))
    yield from _effects(overview)
    if overview.rows:
        yield "## Runs"
        if overview.measure is not None:
            yield f"Outcome: the last value of {escape(direction(overview.measure))}."
        yield _runs(overview)
    if overview.version:
        yield f"tracker\\_diag {escape(overview.version, LONGEST_NAME)}"


def _over_time(overview: Overview) -> str:
    shown = overview.periods[-PERIODS:]
    names = [name for name in overview.verdicts if any(name in period.verdicts for period in shown)]
    rows = ((moment(p.start, p.length), *(f"{p.verdicts.get(name, 0):,}" for name in names)) for p in shown)
    earlier = sum(sum(period.verdicts.values()) for period in overview.periods[:-PERIODS])
    return _table(("from", *names), rows) + (f"\n\n{earlier:,} earlier runs are not shown." if earlier else "")


def _effects(overview: Overview) -> Iterator[str]:
    found, measure = overview.contrasts, overview.measure
    if found is None or measure is None:
        return
    yield "## What the parameters change"
    yield f"{escape(effects_words(measure))} {escape(P_WORDS)}"
    rows = [
        (name if i == 0 else "", probability(c.p) if i == 0 else "", levels(c), effect_words(c, measure), basis(c))
        for name, several in by_parameter(found.contrasts)
        for i, c in enumerate(several)
    ]
    if rows:
        yield _table(("parameter", "p", "values", "effect (interval)", "from"), rows)
    yield "\n".join(f"- {escape(line)}" for line in not_told_apart(overview))


def _runs(overview: Overview) -> str:
    names = overview.parameters[:PARAMETERS]
    varied = [escape(name, LONGEST_NAME) for name in names]
    head = ("severity", "verdict", "run", "cause", "outcome", *varied, "took", "wasted", "ended")
    lines = [head, ["---"] * len(head), *(_cells(row, names) for row in overview.rows[:ROWS])]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    rest = len(overview.rows) - ROWS
    return table + (f"\n\n{rest:,} more runs: the CSV lists all." if rest > 0 else "")


def _cells(row: Row, names: Sequence[str]) -> Sequence[str]:
    outcome = "" if row.outcome is None else number(row.outcome)
    plain = (outcome, *(setting(row.params.get(name)) for name in names), took(row), wasted(row), ended(row))
    return (
        escape(row.severity or NOT_DIAGNOSED, LONGEST_NAME),
        escape(row.verdict, LONGEST_NAME),
        _linked(row),
        escape(row.cause, LONGEST_NAME),
        *(escape(text, LONGEST_NAME) for text in plain),
    )


def _linked(row: Row) -> str:
    name, link = escape(called(row), LONGEST_NAME), web_link(row.link)
    return f"[{name}](<{link}>)" if link else name


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(escape(cell, LONGEST_NAME) for cell in cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{' --- |' * len(head)}", *lines[1:]])
