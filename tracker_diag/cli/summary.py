"""What a sweep shows at its end, and the summary it leaves for machines."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracker_diag.cli.console import plain, stdout
from tracker_diag.cli.run_tables import print_failures, print_runs
from tracker_diag.cli.whole_files import write_whole
from tracker_diag.core.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from tracker_diag.sweeping.result import Swept

ROWS = 40
FAILURES = 20


def show_table(swept: Swept, *, write: bool, scope: str) -> None:
    """Print the runs, worst first, then what failed, then one line of figures."""
    _print(stdout(), swept, write=write, scope=scope)


def as_text(swept: Swept, *, write: bool, scope: str) -> str:
    """Write what ``show_table`` prints, for a file."""
    import io

    file = io.StringIO()
    _print(plain(file), swept, write=write, scope=scope)
    return file.getvalue()


def _print(console: Console, swept: Swept, *, write: bool, scope: str) -> None:
    from tracker_diag.sweeping.spending import in_words, spending

    if swept.rows:
        print_runs(console, swept.rows[:ROWS])
        rest = swept.rows[ROWS:]
        if rest:
            counts = Counter(str(row.severity) for row in rest)
            console.print(f"… and {len(rest):,} more: {_counts(counts)}")
        console.print()
    if swept.failures:
        print_failures(console, swept.failures[:FAILURES])
        if len(swept.failures) > FAILURES:
            console.print(f"… and {len(swept.failures) - FAILURES:,} more")
        console.print()
    notes = [*_notes(swept), *([cost] if (cost := in_words(spending(swept.rows))) else [])]
    for line in notes:
        console.print(line, soft_wrap=True)
    if notes:
        console.print()
    console.print(closing_line(swept, write=write, scope=scope), soft_wrap=True)
    if line := beyond_limit(swept):
        console.print(line, soft_wrap=True)


def show_lines(lines: Sequence[str]) -> None:
    """Print lines in which names stand that people and runs gave."""
    from tracker_diag.core.outgoing import clean

    for line in lines:
        stdout().print(clean(line), soft_wrap=True)


def closing_line(swept: Swept, *, write: bool, scope: str) -> str:
    """Say in one line what was done; the scope is told where it holds no runs."""
    from tracker_diag.report.wording import counted, duration

    parts = [f"{len(swept.rows):,} diagnosed" + ("" if write else " (dry run: nothing written)")]
    parts[0] += _without_reports(_not_stored_now(swept))
    kept = sum(row.kept for row in swept.rows)
    if kept and write:
        how_many = "none" if kept == len(swept.rows) else f"{kept:,} not"
        parts += [f"{how_many} written, because they already have a diagnosis by all rules"]
    parts += (
        [f"{swept.unchanged:,} unchanged since the last diagnosis{_without_reports(swept.without_reports)}"]
        if swept.unchanged
        else []
    )
    accepted = sum(row.accepted for row in (*swept.rows, *swept.standing))
    parts += [f"{accepted:,} accepted by the baseline"] if accepted else []
    parts += [f"{len(swept.failures):,} failed"] if swept.failures else []
    parts += [f"{swept.left:,} not reached"] if swept.left else []
    runs = looked_at(swept)
    if runs == 0 and swept.stopped:
        return "no run was diagnosed before the stop."
    if runs == 0 and not swept.error:
        return f"no runs found {scope}"
    line = f"{counted(runs, 'run')} in {duration(swept.seconds)}: {', '.join(parts)}."
    return line + (f" Verdicts: {_counts(Counter(swept.verdicts))}." if swept.verdicts else "")


def beyond_limit(swept: Swept) -> str:
    """Say that there are runs beyond ``--limit``, and how to see them; empty where there are none."""
    if not swept.more:
        return ""
    from tracker_diag.report.wording import counted

    n = counted(looked_at(swept), "run")
    verb = "was" if looked_at(swept) == 1 else "were"
    return f"Only the newest {n} {verb} looked at: there are more, raise --limit to see them."


def looked_at(swept: Swept) -> int:
    """Count the runs in the scope, the ones that failed or were not reached too."""
    return len(swept.rows) + swept.unchanged + len(swept.failures) + swept.left


def summary(swept: Swept, tracker: str) -> dict[str, Any]:
    """Put the sweep into data for a monitoring system; ``not_stored`` counts runs whose reports could not be stored.

    ``wasted`` is of the runs that were diagnosed now.
    """
    from tracker_diag.sweeping.spending import spending

    spent = spending(swept.rows)
    return {
        "schema_version": 1,
        "version": __version__,
        "tracker": tracker,
        "ended": time.time(),
        "seconds": round(swept.seconds, 3),
        "runs": {
            "diagnosed": len(swept.rows),
            "unchanged": swept.unchanged,
            "failed": len(swept.failures),
            "not_reached": swept.left,
        },
        "not_stored": _not_stored_now(swept) + swept.without_reports,
        "accepted": sum(row.accepted for row in (*swept.rows, *swept.standing)),
        "wasted": {
            "lost_seconds": round(spent.lost, 3),
            "after_best_seconds": round(spent.after_best, 3),
            "gpu_seconds": round(spent.cards, 3),
            "unknown": spent.unknown,
        },
        "verdicts": dict(swept.verdicts),
        "worst": str(swept.worst),
        "failures": [{"run_id": f.id, "reason": f.reason} for f in swept.failures],
        "oldest_undiagnosed_seconds": None if swept.oldest is None else round(max(0.0, time.time() - swept.oldest), 3),
        "error": swept.error,
        "stopped": swept.stopped,
    }


def write_summary(path: Path, data: dict[str, Any]) -> None:
    """Write the summary whole or not at all: whoever reads it may come at any moment."""
    from tracker_diag.core.outgoing import redacted_data

    write_whole(path, json.dumps(redacted_data(data), indent=2) + "\n", "--summary")


def _counts(counts: Counter[str]) -> str:
    from tracker_diag.core.outgoing import clean

    return ", ".join(
        f"{clean(name, 40) or 'none'} {n:,}" for name, n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))
    )


def _not_stored_now(swept: Swept) -> int:
    return sum(bool(row.not_stored) for row in swept.rows)


def _without_reports(runs: int) -> str:
    return f" ({runs:,} {'has' if runs == 1 else 'have'} no stored report)" if runs else ""


def _notes(swept: Swept) -> list[str]:
    """Say what was written into descriptions, and why reports or sections were not, what holds for most runs first."""
    from tracker_diag.core.outgoing import clean
    from tracker_diag.report.wording import counted

    reasons = Counter(clean(row.not_stored, 500) for row in swept.rows if row.not_stored)
    lines = [f"{counted(n, 'run')}: the report could not be stored: {why}" for why, n in reasons.most_common(FAILURES)]
    lines += [f"… and {len(reasons) - FAILURES:,} more reasons"] if len(reasons) > FAILURES else []
    if noted := sum(row.noted for row in swept.rows):
        lines.append(
            f"wrote the diagnosis into the {'description' if noted == 1 else 'descriptions'} of {counted(noted, 'run')}"
        )
    unnoted = Counter(row.unnoted for row in (*swept.rows, *swept.standing) if row.unnoted)
    return lines + [
        f"{counted(n, 'run')}: no section was written into the description: {why}" for why, n in unnoted.most_common()
    ]
