"""Line charts as SVG text, with the evidence marked on them; pure functions, styled by the page they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import DrawnCurve
from tracker_diag.report.marks import Broken, Marks, Panel, broken, finite, side_of
from tracker_diag.report.scale import Scale, step_scale, value_scale
from tracker_diag.report.wording import number, role_words

WIDTH = 680
LEFT, RIGHT, BOTTOM = 58, 120, 28
ROW = 16  # one line of text
INSET = 7  # so that a line at the edge of its range is not drawn on the frame


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the plot lies in the drawing, and its two axes."""

    x: Scale
    y: Scale
    top: float
    bottom: float

    def across(self, step: float) -> float:
        """Horizontal place of a step."""
        return LEFT + INSET + self.x.place(step) * (WIDTH - LEFT - RIGHT - 2 * INSET)

    def up(self, value: float) -> float:
        """Vertical place of a value."""
        return self.bottom - INSET - self.y.place(value) * (self.bottom - self.top - 2 * INSET)


def line_chart(panel: Panel, marks: Marks, steps: Sequence[float], ident: str, *, first: bool = True) -> str:
    """Draw the curves of one panel.

    Parameters
    ----------
    panel : Panel
        What to draw. Values that are not finite leave a gap, and a mark where they begin.
    marks : Marks
        The span is shaded; the best step and the turn are upright lines; the gap is a bracket at the end.
    steps : sequence of float
        Steps that the horizontal axis has to cover: the same for all charts of a page, so that they line up.
    ident : str
        Prefix of the ids in the drawing, unique on the page.
    first : bool
        Whether it is the first chart of its page: taller, and the one whose marks are named.

    Returns
    -------
    str
        An ``<svg>`` element; every text in it is escaped.
    """
    height = 250 if first else 170
    flags = _flags(panel, marks, named=first)
    frame = Frame(
        x=step_scale(steps),
        y=value_scale(v for c in panel.curves for _, v in finite(c)),
        top=6 + ROW * sum(bool(text) for _, _, text in flags),
        bottom=height - BOTTOM,
    )
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "role": "img",
            "aria-labelledby": f"{ident}-title {ident}-desc",
            "class": "chart",
        },
    )
    SubElement(svg, "title", {"id": f"{ident}-title"}).text = f"{role_words(panel.quantity).capitalize()} over steps"
    SubElement(svg, "desc", {"id": f"{ident}-desc"}).text = describe(panel)
    if marks.span is not None:
        _shade(svg, frame, marks.span)
    _axes(svg, frame)
    for row, (step, kind, text) in enumerate(flags):
        _flag(svg, frame, step, kind, text, min(6 + ROW * row + 11, frame.top + 9))
    for curve in panel.curves:
        _line(svg, frame, curve)
    best = panel.side("val")
    if marks.best_step is not None and best is not None and finite(best):
        step, value = min(finite(best), key=lambda p: abs(p[0] / 2 - marks.best_step / 2))  # type: ignore[operator]
        _add(svg, "circle", f"dot {_kind(best)}", cx=frame.across(step), cy=frame.up(value), r=4.5)
    _ends(svg, frame, panel, marks)
    return tostring(svg, encoding="unicode")


def describe(panel: Panel) -> str:
    """Say what the chart shows, for those who cannot see it: ends and extremes of each curve."""
    sentences = []
    for curve in panel.curves:
        points, stop = finite(curve), broken(curve)
        text = f"{role_words(curve.role)} ({clean(curve.name, 80)}): "
        if points:
            low, high = min(points, key=lambda p: p[1]), max(points, key=lambda p: p[1])
            text += (
                f"from {number(points[0][1])} at step {number(points[0][0])} to {number(points[-1][1])} "
                f"at step {number(points[-1][0])}; lowest {number(low[1])} at step {number(low[0])}, "
                f"highest {number(high[1])} at step {number(high[0])}"
            )
        if stop:
            text += ("; " if points else "") + broken_words(stop)
        sentences.append(text + ".")
    return " ".join(sentences)


def broken_words(stop: Broken) -> str:
    """``NaN from step 12``, or ``NaN at step 12`` where finite values follow."""
    return f"{number(stop.value)} {'from' if stop.stays else 'at'} step {number(stop.step, 6)}"


def _flags(panel: Panel, marks: Marks, *, named: bool) -> list[tuple[float, str, str]]:
    """Upright lines: step, CSS class, and a text that takes a row of its own above the plot, or none."""
    flags: list[tuple[float, str, str]] = []
    if marks.best_step is not None:
        flags.append((marks.best_step, "best", f"best: step {number(marks.best_step, 6)}" * named))
    if marks.turn_step is not None and marks.turn_step != marks.best_step:
        flags.append((marks.turn_step, "turn", f"turns: step {number(marks.turn_step, 6)}" * named))
    for curve in panel.curves:
        if stop := broken(curve):
            whose = f"{side_of(curve) or role_words(curve.role)}: " if len(panel.curves) > 1 else ""
            flags.append((stop.step, "broken", whose + broken_words(stop)))
    return sorted(flags, key=lambda flag: not flag[2])


def _shade(svg: Element, frame: Frame, span: tuple[float, float]) -> None:
    left, right = frame.across(span[0]), frame.across(span[1])
    _add(svg, "rect", "span", x=left - 1, y=frame.top, width=right - left + 2, height=frame.bottom - frame.top)


def _axes(svg: Element, frame: Frame) -> None:
    right = WIDTH - RIGHT
    for value, label in frame.y.ticks:
        y = frame.up(value)
        _add(svg, "line", "grid", x1=LEFT, x2=right, y1=y, y2=y)
        _text(svg, LEFT - 8, y + 4, label, "tick", "end")
    _add(svg, "line", "axis", x1=LEFT, x2=right, y1=frame.bottom, y2=frame.bottom)
    for step, label in frame.x.ticks:
        x = frame.across(step)
        _add(svg, "line", "axis", x1=x, x2=x, y1=frame.bottom, y2=frame.bottom + 4)
        _text(svg, x, frame.bottom + 18, label, "tick", "middle")
    _text(svg, right + 8, frame.bottom + 18, "step", "tick", "start")
    if frame.y.log:
        _text(svg, right + 8, frame.bottom + 4, "log scale", "tick", "start")


def _flag(svg: Element, frame: Frame, step: float, kind: str, text: str, y: float) -> None:
    x = frame.across(step)
    _add(svg, "line", f"flag {kind}", x1=x, x2=x, y1=y - 9, y2=frame.bottom)
    anchor, shift = ("start", 5) if x < (LEFT + WIDTH - RIGHT) / 2 else ("end", -5)
    if text:
        _text(svg, x + shift, y, text, f"flagtext {kind}", anchor)


def _line(svg: Element, frame: Frame, curve: DrawnCurve) -> None:
    """One path; a value that is not finite lifts the pen, and a point between two of them becomes a dot."""
    runs: list[list[tuple[float, float]]] = [[]]
    drawable = set(finite(curve))
    for point in zip(curve.steps, curve.values, strict=False):
        if point in drawable:
            runs[-1].append((frame.across(point[0]), frame.up(point[1])))
        elif runs[-1]:
            runs.append([])
    path = "".join(
        f"M{' '.join(f'{x:.1f},{y:.1f}' for x, y in run)}" + ("h0" if len(run) == 1 else "") for run in runs if run
    )
    if path:
        _add(svg, "path", f"curve {_kind(curve)}", d=path)


def _ends(svg: Element, frame: Frame, panel: Panel, marks: Marks) -> None:
    """Each curve's short name and last value at its end, and the bracket of the gap; none covers another."""
    labels = []
    for curve in panel.curves:
        if points := finite(curve):
            text = f"{side_of(curve)} {number(points[-1][1], 3)}".strip()
            labels.append((frame.up(points[-1][1]), text, f"end {_kind(curve)}"))
    train, val = panel.side("train"), panel.side("val")
    x = WIDTH - RIGHT + 4.0
    if marks.gap and panel.quantity == "loss" and train and val and finite(train) and finite(val):
        low, high = finite(train)[-1][1], finite(val)[-1][1]
        top, bottom = sorted((frame.up(low), frame.up(high)))
        _add(svg, "path", "bracket", d=f"M{x:.1f},{top:.1f}h6V{bottom:.1f}h-6")
        labels.append(((top + bottom) / 2, f"gap {number(high - low, 3)}", "end gap"))
        x += 8
    for (_, text, kind), y in zip(sorted(labels), _spread([y for y, _, _ in sorted(labels)], frame), strict=True):
        _text(svg, x + 4, y + 4, text, kind, "start")


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


def _add(svg: Element, tag: str, kind: str, **attributes: float | str) -> None:
    SubElement(svg, tag, {"class": kind} | {k: v if isinstance(v, str) else f"{v:.1f}" for k, v in attributes.items()})


def _text(svg: Element, x: float, y: float, text: str, kind: str, anchor: str) -> None:
    attributes = {"class": kind, "x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    SubElement(svg, "text", attributes).text = text
