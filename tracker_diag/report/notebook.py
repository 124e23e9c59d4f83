"""A report in a cell of a notebook: a piece of HTML in the page's own colours that asks for nothing."""

from __future__ import annotations

import hashlib
import math

from markupsafe import Markup

from tracker_diag.core.report import Report
from tracker_diag.report.charts import line_chart
from tracker_diag.report.formats.html import templates
from tracker_diag.report.marks import marks, panels
from tracker_diag.report.wording import causes_title, cost, counted, title

FINDINGS, CAUSES = 5, 3
"""That a cell shows at most; ``to_html`` shows all."""


def cell(report: Report) -> str:
    """Write the verdict, the first findings and causes, and the chart of the losses.

    Returns
    -------
    str
        Every text of the run is escaped; no script, no request.
    """
    drawn = panels(report)[:1]
    axis = [s for panel in drawn for curve in panel.curves for s in curve.steps if math.isfinite(s)]
    # Two reports on one page need different ids.
    ident = "td" + hashlib.sha256(repr((report, report.curves)).encode("utf-8", "replace")).hexdigest()[:10]
    more = len(report.seen) - FINDINGS
    return (
        templates()
        .get_template("notebook.html.j2")
        .render(
            report=report,
            title=title(report),
            chart=Markup(line_chart(drawn[0], marks(report), axis, ident)) if drawn else "",
            findings=report.seen[:FINDINGS],
            more=counted(more, "more finding") if more > 0 else "",
            causes=report.causes[:CAUSES],
            causes_title=causes_title(report),
            cost=cost(report),
        )
    )
