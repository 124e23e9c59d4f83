"""The page of calibrations says what the statistics do: some of its cells, simulated again with another seed."""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path

import pytest

from scripts.nulls import MEASURES, PLAIN, measured
from scripts.simulated import NOISES

PAGE = Path(__file__).parents[2] / "docs" / "how-it-works" / "calibration.md"
#: Curves of the test's own, whose chance is the larger one.
CURVES = 1000


@cache
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def said(name: str, kind: str, n: int) -> float:
    """What the page says in a cell, as a share or in its own unit."""
    after = page().partition(f"**{MEASURES[name].title}")[2]
    row = re.search(rf"^\| {n} \|(.*)\|$", after, re.MULTILINE)
    assert row is not None, f"no row of {n} points for {name}"
    cell = row[1].split("|")[NOISES.index(kind)].strip(" *")
    return float(cell[:-1]) / 100 if cell.endswith("%") else float(cell)


@pytest.mark.parametrize(
    ("name", "kind", "n"),
    [
        ("turning", "white", 5),
        ("turning", "white", 20),
        ("turning", "AR(1) 0.9", 40),
        ("turning far", "t3", 12),
        ("trend", "AR(1) 0.9", 8),
        ("trend", "AR(1) 0.9", 20),
        ("trend far", "AR(1) 0.9", 12),
        ("plateau", "white", 4),
        ("plateau", "AR(1) 0.6", 8),
        ("plateau power", "white", 5),
        ("gap", "white", 20),
        ("gap", "AR(1) 0.6", 20),
        ("gap", "AR(1) 0.9", 20),
        ("sequential", "white", 20),
    ],
)
def test_rates(name: str, kind: str, n: int) -> None:
    total, curves = measured(name, kind, n, CURVES, seed=77)
    rate = said(name, kind, n)
    # Four standard errors of both samples, and one curve for rates near none.
    chance = 4 * math.sqrt(max(rate * (1 - rate), 1 / curves) * 1.25 / curves) + 1 / curves
    assert total / curves == pytest.approx(rate, abs=chance)


@pytest.mark.parametrize(
    ("name", "kind", "n", "off"),
    [
        ("noise", "white", 8, 0.06),
        ("noise", "white", 4, 0.12),
        ("noise", "AR(1) 0.9", 20, 0.03),
        ("gap width", "white", 20, 0.12),
        ("gap width", "white", 8, 0.2),
        ("spikes", "white", 8, 40.0),
        ("spikes", "t3", 100, 40.0),
    ],
)
def test_means(name: str, kind: str, n: int, off: float) -> None:
    total, curves = measured(name, kind, n, CURVES, seed=78)
    assert total / curves == pytest.approx(said(name, kind, n), abs=off)


def test_the_cells_that_the_docstrings_promise() -> None:
    for n in (5, 6, 8, 12, 20, 40, 100, 256, 500):
        assert said("turning", "white", n) <= 0.01
        assert said("turning far", "white", n) <= 0.001
        assert said("gap", "AR(1) 0.6", n) <= 0.05
        assert said("plateau", "white", n) <= 0.07
    assert all(said("noise", "white", n) == pytest.approx(1, abs=0.06) for n in MEASURES["noise"].lengths)
    assert said("gap width", "white", 20) < 2
    assert said("sequential", "AR(1) 0.6", 100) <= 0.01


def test_every_measure_has_its_table() -> None:
    for name, measure in MEASURES.items():
        cells = [said(name, kind, n) for kind in NOISES for n in measure.lengths]
        assert all(cell >= 0 for cell in cells)
        assert name in PLAIN or max(cells) <= 1
