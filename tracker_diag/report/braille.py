"""A small line chart for a terminal, in braille dots, or in plain letters where the terminal knows no more."""

from __future__ import annotations

from tracker_diag.core.report import DrawnCurve
from tracker_diag.report.charts import broken_words
from tracker_diag.report.marks import Marks, Panel, broken, finite, side_of
from tracker_diag.report.scale import Scale, step_scale, value_scale
from tracker_diag.report.wording import number, role_words

# Unicode's braille patterns number the dots of a cell, two wide and four high, in this order.
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))

Cell = tuple[str, str]  # a character, and what it belongs to: "train", "val", "test", "other", "mark", "span" or ""


def draw(panel: Panel, marks: Marks, width: int, height: int = 10, *, ascii_only: bool = False) -> list[list[Cell]]:
    """Draw the curves of a panel as rows of cells, none wider than ``width``.

    The training curve is dotted, every other curve solid, and each is named at its end, so that they can be told apart
    without colour. Below the axis an arrow marks the best step, and a thick part of the axis the span in question.

    Parameters
    ----------
    panel, marks : Panel, Marks
        Curves of one kind, and what is marked in them.
    width, height : int
        Columns in all, and rows of the plot itself.
    ascii_only : bool
        Use no character beyond ASCII.
    """
    curves = [c for c in panel.curves if finite(c)]
    y_axis = value_scale(v for c in curves for _, v in finite(c))
    x_axis = step_scale(s for c in panel.curves for s in c.steps)
    ends = sorted(((finite(c)[-1][1], _end(c), _kind(c)) for c in curves), reverse=True)
    left = max(len(label) for _, label in y_axis.ticks) + 1
    columns = max(10, width - left - 2 - max((len(x) for _, x, _ in ends), default=0))
    grid: list[list[Cell]] = [[(" ", "")] * columns for _ in range(height)]
    _upright(grid, x_axis, marks, ascii_only)
    for curve in curves:
        (_letters if ascii_only else _dots)(grid, curve, x_axis, y_axis)
    rows = [[*_spell(" " * left, ""), ("|" if ascii_only else "│", ""), *row] for row in grid]
    for value, label in y_axis.ticks:
        row = rows[_row(y_axis.place(value), height)]
        row[: left + 1] = [*_spell(label.rjust(left - 1) + " ", ""), ("+" if ascii_only else "┤", "")]
    taken: set[int] = set()
    for value, label, kind in ends:
        at = _row(y_axis.place(value), height)
        at = min((r for r in range(height) if r not in taken), key=lambda r: abs(r - at), default=at)
        taken.add(at)
        rows[at] += _spell(label, kind)
    rows += _below(x_axis, marks, left, columns, ascii_only)
    return [row[:width] for row in rows]


def legend(panel: Panel, marks: Marks, span: str = "", *, ascii_only: bool = False) -> list[str]:
    """Say what the marks mean, one line each: the scale, best step, turn, span, and where values stop being finite.

    Parameters
    ----------
    panel, marks : Panel, Marks
        What was drawn.
    span : str
        What the thick part of the axis is, in words.
    ascii_only : bool
        Use no character beyond ASCII.
    """
    y_axis = value_scale(v for c in panel.curves for _, v in finite(c))
    lines = ["log scale"] if y_axis.log else []
    if marks.best_step is not None:
        lines.append(f"{'^' if ascii_only else '▲'} best at step {number(marks.best_step, 6)}")
    if marks.turn_step is not None and marks.turn_step != marks.best_step:
        lines.append(f"turns at step {number(marks.turn_step, 6)}")
    if span:
        lines.append(f"{'=' if ascii_only else '━'} {span}")
    stops = ((curve, broken(curve)) for curve in panel.curves)
    return lines + [f"{role_words(curve.role)}: {broken_words(stop)}" for curve, stop in stops if stop]


def _end(curve: DrawnCurve) -> str:
    return f" {side_of(curve) or role_words(curve.role)} {number(finite(curve)[-1][1], 3)}"


def _upright(grid: list[list[Cell]], x_axis: Scale, marks: Marks, ascii_only: bool) -> None:
    if marks.best_step is not None:
        column = _column(x_axis.place(marks.best_step), len(grid[0]))
        for row in grid:
            row[column] = (":" if ascii_only else "┊", "mark")


def _dots(grid: list[list[Cell]], curve: DrawnCurve, x_axis: Scale, y_axis: Scale) -> None:
    height, width = 4 * len(grid), 2 * len(grid[0])
    for x, y in _pixels(curve, x_axis, y_axis, width, height):
        if _kind(curve) == "train" and (x + y) % 3 == 2:
            continue
        row, column = y // 4, x // 2
        old, kind = grid[row][column]
        bits = ord(old) - 0x2800 if 0x2800 <= ord(old) <= 0x28FF else 0
        # A cell has one colour: the curve drawn last, the validation's as a rule, keeps it.
        grid[row][column] = (chr(0x2800 + (bits | _BITS[y % 4][x % 2])), _kind(curve) or kind)


def _letters(grid: list[list[Cell]], curve: DrawnCurve, x_axis: Scale, y_axis: Scale) -> None:
    for x, y in _pixels(curve, x_axis, y_axis, len(grid[0]), len(grid)):
        grid[y][x] = ((side_of(curve) or "*")[0], _kind(curve))


def _pixels(curve: DrawnCurve, x_axis: Scale, y_axis: Scale, width: int, height: int) -> list[tuple[int, int]]:
    """Pixels of the curve's line, from neighbour to neighbour; a value that is not finite lifts the pen."""
    out: list[tuple[int, int]] = []
    drawable = set(finite(curve))
    last: tuple[int, int] | None = None
    for point in zip(curve.steps, curve.values, strict=False):
        if point not in drawable:
            last = None
            continue
        here = _column(x_axis.place(point[0]), width), _row(y_axis.place(point[1]), height)
        out += [here] if last is None else _segment(last, here)
        last = here
    return list(dict.fromkeys(out))


def _segment(a: tuple[int, int], b: tuple[int, int]) -> list[tuple[int, int]]:
    n = max(abs(b[0] - a[0]), abs(b[1] - a[1]), 1)
    return [(round(a[0] + (b[0] - a[0]) * i / n), round(a[1] + (b[1] - a[1]) * i / n)) for i in range(n + 1)]


def _below(x_axis: Scale, marks: Marks, left: int, columns: int, ascii_only: bool) -> list[list[Cell]]:
    thin, thick, corner, arrow = "-=+^" if ascii_only else "─━└▲"
    axis: list[Cell] = [(thin, "")] * columns
    if marks.span is not None:
        first, last = (_column(x_axis.place(s), columns) for s in marks.span)
        axis[first : last + 1] = [(thick, "span")] * (last + 1 - first)
    labels: list[Cell] = [(" ", "")] * (columns + 8)
    if marks.best_step is not None:
        at = _column(x_axis.place(marks.best_step), columns)
        axis[at] = (arrow, "mark")
    free = 0
    for step, label in x_axis.ticks:
        start = max(0, _column(x_axis.place(step), columns) - len(label) // 2)
        if start >= free and start + len(label) <= len(labels):
            labels[start : start + len(label)] = _spell(label, "")
            free = start + len(label) + 1
    pad = _spell(" " * left, "")
    return [[*pad, (corner, ""), *axis, *_spell(" step", "")], [*pad, (" ", ""), *labels]]


def _row(share: float, height: int) -> int:
    return height - 1 - min(height - 1, int(share * height))


def _column(share: float, width: int) -> int:
    return min(width - 1, int(share * width))


def _kind(curve: DrawnCurve) -> str:
    return side_of(curve) or "other"


def _spell(text: str, kind: str) -> list[Cell]:
    return [(char, kind) for char in text]
