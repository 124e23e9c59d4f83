"""An experiment's page as JSON, for other programs: strict, and the same bytes for the same overview."""

from __future__ import annotations

import json
from typing import Any

from tracker_diag.core.outgoing import redacted_data, well_formed
from tracker_diag.core.plain import plain
from tracker_diag.report.experiment.overview import Overview, Row

SCHEMA_VERSION = 1


def render(overview: Overview) -> str:
    """Write an overview as JSON.

    Numbers that are not finite are the strings NaN, Infinity and -Infinity; times are seconds since the epoch. The
    curves are left out: each run's own ``report.json`` holds them.

    Returns
    -------
    str
        Indented by one space; ends with a newline.
    """
    data = redacted_data(plain(to_dict(overview)))
    return well_formed(json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1)) + "\n"


def to_dict(overview: Overview) -> dict[str, Any]:
    """Put an overview into data, its keys in the order of the page."""
    spent, measure, found = overview.spent, overview.measure, overview.contrasts
    return {
        "schema_version": SCHEMA_VERSION,
        "version": overview.version,
        "experiment": overview.experiment,
        "tracker": overview.tracker,
        "as_of": overview.as_of,
        "unread": overview.unread,
        "severities": dict(overview.severities),
        "verdicts": dict(overview.verdicts),
        "causes": dict(overview.causes),
        "seconds": {
            "total": spent.total,
            "lost": spent.lost,
            "after_best": spent.after_best,
            "runs_unknown": spent.unknown,
        },
        "over_time": [{"start": p.start, "seconds": p.length, "verdicts": dict(p.verdicts)} for p in overview.periods],
        "look_first": [report.run_id for report in overview.first_looks],
        "outcome": None
        if measure is None
        else {"metric": measure.name, "unit": measure.unit, "better": measure.better},
        "compared_runs": overview.compared,
        "parameters": list(overview.parameters),
        "effects": None
        if found is None
        else {
            "contrasts": [
                {
                    "parameter": c.parameter,
                    "low": c.low,
                    "high": c.high,
                    "effect": c.effect,
                    "interval": list(c.interval),
                    "p": c.p,
                    "matched": c.matched,
                    "runs": c.runs,
                }
                for c in found.contrasts
            ],
            "aliased": [list(group) for group in found.aliased],
            "left_out": dict(found.left_out),
        },
        "runs": [_row(row) for row in overview.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "link": row.link,
        "status": row.status,
        "verdict": row.verdict or None,
        "severity": None if row.severity is None else str(row.severity),
        "cause": row.cause or None,
        "summary": row.summary,
        "outcome": row.outcome,
        "params": dict(row.params),
        "start": row.start,
        "end": row.end,
        "seconds": row.seconds,
        "wasted_seconds": row.wasted,
    }
