from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_diag.report.spreadsheet import safe


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", " =", "\t=", "\r=", "\n@", "＝", "＠"])
def test_a_formula_is_text(begin: str) -> None:
    assert safe(f"{begin}cmd|' /C calc'!A0").startswith("'")


@pytest.mark.parametrize("number", ["-1", "+1.5", "-3.2e-05", "0.1", "1E+9"])
def test_a_number_stays_one(number: str) -> None:
    assert safe(number) == number


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    shown = safe(text)
    if shown.lstrip()[:1] in ("=", "+", "-", "@"):
        float(shown)


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_no_text_leaves_its_cell(texts: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([safe(text) for text in texts])
    (row,) = csv.reader(io.StringIO(out.getvalue()), strict=True)
    assert row == [safe(text) for text in texts]
