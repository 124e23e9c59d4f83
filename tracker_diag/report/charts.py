"""Line charts as SVG text, with the evidence marked on them; pure functions, styled by the page they stand in.

A chart is as wide as there is room. Its lines are stretched to that; its letters are not, so that they can be read on a
telephone. What stands beside the plot is given the room that its letters need.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, SubElement, tostring

from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import DrawnCurve
from tracker_diag.report.marks import Broken, Marks, Panel, broken, finite, labels, side_of
from tracker_diag.report.scale import Scale, step_scale, value_scale
from tracker_diag.report.wording import number, role_words

ACROSS = 1000.0  # units of the plot's width, whatever it is in pixels
BOTTOM = 28
ROW = 16  # one line of text
INSET, INSET_ACROSS = 7.0, 10.0  # so that a line at the edge of its range is not drawn on the frame
MOST_CURVES = 12
"""Curves of one chart; more could not be told apart."""
_LETTER = 7.2  # pixels of a letter, in the widest of the usual fonts
_LEAST_RIGHT = 64.0
_NARROW, _WIDE = 200.0, 440.0  # pixels of a plot on a telephone and on a screen
_LONGEST_FLAG = 20


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the plot lies in the drawing, and its two axes."""

    x: Scale
    y: Scale
    top: float
    bottom: float

    def across(self, step: float) -> float:
        """Horizontal place of a step, in units of the plot."""
        return INSET_ACROSS + self.x.place(step) * (ACROSS - 2 * INSET_ACROSS)

    def up(self, value: float) -> float:
        """Vertical place of a value, in pixels."""
        return self.bottom - INSET - self.y.place(value) * (self.bottom - self.top - 2 * INSET)


@dataclass(frozen=True, slots=True)
class _Label:
    """What stands at the end of a curve, at a height in pixels."""

    y: float
    text: str
    kind: str


def line_chart(
    panel: Panel,
    marks: Marks,
    steps: Sequence[float],
    ident: str,
    *,
    first: bool = True,
    room: tuple[float, float] = (0.0, 0.0),
) -> str:
    """Draw the curves of one panel.

    Parameters
    ----------
    panel : Panel
        What to draw, of which the first ``MOST_CURVES``. Values that are not finite leave a gap, and a mark where they
        begin.
    marks : Marks
        The span is shaded; the best step and the turn are upright lines; the gap is a bracket at the end.
    steps : sequence of float
        Steps that the horizontal axis has to cover: the same for all charts of a page, so that they line up.
    ident : str
        Prefix of the ids in the drawing, unique on the page.
    first : bool
        Whether it is the first chart of its page: taller, and the one whose marks are named.

    room : tuple of float
        Pixels at least at the left and at the right of the plot, as ``room_for`` counts them: the same for all charts
        of a page, so that their axes line up.

    Returns
    -------
    str
        An ``<svg>`` element as wide as what it stands in; every text in it is escaped.
    """
    drawn = Panel(panel.quantity, panel.curves[:MOST_CURVES])
    flags = _flags(drawn, marks, named=first)
    frame = _frame(drawn, steps, top=6.0 + ROW * len([text for _, _, text in flags if text]), first=first)
    gap = _gap(drawn, marks)
    ends = _end_labels(frame, drawn, gap)
    left, right = (max(own, least) for own, least in zip(_room(frame, ends), room, strict=True))
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": "100%",
            "height": f"{frame.bottom + BOTTOM:.0f}",
            "style": f"box-sizing:border-box;padding:0 {right:.0f}px 0 {left:.0f}px;overflow:visible",
            "role": "img",
            "aria-labelledby": f"{ident}-title {ident}-desc",
            "class": "chart",
        },
    )
    SubElement(svg, "title", {"id": f"{ident}-title"}).text = f"{role_words(panel.quantity).capitalize()} over steps"
    SubElement(svg, "desc", {"id": f"{ident}-desc"}).text = describe(drawn)
    _plot(svg, frame, drawn, marks, [(step, kind) for step, kind, _ in flags])
    _axes(svg, frame, right)
    for row, (step, kind, text) in enumerate(flag for flag in flags if flag[2]):
        x = frame.across(step)
        anchor, shift = ("start", 5) if x < ACROSS / 2 else ("end", -5)
        _text(svg, _percent(x), 6 + ROW * row + 11.0, text, f"flagtext {kind}", anchor, shift)
    _margin(svg, frame, ends, gap)
    return tostring(svg, encoding="unicode")


def room_for(panels: Iterable[Panel], marks: Marks) -> tuple[float, float]:
    """Count the pixels that the letters at the left and at the right of several charts need."""
    rooms = [(0.0, 0.0)]
    for panel in panels:
        drawn = Panel(panel.quantity, panel.curves[:MOST_CURVES])
        frame = _frame(drawn, (), top=6.0, first=True)
        rooms.append(_room(frame, _end_labels(frame, drawn, _gap(drawn, marks))))
    return max(left for left, _ in rooms), max(right for _, right in rooms)


def _frame(panel: Panel, steps: Sequence[float], *, top: float, first: bool) -> Frame:
    height = max(250.0 if first else 170.0, top + BOTTOM + ROW * (len(panel.curves) + 2))
    values = value_scale(v for c in panel.curves for _, v in finite(c))
    return Frame(x=step_scale(steps), y=values, top=top, bottom=height - BOTTOM)


def _room(frame: Frame, ends: Sequence[_Label]) -> tuple[float, float]:
    left = 12 + _LETTER * max((len(label) for _, label in frame.y.ticks), default=0)
    return left, max(_LEAST_RIGHT, 20 + _LETTER * max((len(label.text) for label in ends), default=0))


def describe(panel: Panel) -> str:
    """Say what the chart shows, for those who cannot see it: the first, the best and the last value of each curve."""
    sentences = []
    for curve in panel.curves:
        points, stop = finite(curve), broken(curve)
        text = f"{role_words(curve.role)} ({clean(curve.name, 80)}): "
        if points:
            low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
            extremes = {"loss": (("best", low),), "score": (("best", high),)}.get(
                panel.quantity, (("lowest", low), ("highest", high))
            )
            told = (("first", points[0]), *extremes, ("last", points[-1]))
            text += ", ".join(f"{word} {number(value)} at step {number(step, 6)}" for word, (step, value) in told)
        if stop:
            text += (", " if points else "") + broken_words(stop)
        sentences.append(text + ".")
    return " ".join(sentences)


def broken_words(stop: Broken) -> str:
    """``NaN from step 12``, or ``NaN at step 12`` where finite values follow."""
    return f"{number(stop.value)} {'from' if stop.stays else 'at'} step {number(stop.step, 6)}"


def _flags(panel: Panel, marks: Marks, *, named: bool) -> list[tuple[float, str, str]]:
    """Upright lines: step, CSS class, and a text that takes a row of its own above the plot, or none."""
    flags: list[tuple[float, str, str]] = []
    if marks.best_step is not None:
        flags.append((marks.best_step, "best", _flag_words("best", marks.best_step) * named))
    if marks.turn_step is not None and marks.turn_step != marks.best_step:
        flags.append((marks.turn_step, "turn", _flag_words("turns", marks.turn_step) * named))
    stops = dict.fromkeys((stop.step, number(stop.value)) for curve in panel.curves if (stop := broken(curve)))
    # Which curve it is, the legend says; more than a few lines of it would push the plot away.
    flags += [(step, "broken", _flag_words(value, step) * (i < 3)) for i, (step, value) in enumerate(stops)]
    return flags


def _flag_words(word: str, step: float) -> str:
    text = f"{word}: step {number(step, 6)}"
    return text if len(text) <= _LONGEST_FLAG else f"{word}: {number(step, 6)}"


def _plot(svg: Element, frame: Frame, panel: Panel, marks: Marks, flags: Sequence[tuple[float, str]]) -> None:
    """Draw what is stretched to the width that there is: lines alone, which keep their strength."""
    plot = SubElement(
        svg,
        "svg",
        {
            "class": "plot",
            "width": "100%",
            "height": f"{frame.bottom + 5:.0f}",
            "viewBox": f"0 0 {ACROSS:.0f} {frame.bottom + 5:.0f}",
            "preserveAspectRatio": "none",
        },
    )
    if marks.span is not None:
        left, right = frame.across(marks.span[0]), frame.across(marks.span[1])
        shade = {"x": left - 1, "y": frame.top, "width": right - left + 2, "height": frame.bottom - frame.top}
        SubElement(plot, "rect", {"class": "span"} | {key: f"{value:.1f}" for key, value in shade.items()})
    for value, _ in frame.y.ticks:
        _stroke(plot, "grid", f"M0,{frame.up(value):.1f}H{ACROSS:.0f}")
    ticks = "".join(f"M{frame.across(step):.1f},{frame.bottom:.1f}v4" for step, _ in frame.x.ticks)
    _stroke(plot, "axis", f"M0,{frame.bottom:.1f}H{ACROSS:.0f}{ticks}")
    for step, kind in flags:
        _stroke(plot, f"flag {kind}", f"M{frame.across(step):.1f},{frame.top - 4:.1f}V{frame.bottom:.1f}")
    for curve in panel.curves:
        _line(plot, frame, curve)
    best = panel.side("val")
    if marks.best_step is not None and best is not None and finite(best):
        step, value = min(finite(best), key=lambda p: abs(p[0] / 2 - marks.best_step / 2))  # type: ignore[operator]
        place = f"M{frame.across(step):.1f},{frame.up(value):.1f}h0"
        _stroke(plot, "halo", place)
        _stroke(plot, f"dot {_kind(best)}", place)


def _line(plot: Element, frame: Frame, curve: DrawnCurve) -> None:
    """One path; a value that is not finite lifts the pen, and a point between two of them becomes a dot."""
    runs: list[list[tuple[float, float]]] = [[]]
    drawable = set(finite(curve))
    for point in zip(curve.steps, curve.values, strict=False):
        if point in drawable:
            runs[-1].append((frame.across(point[0]), frame.up(point[1])))
        elif runs[-1]:
            runs.append([])
    path = "".join(
        f"M{' '.join(f'{x:.0f},{y:.1f}' for x, y in run)}" + ("h0" if len(run) == 1 else "") for run in runs if run
    )
    if path:
        _stroke(plot, f"curve {_kind(curve)}", path)


def _axes(svg: Element, frame: Frame, right: float) -> None:
    for value, label in frame.y.ticks:
        _text(svg, "0", frame.up(value) + 4, label, "tick", "end", -8)
    ticks = frame.x.ticks
    room = _LETTER * max((len(label) for _, label in ticks), default=1) + 14
    often = math.ceil(len(ticks) * room / _WIDE)
    seldom = often * math.ceil(len(ticks) * room / (often * _NARROW))
    for i, (step, label) in enumerate(ticks):
        if i % often == 0:
            kind = "tick" if i % seldom == 0 else "tick minor"
            _text(svg, _percent(frame.across(step)), frame.bottom + 18, label, kind, "middle")
    _text(svg, "100%", frame.bottom + 18, "step", "tick", "end", right - 2)
    if frame.y.log:
        _text(svg, "100%", frame.bottom + 4, "log scale", "tick", "end", right - 2)


def _end_labels(frame: Frame, panel: Panel, gap: tuple[float, float] | None) -> list[_Label]:
    """Name each curve at its end with its last value, and the gap, in order from the top; none covers another."""
    found = [
        _Label(frame.up(points[-1][1]), f"{label} {number(points[-1][1], 3)}".strip(), f"end {_kind(curve)}")
        for label, curve in zip(labels(panel), panel.curves, strict=True)
        if (points := finite(curve))
    ]
    if gap:
        middle = (frame.up(gap[0]) + frame.up(gap[1])) / 2
        found.append(_Label(middle, f"gap {number(gap[1] - gap[0], 3)}", "end gap"))
    found.sort(key=lambda label: (label.y, label.text))
    places = _spread([label.y for label in found], frame)
    return [replace(label, y=y) for label, y in zip(found, places, strict=True)]


def _margin(svg: Element, frame: Frame, ends: Sequence[_Label], gap: tuple[float, float] | None) -> None:
    """Write what stands at the right of the plot."""
    if gap:
        top, bottom = sorted(map(frame.up, gap))
        # A drawing of its own, since a path cannot begin at a share of the width.
        aside = SubElement(svg, "svg", {"x": "100%", "overflow": "visible"})
        SubElement(aside, "path", {"class": "bracket", "d": f"M3,{top:.1f}h5V{bottom:.1f}h-5"})
    for label in ends:
        _text(svg, "100%", label.y + 4, label.text, label.kind, "start", 13 if gap else 6)


def _gap(panel: Panel, marks: Marks) -> tuple[float, float] | None:
    """Where training and validation end, if a finding speaks of the gap between them."""
    train, val = panel.side("train"), panel.side("val")
    if not marks.gap or panel.quantity != "loss" or train is None or val is None:
        return None
    low, high = finite(train), finite(val)
    return (low[-1][1], high[-1][1]) if low and high else None


def _spread(places: Sequence[float], frame: Frame) -> list[float]:
    """Move labels, in order from the top, apart until each has a row of its own inside the plot."""
    out: list[float] = []
    for y in places:
        out.append(max(y, out[-1] + ROW if out else frame.top + 4))
    overhang = out[-1] - (frame.bottom - ROW) if out else 0
    for i in range(len(out) - 1, -1, -1):
        limit = out[i + 1] - ROW if i + 1 < len(out) else frame.bottom - ROW
        out[i] = min(out[i], limit) if overhang > 0 else out[i]
    return out


def _kind(curve: DrawnCurve) -> str:
    return side_of(curve) or "other"


def _percent(across: float) -> str:
    return f"{100 * across / ACROSS:.2f}%"


def _stroke(plot: Element, kind: str, path: str) -> None:
    SubElement(plot, "path", {"class": kind, "d": path, "vector-effect": "non-scaling-stroke"})


def _text(svg: Element, x: str, y: float, text: str, kind: str, anchor: str, shift: float = 0) -> None:
    attributes = {"class": kind, "x": x, "y": f"{y:.1f}", "text-anchor": anchor}
    SubElement(svg, "text", attributes | ({"dx": f"{shift:.0f}"} if shift else {})).text = text
