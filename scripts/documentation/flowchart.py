"""Draws the flowcharts of the pages (Mermaid, ``a & b --> c``) as SVG, so that a page asks nothing of other servers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from html import escape

WIDE, HIGH, ACROSS, DOWN, EDGE = 104, 34, 24, 46, 8
SWEEPS = 8

Arrows = Mapping[str, set[str]]


def svg(chart: str) -> str:
    """One ``<svg>`` element, coloured by the style sheet; arrows lead downwards."""
    arrows = read(chart)
    rows = layers(arrows)
    at = _places(rows)
    width = max(x for x, _ in at.values()) + WIDE / 2 + EDGE
    height = len(rows) * (HIGH + DOWN) - DOWN + 2 * EDGE
    lines = [_line(at[a], at[b]) for a in sorted(arrows) for b in sorted(arrows[a])]
    boxes = [
        f'<rect x="{x - WIDE / 2:g}" y="{y:g}" width="{WIDE}" height="{HIGH}" rx="6"/>'
        f'<text x="{x:g}" y="{y + HIGH / 2 + 5:g}">{escape(name)}</text>'
        for name, (x, y) in at.items()
    ]
    told = "; ".join(f"{a} to {', '.join(sorted(arrows[a]))}" for a in sorted(arrows) if arrows[a])
    return (
        f'<svg class="flowchart" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="Arrows lead from {escape(told)}">'
        '<defs><marker id="arrowhead" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0L8,4L0,8z"/></marker></defs>'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )


def read(chart: str) -> dict[str, set[str]]:
    """Each part of a flowchart, and the parts that its arrows lead to."""
    arrows: dict[str, set[str]] = {}
    for sources, targets in re.findall(r"^ *(\w[\w &]*?) --> (\w[\w &]*)$", chart, re.MULTILINE):
        for target in targets.split(" & "):
            arrows.setdefault(target, set())
        for source in sources.split(" & "):
            arrows.setdefault(source, set()).update(targets.split(" & "))
    return arrows


def layers(arrows: Arrows) -> list[list[str]]:
    """Rows of parts, every arrow leading downwards, ordered so that few arrows cross."""
    depth: dict[str, int] = {}
    above = {name: {a for a, b in arrows.items() if name in b} for name in arrows}
    for name in TopologicalSorter(above).static_order():
        depth[name] = max((depth[a] + 1 for a in above[name]), default=0)
    rows = [sorted(name for name in arrows if depth[name] == row) for row in range(max(depth.values()) + 1)]
    for _ in range(SWEEPS):
        for neighbours, order in ((above, rows), (arrows, rows[::-1])):
            place = {name: (i + 0.5) / len(row) for row in rows for i, name in enumerate(row)}
            for row in order:
                row.sort(key=lambda name: _mean([place[n] for n in neighbours[name]], place[name]))
                place |= {name: (i + 0.5) / len(row) for i, name in enumerate(row)}
    return rows


def _mean(places: list[float], own: float) -> float:
    return sum(places) / len(places) if places else own


def _places(rows: list[list[str]]) -> dict[str, tuple[float, float]]:
    full = max(len(row) for row in rows) * (WIDE + ACROSS)
    return {
        name: (EDGE + (i + 0.5) * full / len(row), EDGE + level * (HIGH + DOWN))
        for level, row in enumerate(rows)
        for i, name in enumerate(row)
    }


def _line(a: tuple[float, float], b: tuple[float, float]) -> str:
    top, bottom = a[1] + HIGH, b[1] - 1
    middle = (top + bottom) / 2
    return f'<path d="M{a[0]:g},{top:g}C{a[0]:g},{middle:g} {b[0]:g},{middle:g} {b[0]:g},{bottom:g}"/>'
