"""What comparable runs say together: unit, noise, levels, the ladder of rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.siblings import RATES, experiment, member, table
from tracker_diag import Run
from tracker_diag.comparison.group import FAR, MOST, Group


def of(runs: Sequence[Run]) -> Group:
    (group,) = table(runs).groups
    return group


def ending(values: Sequence[float], trained: Sequence[float] | None = None, **params: Sequence[Any]) -> Group:
    """Runs that end at these values, whose rate, unless something else is said, differs in each."""
    params = params or {"lr": [0.1 / (i + 1) for i in range(len(values))]}
    return of(
        [
            Run.from_dict(
                {
                    "id": f"{i:05d}",
                    "params": {name: column[i] for name, column in params.items()},
                    "metrics": {"val_loss": [[1, v]], "train_loss": [[1, v if trained is None else trained[i]]]},
                }
            )
            for i, v in enumerate(values)
        ]
    )


def test_the_unit_is_the_typical_distance_from_the_best() -> None:
    group = ending([1.0, 2.0, 3.0, 5.0])
    assert (group.lowest, group.unit) == (1.0, 1.5)
    assert group.distances == pytest.approx(np.log1p([0, 2 / 3, 4 / 3, 8 / 3]))
    assert [group.back(d) for d in group.distances] == pytest.approx([1, 2, 3, 5])


def test_what_is_lost_is_as_far_as_anything_gets() -> None:
    group = ending([1.0, 2.0, math.nan, math.inf, -math.inf, 1e9])
    assert group.distances[2:] == pytest.approx([math.log1p(FAR)] * 4)
    assert group.lowest == 1.0


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_where_one_run_alone_was_not_lost_the_unit_is_its_own(scale: float) -> None:
    one, other = (ending([s * 0.4, math.nan, math.nan, math.inf]) for s in (1.0, scale))
    assert other.unit == pytest.approx(scale * one.unit)
    assert other.distances == pytest.approx(one.distances)


def test_where_all_were_lost_nothing_is_said() -> None:
    group = ending([math.nan, math.inf, math.nan, math.nan])
    assert (group.surface, group.guessing, group.level) == (None, None, None)
    assert math.isnan(group.poor)


def test_values_at_the_ends_of_arithmetic() -> None:
    group = ending([-1e308, 1e308, 0.0, 1.0])
    assert np.isfinite(group.distances).all()


@pytest.mark.parametrize(
    ("status", "value", "counts"),
    [
        ("FINISHED", 0.5, True),
        ("FINISHED", math.nan, True),
        ("FAILED", 0.5, False),
        ("FAILED", math.nan, True),
        ("KILLED", math.inf, True),
        ("KILLED", 0.5, False),
        ("RUNNING", 0.5, False),
        ("RUNNING", math.nan, False),
        ("SCHEDULED", 0.5, False),
    ],
)
def test_which_runs_count(status: str, value: float, counts: bool) -> None:
    run = Run.from_dict({"id": "r", "metrics": {"val_loss": [[1, value]]}, "status": status})
    assert of([run]).ended.tolist() == [counts]


def test_the_noise_is_that_between_seeds() -> None:
    ends = [0.3, 1.3, 2.3, 3.3]
    group = ending([x + 0.01 * s for x in ends for s in (0, 1)], lr=[*RATES] * 2, seed=[0] * 4 + [1] * 4)
    rates = [lr for lr in RATES for _ in (0, 1)]
    one, other = (
        ending([x + apart * s for x in ends for s in (0, 1)], lr=rates, seed=[0, 1] * 4) for apart in (0.01, 0.04)
    )
    assert group.repeated == one.repeated == 8
    assert one.sigma is not None
    assert other.sigma is not None
    assert group.sigma is not None
    assert other.sigma == pytest.approx(4 * one.sigma, rel=0.1)
    assert group.sigma > 10 * one.sigma, "the seeds of other settings are no repeats"


def test_one_setting_at_which_seeds_differ_wildly_does_not_speak_for_the_others() -> None:
    calm = [member(lr, seed=seed, end=0.3 + 0.01 * seed) for lr in RATES[1:] for seed in (0, 1)]
    wild = [member(RATES[0], seed=0, end=0.3), member(RATES[0], seed=1, end=2.0)]
    one, other = of(calm).sigma, of([*calm, *wild]).sigma
    assert one is not None
    assert other is not None
    # In the unit of the metric: the wild pair doubles the unit of neither.
    assert other * of([*calm, *wild]).unit < 4 * one * of(calm).unit


def test_without_repeats_the_noise_is_the_scatter_around_the_surface() -> None:
    group = of([member(lr, width) for lr in RATES for width in (4, 64)])
    assert group.repeated == 0
    assert group.surface is not None
    assert group.sigma == group.surface.sigma


def test_a_surface_needs_three_settings_for_each_factor() -> None:
    runs = [member(lr, width) for lr in RATES for width in (4, 64)]
    assert of(runs[:4]).surface is None
    assert of(runs[:6]).surface is not None


def test_a_surface_through_many_changes_little_with_one_more_run() -> None:
    rng = np.random.default_rng(0)
    rates = [1e-5, 1e-1, *(float(10.0**x) for x in rng.uniform(-5, -1, 2 * MOST))]
    values = [0.2 + 0.1 * abs(math.log10(x) + 3) + rng.normal(0, 0.01) for x in rates]
    fewer, more = ending(values[:-1], lr=rates[:-1]).surface, ending(values, lr=rates).surface
    assert fewer is not None
    assert more is not None
    assert len(fewer.points) == len(more.points) == MOST
    assert len({*fewer.points[:, 0].round(9)} - {*more.points[:, 0].round(9)}) <= 1


def test_runs_that_guess_show_between_how_many_classes() -> None:
    at_it = [math.log(3) * x for x in (1.0, 1.004, 0.997, 1.01)]
    assert ending([*at_it, 1.4]).guessing == pytest.approx(math.log(3))
    assert ending([*at_it, 0.5]).guessing is None
    assert ending([1000 * x for x in at_it]).guessing is None
    classes = ending([*at_it, 1.4], lr=[0.1, 0.2, 0.3, 0.4, 0.5], num_classes=[10] * 5)
    assert classes.guessing is None


def test_a_level_at_which_several_settings_stand() -> None:
    assert ending([1.0, 1.002, 0.998, 0.3, 0.2]).level == pytest.approx(1.0, rel=0.01)
    assert ending([1.0, 1.002, 0.998, 0.9, 0.85]).level is None, "the best is not well below"
    assert ending([1.0, 1.002, 0.7, 0.3, 0.2]).level is None, "two are not several"
    apart = ending([1.0, 1.002, 0.998, 0.3, 0.2], [0.1, 0.1, 0.1, 0.3, 0.2])
    assert apart.level is None, "training stands elsewhere"
    alone = ending([1.0, 1.002, 0.998, 0.3, 0.2], lr=[0.1, 0.1, 0.1, 0.01, 0.001], seed=[1, 2, 3, 4, 5])
    assert alone.level is None, "one setting alone stands there"


def test_poor_is_where_the_worst_quarter_begins() -> None:
    assert ending([1.0, 2.0, 3.0, 4.0, 5.0]).poor == 4.0
    assert ending([1.0, 2.0, 3.0, 4.0, 5.0, math.nan, math.inf]).poor == 4.0


def test_the_ladder_ends_below_the_lowest_rate_that_exploded() -> None:
    rates = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    ladder = ending([0.5, 0.4, 0.3, math.nan, 1e12], lr=rates).ladder
    assert ladder is not None
    assert (ladder.rates, ladder.lowest, ladder.highest, ladder.sound) == (5, 1e-4, 1.0, 1e-2)
    calm = ending([0.5, 0.4, 0.3, 0.4, 0.5], lr=rates).ladder
    assert calm is not None
    assert calm.sound is None
    lowest = ending([math.nan, 0.4, 0.3, 0.4, 0.5], lr=rates).ladder
    assert lowest is not None
    assert lowest.sound is None


@pytest.mark.parametrize(
    "rates", [[1e-3, 1e-2, 1e-1], [1e-3, 2e-3, 4e-3, 8e-3], [0.0, 1e-3, 1e-2, 1e-1], [-1.0, 1e-3, 1e-2, 1e-1]]
)
def test_few_rates_or_close_ones_are_no_ladder(rates: list[float]) -> None:
    assert ending([0.5] * (len(rates) - 1) + [math.nan], lr=rates).ladder is None


@pytest.mark.parametrize(("lost", "sound"), [((), 0.1), ((2,), 0.1), ((1, 2), 0.01), ((0, 1, 2), 0.01)])
def test_a_rate_explodes_where_most_of_its_runs_did(lost: tuple[int, ...], sound: float) -> None:
    runs = [member(lr, seed=seed) for lr in RATES for seed in (0, 1, 2)]
    runs += [member(1.0, seed=seed, end=math.nan) for seed in (0, 1, 2)]
    runs = [member(0.1, seed=int(r.id[-1]), end=math.nan) if r.id in {f"0.1-64-{x}" for x in lost} else r for r in runs]
    ladder = of(runs).ladder
    assert ladder is not None
    assert ladder.sound == sound


def test_the_rate_of_the_best_run_does_not_explode() -> None:
    runs = [member(lr) for lr in (*RATES, 1.0)] + [member(1.0, seed=seed, end=math.nan) for seed in (1, 2)]
    runs = [replace(r, metrics=member(end=0.01).metrics) if r.id == "1-64-0" else r for r in runs]
    ladder = of(runs).ladder
    assert ladder is not None
    assert ladder.sound is None


def test_runs_that_have_not_ended_are_on_no_ladder() -> None:
    runs = experiment()
    going = [replace(r, status="RUNNING") if r.id.startswith("0.1-") else r for r in runs]
    assert of(runs).ladder is not None
    assert of(going).ladder is None


def test_runs_of_one_setting_and_seed_that_end_elsewhere_are_doubtful_and_do_not_count() -> None:
    runs = experiment()
    again = replace(member(0.01, 64, 0, end=0.6), id="again")
    group = of([*runs, again])
    assert {r.id for r, doubtful in zip(group.runs, group.doubtful, strict=True) if doubtful} == {"again", "0.01-64-0"}
    assert not (group.ended & group.doubtful).any()
    assert group.lowest == float(member(0.01, 64, 1).metrics["val_loss"].values[-1])
    alike = of([*runs, replace(member(0.01, 64, 0, end=0.21), id="again")])
    assert not alike.doubtful.any()


def test_without_a_seed_nobody_knows_whether_runs_repeat_each_other() -> None:
    runs = [member(lr, end=end, id=f"{lr}{end}") for lr in RATES for end in (0.3, 1.2)]
    no_seed = [replace(r, params={"lr": r.params["lr"], "hidden_units": 64}) for r in runs]
    assert not of(no_seed).doubtful.any()
