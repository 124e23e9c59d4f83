"""A sweep as data, for other programs and for agents."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tracker_diag.core.version import __version__
from tracker_diag.sweeping.result import Row, Swept

SCHEMA_VERSION = 1
_HOUR = 3600


def swept_data(swept: Swept, tracker: str) -> dict[str, Any]:
    """Put a sweep into data.

    Parameters
    ----------
    swept : Swept
        What the sweep did.
    tracker : str
        What was swept, in a few words.

    Returns
    -------
    dict
        Runs diagnosed now and before, worst first. ``sweep`` holds what is of this sweep alone; all else is the same
        after a second sweep that finds nothing new.
    """
    rows = sorted((*swept.rows, *swept.standing), key=lambda r: (-r.severity.rank, r.verdict, r.name, r.id))
    return {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "tracker": tracker,
        "worst": str(swept.worst),
        "severities": _counts(Counter(str(row.severity) for row in rows)),
        "verdicts": _counts(Counter(row.verdict for row in rows)),
        "runs": [_run(row) for row in rows],
        "failures": [{"id": failure.id, "reason": failure.reason} for failure in swept.failures],
        "sweep": _figures(swept),
    }


def _run(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name or None,
        "experiment": row.experiment or None,
        "link": row.link,
        "verdict": row.verdict or None,
        "severity": str(row.severity),
        "cause": row.cause or None,
        "summary": row.summary,
        "findings": list(row.codes),
    }


def _figures(swept: Swept) -> dict[str, Any]:
    known = [(row.wasted, row.gpus) for row in swept.rows if row.wasted is not None]
    return {
        "diagnosed": len(swept.rows),
        "unchanged": swept.unchanged,
        "failed": len(swept.failures),
        "not_reached": swept.left,
        "not_stored": sum(bool(row.note) for row in swept.rows) + swept.without_reports,
        "wasted_hours": round(sum(seconds for seconds, _ in known) / _HOUR, 3),
        "wasted_gpu_hours": round(sum(seconds * gpus for seconds, gpus in known) / _HOUR, 3),
        "seconds": round(swept.seconds, 3),
        "error": swept.error or None,
        "stopped": swept.stopped,
    }


def _counts(counts: Counter[str]) -> dict[str, int]:
    return {name or "none": n for name, n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))}
