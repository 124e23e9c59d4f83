"""A run beside the others of its experiment: by how much it ends behind, in which unit, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.siblings import LATEST, RATES, START, ends, experiment, last, member, seen
from tracker_diag import Run
from tracker_diag.evidence.beside_siblings import FAR, BesideSiblings


def of(run: Run, siblings: list[Run] | None = None) -> BesideSiblings:
    found = seen(run, experiment() if siblings is None else siblings, "beside_siblings")
    assert isinstance(found, BesideSiblings)
    return found


def by_id(run_id: str) -> Run:
    return next(run for run in experiment() if run.id == run_id)


def test_the_distance_is_in_units_of_what_the_best_run_achieved() -> None:
    found = of(by_id("0.1-4-0"))
    improved = START - ends(0.01, 64)
    assert found.unit == pytest.approx(improved, rel=0.05)
    assert found.behind == pytest.approx((ends(0.1, 4) - ends(0.01, 64)) / improved, rel=0.05)
    assert found.train_behind == pytest.approx(0.96 * found.behind, rel=0.05)
    assert 0 < found.behind - found.at_least < 0.05
    assert found.best.id == "0.01-64-0"


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_unit_of_the_loss_does_not_matter(scale: float) -> None:
    one, other = of(by_id("0.1-4-0")), of(member(0.1, 4, 0, scale=scale), experiment(scale=scale))
    assert (other.behind, other.at_least) == pytest.approx((one.behind, one.at_least))
    assert [g.value for g in other.gains] == pytest.approx([g.value for g in one.gains])


def test_gains_are_the_greatest_first() -> None:
    found = of(by_id("0.001-4-0"))
    assert [g.alternative.parameter for g in found.gains] == ["hidden_units", "lr"]
    assert found.gains[0].value == pytest.approx(0.5 / found.unit, abs=0.01)
    assert found.gains[1].value == pytest.approx(0.4 / found.unit, abs=0.01)
    assert all(g.at_least < g.value for g in found.gains)


def test_far_is_beyond_the_share_and_beyond_noise() -> None:
    assert of(by_id("0.1-4-0")).far(0.15)
    assert not of(by_id("0.1-4-0")).far(0.9)
    assert not of(by_id("0.01-64-1")).far(0.15)
    # Seeds that differ as much as settings do.
    wild = [member(lr, 64, seed, end=0.3 + 0.6 * ((seed + i) % 2)) for i, lr in enumerate(RATES) for seed in (0, 1)]
    worst = max(wild, key=lambda r: float(r.metrics["val_loss"].values[-1]))
    found = of(worst, wild)
    assert found.behind > 0.25
    assert not found.far(0.15)


def test_the_best_of_many_is_better_by_chance() -> None:
    """The interval covers the noise of this run, and that the best of n by chance is sqrt(2 ln n) deviations better."""
    found = of(by_id("0.1-4-0"))
    said, curve = found.comparison, found.curve
    assert curve is not None
    assert said.near_best is not None
    assert said.noise is not None
    own = 1.645 * math.hypot(said.noise, curve.noise.sigma)
    chosen = said.near_best * math.sqrt(2 * math.log(15))
    assert found.behind - found.at_least == pytest.approx((own + chosen) / found.unit)


def test_without_a_parameter_that_varies_nobody_knows_why_and_nothing_is_far() -> None:
    runs = [member(0.01, 64, 0, end=0.2), member(0.01, 64, 1, end=1.5), member(0.01, 64, 2, end=0.21)]
    found = of(runs[1], runs)
    assert found.behind > 0.5
    assert found.gains == ()
    assert not found.far(0.15)


def score(run: Run, value: float) -> Run:
    accuracy = [[i, value * (1 - math.exp(-i / 4))] for i in range(40)]
    made = Run.from_dict({"id": "x", "metrics": {"val_accuracy": accuracy}}).metrics
    return replace(run, metrics=run.metrics | made)


@pytest.mark.parametrize(("accuracy", "far"), [(0.95, False), (0.948, False), (0.6, True)])
def test_a_score_that_is_as_good_excuses_a_loss(accuracy: float, far: bool) -> None:
    runs = [score(run, 0.95) for run in experiment()]
    found = of(score(by_id("0.1-4-0"), accuracy), runs)
    assert found.score_behind == pytest.approx(0.95 - accuracy, abs=0.001)
    assert found.far(0.15) is far


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_lost_run_is_behind_knowing_nothing(value: float) -> None:
    run = by_id("0.1-64-0")
    lost = replace(run, metrics={name: cut(series, value) for name, series in run.metrics.items()})
    found = of(lost)
    assert found.behind == pytest.approx(2.0, rel=0.01)
    assert found.train_behind == FAR
    assert found.far(0.15)
    assert found.gains[0].alternative.parameter == "lr"


def test_a_run_that_learned_nothing_itself_shows_no_other_the_way() -> None:
    run = by_id("0.1-64-0")
    lost = replace(run, metrics={name: cut(series, math.nan) for name, series in run.metrics.items()})
    # A narrower network learns; the other rate stays where all begin, which is still less than what was lost.
    idle = [member(0.01, 64, seed, id=f"idle-{seed}", end=START) for seed in (0, 1)]
    good = [member(0.1, 16, seed, id=f"good-{seed}") for seed in (0, 1)]
    gains = {gain.alternative.parameter: gain.value for gain in of(lost, [*idle, *good]).gains}
    assert gains == {"hidden_units": pytest.approx(2.0), "lr": 0.0}


def cut(series: Any, value: float) -> Any:
    """The curve, lost from its middle on."""
    values = series.values.copy()
    values[values.size // 2 :] = value
    return replace(series, values=values)


def test_a_run_that_was_lost_at_once_is_compared() -> None:
    run = Run.from_dict({"id": "0.1-4-0", "params": by_id("0.1-4-0").params, "metrics": {"val_loss": [[1, math.nan]]}})
    assert of(run).far(0.15)


@pytest.mark.parametrize("status", ["FAILED", "KILLED"])
def test_one_that_was_broken_off_is_not_compared(status: str) -> None:
    assert seen(replace(by_id("0.1-4-0"), status=status), experiment(), "beside_siblings") is None


def test_where_no_run_is_better_than_guessing_there_is_no_unit() -> None:
    runs = [member(lr, 64, seed, end=math.log(3) * (1 + 0.001 * seed)) for lr in RATES for seed in (0, 1)]
    worse = member(1.0, 64, 0, end=1.6)
    assert seen(worse, runs, "beside_siblings") is None


def test_where_the_best_run_achieved_nothing_there_is_none_either() -> None:
    runs = [member(lr, 64, seed, end=START * (0.995 + 0.002 * seed)) for lr in RATES for seed in (0, 1)]
    assert seen(member(1.0, 64, 0, end=4.0), runs, "beside_siblings") is None


@pytest.mark.parametrize("siblings", [[], [member(0.001, status="RUNNING")], [member(0.001, end=math.nan)]])
def test_without_another_run_that_counts_there_is_nothing(siblings: list[Run]) -> None:
    assert seen(member(0.1), siblings, "beside_siblings") is None


def test_it_says_where_it_ends_and_when_that_was() -> None:
    runs = [replace(run, end_time=LATEST) for run in experiment()]
    found = of(by_id("0.1-4-0"), runs)
    assert found.in_words == (
        f"validation loss ended at {found.comparison.value:.4g}, while the best of 15 comparable runs, '0.01-64-0', "
        f"reached {found.best.value:.4g}"
    )
    assert found.as_of == "of 15 runs, as of 2027-01-15 08:00 UTC"
    alone = of(member(0.1), [member(0.01, end_time=None)])
    assert "while the only comparable run, '0.01-64-0', reached" in alone.in_words
    assert alone.as_of == "of 1 run"


@pytest.mark.parametrize("time", [1e18, -1e18, 1e300, 0.0])
def test_a_time_that_is_none_does_no_harm(time: float) -> None:
    runs = [replace(run, end_time=time) for run in map(last, experiment())]
    assert of(by_id("0.1-4-0"), runs).as_of.startswith("of 15 runs")


def test_names_are_shown_as_text_of_one_line() -> None:
    runs = [replace(run, name="\x1b[2J<b>best</b>\n" + "x" * 500) for run in experiment()]
    words = of(by_id("0.1-4-0"), runs).in_words
    assert "\x1b" not in words
    assert "\n" not in words
    assert len(words) < 250
