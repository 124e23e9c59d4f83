"""The drawings of an experiment's page as SVG text: verdicts over time, the forest plot, the curves of one run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.charts import describe
from tracker_diag.report.experiment.overview import Measure, Period
from tracker_diag.report.experiment.phrases import (
    by_parameter,
    effect_words,
    in_measure,
    is_told,
    levels,
    moment,
    probability,
    signed,
)
from tracker_diag.report.marks import finite, marks, panels, side_of
from tracker_diag.report.scale import step_scale, value_scale
from tracker_diag.report.wording import counted, number
from tracker_diag.stats.contrasts import Contrast

WIDTH = 680
FARTHEST = 3.0
"""Times the largest effect; an interval that reaches further ends in an arrow."""

_LONGEST_LABEL = 29
_LABELS = 196
_TOTALS = 60
_BAND, _BAR = 30, 22
_EFFECTS_LEFT, _EFFECTS_RIGHT, _EFFECT, _HEADING = 230, 150, 34, 24
_SMALL_WIDTH, _SMALL_HEIGHT = 214, 126


def verdicts_over_time(periods: Sequence[Period], severities: Mapping[str, str], ident: str) -> str:
    """Draw a row of bars for each verdict, all to one scale, over the same periods.

    Parameters
    ----------
    periods : sequence of Period
        At least one, without a gap.
    severities : mapping of str to str
        Verdict to the CSS class of its bars, in the order in which they are drawn.
    ident : str
        Prefix of the ids in the drawing, unique on the page.

    Returns
    -------
    str
        An ``<svg>`` element; every text in it is escaped.
    """
    bottom = 6 + _BAND * len(severities)
    most = max((n for period in periods for n in period.verdicts.values()), default=1)
    totals = {name: sum(period.verdicts.get(name, 0) for period in periods) for name in severities}
    peaks = {name: max(period.verdicts.get(name, 0) for period in periods) for name in severities}
    first, last = (moment(periods[i].start, periods[i].length) for i in (0, -1))
    said = "; ".join(
        f"{clean(name, 60)}: {counted(totals[name], 'run')}, at most {peaks[name]} in one" for name in severities
    )
    svg = _picture(WIDTH, bottom + 26, ident, "Verdicts over time", f"{first} to {last}. {said}.")
    width = (WIDTH - _LABELS - _TOTALS) / len(periods)
    for row, (name, kind) in enumerate(severities.items()):
        base = 6 + _BAND * (row + 1) - 4
        _text(svg, _LABELS - 10, base - 4, clean(name, _LONGEST_LABEL), "label", "end")
        _add(svg, "line", "grid", x1=_LABELS, x2=WIDTH - _TOTALS, y1=base, y2=base)
        for i, period in enumerate(periods):
            if n := period.verdicts.get(name, 0):
                height = max(2.0, _BAR * n / most)
                left = _LABELS + i * width
                bar = _add(
                    svg, "rect", f"bar {kind}", x=left + 1, y=base - height, width=max(1, width - 2), height=height
                )
                SubElement(bar, "title").text = f"{clean(name, 60)}, {moment(period.start, period.length)}: {n:,}"
        _text(svg, WIDTH - _TOTALS + 8, base - 4, f"{totals[name]:,}", "total", "start")
    stride = math.ceil(len(periods) / 6)
    for i in range(0, len(periods), stride):
        x = _LABELS + (i + 0.5) * width
        _add(svg, "line", "axis", x1=x, x2=x, y1=bottom - 2, y2=bottom + 3)
        _text(svg, x, bottom + 18, moment(periods[i].start, periods[i].length), "tick", "middle")
    return tostring(svg, encoding="unicode")


def forest(contrasts: Sequence[Contrast], measure: Measure, ident: str) -> str:
    """Draw each contrast's effect with its interval, against the line of no effect, below its parameter and its p.

    A filled square where the interval excludes 0, a hollow circle where it does not.

    Parameters
    ----------
    contrasts : sequence of Contrast
        In the order in which they are drawn, those of a parameter together.
    measure : Measure
        What the effects are in, and which side of the line is the better one.
    ident : str
        Prefix of the ids in the drawing, unique on the page.

    Returns
    -------
    str
        An ``<svg>`` element; every text in it is escaped.
    """
    shown = [(c, *in_measure(c, measure)) for c in contrasts]
    reach = FARTHEST * max((abs(effect) for _, effect, _ in shown if math.isfinite(effect)), default=1.0) or 1.0
    ends = [x for _, effect, interval in shown for x in (effect, *interval) if math.isfinite(x)]
    scale = value_scale([0.0, *(min(reach, max(-reach, x)) for x in ends)])
    right = WIDTH - _EFFECTS_RIGHT
    groups = dict(by_parameter(contrasts))
    bottom = 24 + _EFFECT * len(shown) + _HEADING * len(groups)

    def across(value: float) -> float:
        return _EFFECTS_LEFT + 10 + scale.place(value) * (right - _EFFECTS_LEFT - 20)

    said = ". ".join(
        f"{clean(name, 80)}, p {probability(several[0].p)}: "
        + "; ".join(f"{levels(c)} {effect_words(c, measure)}" for c in several)
        for name, several in groups.items()
    )
    svg = _picture(WIDTH, bottom + 30, ident, "Effects of the parameters", f"{said}.")
    zero = across(0.0)
    _add(svg, "line", "zero", x1=zero, x2=zero, y1=18, y2=bottom)
    sides = ("better", "worse") if measure.better == "min" else ("worse", "better")
    for text, x, anchor in ((f"← {sides[0]}", zero - 6, "end"), (f"{sides[1]} →", zero + 6, "start")):
        room = zero - _EFFECTS_LEFT if anchor == "end" else right - zero
        if room > 60:
            _text(svg, x, 12, text, "tick", anchor)
    edge = 24.0
    for contrast, effect, interval in shown:
        if contrast is groups[contrast.parameter][0]:
            _text(svg, 0, edge + 18, clean(contrast.parameter, 22), "label strong", "start")
            _text(svg, _EFFECTS_LEFT - 8, edge + 18, f"p {probability(contrast.p)}", "label", "end")
            edge += _HEADING
        y = edge + _EFFECT / 2
        edge += _EFFECT
        _text(svg, 12, y + 4, clean(levels(contrast), 36), "tick", "start")
        _interval(svg, across, interval, (scale.low, scale.high), y)
        if math.isfinite(effect):
            x = across(effect)
            if is_told(contrast):
                _add(svg, "rect", "effect told", x=x - 5, y=y - 5, width=10, height=10)
            else:
                _add(svg, "circle", "effect", cx=x, cy=y, r=4.5)
        _text(svg, right + 8, y - 3, signed(effect), "label strong", "start")
        _text(svg, right + 8, y + 12, f"{signed(interval[0])} to {signed(interval[1])}", "tick", "start")
    _add(svg, "line", "axis", x1=_EFFECTS_LEFT, x2=right, y1=bottom, y2=bottom)
    for value, label in scale.ticks:
        _add(svg, "line", "axis", x1=across(value), x2=across(value), y1=bottom, y2=bottom + 4)
        _text(svg, across(value), bottom + 18, label, "tick", "middle")
    return tostring(svg, encoding="unicode")


def small_curves(report: Report, ident: str) -> str:
    """Draw the losses of one run, or what it has in their place, small enough that a dozen stand side by side.

    Parameters
    ----------
    report : Report
        The run's.
    ident : str
        Prefix of the ids in the drawing, unique on the page.

    Returns
    -------
    str
        An ``<svg>`` element; empty where there is no curve.
    """
    drawn = panels(report)
    if not drawn:
        return ""
    panel, found = drawn[0], marks(report)
    x = step_scale(step for curve in panel.curves for step in curve.steps)
    y = value_scale(value for curve in panel.curves for _, value in finite(curve))
    left, right, top, bottom = 54, _SMALL_WIDTH - 6, 8, _SMALL_HEIGHT - 18

    def place(step: float, value: float) -> tuple[float, float]:
        return left + 3 + x.place(step) * (right - left - 6), bottom - 3 - y.place(value) * (bottom - top - 6)

    svg = _picture(_SMALL_WIDTH, _SMALL_HEIGHT, ident, f"{panel.quantity} of one run", describe(panel))
    if found.span is not None:
        begin, end = (place(step, y.low)[0] for step in found.span)
        _add(svg, "rect", "span", x=begin - 1, y=top, width=end - begin + 2, height=bottom - top)
    _add(svg, "line", "axis", x1=left, x2=right, y1=bottom, y2=bottom)
    for value in (y.low, y.high):
        height = place(x.low, value)[1]
        _add(svg, "line", "grid", x1=left, x2=right, y1=height, y2=height)
        _text(svg, left - 4, height + 4, number(value, 2), "tick", "end")
    _text(svg, right, _SMALL_HEIGHT - 4, f"step {number(x.high, 6)}", "tick", "end")
    for curve in panel.curves:
        if path := _path(curve, place):
            _add(svg, "path", f"curve {side_of(curve) or 'other'}", d=path)
    best = panel.side("val")
    if found.best_step is not None and best is not None and (points := finite(best)):
        step, value = min(points, key=lambda p: abs(p[0] / 2 - (found.best_step or 0.0) / 2))
        across, up = place(step, value)
        _add(svg, "circle", "dot val", cx=across, cy=up, r=3.5)
    return tostring(svg, encoding="unicode")


def _path(curve: DrawnCurve, place: Callable[[float, float], tuple[float, float]]) -> str:
    """One line; a value that is not finite lifts the pen, and a point between two of them becomes a dot."""
    drawable, strokes = set(finite(curve)), [list[str]()]
    for point in zip(curve.steps, curve.values, strict=False):
        if point in drawable:
            strokes[-1].append("{:.1f},{:.1f}".format(*place(*point)))
        elif strokes[-1]:
            strokes.append([])
    return "".join(f"M{' '.join(stroke)}" + ("h0" if len(stroke) == 1 else "") for stroke in strokes if stroke)


def _interval(
    svg: Element,
    across: Callable[[float], float],
    interval: tuple[float, float],
    ends: tuple[float, float],
    y: float,
) -> None:
    """A line with a stroke at each end that lies within the axis, and an arrow where it goes on beyond."""
    if any(map(math.isnan, interval)):
        return
    left, right = (min(ends[1], max(ends[0], end)) for end in interval)
    _add(svg, "line", "interval", x1=across(left), x2=across(right), y1=y, y2=y)
    for drawn, meant, out in ((left, interval[0], 5), (right, interval[1], -5)):
        x = across(drawn)
        shape = f"M{x + out:.1f},{y - 4:.1f}L{x:.1f},{y:.1f}L{x + out:.1f},{y + 4:.1f}"
        _add(svg, "path", "interval", d=shape if drawn != meant else f"M{x:.1f},{y - 4:.1f}v8")


def _picture(width: float, height: float, ident: str, title: str, said: str) -> Element:
    attributes = {"viewBox": f"0 0 {width:g} {height:g}", "role": "img", "class": "chart"}
    svg = Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "aria-labelledby": f"{ident}-title {ident}-desc"} | attributes
    )
    SubElement(svg, "title", {"id": f"{ident}-title"}).text = clean(title, 200)
    SubElement(svg, "desc", {"id": f"{ident}-desc"}).text = said
    return svg


def _add(svg: Element, tag: str, kind: str, **attributes: float | str) -> Element:
    shown = {k: v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()}
    return SubElement(svg, tag, {"class": kind} | shown)


def _text(svg: Element, x: float, y: float, text: str, kind: str, anchor: str) -> None:
    _add(svg, "text", kind, x=x, y=y, **{"text-anchor": anchor}).text = text
