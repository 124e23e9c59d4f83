"""A report as one self-contained HTML file: no script, no request, light and dark."""

from __future__ import annotations

import math
import re
from functools import cache, partial
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tracker_diag.core.finding import Cause, Prescription
from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import SCHEMA_VERSION, Report
from tracker_diag.report.charts import MOST_CURVES, broken_words, line_chart, room_for
from tracker_diag.report.marks import Marks, Panel, broken, finite, labels, marks, panels, side_of, span_words
from tracker_diag.report.patch import entries
from tracker_diag.report.rule_pages import name_of, page_of
from tracker_diag.report.told import by_runs, comparison, finding_of, remedy, told, unsaid, why, without_runs
from tracker_diag.report.understood import read_as
from tracker_diag.report.wording import (
    causes_title,
    confidence,
    cost,
    counted,
    label,
    number,
    role_words,
    severity_words,
    shown,
    title,
    to_log,
)

LONGEST, LONGEST_REASON, LONGEST_CELL, LONGEST_PATCH = 500, 300, 80, 2000
"""Letters of a sentence, of one reason, of a cell of a table and of a change that are shown; the JSON holds all."""
MOST_ROWS, MOST_NUMBERS, MOST_SKIPPED = 15, 8, 100
"""Rows of a table, of the numbers behind a finding, and of the rules that were skipped."""
MOST_CHARTS, MOST_DRAWN = 4, 14
"""Charts, and curves in all of them."""
_OF_A_CAUSE = {"for", "against", "odds"}
"""Evidence of a cause that its card tells anyway."""

_PLAIN_START = re.compile(r"[a-z]+[ ,:]")

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
    every = panels(report)
    drawn = _fitting(every)
    places = marks(report)
    seen = told(report)
    return (
        templates()
        .get_template("report.html.j2")
        .render(
            report=report,
            title=title(report),
            icon=_ICONS[report.severity],
            label=label(report),
            severity_words=severity_words(report),
            charts=_charts(drawn, places),
            not_drawn=sum(len(panel.curves) for panel in every) - sum(len(panel.curves) for panel in drawn),
            span_words=span_words(report, places),
            places=places,
            told=seen,
            comparison=comparison(report),
            causes=[_cause(cause, report) for cause in seen.causes],
            less_likely=[_cause(cause, report) for cause in seen.less_likely],
            causes_title=causes_title(report),
            cost=cost(report),
            names=read_as(report.roles),
            to_log=[(what, [(name_of(code), page_of(code)) for code in codes]) for what, codes in to_log(report)],
            skipped=[(name_of(clean(skip.code)), page_of(skip.code), skip.reason) for skip in report.skipped],
            most=MOST_ROWS,
            most_numbers=MOST_NUMBERS,
            most_skipped=MOST_SKIPPED,
            schema_version=SCHEMA_VERSION,
        )
    )


def _fitting(every: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """Choose what is drawn, so that the page of a run with very many curves opens at once."""
    drawn: list[Panel] = []
    left = MOST_DRAWN
    for panel in every[:MOST_CHARTS]:
        curves = panel.curves[: min(left, MOST_CURVES)]
        left -= len(curves)
        if curves:
            drawn.append(Panel(panel.quantity, curves))
    return tuple(drawn)


def _charts(drawn: tuple[Panel, ...], places: Marks) -> list[dict[str, Any]]:
    axis = [s for panel in drawn for curve in panel.curves for s in curve.steps if math.isfinite(s)]
    room = room_for(drawn, places)
    return [
        {
            "title": clean(role_words(panel.quantity).capitalize(), 80),
            "svg": Markup(line_chart(panel, places, axis, f"chart{i}", first=i == 0, room=room))
            if any(map(finite, panel.curves))
            else "",
            "curves": _legend(panel),
        }
        for i, panel in enumerate(drawn)
    ]


def _legend(panel: Panel) -> list[dict[str, str]]:
    return [
        {
            "kind": side_of(curve) or "other",
            # A side is told by the role's words, a letter has to be told as well.
            "label": label if label != side_of(curve) else "",
            "role": role_words(curve.role),
            "name": clean(curve.name, LONGEST_CELL) if curve.name != curve.role else "",
            "points": counted(curve.n, "point"),
            "broken": broken_words(stop) if (stop := broken(curve)) else "",
        }
        for curve, label in zip(panel.curves, labels(panel), strict=True)
    ]


def _cause(cause: Cause, report: Report) -> dict[str, Any]:
    speaks, against = why(cause)
    finding = finding_of(cause, report)
    numbers = {} if finding is None else {k: v for k, v in finding.evidence.items() if k not in _OF_A_CAUSE}
    return {
        "name": cause.name,
        "code": "" if finding is None else finding.code,
        "score": cause.score,
        "speaks": [clean(reason, LONGEST_REASON) for reason in speaks[:MOST_NUMBERS]],
        "against": [clean(reason, LONGEST_REASON) for reason in against[:MOST_NUMBERS]],
        "by_runs": by_runs(cause),
        "remedy": remedy(cause),
        "patch": _patch(cause.prescription),
        "told": "" if finding is None else _told_besides(finding.message, (*speaks, *against)),
        "rests": ", ".join(dict.fromkeys(clean(code, 20) for code in cause.findings[:MOST_NUMBERS])),
        "numbers": numbers,
    }


def _told_besides(message: str, reasons: tuple[str, ...]) -> str:
    """Leave out of the message of a cause what its reasons say: ``lr 0.1 is too low: run a, which …``."""
    for reason in reasons:
        message = without_runs(message).removesuffix(f": {reason}")
    return "; ".join(unsaid(message, reasons))


def _patch(prescription: Prescription) -> Markup:
    """Write the changes for a configuration; empty where there are none, and a comment where they do not fit."""
    text = "\n".join(entries(prescription))
    return (
        Markup(escape(text))
        if len(text) <= LONGEST_PATCH
        else Markup("# too long for this page: see the causes in report.json")
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
        "shown": partial(shown, limit=LONGEST_CELL),
        "number": number,
        "counted": counted,
        "bar": _bar,
        "page": page_of,
        "says": _says,
        "words": role_words,
        "cell": partial(clean, limit=2 * LONGEST_CELL),
        "name": partial(clean, limit=LONGEST_CELL),
    }
    return environment


def _finalize(value: Any) -> Any:
    """Clean whatever the template prints, unless it is markup of our own."""
    return value if isinstance(value, Markup) else clean(value, LONGEST)


def _says(text: str) -> str:
    """Give the class of a sentence that may begin with a capital: one whose first word is no name of the run's."""
    return " says" if _PLAIN_START.match(text) else ""


def _bar(share: float) -> str:
    """Give the width of a bar for a share in [0, 1]."""
    return f"{100 * min(1.0, max(0.0, share)) if math.isfinite(share) else 0:.0f}%"
