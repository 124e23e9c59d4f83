"""A report as one self-contained HTML file: no script, no request, light and dark."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import SCHEMA_VERSION, Report
from tracker_diag.report.charts import broken_words, line_chart
from tracker_diag.report.marks import broken, marks, panels, side_of
from tracker_diag.report.wording import (
    CAUSES_SHOWN,
    causes_title,
    confidence,
    cost,
    counted,
    role_words,
    shown,
    steps,
    title,
    to_log,
)

_ICONS = {
    "ok": "M6 12.5l4 4 8-9",
    "info": "M12 11v6M12 7v.5",
    "warning": "M12 6.5v7M12 17v.5",
    "error": "M7.5 7.5l9 9M16.5 7.5l-9 9",
}


def render(report: Report) -> str:
    """Write a report as one HTML file that opens anywhere, a sandboxed frame included.

    Every text is escaped by the template engine, control characters are shown as escapes, and the page's own policy
    forbids scripts and requests should anything get past both.
    """
    drawn = panels(report)
    places = marks(report)
    axis = [s for panel in drawn for curve in panel.curves for s in curve.steps if math.isfinite(s)]
    charts = [
        {
            "title": role_words(panel.quantity).capitalize(),
            "svg": Markup(line_chart(panel, places, axis, f"chart{i}", first=i == 0)),
            "curves": [
                {
                    "kind": side_of(curve) or "other",
                    "role": role_words(curve.role),
                    "name": curve.name,
                    "points": counted(curve.n, "point"),
                    "broken": broken_words(stop) if (stop := broken(curve)) else "",
                }
                for curve in panel.curves
            ],
        }
        for i, panel in enumerate(drawn)
    ]
    return (
        templates()
        .get_template("report.html.j2")
        .render(
            report=report,
            title=title(report),
            icon=_ICONS[report.severity],
            charts=charts,
            marks=places,
            span_words="" if places.span is None else steps(places.span),
            standing=report.seen,
            causes=report.causes[:CAUSES_SHOWN],
            causes_title=causes_title(report),
            folded=[f for f in report.findings if f.folded is not None],
            cost=cost(report),
            to_log=to_log(report),
            schema_version=SCHEMA_VERSION,
        )
    )


@cache
def templates() -> Environment:
    """Open the folder of templates; what they print is escaped, and cleaned unless it is markup of our own."""
    environment = Environment(
        loader=PackageLoader("tracker_diag.report", "formats"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    environment.filters |= {
        "confidence": confidence,
        "shown": shown,
        "counted": counted,
        "bar": _bar,
    }
    return environment


def _finalize(value: Any) -> Any:
    """Clean whatever the template prints, unless it is markup of our own."""
    return value if isinstance(value, Markup) else clean(value)


def _bar(share: float) -> str:
    """Give the width of a bar for a share in [0, 1]."""
    return f"{100 * min(1.0, max(0.0, share)) if math.isfinite(share) else 0:.0f}%"
