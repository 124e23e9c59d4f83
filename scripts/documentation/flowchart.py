"""Draws the flowcharts of the pages (Mermaid, ``a & b --> c``) as SVG, so that a page asks nothing of other servers.

Layers in the manner of Sugiyama: parts in rows so that every arrow leads downwards, a place in each row for an arrow
that passes through it, and rows sorted so that few arrows cross.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from html import escape
from itertools import pairwise

WIDE, HIGH, APART, DOWN, EDGE = 100, 32, 18, 40, 8
#: An arrow that passes through a row.
PASSING = 4
SWEEPS = 24

Arrows = Mapping[str, set[str]]
Place = tuple[float, float]


def svg(chart: str) -> str:
    """One ``<svg>`` element, coloured by the style sheet; arrows lead downwards."""
    arrows = read(chart)
    rows, links = through(layers(arrows), arrows)
    at = places(rows, links)
    width = max(x + _half(name) for name, (x, _) in at.items()) + EDGE
    height = len(rows) * (HIGH + DOWN) - DOWN + 2 * EDGE
    ends = sorted((a, b) for a in arrows for b in arrows[a])
    lines = [_line([at[name] for name in _course(a, b, rows)]) for a, b in ends]
    boxes = [
        f'<rect x="{x - WIDE / 2:.1f}" y="{y:g}" width="{WIDE}" height="{HIGH}" rx="6"/>'
        f'<text x="{x:.1f}" y="{y + HIGH / 2 + 5:g}">{escape(name)}</text>'
        for name, (x, y) in at.items()
        if name in arrows
    ]
    told = "; ".join(f"{a} to {', '.join(sorted(arrows[a]))}" for a in sorted(arrows) if arrows[a])
    return (
        f'<svg class="flowchart" viewBox="0 0 {width:.0f} {height:g}" style="max-width:{width:.0f}px" role="img" '
        f'aria-label="Arrows lead from {escape(told)}">'
        '<defs><marker id="arrowhead" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0,0L8,4L0,8z"/></marker></defs>'
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
    """Rows of parts, each as low as what leads to it asks for; every arrow leads downwards."""
    depth: dict[str, int] = {}
    above = {name: {a for a, b in arrows.items() if name in b} for name in arrows}
    order = list(TopologicalSorter(above).static_order())
    for name in order:
        depth[name] = max((depth[a] + 1 for a in above[name]), default=0)
    # What nothing leads to stands just above what it leads to.
    for name in reversed(order):
        if arrows[name] and not above[name]:
            depth[name] = min(depth[b] for b in arrows[name]) - 1
    return [sorted(name for name in arrows if depth[name] == row) for row in range(max(depth.values()) + 1)]


def through(rows: Sequence[Sequence[str]], arrows: Arrows) -> tuple[list[list[str]], dict[str, set[str]]]:
    """Rows with a place for each arrow that passes through, sorted; and the arrows from row to row."""
    row_of = {name: i for i, row in enumerate(rows) for name in row}
    wider = [list(row) for row in rows]
    links: dict[str, set[str]] = {}
    for a in sorted(arrows):
        for b in sorted(arrows[a]):
            course = [a, *(_passing(a, b, row) for row in range(row_of[a] + 1, row_of[b])), b]
            for name in course[1:-1]:
                wider[row_of[a] + course.index(name)].append(name)
            for one, next_one in pairwise(course):
                links.setdefault(one, set()).add(next_one)
                links.setdefault(next_one, set())
    above = {name: {a for a, b in links.items() if name in b} for name in links}
    for _ in range(SWEEPS):
        for neighbours, order in ((above, wider), (links, wider[::-1])):
            for row in order:
                place = {name: i / max(1, len(r) - 1) for r in wider for i, name in enumerate(r)}
                row.sort(key=lambda name: _mean([place[n] for n in neighbours[name]], place[name]))
    return wider, links


def places(rows: Sequence[Sequence[str]], links: Arrows) -> dict[str, Place]:
    """Middle and top of each part: under and over what it is joined to, as far as its row leaves room."""
    joined = {name: links[name] | {a for a, b in links.items() if name in b} for name in links}
    x = {name: sum(2 * _half(n) + APART for n in row[:i]) + _half(name) for row in rows for i, name in enumerate(row)}
    for _ in range(SWEEPS):
        for row in rows:
            wanted = [_mean([x[n] for n in joined[name]], x[name]) for name in row]
            found = _apart(row, wanted)
            # About one middle, or the rows would drift to one side.
            middle = (found[0] - _half(row[0]) + found[-1] + _half(row[-1])) / 2
            x |= {name: place - middle for name, place in zip(row, found, strict=True)}
    left = min(x[name] - _half(name) for name in x)
    return {name: (x[name] - left + EDGE, EDGE + i * (HIGH + DOWN)) for i, row in enumerate(rows) for name in row}


def _apart(row: Sequence[str], wanted: Sequence[float]) -> list[float]:
    """The middle of what two passes give: one that pushes to the right, one that pushes to the left."""
    right, left = list(wanted), list(wanted)
    for i in range(1, len(row)):
        right[i] = max(right[i], right[i - 1] + _half(row[i - 1]) + APART + _half(row[i]))
    for i in range(len(row) - 2, -1, -1):
        left[i] = min(left[i], left[i + 1] - _half(row[i + 1]) - APART - _half(row[i]))
    return [(a + b) / 2 for a, b in zip(right, left, strict=True)]


def _course(a: str, b: str, rows: Sequence[Sequence[str]]) -> list[str]:
    known = [name for row in rows for name in row if name.startswith(f"{a}>{b}@")]
    return [a, *known, b]


def _passing(a: str, b: str, row: int) -> str:
    return f"{a}>{b}@{row}"


def _half(name: str) -> float:
    return (PASSING if "@" in name else WIDE) / 2


def _mean(values: Sequence[float], own: float) -> float:
    return sum(values) / len(values) if values else own


def _line(course: Sequence[Place]) -> str:
    """From the bottom of the first to the top of the last, straight down through each row between."""
    path = f"M{course[0][0]:.1f},{course[0][1] + HIGH:g}"
    for i, (x, y) in enumerate(course[1:], start=1):
        before, from_y = course[i - 1][0], course[i - 1][1] + HIGH
        to_y = y - 1 if i == len(course) - 1 else y
        middle = (from_y + to_y) / 2
        path += f"C{before:.1f},{middle:g} {x:.1f},{middle:g} {x:.1f},{to_y:g}"
        if i < len(course) - 1:
            path += f"V{y + HIGH:g}"
    return f'<path d="{path}"/>'
