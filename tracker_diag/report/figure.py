"""The curves of a report drawn with matplotlib, with the same marks as on its page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import Report
from tracker_diag.report.charts import broken_words
from tracker_diag.report.marks import Marks, Panel, broken, finite, marks, panels, side_of
from tracker_diag.report.scale import value_scale
from tracker_diag.report.wording import number, role_words, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"train": "#1f66c7", "val": "#b8480b", "test": "#6f42a8", "": "#3f6f2a"}
_SHADE, _BROKEN, _SOFT = "#f0b429", "#b3261e", "#59636e"
_WIDTH, _HEIGHT = 7.5, 2.6  # inches, of one panel


def draw(report: Report) -> tuple[Axes, ...]:
    """Draw one panel below the other.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no curve.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise ImportError("plot needs matplotlib: pip install 'tracker-diag[plot]'") from None
    drawn, places = panels(report), marks(report)
    if not drawn:
        raise ValueError("no curve to draw: the report holds none with two points")
    size = (_WIDTH, _HEIGHT * len(drawn))
    figure, grid = plt.subplots(len(drawn), 1, sharex=True, squeeze=False, figsize=size, layout="constrained")
    axes = tuple(grid[:, 0])
    for panel, ax in zip(drawn, axes, strict=True):
        _panel(ax, panel, places)
    axes[-1].set_xlabel("step")
    # A name is text: a dollar sign begins no formula.
    figure.suptitle(clean(f"{title(report)}: {report.verdict}", 120), parse_math=False)
    return axes


def _panel(ax: Any, panel: Panel, places: Marks) -> None:
    if places.span is not None:
        ax.axvspan(*places.span, color=_SHADE, alpha=0.17, linewidth=0)
    for curve in panel.curves:
        colour = _COLOURS[side_of(curve)]
        # What is not finite leaves a gap.
        values = [v if math.isfinite(v) else math.nan for v in curve.values]
        style = "--" if side_of(curve) == "train" else "-"
        ax.plot(curve.steps, values, style, color=colour, label=f"{role_words(curve.role)} ({clean(curve.name, 60)})")
        if stop := broken(curve):
            ax.axvline(stop.step, color=_BROKEN, linestyle="--", linewidth=1.2, label=broken_words(stop))
    best = panel.side("val")
    if places.best_step is not None:
        ax.axvline(
            places.best_step,
            color=_SOFT,
            linestyle="--",
            linewidth=1,
            label=f"best: step {number(places.best_step, 6)}",
        )
        if best is not None and (points := finite(best)):
            step, value = min(points, key=lambda p: abs(p[0] / 2 - (places.best_step or 0.0) / 2))
            ax.plot([step], [value], "o", color=_COLOURS["val"])
    if places.turn_step is not None and places.turn_step != places.best_step:
        ax.axvline(
            places.turn_step,
            color=_SOFT,
            linestyle=":",
            linewidth=1,
            label=f"turns: step {number(places.turn_step, 6)}",
        )
    seen = [v for curve in panel.curves for _, v in finite(curve)]
    if seen and value_scale(seen).log:
        ax.set_yscale("log")
    ax.set_ylabel(role_words(panel.quantity))
    ax.grid(alpha=0.25)
    for text in ax.legend(fontsize="small", frameon=False).get_texts():
        text.set_parse_math(False)
