from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from tests.report.experiment.conftest import large
from tracker_diag.report.experiment.as_csv import COLUMNS, render
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
