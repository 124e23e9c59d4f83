"""Small pictures of a run's curves for the pages of the rules, with the report's own panels and axes.

Each is a file that GitHub shows as an image; the site takes it into the page, where the style sheet colours it.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

from tracker_diag.core.finding import Finding
from tracker_diag.core.numbers import figure
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.marks import broken, finite, panels, side_of
from tracker_diag.report.scale import Scale, step_scale, value_scale

WIDTH, HEIGHT = 340, 210
LEFT, RIGHT, TOP, BOTTOM, INSET = 48, 12, 26, 40, 6
SIDES = {"train": "training", "val": "validation", "test": "test"}

#: For the file on its own; on the site, the style sheet's colours hold.
STYLE = (
    "text{font:12px sans-serif;fill:#888}path{fill:none;stroke-width:2}"
    ".train{stroke:#3b82c4;stroke-dasharray:7 3}.val{stroke:#d9730d}"
    ".other{stroke:#888}.axis{stroke:#888;stroke-width:1}.span{fill:#d9730d;opacity:.15}"
    "text.train{fill:#3b82c4;stroke:none}text.val{fill:#d9730d;stroke:none}text.other{stroke:none}"
)


def picture(report: Report, finding: Finding | None = None) -> str:
    """Draw the first panel of a report, the loss where there is one, and the span of a finding.

    Returns
    -------
    str
        An SVG file; empty where the run has no curve to draw.
    """
    drawn = [panel for panel in panels(report) if any(map(finite, panel.curves))][:1]
    if not drawn:
        return ""
    panel = drawn[0]
    curves = [curve for curve in panel.curves if finite(curve)]
    x = step_scale((step for curve in panel.curves for step in curve.steps), 4)
    y = value_scale((value for curve in curves for _, value in finite(curve)), 4)
    svg = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img"})
    SubElement(svg, "title").text = _told(curves)
    SubElement(svg, "style").text = STYLE
    if finding is not None and finding.span is not None:
        left, right = (_across(x, step) for step in sorted(finding.span))
        _add(svg, "rect", "span", x=left - 1, y=TOP, width=right - left + 2, height=HEIGHT - TOP - BOTTOM)
    _axes(svg, x, y)
    for i, curve in enumerate(curves):
        points = " ".join(f"{_across(x, step):.1f},{_up(y, value):.1f}" for step, value in finite(curve))
        _add(svg, "path", _kind(curve), d=f"M{points}" + ("h0" if len(finite(curve)) == 1 else ""))
        _text(svg, LEFT + 100 * i, 14, f"{'- -' if _kind(curve) == 'train' else '—'} {_label(curve)}", _kind(curve))
    stops = [stop for curve in curves if (stop := broken(curve))]
    if stops:
        place = _across(x, stops[0].step)
        _add(svg, "path", "axis stop", d=f"M{place:.1f},{TOP}V{HEIGHT - BOTTOM}")
        _text(svg, place + 4, TOP + 12, f"NaN or infinite from step {figure(stops[0].step)}", "stop")
    return tostring(svg, encoding="unicode") + "\n"


def _axes(svg: Element, x: Scale, y: Scale) -> None:
    bottom = HEIGHT - BOTTOM
    _add(svg, "path", "axis", d=f"M{LEFT},{TOP}V{bottom}H{WIDTH - RIGHT}")
    for value, label in y.ticks:
        _text(svg, LEFT - 6, _up(y, value) + 4, label, "tick", "end")
    for step, label in x.ticks:
        _text(svg, _across(x, step), bottom + 16, label, "tick", "middle")
    _text(svg, WIDTH - RIGHT, HEIGHT - 6, "step" + (", logarithmic values" if y.log else ""), "tick", "end")


def _told(curves: list[DrawnCurve]) -> str:
    parts = [
        f"{_label(curve)} from {figure(finite(curve)[0][1])} to {figure(finite(curve)[-1][1])}, "
        f"lowest {figure(min(v for _, v in finite(curve)))}"
        for curve in curves
    ]
    return "; ".join(parts).capitalize()


def _label(curve: DrawnCurve) -> str:
    return SIDES.get(side_of(curve), curve.role.replace("_", " "))


def _kind(curve: DrawnCurve) -> str:
    side = side_of(curve)
    return side if side in ("train", "val") else "other"


def _across(x: Scale, step: float) -> float:
    return LEFT + INSET + x.place(step) * (WIDTH - LEFT - RIGHT - 2 * INSET)


def _up(y: Scale, value: float) -> float:
    return HEIGHT - BOTTOM - INSET - y.place(value) * (HEIGHT - TOP - BOTTOM - 2 * INSET)


def _add(svg: Element, tag: str, kind: str, **attributes: float | str) -> None:
    SubElement(svg, tag, {"class": kind} | {k: v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()})


def _text(svg: Element, x: float, y: float, text: str, kind: str, anchor: str = "start") -> None:
    SubElement(svg, "text", {"class": kind, "x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}).text = text
