"""Records of a run put in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.timeline.logs import FALL, FloatArray, a_run, anew, as_lists, falling, logged, noisy, points, rises
from tracker_diag import Run, diagnose
from tracker_diag.timeline.seams import Seam
from tracker_diag.timeline.straighten import Crowd, Timeline, straighten

NAMES = ["train_loss", "val_loss", "validation_loss", "accuracy", "epoch", "lr", "stopped_epoch", "restored_epoch"]
runs = st.dictionaries(st.sampled_from(NAMES), logged, max_size=5).map(
    lambda metrics: Run.from_dict({"id": "r", "metrics": metrics})
)


def seams(found: Timeline) -> list[Seam]:
    return [x.seam for x in found.restarts]


def values(found: Timeline, name: str = "train_loss") -> list[float]:
    return list(found.metrics[name].values)


def as_told(found: Timeline) -> tuple[Any, ...]:
    return (
        {name: as_lists(series) for name, series in found.metrics.items()},
        (found.told_by, found.judged, found.logged, found.crowded, found.zeros),
        str(found.restarts),
    )


# What holds of every run.


@given(runs)
def test_any_run_becomes_curves(run: Run) -> None:
    found = straighten(run)
    assert set(run.metrics) - set(found.metrics) <= {"validation_loss"}
    for name, series in found.metrics.items():
        assert rises(series.steps), name
        assert series.steps.size == series.values.size
        assert series.seconds is None or series.seconds.size == series.steps.size
        whole = run.metrics[name] if run.metrics[name].records is None else run.metrics[name].records
        assert whole is not None
        assert Counter(map(str, series.values.tolist())) <= Counter(map(str, whole.values.tolist()))


@given(st.dictionaries(st.sampled_from(["train_loss", "val_loss", "lr"]), st.lists(st.floats(), max_size=30)))
def test_what_is_in_order_is_left_alone(curves: dict[str, list[float]]) -> None:
    run = a_run(**{name: points(found, range(len(found))) for name, found in curves.items()})
    found = straighten(run)
    for name, series in run.metrics.items():
        if name not in found.zeros:
            assert found.metrics[name] is series
    assert found.restarts == ()


@given(runs)
def test_what_was_put_in_order_is_in_order(run: Run) -> None:
    straight = {name: replace(series, records=None) for name, series in straighten(run).metrics.items()}
    # Those that tell of others were heard.
    straight = {name: straight[name] for name in straight if name in ("train_loss", "val_loss", "accuracy", "lr")}
    again = straighten(Run("r", metrics=straight))
    assert {name: as_lists(x) for name, x in again.metrics.items() if name not in again.zeros} == {
        name: as_lists(x) for name, x in straight.items() if name not in again.zeros
    }


@given(runs.filter(lambda run: any(map(len, run.metrics.values()))), st.randoms(use_true_random=False))
def test_where_a_clock_was_read_the_order_of_lines_says_nothing(run: Run, random: Random) -> None:
    """As it was logged, and the same lines in any order."""
    metrics = {}
    for name, series in run.metrics.items():
        every = series if series.records is None else series.records
        metrics[name] = points(every.values, every.steps, np.arange(every.steps.size) * 1.5)
    shuffled = {name: random.sample(lines, len(lines)) for name, lines in metrics.items()}
    assert as_told(straighten(a_run(**shuffled))) == as_told(straighten(a_run(**metrics)))


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(5, 25))
def test_without_a_clock_the_order_of_lines_decides(seed: int, times: int, n: int) -> None:
    curve = noisy(falling(n * times), seed, 0.02)
    lines = points(curve, anew(n, times))
    assert values(straighten(a_run(train_loss=lines))) == curve.tolist()
    turned = [*lines[-n:], *lines[:-n]]
    assert values(straighten(a_run(train_loss=turned))) != curve.tolist()


@pytest.mark.parametrize(
    "steps",
    [
        np.linspace(0, 1, 30, endpoint=False),
        np.arange(30) - 100.0,
        np.arange(30) * 1e97,
        np.arange(30) * 1e280,
        np.full(30, 7.0),
        1.7e9 + np.arange(30) * 0.1,
    ],
    ids=["floats", "negative", "huge", "beyond any counter", "all equal", "seconds"],
)
@pytest.mark.parametrize("times", [1, 2, 5])
def test_steps_of_any_unit_give_a_curve_of_all_records(steps: FloatArray, times: int) -> None:
    curve = noisy(falling(30 * times), 0, 0.02)
    found = straighten(a_run(train_loss=points(curve, np.tile(steps, times))))
    assert values(found) == curve.tolist()
    assert rises(found.metrics["train_loss"].steps)


# What scripts log.


def test_batches_that_are_counted_anew_each_epoch_are_joined() -> None:
    curve = noisy(falling(125), 0, 0.1)
    found = straighten(a_run(train_loss=points(curve, anew(25, 5))))
    assert seams(found) == [Seam.ON] * 4
    assert values(found) == curve.tolist()
    assert found.metrics["train_loss"].steps.tolist() == list(range(125))
    assert found.metrics["train_loss"].notes == ()
    assert (found.told_by, found.judged, found.logged, found.trainings) == ("train_loss", 125, 125, 1)


def test_a_run_that_was_resumed_from_zero_is_joined_on_both_sides() -> None:
    train, val = noisy(falling(80), 0), noisy(falling(80) + 0.05, 1)
    found = straighten(a_run(train_loss=points(train, anew(40, 2)), val_loss=points(val, anew(40, 2))))
    assert seams(found) == [Seam.ON]
    assert values(found) == train.tolist()
    assert values(found, "val_loss") == val.tolist()


@pytest.mark.parametrize("overlap", [2, 10])
def test_a_run_that_was_resumed_at_its_step_overwrites_it(overlap: int) -> None:
    steps = np.append(np.arange(40), np.arange(40 - overlap, 80))
    curve = noisy(falling(80)[steps], 0, 0.02)
    found = straighten(a_run(train_loss=points(curve, steps)))
    assert seams(found) == [Seam.BACK]
    assert found.metrics["train_loss"].steps.tolist() == list(range(80))
    assert values(found) == [*curve[: 40 - overlap], *curve[40:]]
    assert (found.judged, found.logged) == (80, 80 + overlap)


@pytest.mark.parametrize("clock", [True, False])
def test_of_three_trainings_the_last_is_judged(clock: bool) -> None:
    curve = noisy(np.tile(falling(30), 3), 0)
    seconds = np.arange(90) * 2.0 if clock else None
    rate = points(np.arange(90), np.arange(90), seconds)
    found = straighten(
        a_run(
            train_loss=points(curve, anew(30, 3), seconds),
            val_loss=points(curve + 0.05, anew(30, 3), seconds),
            lr=rate,
        )
    )
    assert seams(found) == [Seam.NEW] * 2
    assert found.trainings == 3
    assert [(x.first, x.last, x.next) for x in found.restarts] == [
        (curve[0], *curve[29:31]),
        (curve[30], *curve[59:61]),
    ]
    assert [(x.before, x.after) for x in found.restarts] == [(29, 0), (29, 0)]
    assert values(found) == curve[60:].tolist()
    assert values(found, "val_loss") == (curve[60:] + 0.05).tolist()
    assert (found.judged, found.logged) == (30, 90)
    # What else was logged belongs to the last only as far as the clock knows.
    assert values(found, "lr") == list(range(60, 90) if clock else range(90))


def test_a_frozen_run_that_repeats_itself_is_open() -> None:
    found = straighten(a_run(train_loss=points(np.full(90, 2.3), anew(30, 3))))
    assert seams(found) == [Seam.OPEN] * 2
    assert (found.judged, found.logged, found.trainings) == (30, 90, 1)


@pytest.mark.parametrize(("times", "seam"), [(1, Seam.ON), (2, Seam.NEW)])
def test_a_score_alone_tells_as_well(times: int, seam: Seam) -> None:
    curve = 1 - noisy(np.tile(falling(80 // times), times), 0, 0.02) / 2.5
    found = straighten(a_run(val_accuracy=points(curve, anew(40, 2))))
    assert seams(found) == [seam]
    assert found.told_by == "val_accuracy"
    assert len(found.metrics["val_accuracy"]) == 80 // times


def test_batches_that_restart_beside_epochs_that_do_not() -> None:
    curve, val = noisy(falling(400), 0), falling(8)
    found = straighten(a_run(train_loss=points(curve, anew(50, 8)), val_loss=points(val, range(8))))
    assert seams(found) == [Seam.ON] * 7
    assert values(found) == curve.tolist()
    assert values(found, "val_loss") == val.tolist()


def test_metrics_that_are_neither_loss_nor_score_are_sorted_as_they_were_read() -> None:
    run = a_run(lr=points(np.arange(60), anew(30, 2)))
    found = straighten(run)
    assert found.restarts == ()
    assert found.metrics["lr"] is run.metrics["lr"]


def test_a_logged_epoch_that_begins_again_with_the_loss_is_another_training() -> None:
    curve = noisy(np.tile(falling(40), 2), 0)
    found = straighten(a_run(train_loss=points(curve, range(80)), epoch=points(anew(40, 2), range(80))))
    assert seams(found) == [Seam.NEW]
    assert values(found) == curve[40:].tolist()
    assert found.metrics["train_loss"].steps.tolist() == list(range(40, 80))


def test_a_logged_epoch_that_begins_again_alone_is_left_alone() -> None:
    run = a_run(train_loss=points(noisy(falling(80), 0), range(80)), epoch=points(anew(40, 2), range(80)))
    found = straighten(run)
    assert found.restarts == ()
    assert found.metrics["train_loss"] is run.metrics["train_loss"]


def test_a_logged_epoch_that_goes_back_but_not_to_its_start_says_nothing() -> None:
    epoch = points(np.append(np.arange(40), np.arange(20, 60)), range(80))
    run = a_run(train_loss=points(noisy(np.tile(falling(40), 2), 0), range(80)), epoch=epoch)
    assert straighten(run).restarts == ()


def test_of_metrics_that_restart_unequally_those_with_the_most_losses_and_scores_tell() -> None:
    curve = noisy(falling(60), 0)
    run = a_run(
        accuracy=points(1 - curve / 3, anew(20, 3)),
        train_loss=points(curve, anew(30, 2)),
        val_loss=points(curve, anew(30, 2)),
        lr=points(curve, anew(15, 4)),
    )
    found = straighten(run)
    assert (found.told_by, seams(found)) == ("train_loss", [Seam.ON])
    assert values(found, "accuracy") == (1 - curve / 3).tolist()
    assert found.metrics["lr"] is run.metrics["lr"]


def test_the_value_of_early_stopping_is_left_out() -> None:
    every = [3.0, 2.0, 1.0, 1.5, 1.7]
    found = straighten(
        a_run(val_loss=points([*every, 1.0], range(6)), stopped_epoch=[[0, 4.0]], restored_epoch=[[0, 2.0]])
    )
    assert values(found, "val_loss") == every


def test_hundreds_of_values_under_each_epoch_are_a_curve() -> None:
    curve = noisy(falling(2000), 0)
    found = straighten(a_run(train_loss=points(curve, np.repeat(np.arange(10), 200))))
    assert found.crowded == {"train_loss": Crowd(200, in_order=True)}
    assert values(found) == curve.tolist()
    assert found.metrics["train_loss"].steps[[0, 200, 1999]].tolist() == [0, 1, 9.995]
    assert found.metrics["train_loss"].notes == ()


def test_what_frameworks_log_twice_is_no_note() -> None:
    """Lightning's epoch; the first record once more from MLflow's autologging; Keras's validation at step 0."""
    curve = noisy(falling(60), 0)
    every = points(curve, range(60))
    found = straighten(
        a_run(
            loss=[*every, every[0]],
            val_loss=every,
            validation_loss=points(curve, [0] * 60),
            epoch=points(np.repeat(np.arange(60), 2), np.repeat(np.arange(60), 2)),
        )
    )
    assert set(found.metrics) == {"loss", "val_loss", "epoch"}
    assert {name: len(series) for name, series in found.metrics.items()} == dict.fromkeys(found.metrics, 60)
    assert all(series.notes == () for series in found.metrics.values())
    assert found.restarts == ()


def test_a_value_that_was_corrected_keeps_its_note() -> None:
    found = straighten(a_run(train_loss=[[0, 3.0], [1, 2.0], [1, 1.5], [2, 1.0]]))
    assert found.metrics["train_loss"].notes == ("1 repeated step: the last logged value was kept",)


def test_epochs_of_zeros_are_left_out() -> None:
    curve = falling(60)
    zero = np.arange(60) % 2 == 1
    found = straighten(
        a_run(
            loss=points(np.where(zero, 0, curve), range(60)),
            accuracy=points(np.where(zero, 0, 1 - curve / 2.5), range(60)),
            lr=points(np.where(zero, 0, 1), range(60)),
        )
    )
    assert found.zeros == {"loss": 30, "accuracy": 30}
    assert values(found, "loss") == curve[::2].tolist()
    assert found.metrics["loss"].steps.tolist() == list(range(0, 60, 2))
    assert len(found.metrics["lr"]) == 60


# How often it is right, of 40 seeds each: noise of 5 % of the fall, all; of 10 %, 31 and more at 8 records a stretch,
# all from 20 on; of 20 %, none is wrong, and up to 35 of 40 stay open at 8 records.


def decided(n: int, times: int, share: float, new: bool) -> Counter[str]:
    whole = np.tile(falling(n), times) if new else falling(n * times)
    wanted = Seam.NEW if new else Seam.ON
    told: Counter[str] = Counter()
    for seed in range(40):
        found = set(seams(straighten(a_run(train_loss=points(noisy(whole, seed, share), anew(n, times))))))
        told["right" if found == {wanted} else "open" if found <= {wanted, Seam.OPEN} else "wrong"] += 1
    return told


@pytest.mark.parametrize("new", [False, True], ids=["joined", "new"])
@pytest.mark.parametrize("times", [2, 5])
@pytest.mark.parametrize("n", [8, 20])
def test_decisions_are_right_or_left_open(n: int, times: int, new: bool) -> None:
    assert decided(n, times, 0.05, new)["right"] == 40
    at_ten = decided(n, times, 0.1, new)
    assert at_ten["wrong"] == 0
    assert at_ten["right"] >= (40 if n == 20 else 31)
    assert decided(n, times, 0.2, new)["wrong"] == 0


def test_the_noise_is_a_share_of_the_fall() -> None:
    assert np.std(noisy(np.zeros(10_000), 0, 0.1)) == pytest.approx(0.1 * FALL, rel=0.03)
    assert np.ptp(falling(100)) == pytest.approx(FALL, rel=0.02)


# -- found by attack -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [21, 60, 100])
def test_no_epoch_is_lost_of_many(epochs: int) -> None:
    curve = noisy(falling(10 * epochs), 0, 0.01)
    found = straighten(a_run(train_loss=points(curve, anew(10, epochs))))
    assert set(seams(found)) == {Seam.ON}
    assert values(found, "train_loss") == curve.tolist()


def test_a_true_resume_of_steps_that_were_counted_anew() -> None:
    curve = falling(60)
    logged = [*curve[:20], *curve[20:40], *curve[35:60]]
    found = straighten(a_run(train_loss=points(logged, [*range(20), *range(20), *range(15, 40)])))
    assert seams(found) == [Seam.ON, Seam.BACK]
    assert values(found, "train_loss") == curve.tolist()


@pytest.mark.parametrize("end", ["nan", "runs away"])
def test_a_part_that_comes_to_a_bad_end_is_judged(end: str) -> None:
    bad = np.full(20, np.nan) if end == "nan" else 5 * 1.5 ** np.arange(20)
    run = a_run(train_loss=points(np.append(falling(30), bad), [*range(30), *range(20)]))
    assert diagnose(run).verdict != "good-fit"


def test_values_of_one_step_and_one_timestamp_are_in_no_order() -> None:
    curve = np.repeat(falling(40), 50) + 0.3 * np.random.default_rng(0).standard_normal(2000)
    stamped = points(curve, np.repeat(np.arange(40), 50), 1e9 + np.repeat(np.arange(40), 50))
    found = straighten(a_run(train_loss=stamped))
    assert not found.crowded["train_loss"].in_order
    assert values(found, "train_loss") == [float(np.median(part)) for part in np.split(curve, 40)]


def test_a_stray_final_value_discards_nothing() -> None:
    curve = noisy(falling(60), 0)
    found = straighten(a_run(val_loss=points([*curve, 2.0], [*range(60), 0])))
    assert values(found, "val_loss") == curve.tolist()
    assert found.restarts == ()


def test_many_stretches_are_joined_in_no_time() -> None:
    n = 30_000
    run = a_run(train_loss=points(np.linspace(2, 1, n), np.arange(n) % 3))
    assert len(straighten(run).metrics["train_loss"]) == n
