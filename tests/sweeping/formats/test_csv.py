from __future__ import annotations

import csv
import io

from hypothesis import given

from tests.sweeping.formats.conftest import CNN, HOSTILE, SWEPT, TEXTS, again, hostile, many
from tracker_diag.sweeping.formats.csv import COLUMNS, render
from tracker_diag.sweeping.result import Swept


def lines(swept: Swept) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(swept)), strict=True))


def test_each_run_is_one_line_worst_first() -> None:
    found = lines(SWEPT)
    assert [x["verdict"] for x in found] == ["diverged", "overfitting", "good-fit", ""]
    first, *_, last = found
    assert first == {
        "id": CNN.id,
        "name": "cnn, lr=0.1",
        "experiment": "vision",
        "severity": "error",
        "verdict": "diverged",
        "cause": "exploding-gradients",
        "findings": "LC108 HY003",
        "summary": CNN.summary,
        "link": CNN.link,
        "accepted": "",
        "could_not_be_read": "",
    }
    assert (last["id"], last["could_not_be_read"]) == ("dead", "metrics.csv: no such file")


def test_a_second_sweep_gives_the_same_document() -> None:
    assert render(again(SWEPT)) == render(SWEPT)


def test_no_run_is_left_out() -> None:
    assert len(lines(many(3000))) == 3000


@given(TEXTS | TEXTS.map(lambda x: "=" + x) | TEXTS.map(lambda x: HOSTILE + x))
def test_no_text_leaves_its_cell_or_is_a_formula(text: str) -> None:
    found = list(csv.reader(io.StringIO(render(hostile(text))), strict=True))
    assert [len(line) for line in found] == [len(COLUMNS)] * 3
    for cell in (cell for line in found for cell in line):
        if cell.startswith(("=", "+", "-", "@")):
            float(cell)
