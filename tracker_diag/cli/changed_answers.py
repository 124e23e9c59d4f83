"""What ``sweep --changed-only`` shows: runs whose answer is another than their tags say, and which rules make it so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracker_diag.cli.console import stdout

if TYPE_CHECKING:
    from tracker_diag.core.finding import Severity
    from tracker_diag.sweeping.result import Row, Swept

ROWS = 200
"""Runs that are listed; more are counted."""


def only_changed(swept: Swept) -> Swept:
    """Leave out the runs that are judged as before, and those that were never judged before."""
    from dataclasses import replace

    return replace(swept, rows=tuple(row for row in swept.rows if row.differs), standing=())


def show_changes(swept: Swept, *, write: bool, scope: str) -> None:
    """Print the runs that were diagnosed before and are judged otherwise now, then the rules behind it, then counts."""
    from tracker_diag.cli.summary import beyond_limit, closing_line, looked_at
    from tracker_diag.report.wording import counted

    console = stdout()
    changed = only_changed(swept).rows
    for row in changed[:ROWS]:
        for line in lines(row):
            console.print(line, soft_wrap=True)
    if len(changed) > ROWS:
        console.print(f"… and {len(changed) - ROWS:,} more")
    if changed:
        console.print()
    by_rule = rules(changed)
    if by_rule:
        console.print("By rule:")
        for line in by_rule:
            console.print(f"  {line}", soft_wrap=True)
        console.print()
    new = sum(not row.before.verdict for row in swept.rows)
    same = len(swept.rows) - len(changed) - new + swept.unchanged
    verb = "changed" if write else "would change"
    parts = [f"{counted(len(changed), 'diagnosis', 'diagnoses')} {verb}", f"{same:,} stay{'s' * (same == 1)} the same"]
    parts += [f"{counted(new, 'run')} never diagnosed before"] if new else []
    parts += [f"{len(swept.failures):,} failed"] if swept.failures else []
    parts += [f"{swept.left:,} not reached"] if swept.left else []
    told = f"{', '.join(parts)}." if looked_at(swept) else closing_line(swept, write=write, scope=scope)
    console.print(told, soft_wrap=True)
    if line := beyond_limit(swept):
        console.print(line, soft_wrap=True)


def lines(row: Row) -> tuple[str, str]:
    """Say of a run what it was called, what it is called now, and which findings came and went."""
    from tracker_diag.core.outgoing import clean

    where = f" ({clean(row.experiment, 40)})" if row.experiment else ""
    return f"{clean(row.name or row.id, 60)}{where}", f"  {_became(row)}"


def rules(changed: Sequence[Row]) -> list[str]:
    """Count for each rule the runs in which it speaks now and did not, and the other way round; the most first."""
    from tracker_diag.core.outgoing import clean
    from tracker_diag.report.wording import counted
    from tracker_diag.rules.registry import find_rule

    more = Counter(code for row in changed for code in {*row.codes} - {*row.before.codes})
    less = Counter(code for row in changed for code in {*row.before.codes} - {*row.codes})
    said = []
    for code in sorted({*more, *less}, key=lambda c: (-more[c] - less[c], c)):
        rule = find_rule(code)
        name = f" {rule.name}" if rule is not None else ""
        parts = [f"new in {counted(more[code], 'run')}"] * (more[code] > 0)
        parts += [f"no longer in {counted(less[code], 'run')}"] * (less[code] > 0)
        said.append(f"{clean(code)}{name}: {', '.join(parts)}")
    return said


def _became(row: Row) -> str:
    from tracker_diag.core.outgoing import clean

    before = row.before
    was, now = _answer(before.verdict, before.severity, before.cause), _answer(row.verdict, row.severity, row.cause)
    said = clean(f"{was} → {now}" if was != now else now)
    came = [f"+{code}" for code in row.codes if code not in before.codes]
    went = [f"−{code}" for code in before.codes if code not in row.codes]
    return f"{said}  {clean(' '.join([*came, *went]))}".rstrip()


def _answer(verdict: str, severity: Severity, cause: str) -> str:
    return f"{verdict} ({severity}{f', {cause}' if cause else ''})"
