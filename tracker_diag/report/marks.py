"""What a chart shows of a report: its curves in panels, and the evidence to mark on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tracker_diag.core.finding import Finding
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.wording import real

_SIDES = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share a vertical axis: training and validation loss; the scores; the learning rate."""

    quantity: str
    curves: tuple[DrawnCurve, ...]

    def side(self, side: str) -> DrawnCurve | None:
        """Find the curve of ``train``, ``val`` or ``test``."""
        return next((c for c in self.curves if side_of(c) == side), None)


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a curve stops being a number.

    Attributes
    ----------
    step : float
        The first value that is not finite.
    value : float
        NaN, Inf or -Inf.
    stays : bool
        Whether no finite value follows.
    """

    step: float
    value: float
    stays: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """The evidence, as places on a chart; None or False where no finding speaks of it."""

    span: tuple[float, float] | None
    spanned: Finding | None
    best_step: float | None
    turn_step: float | None
    gap: bool


def side_of(curve: DrawnCurve) -> str:
    """``train``, ``val`` or ``test``; empty for a curve that belongs to neither, such as the learning rate."""
    side = curve.role.partition("_")[0]
    return side if side in _SIDES else ""


def panels(report: Report) -> tuple[Panel, ...]:
    """Group curves by what they measure: the loss first, then in the report's order; those without a point go."""
    groups: dict[str, list[DrawnCurve]] = {}
    for curve in report.curves:
        if any(math.isfinite(x) for x in curve.steps):
            side = side_of(curve)
            groups.setdefault(curve.role.removeprefix(f"{side}_") if side else curve.role, []).append(curve)
    return tuple(Panel(q, tuple(groups[q])) for q in sorted(groups, key=lambda q: q != "loss"))


def marks(report: Report) -> Marks:
    """Find the places in the findings that stand on their own; the worst one that names a place decides it.

    The gap is there to be seen even where a stronger finding explains it, as overfitting does.
    """
    standing = [f for f in report.findings if f.folded is None]
    spanned = next((f for f in standing if f.span is not None and all(map(math.isfinite, f.span))), None)
    return Marks(
        span=None if spanned is None or spanned.span is None else (min(spanned.span), max(spanned.span)),
        spanned=spanned,
        best_step=_first(standing, "best_step"),
        turn_step=_first(standing, "turn_step"),
        gap=_first(report.findings, "gap") is not None,
    )


def broken(curve: DrawnCurve) -> Broken | None:
    """Where the curve stops being finite, if it does."""
    bad = [i for i, value in enumerate(curve.values) if not math.isfinite(value)]
    if not bad:
        return None
    return Broken(curve.steps[bad[0]], curve.values[bad[0]], len(bad) == len(curve.values) - bad[0])


def finite(curve: DrawnCurve) -> list[tuple[float, float]]:
    """Choose the points that can be drawn."""
    pairs = zip(curve.steps, curve.values, strict=False)
    return [(s, v) for s, v in pairs if math.isfinite(s) and math.isfinite(v)]


def _first(findings: Iterable[Finding], key: str) -> float | None:
    return next((x for f in findings if (x := real(f.evidence.get(key))) is not None), None)
