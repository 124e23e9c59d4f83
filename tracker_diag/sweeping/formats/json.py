"""A sweep as JSON, for other programs and for agents."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tracker_diag.adapters.base import Failure
from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean_data
from tracker_diag.core.version import __version__
from tracker_diag.sweeping.document import ANYTHING, Asked, all_rows
from tracker_diag.sweeping.result import Row, Swept
from tracker_diag.sweeping.spending import spending

SCHEMA_VERSION = 1
_HOUR = 3600


def render(swept: Swept, asked: Asked = ANYTHING) -> str:
    """Write a sweep as JSON; every text is one line without control characters or secrets.

    Returns
    -------
    str
        Indented by one space; ends with a newline.
    """
    return json.dumps(to_dict(swept, asked), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def to_dict(swept: Swept, asked: Asked = ANYTHING) -> dict[str, Any]:
    """Put a sweep into data.

    Parameters
    ----------
    swept : Swept
        What the sweep did.
    asked : Asked
        What the document has to know beside the runs.

    Returns
    -------
    dict
        ``sweep`` holds what is of this sweep alone, such as how many runs it diagnosed and the hours that these had
        wasted; ``before`` of a run is what its tags said, where that was something else. All other values are the same
        after a second sweep that finds nothing new.
    """
    rows = all_rows(swept)
    data = {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "tracker": asked.tracker,
        "fail_on": None if asked.fail_on is None else str(asked.fail_on),
        "worst": str(swept.worst),
        "severities": _counts(Counter(str(row.severity) for row in rows)),
        "verdicts": _counts(Counter(row.verdict for row in rows)),
        "runs": [_run(row, asked) for row in rows],
        "failures": [_failure(failure) for failure in swept.failures],
        "sweep": _figures(swept),
    }
    return clean_data(data)


def _run(row: Row, asked: Asked) -> dict[str, Any]:
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
        "fails": asked.fails(row),
        "accepted": row.accepted,
        "before": _before(row),
    }


def _before(row: Row) -> dict[str, Any] | None:
    """What the tags said, of a run that is judged otherwise now."""
    before = row.before
    if not row.differs:
        return None
    return {
        "verdict": before.verdict,
        "severity": str(before.severity),
        "cause": before.cause or None,
        "findings": list(before.codes),
    }


def _failure(failure: Failure) -> dict[str, Any]:
    return {"id": failure.id, "reason": failure.reason}


def _figures(swept: Swept) -> dict[str, Any]:
    spent = spending(swept.rows)
    return {
        "diagnosed": len(swept.rows),
        "unchanged": swept.unchanged,
        "failed": len(swept.failures),
        "not_reached": swept.left,
        "new": [row.id for row in swept.rows if row.news and row.severity.rank >= Severity.WARNING.rank],
        "wasted_hours": round((spent.lost + spent.after_best) / _HOUR, 3),
        "wasted_gpu_hours": round(spent.cards / _HOUR, 3),
        "seconds": round(swept.seconds, 3),
        "error": swept.error or None,
        "stopped": swept.stopped,
    }


def _counts(counts: Counter[str]) -> dict[str, int]:
    return {name or "none": n for name, n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))}
