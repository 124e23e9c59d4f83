import math
import re

import pytest

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.report import DrawnCurve
from tracker_diag.report.braille import draw, legend
from tracker_diag.report.marks import Marks, Panel

NOTHING = Marks(None, None, None, None, False)


def curve(role, values):
    return DrawnCurve(role, role, tuple(float(i) for i in range(len(values))), tuple(values), len(values))


def rows(panel, places=NOTHING, width=60, **options):
    return ["".join(char for char, _ in row) for row in draw(panel, places, width, **options)]


def test_a_line_falls_from_the_upper_left_to_the_lower_right():
    drawn = rows(Panel("loss", (curve("val_loss", [3.0, 2.0, 1.0]),)), height=6, ascii_only=True)
    plot = [re.split(r"[|+]", row, maxsplit=1)[1] for row in drawn[:6]]
    columns = [plot[i].index("v") for i in range(6)]
    assert columns == sorted(columns)
    assert columns[0] == 0


def test_the_best_step_is_an_arrow_and_the_span_a_thick_axis():
    finding = Finding("LC104", "overfitting", Severity.WARNING, 1.0, "m", span=(10.0, 20.0))
    places = Marks((10.0, 20.0), finding, 10.0, 12.0, False)
    panel = Panel("loss", (curve("val_loss", [float(i) for i in range(21)]),))
    axis = next(row for row in rows(panel, places) if "▲" in row)
    plain, _, thick = axis.partition("▲")
    assert set(plain.strip()) == {"└", "─"}
    assert thick.removesuffix(" step").strip("━") == ""
    assert abs(len(plain.strip()) - 1 - len(thick.removesuffix(" step"))) <= 1
    assert legend(panel, places, "steps 10–20: so") == ["▲ best at step 10", "turns at step 12", "━ steps 10–20: so"]


def test_a_nan_leaves_a_gap():
    whole = rows(Panel("loss", (curve("val_loss", [1.0] * 9),)), ascii_only=True)
    gap = rows(Panel("loss", (curve("val_loss", [1.0] * 3 + [math.nan] * 3 + [1.0] * 3),)), ascii_only=True)
    line = next(row for row in whole if "vvv" in row)
    broken = next(row for row in gap if "vvv" in row)
    assert broken.count("v") < line.count("v") * 0.7
    assert "   v" in broken.split("v", 1)[1]


def test_curves_are_named_at_their_ends_in_rows_of_their_own():
    text = "\n".join(rows(Panel("loss", (curve("train_loss", [1.0, 0.5]), curve("val_loss", [1.0, 0.5001])))))
    assert [line.split()[-2] for line in text.splitlines() if line.endswith(("0.5", "0.5001"))] in (
        ["val", "train"],
        ["train", "val"],
    )


@pytest.mark.parametrize("width", [20, 40, 80, 100])
@pytest.mark.parametrize(
    "values", [[], [1.0], [2.0] * 4, [1e308, -1e308], [5e-324, 1e308], [math.nan], [math.inf, 0.0]], ids=str
)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_row_is_wider_than_asked(values, width, ascii_only):
    panel = Panel("loss", (curve("train_loss", values), curve("val_loss", values)))
    drawn = rows(panel, Marks((-1e308, 1e308), None, 1e9, None, False), width, ascii_only=ascii_only)
    assert len(drawn) == 12
    assert max(map(len, drawn)) <= width
    assert not ascii_only or all(row.isascii() for row in drawn)
