"""What a chart shows of a report: its curves in panels, and the evidence to mark on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from string import ascii_lowercase

from tracker_diag.core.finding import Finding
from tracker_diag.core.outgoing import clean
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.wording import WASTED, real
from tracker_diag.report.wording import steps as steps_words

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


def labels(panel: Panel) -> tuple[str, ...]:
    """Name the curves of a panel so that they can be told apart without colour: by side, and by a letter in addition.

    Returns
    -------
    tuple of str
        ``train``, ``val``, ``test``, or nothing where one curve belongs to no side; ``a``, ``val b`` and so on where
        several curves would be called the same.
    """
    sides = [side_of(curve) for curve in panel.curves]
    letters = {side: iter(_letters()) for side in sides if sides.count(side) > 1}
    return tuple(f"{side} {next(letters[side])}".strip() if side in letters else side for side in sides)


def _letters() -> Iterator[str]:
    for round_ in count():
        for letter in ascii_lowercase:
            yield f"{letter}{round_ or ''}"


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
    span = None if spanned is None or spanned.span is None else (min(spanned.span), max(spanned.span))
    steps = [x for curve in report.curves for x in curve.steps if math.isfinite(x)]
    # To shade all of a chart says nothing.
    if span is not None and steps and span[0] <= min(steps) and max(steps) <= span[1]:
        span = None
    return Marks(
        span=span,
        spanned=spanned,
        best_step=_first(standing, "best_step"),
        turn_step=_first(standing, "turn_step"),
        gap=_first(report.findings, "gap") is not None,
    )


def span_words(report: Report, marks: Marks) -> str:
    """Say which steps are shaded and what they are, without the word of the verdict; empty where none are."""
    if marks.span is None or marks.spanned is None:
        return ""
    name = marks.spanned.name
    if name in WASTED:
        return f"{steps_words(marks.span)}: {WASTED[name][1]}"
    return (
        f"the finding concerns {steps_words(marks.span)}"
        if name == report.verdict
        else f"{steps_words(marks.span)}: {clean(name, 80)}"
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
