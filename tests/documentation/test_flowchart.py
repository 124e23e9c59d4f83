"""The flowchart that the site draws is the one that the page holds."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from scripts.documentation.flowchart import layers, places, read, svg, through
from tests.test_layers import ARROWS, PAGE

CHART = re.findall(r"^```mermaid\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)[0]


def test_it_reads_the_arrows_that_the_layers_are_held_against() -> None:
    assert read(CHART) == ARROWS


def test_every_part_is_a_box_and_every_arrow_a_line() -> None:
    drawn = ElementTree.fromstring(svg(CHART))
    assert sorted(text.text or "" for text in drawn.iter("text")) == sorted(ARROWS)
    assert len(drawn.findall("path")) == sum(map(len, ARROWS.values()))


@pytest.mark.parametrize(
    "arrows",
    [ARROWS, {"a": {"b", "c"}, "b": {"c"}, "c": set()}, {"a": {"d"}, "b": {"d", "c"}, "c": {"d"}, "d": set()}],
    ids=["the layers", "a long arrow", "two tops"],
)
def test_arrows_lead_down_and_boxes_lie_apart(arrows: dict[str, set[str]]) -> None:
    rows, links = through(layers(arrows), arrows)
    at = places(rows, links)
    assert all(at[a][1] < at[b][1] for a in links for b in links[a])
    for row in rows:
        assert all(at[b][0] - at[a][0] > 0 for a, b in pairwise(row))
        boxes = [name for name in row if name in arrows]
        assert all(at[b][0] - at[a][0] >= 100 for a, b in pairwise(boxes))
