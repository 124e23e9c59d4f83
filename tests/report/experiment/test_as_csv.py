from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.experiment.conftest import large
from tracker_diag.report.experiment.as_csv import COLUMNS, render, safe
from tracker_diag.report.experiment.overview import Overview


def lines(overview: Overview) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(overview)), strict=True))


def test_each_run_is_one_line(overview: Overview) -> None:
    found = lines(overview)
    assert len(found) == len(overview.rows)
    assert render(overview).count("\r\n") == len(overview.rows) + 1
    assert all(tuple(line)[: len(COLUMNS)] == COLUMNS for line in found)
    assert all(len(line) == len(COLUMNS) + len({*overview.parameters}) for line in found)


def test_numbers_and_times_can_be_read_back() -> None:
    overview = large()
    for line, row in zip(lines(overview), overview.rows, strict=True):
        assert line["outcome"] == ("" if row.outcome is None else repr(row.outcome))
        assert (line["seconds"] == "") is (row.seconds is None)
        assert line["start"].endswith("+00:00")


def test_parameters_can_be_read_back_and_no_name_of_one_is_that_of_a_column() -> None:
    overview = large()
    for line, row in zip(lines(overview), overview.rows, strict=True):
        rate, layers = line["params.max_learning_rate"], line["params.layers"]
        assert (float(rate) if rate else None) == row.params.get("max_learning_rate")
        assert json.loads(layers or "[]") == [*row.params.get("layers", ())]
    named = replace(overview, parameters=("name",), rows=(replace(overview.rows[0], params={"name": "=x"}),))
    (line,) = lines(named)
    assert (line["name"], line["params.name"]) == (overview.rows[0].name, "'=x")


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
