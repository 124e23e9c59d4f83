from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.conftest import SAMPLES, empty, overfitting
from tests.report.experiment.conftest import EFFECTS, large
from tracker_diag.report.experiment.overview import Measure, Overview, Row
from tracker_diag.report.experiment.pictures import WIDTH, forest, small_curves, verdicts_over_time
from tracker_diag.stats.contrasts import Contrast

NAME = "{http://www.w3.org/2000/svg}"
LOSS, SCORE = Measure("validation loss"), Measure("validation accuracy", "share", "max")
numbers = st.floats(allow_nan=True, allow_infinity=True)


def parts(svg: str, tag: str, kind: str = "") -> list[dict[str, str]]:
    found = ElementTree.fromstring(svg).iter(f"{NAME}{tag}")
    return [dict(x.attrib) for x in found if not kind or kind in x.get("class", "").split()]


def test_the_height_of_a_bar_is_its_count() -> None:
    runs = [Row(f"{i}", end=1e9, verdict="a") for i in range(4)] + [Row("b", end=1e9, verdict="b")]
    svg = verdicts_over_time(Overview("e", "t", rows=tuple(runs)).periods, {"a": "ok", "b": "error"}, "x")
    (four,), (one,) = (parts(svg, "rect", kind) for kind in ("ok", "error"))
    assert float(four["height"]) == pytest.approx(4 * float(one["height"]))


def test_every_verdict_has_a_row_its_total_and_words() -> None:
    overview = large()
    svg = verdicts_over_time(overview.periods, dict.fromkeys(overview.verdicts, "ok"), "x")
    texts = ["".join(x.itertext()) for x in ElementTree.fromstring(svg).iter(f"{NAME}text")]
    for name, n in overview.verdicts.items():
        assert name in texts
        assert f"{n:,}" in texts
    (said,) = (x.text or "" for x in ElementTree.fromstring(svg).iter(f"{NAME}desc"))
    assert "good-fit: 930 runs, at most" in said


def test_a_row_is_filled_where_its_own_interval_excludes_0_whatever_the_p_of_its_parameter() -> None:
    svg = forest(EFFECTS.contrasts, LOSS, "x")
    assert len(EFFECTS.flagged) == 3
    assert len(parts(svg, "rect", "told")) == 2
    assert len(parts(svg, "circle", "effect")) == 3
    places = {float(rect["y"]) + 5 for rect in parts(svg, "rect", "told")}
    rows = sorted(places | {float(circle["cy"]) for circle in parts(svg, "circle", "effect")})
    assert [y in places for y in rows] == [True, False, True, False, False]


def test_a_parameter_and_its_p_are_said_once_above_its_rows() -> None:
    svg = forest(EFFECTS.contrasts, LOSS, "x")
    texts = ["".join(x.itertext()) for x in ElementTree.fromstring(svg).iter(f"{NAME}text")]
    assert texts.count("max_learning_rate") == texts.count("p < 0.001") == 1
    assert [text for text in texts if text.startswith("p ")] == ["p < 0.001", "p 0.03", "p 0.7", "p 1"]
    assert texts.index("max_learning_rate") < texts.index("0.1 vs 0.003") < texts.index("0.0001 vs 0.003")


def test_effects_on_a_score_lie_on_the_other_side() -> None:
    contrast = Contrast("lr", 0.1, 0.2, 0.5, (0.4, 0.6), 0.01, 3, 9)
    places = []
    for measure in (LOSS, SCORE):
        svg = forest([contrast], measure, "x")
        (zero,), (mark,) = parts(svg, "line", "zero"), parts(svg, "rect", "told")
        places.append(float(mark["x"]) + 5 - float(zero["x1"]))
    assert places[0] > 0 > places[1]


@given(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=6), st.sampled_from((LOSS, SCORE)))
def test_whatever_the_effects_all_is_drawn_inside(effects: list[tuple[float, float, float]], measure: Measure) -> None:
    contrasts = [Contrast("p", 0, 1, e, (a, b), 0.5, 0, 9) for e, a, b in effects]
    svg = forest(contrasts, measure, "x")
    places = [float(line[key]) for line in parts(svg, "line") for key in ("x1", "x2")]
    places += [float(circle["cx"]) for circle in parts(svg, "circle")]
    places += [float(rect["x"]) + 5 for rect in parts(svg, "rect", "told")]
    assert all(math.isfinite(x) and 0 <= x <= WIDTH for x in places)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_small_curves_are_drawn_of_every_report(name: str) -> None:
    report = SAMPLES[name]()
    svg = small_curves(report, "x")
    assert bool(svg) is bool(report.curves)
    if svg:
        assert parts(svg, "path", "curve")


def test_the_best_checkpoint_is_marked() -> None:
    assert len(parts(small_curves(overfitting(), "x"), "circle", "dot")) == 1
    assert small_curves(empty(), "x") == ""
