"""A report in a cell of a notebook: a piece of HTML in the page's own colours that asks for nothing."""

from __future__ import annotations

import hashlib
import math

from markupsafe import Markup

from tracker_diag.core.report import Report
from tracker_diag.report.charts import line_chart
from tracker_diag.report.formats.html import templates
from tracker_diag.report.marks import marks, panels, span_words
from tracker_diag.report.told import comparison, remedy, told, why
from tracker_diag.report.wording import (
    causes_title,
    cost,
    counted,
    label,
    severity_words,
    title,
)

FINDINGS = 5
"""That a cell shows at most beside the verdict and its causes; ``to_html`` shows all."""


def cell(report: Report) -> str:
    """Write the verdict, its causes and what to change, the chart of the losses, and the first of the other findings.

    Returns
    -------
    str
        Every text of the run is escaped; no script, no request.
    """
    drawn = panels(report)[:1]
    axis = [s for panel in drawn for curve in panel.curves for s in curve.steps if math.isfinite(s)]
    # Two reports on one page need different ids.
    ident = "td" + hashlib.sha256(repr((report, report.curves)).encode("utf-8", "replace")).hexdigest()[:10]
    seen, places = told(report), marks(report)
    more = len(seen.others) - FINDINGS + seen.more
    causes = [{"name": cause.name, "remedy": remedy(cause), "reasons": why(cause)} for cause in seen.causes]
    return (
        templates()
        .get_template("notebook.html.j2")
        .render(
            report=report,
            told=seen,
            title=title(report),
            label=label(report),
            severity_words=severity_words(report),
            chart=Markup(line_chart(drawn[0], places, axis, ident)) if drawn else "",
            span_words=span_words(report, places) if drawn else "",
            causes=causes,
            causes_title=causes_title(report),
            findings=seen.others[:FINDINGS],
            comparison=comparison(report),
            more=counted(more, "more finding") if more > 0 else "",
            cost=cost(report),
        )
    )
