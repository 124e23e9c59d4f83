import math
import re
from itertools import pairwise
from xml.etree.ElementTree import Element, fromstring

import pytest

from tracker_diag.core.finding import Finding, Severity
from tracker_diag.core.report import DrawnCurve, Report
from tracker_diag.report.charts import ACROSS, describe, line_chart, room_for
from tracker_diag.report.marks import Marks, Panel, labels, marks, panels, span_words

NOTHING = Marks(None, None, None, None, False)
SVG = "{http://www.w3.org/2000/svg}"


def draw(*curves: DrawnCurve, places: Marks = NOTHING, quantity: str = "loss", first: bool = True) -> Element:
    steps = [s for c in curves for s in c.steps]
    return fromstring(line_chart(Panel(quantity, curves), places, steps, "c", first=first))


def of(svg: Element, kind: str) -> list[Element]:
    return [e for e in svg.iter() if kind in e.get("class", "").split()]


def train(values, steps=None) -> DrawnCurve:
    steps = steps or tuple(float(i) for i in range(len(values)))
    return DrawnCurve("loss", "train_loss", tuple(steps), tuple(values), len(values))


def val(values) -> DrawnCurve:
    return DrawnCurve("val_loss", "val_loss", tuple(float(i) for i in range(len(values))), tuple(values), len(values))


def segments(svg: Element) -> list[list[tuple[float, float]]]:
    path = of(svg, "curve")[0].get("d", "")
    return [
        [tuple(map(float, p.split(","))) for p in part.removesuffix("h0").split()] for part in path.split("M") if part
    ]


def across(path: Element) -> float:
    """Where a path begins, in units of the plot's width."""
    return float(path.get("d", "").removeprefix("M").partition(",")[0])


def test_the_line_goes_through_its_points_in_order():
    (points,) = segments(draw(train([3.0, 1.0, 2.0])))
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x0 < x1 < x2
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 < y2 < y1  # up is small in SVG
    assert y2 == pytest.approx((y0 + y1) / 2, abs=0.2)


def test_a_value_that_is_not_finite_is_a_gap_and_a_mark():
    svg = draw(train([1.0, 2.0, math.nan, 3.0, math.inf, 4.0, 4.5]))
    assert [len(run) for run in segments(svg)] == [2, 1, 2]
    assert [e.text for e in of(svg, "flagtext")] == ["NaN: step 2"]


def test_nan_to_the_end_is_marked_from_its_first_step():
    svg = draw(train([1.0, 2.0, math.nan, math.nan]), val([1.0, -math.inf, 1.0, 1.0]))
    assert [e.text for e in of(svg, "flagtext")] == ["NaN: step 2", "-Inf: step 1"]


def test_the_marks_stand_where_the_evidence_says():
    finding = Finding("LC104", "overfitting", Severity.WARNING, 1.0, "m", span=(4.0, 2.0))
    places = Marks((2.0, 4.0), finding, 2.0, 3.0, True)
    svg = draw(train([4.0, 3.0, 2.0, 1.0, 0.0]), val([4.0, 3.0, 2.0, 2.5, 3.0]), places=places)
    x = [p[0] for p in segments(svg)[0]]
    shade = of(svg, "span")[0]
    assert float(shade.get("x", "")) == pytest.approx(x[2], abs=1.5)
    assert float(shade.get("x", "")) + float(shade.get("width", "")) == pytest.approx(x[4], abs=1.5)
    best = next(e for e in of(svg, "best") if e.tag == f"{SVG}path")
    assert across(best) == pytest.approx(x[2], abs=0.1)
    dot = of(svg, "dot")[0]
    assert (across(dot), "val" in dot.get("class", "")) == (pytest.approx(x[2], abs=0.1), True)
    assert len(of(svg, "bracket")) == 1
    assert [e.text for e in of(svg, "end")] == ["val 3", "gap 3", "train 0"]


def test_labels_at_the_end_never_cover_each_other():
    svg = draw(train([1.0, 0.5]), val([1.0, 0.5001]), places=Marks(None, None, None, None, True))
    y = sorted(float(e.get("y", "")) for e in of(svg, "end"))
    assert min(b - a for a, b in pairwise(y)) >= 15.9


def test_later_charts_repeat_the_lines_without_their_names():
    places = Marks(None, None, 1.0, 2.0, False)
    assert len(of(draw(train([1.0, 2.0, 3.0]), places=places), "flagtext")) == 2
    later = draw(train([1.0, 2.0, 3.0]), places=places, first=False)
    assert not of(later, "flagtext")
    assert len(of(later, "flag")) == 2


def test_log_scale_is_said():
    assert any(e.text == "log scale" for e in draw(train([1e-3, 1.0, 1e3])).iter())
    assert not any(e.text == "log scale" for e in draw(train([0.0, 1.0, 1e3])).iter())


EXTREMES = [
    [1.0],
    [2.0] * 5,
    [0.0, 0.0],
    [1e308, -1e308, 1e308],
    [1.7976931348623157e308] * 2,
    [5e-324, 1e-310, 0.0],
    [5e-324, 1e308],
    [math.nan] * 3,
    [math.inf, -math.inf],
    [],
]


@pytest.mark.parametrize("values", EXTREMES, ids=str)
def test_every_coordinate_is_a_finite_number_inside_the_drawing(values):
    svg = draw(train(values), places=Marks((0.0, 1e308), None, -1e308, 1e9, True))
    height = float(svg.get("height", ""))
    for element in svg.iter():
        if element.tag == f"{SVG}text":
            assert 0 <= float(element.get("x", "").removesuffix("%")) <= 100
            assert 0 <= float(element.get("y", "")) <= height
        if element.tag == f"{SVG}rect":
            assert 0 <= float(element.get("x", "")) <= float(element.get("x", "")) + float(element.get("width", ""))
            assert float(element.get("x", "")) + float(element.get("width", "")) <= ACROSS
        assert not re.search("nan|inf", element.get("d", ""))
        for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", element.get("d", "")):
            assert 0 <= float(x) <= ACROSS
            assert 0 <= float(y) <= height


def test_title_and_description_say_what_is_drawn():
    svg = draw(train([3.0, 1.0, 2.0, math.nan]))
    assert svg.get("role") == "img"
    ids = {e.get("id"): e.text for e in svg.iter() if e.get("id")}
    assert list(ids) == svg.get("aria-labelledby", "").split()
    assert ids["c-title"] == "Loss over steps"
    assert ids["c-desc"] == (
        "training loss (loss): first 3 at step 0, best 1 at step 1, last 2 at step 2, NaN from step 3."
    )
    assert describe(Panel("loss", (train([math.nan]),))) == "training loss (loss): NaN from step 0."


def test_text_of_the_run_stays_text(samples):
    svg = fromstring(line_chart(panels(samples["hostile"])[1], NOTHING, [0.0, 3.0], "c"))
    assert {e.tag.removeprefix(SVG) for e in svg.iter()} <= {"svg", "title", "desc", "rect", "line", "text", "path"}
    assert "\x1b" not in "".join(svg.itertext())


def test_panels_put_the_loss_first_and_leave_out_curves_without_a_point():
    curves = (
        DrawnCurve("lr", "learning_rate", (0.0,), (1.0,), 1),
        DrawnCurve("acc", "val_score", (0.0,), (1.0,), 1),
        DrawnCurve("empty", "train_score", (), (), 0),
        DrawnCurve("loss", "train_loss", (0.0,), (1.0,), 1),
    )
    found = panels(Report("r", "good-fit", Severity.OK, "s", curves=curves))
    assert [(p.quantity, [c.name for c in p.curves]) for p in found] == [
        ("loss", ["loss"]),
        ("learning_rate", ["lr"]),
        ("score", ["acc"]),
    ]


def test_marks_come_from_the_worst_finding_that_stands():
    findings = (
        Finding("A", "a", Severity.ERROR, 1.0, "m", evidence={"best_step": "NaN", "turn_step": True}, folded="B"),
        Finding("B", "b", Severity.WARNING, 1.0, "m", evidence={"best_step": "NaN"}, span=(math.nan, 1.0)),
        Finding("C", "c", Severity.INFO, 1.0, "m", evidence={"best_step": 7, "gap": 0.1}, span=(9.0, 3.0)),
        Finding("D", "d", Severity.INFO, 1.0, "m", evidence={"best_step": 8}, span=(0.0, 1.0)),
    )
    found = marks(Report("r", "overfitting", Severity.ERROR, "s", findings=findings))
    assert found == Marks((3.0, 9.0), findings[2], 7.0, None, True)


def test_a_span_of_all_steps_is_not_shaded():
    finding = Finding("LC102", "underfitting", Severity.ERROR, 1.0, "m", span=(0.0, 3.0))
    report = Report("r", "underfitting", Severity.ERROR, "s", findings=(finding,), curves=(train([1.0] * 4),))
    assert marks(report).span is None
    later = train([1.0] * 5)
    assert marks(Report("r", "underfitting", Severity.ERROR, "s", findings=(finding,), curves=(later,))).span == (0, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("overfitting", "steps 8–30: after the best checkpoint"),
        ("diverged", "steps 8–30: after the loss blew up"),
        ("unstable", "the finding concerns steps 8–30"),
        ("curve-gaps", "steps 8–30: curve-gaps"),
    ],
)
def test_a_span_is_told_without_the_word_of_the_verdict(name, said):
    finding = Finding("X1", name, Severity.WARNING, 1.0, "m", span=(8.0, 30.0))
    verdict = "overfitting" if name == "curve-gaps" else name
    report = Report("r", verdict, Severity.WARNING, "s", findings=(finding,))
    assert span_words(report, marks(report)) == said
    assert span_words(report, NOTHING) == ""


def test_curves_of_one_side_are_told_apart_by_letters():
    several = tuple(DrawnCurve(f"m{i}", "val_loss", (0.0, 1.0), (1.0, 2.0), 2) for i in range(2))
    other = DrawnCurve("m", "loss", (0.0, 1.0), (1.0, 2.0), 2)
    assert labels(Panel("loss", (train([1.0]), *several, other))) == ("train", "val a", "val b", "")
    many = labels(Panel("x", (other,) * 60))
    assert len(set(many)) == 60
    assert (many[0], many[26]) == ("a", "a1")


def test_the_plots_of_a_page_line_up():
    few, long = Panel("loss", (train([1.0, 2.0]),)), Panel("score", (train([123456.7, 234567.8]),))
    room = room_for([few, long], NOTHING)
    paddings = {
        re.search(r"padding:([^;]+)", line_chart(panel, NOTHING, [0.0, 1.0], "c", room=room))[1]
        for panel in (few, long)
    }
    assert len(paddings) == 1
