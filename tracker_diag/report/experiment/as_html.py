"""An experiment's page as one self-contained HTML file: one script, which sorts and filters; no request."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tracker_diag.core.finding import Severity
from tracker_diag.core.outgoing import clean, web_link
from tracker_diag.core.plain import plain
from tracker_diag.core.report import Report
from tracker_diag.report.experiment.overview import NOT_DIAGNOSED, Overview, Row
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
    not_told_apart,
    probability,
    setting,
    spending,
    stamp,
    took,
    wasted,
)
from tracker_diag.report.experiment.pictures import forest, small_curves, verdicts_over_time
from tracker_diag.report.wording import counted, duration, number, title

CAUSES_SHOWN = 12
CONTRASTS_DRAWN = 20
"""The table under the drawing holds all."""

_ICONS = {"ok": "✓", "info": "i", "warning": "▲", "error": "✕", "": "?"}


def render(overview: Overview) -> str:
    """Write the page of an experiment as one HTML file that opens anywhere, a sandboxed frame included.

    Every text is escaped by the template engine, control characters are shown as escapes, and the page's own policy
    lets no script run but the one whose hash it holds, and no request be made. Without that script the page is whole,
    and its table in the order in which a run is worth a look.
    """
    script = _script()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            overview=overview,
            heading=heading(overview),
            as_of=stamp(overview.as_of),
            compared=compared(overview),
            severities=overview.severities,
            spending=spending(overview),
            spent=overview.spent,
            looks=_looks(overview),
            over_time=_over_time(overview),
            causes=_causes(overview),
            **_effects(overview),
            p_words=P_WORDS,
            rows=[_cells(row) for row in overview.rows],
            parameters=[_Column.of(name, overview.rows) for name in overview.parameters],
            effects_words="" if overview.measure is None else effects_words(overview.measure),
            outcome="" if overview.measure is None else direction(overview.measure),
            icons=_ICONS,
            script=Markup(script),
            script_hash=b64encode(sha256(script.encode()).digest()).decode(),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tracker_diag.report", "experiment"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Markup) else clean(value),
    )
    environment.filters |= {"counted": counted, "duration": duration, "breakable": _breakable}
    return environment


@cache
def _script() -> str:
    return files("tracker_diag.report").joinpath("experiment", "page.js").read_text(encoding="utf-8")


def _looks(overview: Overview) -> list[dict[str, Any]]:
    links = {row.id: web_link(row.link) for row in overview.rows}
    return [_look(report, links.get(report.run_id, ""), f"look{i}") for i, report in enumerate(overview.first_looks)]


def _look(report: Report, link: str, ident: str) -> dict[str, Any]:
    return {
        "name": title(report),
        "link": link,
        "severity": str(report.severity),
        "verdict": report.verdict,
        "cause": report.causes[0].name if report.causes and report.severity.rank >= Severity.WARNING.rank else "",
        "summary": report.summary.removeprefix(f"{report.verdict}: "),
        "svg": Markup(small_curves(report, ident)),
    }


def _over_time(overview: Overview) -> Markup:
    if not overview.periods:
        return Markup("")
    kinds: dict[str, Counter[str]] = {}
    for row in overview.rows:
        kinds.setdefault(row.verdict or NOT_DIAGNOSED, Counter())[str(row.severity or "none")] += 1
    usual = {name: max(sorted(n), key=lambda kind: n[kind]) for name, n in kinds.items()}
    return Markup(verdicts_over_time(overview.periods, {name: usual[name] for name in overview.verdicts}, "time"))


def _causes(overview: Overview) -> list[tuple[str, int, str]]:
    causes = list(overview.causes.items())
    most = causes[0][1] if causes else 1
    return [(name, n, f"{100 * n / most:.0f}%") for name, n in causes[:CAUSES_SHOWN]]


def _effects(overview: Overview) -> dict[str, Any]:
    found, measure = overview.contrasts, overview.measure
    if found is None or measure is None:
        return {"forest": Markup(""), "effects": [], "not_drawn": 0, "not_told": []}
    drawn = found.contrasts[:CONTRASTS_DRAWN]
    return {
        "forest": Markup(forest(drawn, measure, "effects")) if drawn else Markup(""),
        "effects": [
            (name, probability(several[0].p), [(levels(c), effect_words(c, measure), basis(c)) for c in several])
            for name, several in by_parameter(found.contrasts)
        ],
        "not_drawn": len(found.contrasts) - len(drawn),
        "not_told": not_told_apart(overview),
    }


class _Column(NamedTuple):
    """The values of a parameter, as the table shows them.

    Attributes
    ----------
    name : str
        The parameter's.
    number : bool
        Whether all of them are numbers.
    cells : list of (str, str, bool)
        Of each run: the text, the place in the order of the values (empty for what was not logged), and whether it is
        a number.
    """

    name: str
    number: bool
    cells: list[tuple[str, str, bool]]

    @classmethod
    def of(cls, name: str, rows: Sequence[Row]) -> _Column:
        values = [plain(row.params.get(name)) for row in rows]
        orders = [_order(value) for value in values]
        place = {order: i for i, order in enumerate(sorted({order for order in orders if order is not None}))}
        cells = [
            (setting(value), "" if order is None else str(place[order]), order is not None and not order[0])
            for value, order in zip(values, orders, strict=True)
        ]
        return cls(name, all(number for _, key, number in cells if key), cells)


def _order(value: Any) -> tuple[bool, float, str] | None:
    """Numbers by size before words; None for what was not logged."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return False, value, ""
    return True, 0, setting(value)


def _breakable(name: str) -> Markup:
    """A name that may go on in the next line after what stands between its words."""
    return Markup("<wbr>").join(escape(part) for part in re.findall(r"[^_./-]*[_./-]?", clean(name, 80)) if part)


def _cells(row: Row) -> dict[str, Any]:
    """What the template shows of a run, beside the numbers to sort by."""
    return {
        "rank": row.rank,
        "severity": "" if row.severity is None else str(row.severity),
        "verdict": row.verdict or NOT_DIAGNOSED,
        "name": called(row),
        "link": web_link(row.link),
        "cause": row.cause,
        "summary": row.summary.removeprefix(f"{row.verdict}: "),
        "outcome": "" if row.outcome is None else number(row.outcome),
        "outcome_key": _key(row.outcome),
        "seconds": took(row),
        "seconds_key": _key(row.seconds),
        "wasted": wasted(row),
        "wasted_key": _key(row.wasted or None),
        "ended": ended(row),
        "ended_key": _key(row.changed),
    }


def _key(value: float | None) -> str:
    """Write a number for the script to sort by; empty for what stands last either way."""
    if value is None or math.isnan(value):
        return ""
    return repr(float(value)) if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
